"""Commands as script text, and error text as records: the parts that know no protocol."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psrpcore import Command
from pypsrp.powershell import PowerShell

from iea_fleet.lab.psrp.errors import parse_errors
from iea_fleet.lab.psrp.script import CommandRefused, render_script
from tests.lab.psrp.conftest import Host


def script(text: str, *arguments: object, **options: bool) -> Command:
    command = Command(text, is_script=True, **options)
    for argument in arguments:
        command.add_argument(argument)
    return command


def test_one_script_stays_as_it_is_to_the_letter() -> None:
    assert render_script([script(" '1' # é\r\n")], has_input=False) == " '1' # é\r\n"
    assert render_script([script("@($INPUT).Count")], has_input=True) == "@($INPUT).Count"


@pytest.mark.parametrize(
    ("commands", "has_input", "text"),
    [
        ([script("process { $_ }")], True, "$input | . {\nprocess { $_ }\n}"),
        ([script("$args", "it's", -2, True, None, 1.5, use_local_scope=True)], False,
         "& {\n$args\n} 'it''s' (-2) $true $null (1.5)"),
        ([Command("Get-Item").add_parameter("Path", ["a", "b"]).add_parameter("-Force:", None)], False,
         "Get-Item -Path:@('a', 'b') -Force"),
        ([Command(r"C:\tools\x y.exe").add_argument("’")], False, "& 'C:\\tools\\x y.exe' '’’'"),
        ([Command("Get-Date"), Command("Out-String")], True, "$input | Get-Date | Out-String"),
    ],
)  # fmt: skip
def test_everything_else_becomes_pipelines(commands: list[Command], has_input: bool, text: str) -> None:
    assert render_script(commands, has_input=has_input) == text


@pytest.mark.parametrize("value", [{"a": 1}, float("nan"), object(), [b"x"]])
def test_an_argument_that_text_can_not_hold_is_refused(value: object) -> None:
    with pytest.raises(CommandRefused, match="can't be passed on"):
        render_script([script("$args", value)], has_input=False)


@pytest.mark.parametrize("name", ["a b", "x;y", "", "-", "1a"])
def test_a_parameters_name_can_not_hold_other_text(name: str) -> None:
    with pytest.raises(CommandRefused, match="name"):
        render_script([Command("Get-Item").add_parameter(name, "x")], has_input=False)


def test_any_text_arrives_as_an_argument_as_it_was(pwsh: Host) -> None:
    chance = random.Random(1)
    alphabet = "abc '\"`$(){}[]|&;<>@#%,-–‘’‚‛“”„é€𝄞\\/"
    texts = ["".join(chance.choices(alphabet, k=12)) + "." for _ in range(60)]
    with pwsh.pool() as pool:
        shell = PowerShell(pool).add_cmdlet("Write-Output").add_parameter("InputObject", texts)
        assert shell.invoke() == texts


CLIXML = st.text(max_size=200).map(lambda text: f'#< CLIXML\r\n<S S="Error">{text}</S>'.encode("utf-8", "replace"))


@given(st.binary(max_size=300) | CLIXML)
def test_any_standard_error_is_read(stderr: bytes) -> None:
    assert all(error.message.strip() == error.message != "" for error in parse_errors(stderr))


def test_an_error_of_the_console_becomes_a_record_with_its_category() -> None:
    text = (
        b"Get-Item : Cannot find path 'X:\\a' because it \r\ndoes not exist.\r\n"
        b"At line:1 char:1\r\n+ Get-Item X:\\a\r\n+ ~~~~~~~~\r\n"
        b"    + CategoryInfo          : ObjectNotFound: (X:\\a:String) [Get-Item], ItemNotFoundException\r\n"
        b"    + FullyQualifiedErrorId : PathNotFound,Microsoft.PowerShell.Commands.GetItemCommand\r\n \r\n"
    )
    first, second = parse_errors(text * 2)
    assert first == second
    assert first.message == "Cannot find path 'X:\\a' because it \ndoes not exist."
    assert (first.category.name, first.target, first.target_type) == ("ObjectNotFound", "X:\\a", "String")
    assert (first.activity, first.reason) == ("Get-Item", "ItemNotFoundException")
    assert first.fully_qualified_id == "PathNotFound,Microsoft.PowerShell.Commands.GetItemCommand"
