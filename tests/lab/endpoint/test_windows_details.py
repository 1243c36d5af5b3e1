"""What Windows says where the specifications leave it open: facts from exchanges with real servers."""

from __future__ import annotations

from typing import Any

import pytest

from iea_fleet.lab.workstation import AuthSettings
from tests.lab.endpoint.conftest import SHELL, TRANSFER

ENUMERATE = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate"
OPTIMIZED = "<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>32000</w:MaxElements>{}</n:Enumerate>"
CONFIG = "http://schemas.microsoft.com/wbem/wsman/1/config"
GET = f"{TRANSFER}/Get"
NOBODY = "3B5B1D2C-6DE7-4C4D-9E5B-0E5B3A0E7F11"


def of_shell(shell_id: str) -> str:
    return OPTIMIZED.format(
        '<w:Filter Dialect="http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter"><w:SelectorSet>'
        f'<w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet></w:Filter>'
    )


def test_a_time_out_that_is_none_is_named_in_the_fault(host: Any) -> None:
    reply = host.client().ask(f"{TRANSFER}/Get", resource=SHELL, timeout="PT-1S")
    assert (reply.subcode, reply.fault_code) == ("a:InvalidMessageInformationHeader", 2150858767)
    assert reply.find(".//f:Message").text.endswith("invalid timeout field in the SOAP header: PT-1S. ")
    assert reply.find(".//s:Text").text.endswith("contains one or more invalid SOAP headers. ")


def test_output_of_no_command_is_a_wrong_parameter(host: Any) -> None:
    client = host.client()
    client.create()
    reply = client.ask(f"{SHELL}/Receive", "<rsp:Receive><rsp:DesiredStream>stdout</rsp:DesiredStream></rsp:Receive>")
    assert (reply.subcode, reply.fault_code) == ("w:InvalidParameter", 87)
    assert reply.find(".//f:ProviderFault").text == "The parameter is incorrect. "
    assert reply.find(".//w:FaultDetail").text.endswith("/InvalidValue")


@pytest.mark.parametrize("action", [f"{TRANSFER}/Get", ENUMERATE])
def test_the_shell_provider_speaks_of_a_shell_that_is_not_there(host: Any, action: str) -> None:
    resource = SHELL if action.endswith("Get") else f"{SHELL}/Command"
    reply = host.client().ask(action, of_shell(NOBODY), shell_id=NOBODY, resource=resource)
    assert (reply.subcode, reply.fault_code) == ("w:InvalidSelectors", 2150858843)
    assert reply.find(".//f:ProviderFault").attrib["provider"] == "Shell provider"
    assert reply.find(".//f:ProviderFault/f:WSManFault").attrib["Code"] == "2150858843"


def test_commands_of_a_shell_are_listed(host: Any) -> None:
    client = host.client()
    client.create()
    assert client.ask(ENUMERATE, of_shell(client.shell_id), resource=f"{SHELL}/Command").texts(".//w:Items") == []
    running, done = client.run("pause"), client.run("echo", "a&b")
    client.receive(done)
    listed = client.ask(ENUMERATE, of_shell(client.shell_id), resource=f"{SHELL}/Command")
    assert listed.texts(".//rsp:CommandId") == [running, done]
    assert listed.texts(".//rsp:CommandLine") == ["pause", "echo a&b"]
    assert listed.texts(".//rsp:CommandState") == ["Running", "Done"]


def test_commands_are_listed_of_one_shell_only(host: Any) -> None:
    reply = host.client().ask(ENUMERATE, OPTIMIZED.format(""), resource=f"{SHELL}/Command")
    assert (reply.subcode, reply.fault_code) == ("n:CannotProcessFilter", 0x803381C0)


def test_the_last_shell_is_listed_first_and_no_shells_as_no_items(host: Any) -> None:
    client = host.client()
    assert client.ask(ENUMERATE, OPTIMIZED.format(""), resource=SHELL).texts(".//w:Items") == []
    made = []
    for _ in range(2):
        client.create()
        made.append(client.shell_id)
    assert client.ask(ENUMERATE, OPTIMIZED.format(""), resource=SHELL).texts(".//rsp:ShellId") == made[::-1]


def test_a_text_shell_cannot_be_left(host: Any) -> None:
    client = host.client()
    client.create()
    assert client.ask(f"{SHELL}/Disconnect", "<rsp:Disconnect/>").subcode == "w:UnsupportedFeature"
    assert client.ask(f"{SHELL}/Reconnect").subcode == "w:UnsupportedFeature"


def test_a_command_is_named_by_an_attribute_with_the_shells_namespace_too(host: Any) -> None:
    client = host.client()
    client.create()
    command = client.run("hostname")
    desired = f'<rsp:DesiredStream rsp:CommandId="{command}">stdout stderr</rsp:DesiredStream>'
    reply = client.ask(f"{SHELL}/Receive", f"<rsp:Receive>{desired}</rsp:Receive>")
    assert reply.texts(".//rsp:ExitCode") == ["0"]
    code = f"<rsp:Code>{SHELL}/signal/terminate</rsp:Code>"
    assert client.ask(f"{SHELL}/Signal", f'<rsp:Signal rsp:CommandId="{command}">{code}</rsp:Signal>').status == 200


def test_the_configuration_tells_which_logons_are_offered_now(lab: Any) -> None:
    host = lab.open(auth=AuthSettings(basic=True, credssp=True, allow_unencrypted=True))
    client = host.client()
    service = client.ask(GET, resource=f"{CONFIG}/service").xml
    client.connection.close()
    told = {element.tag.rpartition("}")[2]: element.text for element in service.iter()}
    assert (told["Basic"], told["Kerberos"], told["Negotiate"], told["CredSSP"]) == ("true", "false", "true", "true")
    assert service.find(f".//{{{CONFIG}/service}}Service/{{{CONFIG}/service}}AllowUnencrypted") is not None


@pytest.mark.parametrize(
    ("part", "root"),
    [
        ("", "Config"),
        ("/client", "Client"),
        ("/client/auth", "Auth"),
        ("/service/auth", "Auth"),
        ("/winrs", "Winrs"),
        ("/Winrs", "Winrs"),
    ],
)
def test_each_part_of_the_configuration_is_a_resource(host: Any, part: str, root: str) -> None:
    reply = host.client().ask(GET, resource=CONFIG + part)
    assert [child.tag for child in reply.find("s:Body")] == [f"{{{CONFIG}{part}}}{root}"]


def test_a_part_that_is_none_is_not_found(host: Any) -> None:
    assert host.client().ask(GET, resource=f"{CONFIG}/dance").fault_code == 2150858752


def test_listeners_are_enumerated_with_their_ports(host: Any) -> None:
    listed = host.client().ask(ENUMERATE, OPTIMIZED.format(""), resource=f"{CONFIG}/listener").xml
    found = {
        element.tag.rpartition("}")[2]: element.text for element in listed.iter() if f"{CONFIG}/listener" in element.tag
    }
    assert (found["Transport"], found["Port"], found["ListeningOn"]) == ("HTTP", str(host.port), "127.0.0.1")
