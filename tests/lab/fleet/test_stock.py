"""What is changed of stock commands on the pwsh engine, and that nothing else is."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iea_fleet.agent import script_text
from iea_fleet.lab.pwsh.engine import DURABLE_FUNCTIONS, with_cut
from iea_fleet.lab.pwsh.process import find_pwsh
from iea_fleet.lab.pwsh.stock import amended
from iea_fleet.model.errors import InputError

UTILITY = """//TypeAccelerator -Name Ansible.Windows.Process.ProcessUtil -TypeName ProcessUtil
//TypeAccelerator -Name Ansible.Windows.Process.StartupInfo -TypeName StartupInfo
namespace some.name.Process
{
    public class ProcessUtil { static extern bool CreateProcessW(); }
}
"""


def manifest(**sources: str) -> bytes:
    scripts = {name: {"script": base64.b64encode(text.encode()).decode()} for name, text in sources.items()}
    return json.dumps({"scripts": scripts}).encode()


def source(data: bytes, name: str) -> str:
    return base64.b64decode(json.loads(data)["scripts"][name]["script"]).decode()


def test_only_the_utility_that_starts_programs_is_put_in_another_place() -> None:
    other = "namespace X { public class ProcessUtil { } } // " + "x" * 64
    before = manifest(utility=UTILITY, other=other)
    after = amended(before)
    assert source(after, "other") == other
    ours = source(after, "utility")
    assert "namespace some.name.Process" in ours
    assert "CreateProcessW(" in ours
    assert "extern" not in ours
    assert "-TypeName ProcessUtil" in ours
    assert "StartupInfo" not in ours


def test_the_runspace_of_a_module_gets_a_drive() -> None:
    wrapper = "if ($true) {\n}\n$ps = [PowerShell]::Create()\n# and so on, with a line that is long enough\n"
    assert "New-PSDrive" in source(amended(manifest(wrapper=wrapper)), "wrapper")


@given(st.binary(max_size=2000))
def test_any_other_input_stays_as_it_is(data: bytes) -> None:
    assert amended(data) == data


def test_a_power_cut_stands_at_the_head_of_each_durable_function_of_the_script() -> None:
    cut = with_cut(b"{}\n" + script_text().encode("ascii"), 7).decode("ascii")
    assert cut.count("$global:LabStep -eq 7") == len(DURABLE_FUNCTIONS)


def test_a_powershell_is_found_by_name_and_its_absence_is_told(tmp_path: Path) -> None:
    program = tmp_path / "pwsh"
    with pytest.raises(InputError, match="no pwsh on PATH"):
        find_pwsh({"PATH": str(tmp_path)})
    with pytest.raises(InputError, match="no PowerShell at"):
        find_pwsh({"IEA_FLEET_PWSH": str(program), "PATH": str(tmp_path)})
    program.touch(mode=0o700)
    assert find_pwsh({"PATH": str(tmp_path)}) == program
    assert find_pwsh({"IEA_FLEET_PWSH": str(program)}) == program
