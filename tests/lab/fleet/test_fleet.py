"""A fleet is the same for the same seed, and its names are what Windows and Ansible take."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iea_fleet.lab.application import SITUATIONS
from iea_fleet.lab.fleet.plan import DEMONSTRATION, MIX, PlannedHost, plan_fleet
from iea_fleet.lab.fleet.sites import make_sites


def plan(count: int, sites: int = 6, seed: int = 1, situation: str = MIX) -> tuple[PlannedHost, ...]:
    return plan_fleet(count, sites=sites, seed=seed, situation=situation, port=5985, own_addresses=True)


def test_the_same_seed_gives_the_same_fleet_and_another_seed_another() -> None:
    assert plan(24, seed=7) == plan(24, seed=7)
    assert [host.faults for host in plan(24, seed=7)] != [host.faults for host in plan(24, seed=8)]


def test_twenty_four_workstations_are_the_whole_demonstration_in_six_sites_of_four() -> None:
    fleet = plan(24)
    assert Counter(host.faults for host in fleet) == Counter(DEMONSTRATION)
    assert set(Counter(host.site.group for host in fleet).values()) == {4}


def test_a_smaller_fleet_shows_the_most_telling_and_a_larger_one_all() -> None:
    assert Counter(host.faults for host in plan(3, sites=1)) == Counter(DEMONSTRATION[:3])
    large = Counter(host.faults for host in plan(200))
    assert all(large[faults] >= 1 for faults in DEMONSTRATION)
    assert large[("old_http_urls",)] > 100


def test_one_situation_can_be_asked_for_all() -> None:
    assert {host.faults for host in plan(5, situation="right")} == {("right",)}


def test_the_demonstration_covers_the_cases_of_the_sheet() -> None:
    shown = {name for faults in DEMONSTRATION for name in faults}
    assert {"right", "plain_mode", "wrong_urls", "old_http_urls", "assistance_on"} <= shown
    assert {"server_dns", "server_tls_expired", "server_proxy_auth", "update_server_only", "server_silent"} <= shown
    assert {"authorisation_refused", "licence_not_recognised", "service_stopped", "settings_locked"} <= shown
    assert shown - set(SITUATIONS) == {"refused", "credentials_rejected", "shells_quota"}


def test_without_own_addresses_each_workstation_has_its_own_port() -> None:
    fleet = plan_fleet(5, sites=2, seed=1, situation=MIX, port=6000, own_addresses=False)
    assert {host.address for host in fleet} == {"127.0.0.1"}
    assert sorted(host.port for host in fleet) == [6000, 6001, 6002, 6003, 6004]


@settings(deadline=None, max_examples=20)
@given(count=st.integers(1, 700), seed=st.integers(0, 2**32))
def test_sites_differ_and_their_names_fit_windows_and_ansible(count: int, seed: int) -> None:
    sites = make_sites(count, seed)
    assert len({site.group for site in sites}) == len({site.prefix for site in sites}) == count
    for site in sites:
        assert re.fullmatch(r"site_[a-z0-9_]+", site.group)
        assert re.fullmatch(r"[A-Z0-9]{2,9}", site.prefix)


@pytest.mark.parametrize("count", [1, 24, 1000, 10_000])
def test_computer_names_and_addresses_are_never_doubled(count: int) -> None:
    fleet = plan(count, sites=max(1, count // 4))
    assert len({host.name for host in fleet}) == len({host.address for host in fleet}) == count
    assert all(len(host.name) <= 15 for host in fleet)
