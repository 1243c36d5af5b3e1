"""The hosts of a run, read by Ansible's own `ansible-inventory`, so that every kind of inventory works."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from iea_fleet.ledger.records import AskedHost
from iea_fleet.model.errors import InputError, LocalFailure
from iea_fleet.model.phrase import Phrase, first_and_others, system_said
from iea_fleet.model.text import neutralise
from iea_fleet.rollout.content import NOT_FOR_ANSIBLE
from iea_fleet.rollout.settings import require_settings
from iea_fleet.rollout.vault import Vault

_TIME_LIMIT_S = 300
_NAME_CHARACTERS = 255
_SITE_PREFIX = "site_"
_QUIET = {
    "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",
    # What these programs print to us, decrypted passwords among it, Ansible also writes into the user's log file.
    "ANSIBLE_LOG_PATH": os.devnull,
}
_USER_NAMES = ("ansible_user", "ansible_winrm_user", "ansible_psrp_user")
_PASSWORD_NAMES = ("ansible_password", "ansible_winrm_password", "ansible_winrm_pass", "ansible_psrp_password")
_NO_PASSWORD_TRANSPORTS = frozenset({"kerberos", "certificate"})
"""WinRM logons that need no password in the inventory: a ticket, a client certificate."""
_UTF_8 = {"PYTHONIOENCODING": "utf-8"}
"""Whatever the locale: names of associations have accents."""
LIMIT: Final = "--limit"
"""The option that most commands take a pattern by."""
WORKSTATION: Final = Phrase("workstation")
"""The argument by which the others name one host."""

_SHOWN_CHARACTERS = 200
"""Of what a person typed, in a message."""


@dataclass(frozen=True, slots=True)
class Host:
    """One host of the inventory, with what a run must know of it before it is asked."""

    name: str
    site: str
    address: str
    account: str
    variables: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """As `ansible-inventory` gives them: templates not filled in, and passwords may be among them."""

    @property
    def asked(self) -> AskedHost:
        """The host as the ledger keeps it."""
        return AskedHost(host=self.name, site=self.site, address=self.address)


def read_inventory(
    sources: Sequence[str],
    pattern: str | None,
    vault: Vault,
    environment: Mapping[str, str],
    named_by: str | Phrase = LIMIT,
) -> tuple[Host, ...]:
    """Read the hosts that match.

    Args:
        sources: inventory files, folders, or lists of names with a comma.
        pattern: as for Ansible's `--limit`; `None`: every host.
        vault: opens what is encrypted in the inventory.
        environment: variables for Ansible's programs, beside the user's own.
        named_by: how the user gave the pattern, for messages.
    Returns: at least one host, in the inventory's order, each once.
    Raises: InputError when there is no such inventory, host or pattern, it can't be parsed, no host is left, the vault
        can't be opened, or a host has no credentials or no profile that can be used.
    """
    for source in sources:
        if "," not in source and not os.path.exists(source):  # noqa: PTH110 - pathlib's raises for a name too long
            shown = neutralise(source, _SHOWN_CHARACTERS)
            raise InputError(shown, "there is no such inventory", "Name a file or folder with --inventory")
    if pattern is not None:
        _require_pattern(pattern, named_by)
    vault.check()
    arguments = ["inventory", "--list"]
    for source in sources:
        arguments += ["--inventory", source]
    if pattern:
        arguments += ["--limit", pattern]
    where = ", ".join(sources)
    done = _ansible(arguments, vault, environment)
    told = " ".join(done.stderr.split())
    if done.returncode != 0:
        raise _inventory_error(where, told, vault)
    if unmatched := re.findall(r"Could not match supplied host pattern, ignoring: (\S+)", told):
        names = neutralise(", ".join(dict.fromkeys(unmatched)), _SHOWN_CHARACTERS)
        raise InputError(
            Phrase("{named_by} {names}", named_by=named_by, names=names),
            "no host or group of {inventory} has this name",
            "ansible-inventory -i {source} --graph shows its names",
            inventory=where,
            source=sources[0],
        )
    groups = _parse(done.stdout, where)
    _require_names(_members(groups, "all", set()), where)
    hosts = tuple(_hosts(groups))
    if not hosts:
        no_match = Phrase("no host matches {named_by} {names}", named_by=named_by, names=pattern)
        what = no_match if pattern else Phrase("the inventory has no hosts")
        raise InputError(where, what, "Add workstations to it, or name another one with --inventory")
    _require_credentials(hosts, _variables(groups), where)
    require_settings([host.name for host in hosts], _variables(groups), where)
    _require_vault_opens(groups, vault, environment, where)
    return hosts


def _require_pattern(pattern: str, named_by: str | Phrase) -> None:
    """Refuse what Ansible takes for every host, though a person meant some: a variable of the shell that was not set,
    a bracket that is not closed (Ansible leaves it out, so that `~[` is `~`, which matches every name).
    """
    shown = Phrase("{named_by} {names}", named_by=named_by, names=neutralise(pattern, _SHOWN_CHARACTERS) or "''")
    some = Phrase("Name hosts or groups, or leave {limit} out for all", limit=LIMIT)
    mend = some if named_by == LIMIT else Phrase("Name one of the inventory")
    if not re.fullmatch(r"[^\[\]]*(\[[^\[\]]*\][^\[\]]*)*", pattern):
        raise InputError(shown, "its brackets don't match, and Ansible would leave them out", mend)
    if not pattern.isprintable():
        raise InputError(shown, "it holds characters that no name has", mend)
    parts = [part.strip() for part in re.split(r"[,:]", pattern)]
    if not any(parts) or not all(part.strip("!&~") for part in parts if part):
        raise InputError(shown, "it names no host", mend)


def _ansible(
    arguments: Sequence[str], vault: Vault, environment: Mapping[str, str], given: str | None = None
) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if name not in NOT_FOR_ANSIBLE}
    with vault.arguments() as (vault_arguments, descriptors):
        try:
            return subprocess.run(
                [sys.executable, "-m", "ansible", *arguments, *vault_arguments],
                env={**own, **environment, **_QUIET, **_UTF_8},
                pass_fds=descriptors,
                input=given,
                stdin=None if given is not None else subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=_TIME_LIMIT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise InputError(
                Phrase("the inventory"),
                "Ansible did not read it within {limit_s} s",
                "Look at its plugins and scripts",
                limit_s=_TIME_LIMIT_S,
            ) from error
        except OSError as error:
            raise LocalFailure(
                sys.executable, "Ansible can't be started ({said})", "Install it again", said=system_said(error)
            ) from error


def _inventory_error(where: str, told: str, vault: Vault) -> InputError:
    if "no vault secrets found" in told:
        return InputError(
            where, "it is encrypted and no vault password was given", "Give --ask-vault-pass or --vault-password-file"
        )
    if "Decryption failed" in told:
        return _wrong_vault_password(where, vault)
    error = told.rpartition("[ERROR]: ")[2][:500].rstrip(".")
    what = Phrase("{said}", said=error) if error else Phrase("Ansible gave no reason")
    cause = re.search(r"Failed to parse inventory with 'yaml' plugin: (.{1,200}?)(?:\. |$)", told)
    if cause and "Completely failed to parse" in error:
        what = Phrase("it can't be parsed ({said})", said=cause[1])
    return InputError(where, what, "Try ansible-inventory --list with it, which says more")


def _wrong_vault_password(where: str, vault: Vault) -> InputError:
    of_file = Phrase("the password in {file} does not open what is encrypted there", file=vault.file)
    what = of_file if vault.file else Phrase("the vault password that was given does not open what is encrypted there")
    return InputError(where, what, "Give the right one")


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        groups = json.loads(text)
    except ValueError as error:
        raise InputError(where, "Ansible's answer about it is no JSON", "Look at its plugins and scripts") from error
    if not isinstance(groups, dict):
        raise InputError(where, "Ansible's answer about it is no group list", "Look at its plugins and scripts")
    return groups


def _variables(groups: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = groups.get("_meta", {}).get("hostvars", {})
    return found


def _hosts(groups: Mapping[str, Any]) -> Iterator[Host]:
    sites: dict[str, str] = {}
    for group in groups:
        if group.startswith(_SITE_PREFIX):
            for name in _members(groups, group, set()):
                sites.setdefault(name, group.removeprefix(_SITE_PREFIX))
    for name in dict.fromkeys(_members(groups, "all", set())):
        variables = _variables(groups).get(name, {})
        yield Host(
            name=name,
            site=str(variables.get("iea_site_title") or sites.get(name, ""))[:255],
            address=str(variables.get("ansible_host", name))[:255],
            account=str(variables.get("ansible_user", "")),
            variables=variables,
        )


def _members(groups: Mapping[str, Any], group: str, seen: set[str]) -> Iterator[str]:
    if group in seen:
        return
    seen.add(group)
    entry = groups.get(group, {})
    yield from entry.get("hosts", ())
    for child in entry.get("children", ()):
        yield from _members(groups, child, seen)


def _require_names(names: Iterable[str], where: str) -> None:
    """Refuse names that can't be asked for by themselves: a pass names its hosts to Ansible as patterns, a line each.

    `!pc` and `&pc` alone mean every host but pc, whatever --limit said.
    """
    for name in names:
        if name.startswith(("!", "&")) or len(name) > _NAME_CHARACTERS or name != name.strip() or "\n" in name:
            raise InputError(
                where,
                "the host name '{name}' can't be used: Ansible takes it for something else, or it is too long",
                "Rename it, and keep its address in ansible_host",
                name=neutralise(name, _SHOWN_CHARACTERS),
            )


def _require_credentials(hosts: Sequence[Host], variables: Mapping[str, Mapping[str, Any]], where: str) -> None:
    lacking: dict[str, list[str]] = {}
    for host in hosts:
        known = variables.get(host.name, {})
        if known.get("ansible_connection") not in ("winrm", "psrp"):
            continue
        transport = str(known.get("ansible_winrm_transport", known.get("ansible_psrp_auth", "")))
        if transport in _NO_PASSWORD_TRANSPORTS:
            continue
        for spellings in (_USER_NAMES, _PASSWORD_NAMES):
            given = next((known[name] for name in spellings if known.get(name)), None)
            lack = spellings[0] if given is None else _undefined_reference(given, known)
            if lack is not None:
                lacking.setdefault(lack, []).append(host.name)
    for name, names in lacking.items():
        raise InputError(
            where,
            "{hosts} can't be logged on to: {name} is missing",
            "Write {name} into the inventory's group_vars, passwords with ansible-vault",
            hosts=first_and_others(names),
            name=name,
        )


def _undefined_reference(value: object, known: Mapping[str, Any]) -> str | None:
    """The variable that a credential refers to, as `{{ vault_password }}`, and that the host does not have."""
    reference = re.fullmatch(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}", value) if isinstance(value, str) else None
    if reference is None or reference[1] in known or reference[1].startswith(("ansible_", "inventory_")):
        return None  # the last two are Ansible's own, known only while it runs
    return reference[1]


def _require_vault_opens(groups: Mapping[str, Any], vault: Vault, environment: Mapping[str, str], where: str) -> None:
    """Try one single encrypted value; whole encrypted files were opened when the inventory was read."""
    encrypted = next(
        (
            value["__ansible_vault"]
            for variables in _variables(groups).values()
            for value in variables.values()
            if isinstance(value, dict) and "__ansible_vault" in value
        ),
        None,
    )
    if encrypted is None:
        return
    done = _ansible(["vault", "decrypt", "--output", "-"], vault, environment, given=str(encrypted))
    told = " ".join(done.stderr.split())
    if done.returncode != 0:
        given = vault.file or vault.password or "Decryption failed" in told
        raise _inventory_error(where, told if given else "no vault secrets found", vault)
