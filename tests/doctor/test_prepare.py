"""What is put into the script that prepares a workstation is a plain name, address or thumbprint, or refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iea_fleet.doctor.prepare import SCRIPT, Preparation, prepared_script
from iea_fleet.model.errors import InputError

SHIPPED = SCRIPT.read_text("ascii")
QUOTES = "'\u2018\u2019\u201a\u201b\"\u201c\u201d\u201e"  # all that PowerShell takes for quotes


def changed(text: str) -> list[tuple[str, str]]:
    """The lines in which a script differs from the one that is shipped."""
    pairs = list(zip(SHIPPED.splitlines(), text.splitlines(), strict=True))
    return [(before.strip(), after.strip()) for before, after in pairs if before != after]


def test_without_values_it_is_the_script_that_is_shipped() -> None:
    assert prepared_script(Preparation()) == SHIPPED


def test_values_become_the_defaults_of_their_parameters_and_nothing_else_changes() -> None:
    text = prepared_script(
        Preparation("poste-12.example.org", ("192.0.2.10", "2001:DB8::/64"), "iea.fleet", "ab cd " * 10)
    )
    assert [after for _, after in changed(text)] == [
        "[String] $ComputerName = 'poste-12.example.org',",
        "[String[]] $ControllerAddress = @('192.0.2.10', '2001:db8::/64'),",
        "[String] $AccountName = 'iea.fleet',",
        f"[String] $CertificateThumbprint = '{'ABCD' * 10}',",
    ]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (Preparation(name="a'; Remove-Item C:\\ #"), "--name"),
        (Preparation(name="pc\n12"), "--name"),
        (Preparation(name="pc\u2019"), "--name"),
        (Preparation(name="-pc"), "--name"),
        (Preparation(name="pc" * 127), "--name"),
        (Preparation(account="iea$(whoami)"), "--account"),
        (Preparation(account="a" * 21), "--account"),
        (Preparation(account="a."), "--account"),
        (Preparation(thumbprint="ab" * 19), "--thumbprint"),
        (Preparation(controllers=("0.0.0.0/0",)), "everybody"),
        (Preparation(controllers=("::/0",)), "everybody"),
        (Preparation(controllers=("0.0.0.0",)), "everybody"),
        (Preparation(controllers=("::/1",)), "everybody"),
        (Preparation(controllers=("192.0.2.10/24",)), "no address or network"),
        (Preparation(controllers=("192.0.2.10', '0.0.0.0",)), "no address or network"),
        (Preparation(controllers=("controller.example.org",)), "no address or network"),
        (Preparation(controllers=("fe80::1%eth0",)), "--controller"),
    ],
)
def test_anything_else_is_refused_with_the_option(asked: Preparation, told: str) -> None:
    with pytest.raises(InputError) as refused:
        prepared_script(asked)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


HOSTILE = st.text(max_size=40) | st.text(alphabet=f"aB1.-_:/%$`;(){QUOTES}\n", max_size=20)


@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_no_value_leaves_its_string(name: str, controller: str, account: str, thumbprint: str) -> None:
    try:
        text = prepared_script(Preparation(name, (controller,), account, thumbprint))
    except InputError:
        return
    for before, after in changed(text):
        value = after.removeprefix(before.partition(" = ")[0] + " = ").removesuffix(",")
        assert re.fullmatch(r"(@\()?'[A-Za-z0-9._:/-]+'\)?", value)
