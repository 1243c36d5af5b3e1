"""English words for the checks of `iea-fleet doctor`. See `wording/__init__.py` for the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.report.wording.entry import Words

_MACHINE: Final[Mapping[str, Words]] = {
    "doctor.python": Words(title="Python", explanation="Version {version}.", next_step=""),
    "doctor.python_old": Words(
        title="Python is too old",
        explanation="Version {version} runs here, and iea-fleet needs {needed} or newer.",
        next_step="Install a newer Python, and iea-fleet with it.",
    ),
    "doctor.packages": Words(title="Packages", explanation="{packages}.", next_step=""),
    "doctor.package_missing": Words(
        title="A package is missing",
        explanation="{package} is not installed, and iea-fleet needs it[ ({needed})].",
        next_step="Install it in the environment of iea-fleet: pip install '{package}{needed}'",
    ),
    "doctor.package_old": Words(
        title="A package does not fit",
        explanation="{package} {version} is installed, and iea-fleet needs {needed}.",
        next_step="Install one that fits in the environment of iea-fleet: pip install '{package}{needed}'",
    ),
    "doctor.extras": Words(title="Optional packages", explanation="{packages}.", next_step=""),
    "doctor.extra_missing": Words(
        title="A logon kind lacks its package",
        explanation="The logon that the inventory names for {hosts} needs what is not installed here: {missing}.",
        next_step=(
            "Install it in the environment of iea-fleet: pip install '{package}'. For kinit, install the system's "
            "Kerberos client (Debian: krb5-user)."
        ),
    ),
    "doctor.locale": Words(title="Locale", explanation="[{locale}, ]{encoding}.", next_step=""),
    "doctor.locale_unknown": Words(
        title="The locale is not installed",
        explanation="The environment names the locale {locale}, which this system does not have.",
        next_step="Install it (Debian: dpkg-reconfigure locales), or set LANG to C.UTF-8.",
    ),
    "doctor.locale_not_utf8": Words(
        title="The locale is not UTF-8",
        explanation="Texts are written in {encoding} here[ (locale {locale})]: accents may be lost.",
        next_step="Set LANG to fr_FR.UTF-8 or C.UTF-8.",
    ),
    "doctor.state_folder": Words(
        title="State folder", explanation="{path}, yours alone to write, {free_mb} MB free.", next_step=""
    ),
    "doctor.state_folder_readable": Words(
        title="Others can look into the state folder",
        explanation="{path} has the mode {mode}: other users of this machine can list or read what is in it.",
        next_step="Take that right away: chmod 700 on this folder.",
    ),
    "doctor.ledger": Words(title="Ledger", explanation="{path} is sound and holds {runs} runs.", next_step=""),
    "doctor.ledger_new": Words(
        title="Ledger", explanation="{path} is not there yet; the first run makes it.", next_step=""
    ),
    "doctor.ledger_damaged": Words(
        title="The ledger is damaged",
        explanation="{path} does not pass the check of its database: {message}",
        next_step=(
            "Keep the file, put a backup in its place, or let a new one begin: rename it, or name another with "
            "--ledger. Nothing on a workstation depends on it."
        ),
    ),
    "doctor.content": Words(title="Playbooks, roles and plugins", explanation="Complete, in {path}.", next_step=""),
    "doctor.content_elsewhere": Words(
        title="Playbooks from another folder",
        explanation="IEA_FLEET_CONTENT is set: playbooks and roles are those in {path}, not the ones of this release.",
        next_step="Unset IEA_FLEET_CONTENT unless you are changing them.",
    ),
    "doctor.machine": Words(
        title="This machine stands in the way", explanation="{path}: {message}.", next_step="{mend}"
    ),
    "doctor.no_proxy": Words(
        title="Proxies", explanation="None in this environment would catch what goes to workstations.", next_step=""
    ),
    "doctor.proxy": Words(
        title="A proxy would be in the way",
        explanation="The environment of this machine sends what goes to workstations[ ({hosts})] through {proxy}.",
        next_step=(
            "Workstations are reached directly: add their names and addresses to no_proxy, or unset HTTP_PROXY, "
            "HTTPS_PROXY and ALL_PROXY for iea-fleet."
        ),
    ),
}

_INVENTORY: Final[Mapping[str, Words]] = {
    "doctor.inventory": Words(
        title="Inventory", explanation="{path}: {hosts} workstations in {sites} associations.", next_step=""
    ),
    "doctor.inventory_missing": Words(
        title="No inventory yet",
        explanation="There is none at {path}.",
        next_step="Name yours with --inventory, or begin with the example that comes with the sources.",
    ),
    "doctor.inventory_unusable": Words(
        title="The inventory can't be used", explanation="{path}: {message}.", next_step="{mend}"
    ),
    "doctor.vault": Words(title="Vault", explanation="What is encrypted in {files} files was opened.", next_step=""),
    "doctor.password_in_clear": Words(
        title="A password lies in clear",
        explanation="{path} gives a password in readable text.",
        next_step="Encrypt the file with ansible-vault encrypt, and open it with --vault-password-file.",
    ),
    "doctor.smtp": Words(
        title="Support requests", explanation="Sent on request through {server} to {to}.", next_step=""
    ),
    "doctor.smtp_none": Words(
        title="Support requests",
        explanation="Drafted into the outbox, to {to}; no mail server is set (iea_support_smtp_host).",
        next_step="",
    ),
    "doctor.smtp_incomplete": Words(
        title="Support requests can't be sent",
        explanation="The mail server {server} is set, and {missing} is not.",
        next_step="Set it, or leave iea_support_smtp_host out and send the drafts of the outbox by hand.",
    ),
}

_ENDPOINT: Final[Mapping[str, Words]] = {
    "doctor.route": Words(
        title="Route",
        explanation="{connection} over {scheme} to {host}, port {port}, logon {methods}[ as {account}].",
        next_step="",
    ),
    "doctor.proxy_on_the_way": Words(
        title="A proxy is on the way",
        explanation="What goes to {host} goes through the proxy {proxy} of this machine's environment.",
        next_step="Add the workstation's address to no_proxy, or unset HTTP_PROXY and HTTPS_PROXY for iea-fleet.",
    ),
    "doctor.name_found": Words(title="Name", explanation="{host} is {addresses}.", next_step=""),
    "doctor.port_open": Words(title="Port", explanation="{port} is open, connected in {elapsed_ms} ms.", next_step=""),
    "doctor.certificate_good": Words(
        title="Certificate",
        explanation=(
            "{certificate_subject}, issued by {certificate_issuer}, until {certificate_until}, checked. To pin it: "
            "iea_certificate_sha256: {certificate_sha256}"
        ),
        next_step="",
    ),
    "doctor.certificate_pinned": Words(
        title="Certificate",
        explanation="{certificate_subject}, until {certificate_until}, is the one that the inventory pins.",
        next_step="",
    ),
    "doctor.winrm": Words(title="WinRM", explanation="The service answers[: {product}].", next_step=""),
    "doctor.winrm_unidentified": Words(
        title="WinRM",
        explanation=(
            "Something asks for a logon there, and does not say that it is WinRM[ (Server: {server_software})]."
        ),
        next_step="",
    ),
    "doctor.logon_offered": Words(
        title="Logon kinds", explanation="It offers {offered}; the inventory says {methods}.", next_step=""
    ),
    "doctor.logon_not_told": Words(
        title="Logon kinds not told",
        explanation="{host} did not say which logons it offers; the inventory says {methods}.",
        next_step="See them on the workstation: winrm get winrm/config/service/auth",
    ),
    "doctor.basic_offered": Words(
        title="Basic is switched on",
        explanation=(
            "{host} also takes Basic, which sends the password itself; the inventory uses {methods} and does not need "
            "it."
        ),
        next_step="On the workstation, as administrator: Set-Item WSMan:\\localhost\\Service\\Auth\\Basic $false",
    ),
    "doctor.clock_right": Words(title="Clock", explanation="{seconds} s apart from this machine's.", next_step=""),
    "doctor.clock_not_told": Words(
        title="Clock not told",
        explanation="The answers of {host} carry no time.",
        next_step="Compare its clock by hand: more than 5 minutes apart, Kerberos logons fail.",
    ),
}

_ROUND: Final[Mapping[str, Words]] = {
    "doctor.logon_accepted": Words(title="Logon", explanation="Accepted, as {account}.", next_step=""),
    "doctor.powershell": Words(
        title="PowerShell", explanation="{version}[ {edition}], FullLanguage[, {system}].", next_step=""
    ),
    "doctor.computer_expected": Words(title="Computer", explanation="{found_name} answered.", next_step=""),
    "doctor.computer_not_named": Words(
        title="Computer not named in the inventory",
        explanation="{found_name} answered at {host}, and the inventory does not say whether that is the right one.",
        next_step="If it is, write iea_computer_name: {found_name} for this host, so that no other is ever written.",
    ),
    "doctor.rights_read": Words(
        title="Rights",
        explanation=(
            "{account} can read the settings. Whether it may write them and restart the service is not tried: a "
            "check changes nothing."
        ),
        next_step="",
    ),
    "doctor.rights_administrator": Words(
        title="Rights",
        explanation=(
            "{account} has administrator’s rights, and can read the settings. Writing is not tried: a check changes "
            "nothing."
        ),
        next_step="",
    ),
    "doctor.rights_plain": Words(
        title="The account is not an administrator",
        explanation=(
            "{account} has no administrator’s rights on the workstation. It can read settings and test the servers. "
            "Without these rights fail: restarting the service or the computer, settings in HKEY_LOCAL_MACHINE, "
            "seeing who is at the screen, scheduled tasks as that person; and files, the journal’s folder "
            "(ProgramData\\iea-fleet) too, wherever the account was not given the right."
        ),
        next_step=(
            "If none of that is wanted, prepare the workstation for this account (iea-fleet doctor --prepare); "
            "otherwise make it an administrator: docs/prepare.md tells what each costs.[\nIf {local_account} is in "
            "Administrators already: Windows filters the rights of local accounts over the network (UAC). "
            "LocalAccountTokenFilterPolicy = 1 lifts that for all of them.]"
        ),
    ),
    "doctor.rights_missing": Words(
        title="Rights are missing",
        explanation="{account} may not read {place} (Windows error 5).",
        next_step=(
            "Give the account the right on this file or folder, or make it an administrator: docs/prepare.md tells "
            "what each costs."
        ),
    ),
    "doctor.round": Words(
        title="Round", explanation="{elapsed_ms} ms for all of it, {script_ms} ms of them in the script.", next_step=""
    ),
    "doctor.not_asked": Words(
        title="Not asked", explanation="{reason}", next_step="Mend that, and run the check again."
    ),
}

TEXTS: Final[Mapping[str, Words]] = {**_MACHINE, **_INVENTORY, **_ENDPOINT, **_ROUND}
"""By code."""
