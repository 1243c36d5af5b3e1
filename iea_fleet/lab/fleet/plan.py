"""Which workstations a lab has: names, sites, addresses and what is the matter with each. The same for a same seed."""

from __future__ import annotations

import random
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from iea_fleet.lab.application import Installation
from iea_fleet.lab.fleet.sites import Site, make_sites
from iea_fleet.lab.share.files import SharePlace

MIX = "mix"
MAX_HOSTS = 10_000
_FIRST_ADDRESS = IPv4Address("127.87.0.1")

# What a demonstration shows, the most telling first: a smaller fleet has the first of these, a larger one all and more.
# Several names on one workstation hold together. Every case of the sheet is here, and three faults of the transport.
DEMONSTRATION: tuple[tuple[str, ...], ...] = (
    ("old_http_urls",),
    ("right",),
    ("old_http_urls", "server_dns"),
    ("authorisation_refused",),
    ("assistance_on",),
    ("old_http_urls", "refused"),
    ("plain_mode",),
    ("old_http_urls", "server_tls_unknown_ca"),
    ("wrong_urls",),
    ("licence_not_recognised", "old_http_urls"),
    ("old_http_urls", "credentials_rejected"),
    ("old_http_urls", "settings_locked"),
    ("old_http_urls",),
    ("old_http_urls", "server_proxy_auth"),
    ("old_http_urls", "update_server_only"),
    ("old_http_urls", "shells_quota"),
    ("old_http_urls", "server_http_503"),
    ("settings_malformed",),
    ("service_stopped",),
    ("old_http_urls", "server_tls_expired"),
    ("old_http_urls", "server_silent"),
    ("right",),
    ("old_http_urls",),
    ("old_http_urls",),
)
_PEOPLE = ("Zoé", "Amina", "Luc", "Inès", "Hugo", "Françoise", "Maëlle", "Karim")
_WEIGHTS_BEYOND = {"old_http_urls": 70, "right": 20, "plain_mode": 5, "wrong_urls": 5}


@dataclass(frozen=True, slots=True)
class PlannedHost:
    """One workstation to open.

    Args:
        name: computer name and inventory name, at most 15 characters.
        site: its association.
        address: its loopback address.
        port: the port there; HTTP or HTTPS, as the lab is asked for.
        faults: names of the lab's catalogue that are set from the start; situations and faults alike.
    """

    name: str
    site: Site
    address: str
    port: int
    faults: tuple[str, ...]


def plan_fleet(
    count: int, *, sites: int, seed: int, situation: str, port: int, own_addresses: bool
) -> tuple[PlannedHost, ...]:
    """Lay out `count` workstations in `sites` associations of nearly equal size.

    Args:
        count: how many workstations, at most `MAX_HOSTS`.
        sites: in how many associations, at most `count`.
        seed: what names and mix follow from.
        situation: `mix` for the demonstration's, else one name of the catalogue for all.
        port: every workstation's, or the first one's where `own_addresses` is False.
        own_addresses: a loopback address each (Linux); else 127.0.0.1 with a port each.
    """
    made = make_sites(sites, seed)
    faults = _mix(count, seed) if situation == MIX else [(situation,)] * count
    hosts: list[PlannedHost] = []
    for index in range(count):
        position, site = index % sites, made[index % sites]
        number = index // sites + 1
        address = str(_FIRST_ADDRESS + index) if own_addresses else "127.0.0.1"
        own_port = port if own_addresses or port == 0 else port + index
        hosts.append(PlannedHost(f"{made[position].prefix}-{number:02}", site, address, own_port, faults[index]))
    return tuple(sorted(hosts, key=lambda host: (made.index(host.site), host.name)))


def installations(hosts: Sequence[PlannedHost]) -> dict[str, Installation]:
    """What is fixed on each workstation, by its name: its licence, who sits there, its site's database.

    Every second site names the database's folder by the drive that its people have, the others by its network path.
    """
    sites: dict[Site, list[PlannedHost]] = {}
    for host in hosts:
        sites.setdefault(host.site, []).append(host)
    made: dict[str, Installation] = {}
    for number, members in enumerate(sites.values(), 1):
        place = SharePlace(f"SERVEUR-{number:02}")
        bindings = tuple((_licence(number, index), host.name) for index, host in enumerate(members, 1))
        for index, (licence, name) in enumerate(bindings, 1):
            made[name] = Installation(
                name=name,
                person=_PEOPLE[(number + index) % len(_PEOPLE)],
                licence=licence,
                twin_licence=_licence(number % len(sites) + 1 if len(sites) > 1 else 0, 1),
                place=place,
                by_drive=number % 2 == 0,
                site=bindings,
            )
    return made


def _licence(site: int, number: int) -> str:
    return f"IEA-{site:04}-{number:02}"


def loopback_has_many_addresses() -> bool:
    """Whether each workstation can have an address of 127/8: so on Linux; others have 127.0.0.1 only."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((str(_FIRST_ADDRESS), 0))
        except OSError:
            return False
    return True


def _mix(count: int, seed: int) -> list[tuple[str, ...]]:
    chance = random.Random(seed)  # noqa: S311 - a repeatable choice, no secret
    mix = list(DEMONSTRATION[:count])
    names, weights = list(_WEIGHTS_BEYOND), list(_WEIGHTS_BEYOND.values())
    mix += [(name,) for name in chance.choices(names, weights, k=count - len(mix))]
    chance.shuffle(mix)
    return mix
