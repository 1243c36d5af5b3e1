"""What the contenders share: the hosts of a lab's inventory, and the payload of one read-only round."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

from iea_fleet import agent
from iea_fleet.diagnosis.sheets import Task, build_request
from iea_fleet.model.desired import DesiredConnection
from iea_fleet.model.finding import Sheet
from iea_fleet.model.profile import Profile
from iea_fleet.model.request import ExpectedHost
from iea_fleet.profiles import find_profile


@dataclass(frozen=True, slots=True)
class Host:
    """One workstation of the lab and its account."""

    name: str
    url: str
    user: str
    password: str = field(repr=False)


def read_hosts(inventory: Path) -> tuple[Host, ...]:
    """The hosts of an inventory as `iea-fleet lab up` writes it."""
    document = yaml.safe_load(inventory.read_text(encoding="utf-8"))["all"]
    vault = yaml.safe_load((inventory.parent / "group_vars" / "all" / "vault.yml").read_text(encoding="utf-8"))
    port = document["vars"].get("ansible_port")
    return tuple(
        Host(
            name,
            f"http://{entry['ansible_host']}:{entry.get('ansible_port', port)}/wsman",
            vault["vault_iea_lab_user"],
            vault["vault_iea_lab_password"],
        )
        for site in document["children"].values()
        for name, entry in site["hosts"].items()
    )


@cache
def _profile() -> Profile:
    return find_profile("lab")


def payload_for(host: Host) -> bytes:
    """The same bytes that a push sends to this host."""
    task = Task(
        sheets=(Sheet.CONNECTION,),
        profile=_profile(),
        connection=DesiredConnection(),
        read_only=False,
        dry_run=False,
        expect_host=ExpectedHost(computer_name=host.name),
    )
    return agent.payload(build_request(task, transaction=uuid.uuid4().hex, nonce=uuid.uuid4().hex))
