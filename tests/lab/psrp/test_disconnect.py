"""A client leaves its runspace pool and it, or another one, comes back ([MS-WSMV] 3.1.4.13 to 3.1.4.15)."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from pypsrp.complex_objects import PSInvocationState, RunspacePoolState
from pypsrp.exceptions import WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import SelectorSet

from iea_fleet.lab.wsman.listing import render_shell
from tests.lab.psrp.conftest import Host

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"


def script_of(pool: RunspacePool, text: str) -> PowerShell:
    return PowerShell(pool).add_script(text)


def test_a_client_leaves_and_is_back(emulated: Host) -> None:
    with emulated.pool() as pool:
        pool.disconnect()
        (shell,) = emulated.workstation.shells.values()
        assert "<rsp:State>Disconnected</rsp:State>" in render_shell(shell)
        pool.connect()
        assert script_of(pool, "'still here'").invoke() == ["still here"]
        assert "<rsp:State>Connected</rsp:State>" in render_shell(shell)


def test_another_client_finds_the_pool_its_pipeline_and_what_that_said(pwsh: Host) -> None:
    with pwsh.connect() as connection:
        left = RunspacePool(connection)
        left.open()
        script_of(left, "'said before'; Start-Sleep -Milliseconds 300; 'said after'").begin_invoke()
        left.disconnect()
        with pwsh.connect() as other:
            (found,) = RunspacePool.get_runspace_pools(other)
            assert (found.id, found.state) == (left.id, RunspacePoolState.DISCONNECTED)
            found.connect()
            (pipeline,) = found.create_disconnected_power_shells()
            pipeline.connect_async()  # type: ignore[no-untyped-call]
            assert pipeline.end_invoke() == ["said before", "said after"]
            assert pipeline.state == PSInvocationState.COMPLETED
            assert script_of(found, "'and on'").invoke() == ["and on"]
            found.close()
    assert pwsh.workstation.shells == {}


def test_who_has_left_is_answered_nothing_until_he_is_back(emulated: Host) -> None:
    with emulated.pool() as pool:
        pool.disconnect()
        pool.state = RunspacePoolState.OPENED
        with pytest.raises(WSManFaultError) as caught:
            script_of(pool, "'nobody'").invoke()
        assert caught.value.code == 0x803381C4
        pool.state = RunspacePoolState.DISCONNECTED
        pool.connect()


def test_a_connected_pool_is_not_taken_over(emulated: Host) -> None:
    with emulated.pool() as pool, emulated.connect() as other:
        pool.disconnect()
        (second,) = RunspacePool.get_runspace_pools(other)
        pool.connect()
        with pytest.raises(WSManFaultError) as caught:
            second.connect()
        assert caught.value.code == 0x803381D0
        assert script_of(pool, "'mine'").invoke() == ["mine"]


@pytest.mark.parametrize("content", ["", "AAAA", "AAAAAAAAAAEAAAAAAAAAAAMAAAAA", "%"])
def test_who_connects_with_nonsense_is_refused(emulated: Host, content: str) -> None:
    with emulated.connect() as connection:
        pool = RunspacePool(connection)
        pool.open()
        pool.disconnect()
        connect = ElementTree.Element(f"{{{SHELL}}}Connect")
        ElementTree.SubElement(connect, "{http://schemas.microsoft.com/powershell}connectXml").text = content
        selectors = SelectorSet()
        selectors.add_option("ShellId", pool.shell.id or "")
        with pytest.raises(WSManFaultError) as caught:
            connection.connect(pool.shell.resource_uri, connect, selector_set=selectors)
        assert caught.value.code in {0x80131501, 0x80338041}
