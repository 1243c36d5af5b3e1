"""The same push over winrm on each engine: in memory, and the script itself in a real PowerShell."""

from __future__ import annotations

from typing import Any

import pytest

from iea_fleet.model.outcome import Verdict
from tests.plugins import test_psrp
from tests.plugins.test_psrp import Site

site = test_psrp.site


@pytest.fixture(autouse=True)
def _over_winrm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_psrp, "PSRP", {"ansible_connection": "winrm", "iea_deadline_s": 100})


def test_check_predicts_a_push_corrects_and_a_second_push_finds_nothing_to_change(site: Site) -> None:
    seen: list[Any] = []
    for options in (("--check",), (), ()):
        changed, outcome = site.push(*options)
        seen.append((changed, outcome.verdict, site.right))
    assert seen == [(True, Verdict.CHANGED, False), (True, Verdict.CHANGED, True), (False, Verdict.OK, True)]


def test_a_second_push_costs_at_most_six_requests_after_the_logon_and_80_kb(site: Site) -> None:
    site.push()
    before = sum(site.stats.actions.values())
    _, outcome = site.push()
    assert outcome.verdict is Verdict.OK
    assert sum(site.stats.actions.values()) - before <= 6
    assert outcome.traffic.bytes_sent < 80_000
