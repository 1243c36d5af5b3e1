"""The lab's inventory as Ansible reads it: hosts and sites in one file, the account in another, fit for a vault."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from iea_fleet.lab.fleet.plan import PlannedHost
from iea_fleet.model.errors import InputError, LocalFailure
from iea_fleet.model.phrase import system_said

SUPPORT_ADDRESS = "assistance@lab.invalid"
"""Who gets the mails of a try-out: nobody (RFC 2606), so that none ever reaches the vendor."""

_INVENTORY_MARK = "# Inventory of the lab"
_VAULT_MARK = "# Account of the lab"
_VAULT = Path("group_vars") / "all" / "vault.yml"


@dataclass(frozen=True, slots=True)
class Access:
    """How the lab's workstations are logged on to.

    Args:
        user, password: the account.
        transport: pywinrm's name of the logon.
        ca_file: whom to trust for https, None: plain http.
        variables: more of the inventory's for every host.
        share_user, share_password: an account of the sites' file servers; empty: none is told.
    """

    user: str
    password: str = field(repr=False)
    transport: str
    ca_file: Path | None
    variables: Mapping[str, object] = field(default_factory=dict)
    share_user: str = ""
    share_password: str = field(default="", repr=False)


def vault_path(inventory: Path) -> Path:
    """Where the account of an inventory file stands: Ansible reads group_vars beside it."""
    return inventory.parent / _VAULT


def check_inventory(inventory: Path) -> None:
    """Make sure that both files can be written without harm to anybody's own.

    Raises: InputError when one of them exists and is not from a lab.
    """
    for path, mark in ((inventory, _INVENTORY_MARK), (vault_path(inventory), _VAULT_MARK)):
        if (path.exists() or path.is_symlink()) and not _is_ours(path, mark):
            raise InputError(
                str(path), "the file exists and is not from the lab", "Give --inventory a file in an empty folder."
            )


def write_inventory(inventory: Path, hosts: Sequence[PlannedHost], access: Access) -> None:
    """Write the inventory (0644 and the umask) and the file with the account (0600).

    Raises: InputError as `check_inventory`; LocalFailure when a file can't be written.
    """
    check_inventory(inventory)
    try:
        _write(
            vault_path(inventory),
            f"{_VAULT_MARK} that is up now; the password is made anew with each lab.\n"
            "# ansible-vault encrypt makes it unreadable; the inventory then needs your vault password.\n",
            _accounts(access),
            0o600,
        )
        _write(
            inventory,
            f"{_INVENTORY_MARK} that is up now: iea-fleet lab up writes it, iea-fleet lab down removes it.\n",
            _document(hosts, access),
            0o644,
        )
    except OSError as error:
        where = str(error.filename or inventory)
        raise LocalFailure(
            where, "the inventory can't be written: {said}", "Check rights and space.", said=system_said(error)
        ) from error


def remove_inventory(inventory: Path) -> None:
    """Remove both files where they are the lab's, and the folders that this leaves empty below the inventory's."""
    for path, mark in ((inventory, _INVENTORY_MARK), (vault_path(inventory), _VAULT_MARK)):
        if path.exists() and _is_ours(path, mark):
            path.unlink()
    for folder in (inventory.parent / "group_vars" / "all", inventory.parent / "group_vars"):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _is_ours(path: Path, mark: str) -> bool:
    try:
        head = path.read_bytes()[:256]
    except OSError:
        return False
    # An encrypted vault has lost its first line; it opens nothing but a lab that has gone, still it is a person's work.
    return head.startswith(mark.encode())


def _accounts(access: Access) -> dict[str, object]:
    """The account of the workstations, and that of the file servers: no variable of a role takes it by itself."""
    accounts: dict[str, object] = {"vault_iea_lab_user": access.user, "vault_iea_lab_password": access.password}
    if access.share_user:
        accounts["vault_iea_lab_share_user"] = access.share_user
        accounts["vault_iea_lab_share_password"] = access.share_password
    return accounts


def _document(hosts: Sequence[PlannedHost], access: Access) -> dict[str, object]:
    common: dict[str, object] = {
        "ansible_connection": "winrm",
        "ansible_winrm_scheme": "http" if access.ca_file is None else "https",
        "ansible_winrm_transport": access.transport,
        "ansible_user": "{{ vault_iea_lab_user }}",
        "ansible_password": "{{ vault_iea_lab_password }}",
        "iea_profile": "lab",
        "iea_support_to": SUPPORT_ADDRESS,
        **access.variables,
    }
    if access.transport == "certificate":
        # The certificate says who it is.
        del common["ansible_user"], common["ansible_password"]
    if access.ca_file is not None:
        common["ansible_winrm_ca_trust_path"] = str(access.ca_file)
    ports = {host.port for host in hosts}
    if len(ports) == 1:
        common["ansible_port"] = ports.pop()
    sites: dict[str, dict[str, dict[str, object]]] = {}
    for host in hosts:
        entry: dict[str, object] = {"ansible_host": host.address}
        if "ansible_port" not in common:
            entry["ansible_port"] = host.port
        entry["iea_computer_name"] = host.name
        site = sites.setdefault(host.site.group, {"vars": {"iea_site_title": host.site.title}, "hosts": {}})
        site["hosts"][host.name] = entry
    return {"all": {"vars": common, "children": sites}}


def _write(path: Path, head: str, content: dict[str, object], mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)
    # Beside it and moved: nobody reads half a file, and the mode is right from the first byte on.
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)
