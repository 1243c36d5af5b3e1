"""What an inventory says for the role, checked before any host is asked, not by each of them in turn."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from iea_fleet.model.errors import InputError
from iea_fleet.model.phrase import first_and_others
from iea_fleet.model.window import MaintenanceWindows, parse_windows
from iea_fleet.profiles import find_profile

ROLE_VARIABLES: Final = (
    "iea_assistance_mode",
    "iea_assistance_password",
    "iea_certificate_sha256",
    "iea_computer_name",
    "iea_connection_authentication_url",
    "iea_connection_mode",
    "iea_connection_relaunch",
    "iea_connection_save",
    "iea_connection_test_timeout_ms",
    "iea_connection_update_url",
    "iea_deadline_s",
    "iea_fix_sheets",
    "iea_licence_database",
    "iea_licence_reset",
    "iea_licence_undo",
    "iea_machine_id",
    "iea_maintenance_windows",
    "iea_profile",
    "iea_report_sheets",
    "iea_session_force",
    "iea_session_release",
    "iea_session_user",
    "iea_session_workstation",
    "iea_share_as_whom",
    "iea_share_mend",
    "iea_share_password",
    "iea_share_path",
    "iea_share_restart_ask",
    "iea_share_restart_delay_s",
    "iea_share_test_timeout_ms",
    "iea_share_username",
    "iea_share_write",
    "iea_site_title",
    "iea_state_folder",
    "iea_timezone",
)
"""The variables of the roles and reports that an inventory may set."""

ASSISTANCE_PASSWORD: Final = "iea_assistance_password"  # noqa: S105 - the variable's name
"""The variable for the password of the day; the roles' default is what IEA_FLEET_ASSISTANCE_PASSWORD says."""

SUPPORT_VARIABLES: Final = (
    "iea_support_from",
    "iea_support_signature",
    "iea_support_smtp_host",
    "iea_support_smtp_password_from",
    "iea_support_smtp_port",
    "iea_support_smtp_user",
    "iea_support_to",
)
"""The variables of support requests (`support/settings.py`)."""

_KNOWN: Final = (*ROLE_VARIABLES, *SUPPORT_VARIABLES)

_NEAR: Final = 0.85
"""How alike (difflib's ratio) another name must be to be a slip of the pen; other names are the user's own."""


def require_settings(names: Sequence[str], variables: Mapping[str, Mapping[str, Any]], where: str) -> None:
    """Check the variables for the role of hosts that are reached over WinRM.

    Args:
        names: the hosts.
        variables: by host, as `ansible-inventory` gives them, templates not yet filled in (those are not checked).
        where: the inventory, for the message.
    Raises: InputError when a host has no profile, when a profile or maintenance windows can't be used, or when the name
        of a variable is nearly one of the role's: Ansible ignores such a variable, and pushes the role's default.
    """
    asked = [name for name in names if variables.get(name, {}).get("ansible_connection") in ("winrm", "psrp")]
    for variable in dict.fromkeys(known for name in asked for known in variables[name]):
        near = difflib.get_close_matches(variable, _KNOWN, n=1, cutoff=_NEAR)
        if variable.startswith("iea_") and near and variable not in _KNOWN:
            raise InputError(
                where, "no role knows the variable {variable}", "Did you mean {name}?", variable=variable, name=near[0]
            )
    lacking = [name for name in asked if not variables[name].get("iea_profile")]
    if lacking:
        raise InputError(
            where,
            "iea_profile is missing for {hosts}",
            "Write iea_profile into the inventory's group_vars, the path of your application profile",
            hosts=first_and_others(lacking),
        )
    for profile in {str(variables[name]["iea_profile"]): None for name in asked}:
        if "{{" not in profile and "{%" not in profile:
            find_profile(profile)
    for name in asked:
        maintenance_windows(variables[name], where)


def maintenance_windows(variables: Mapping[str, Any], where: str) -> MaintenanceWindows:
    """The maintenance windows of a host's site.

    Args:
        variables: of the host. Where one of the two holds a template, what it stands for is known to Ansible only: then
            there are none here, and the action on the host has the true ones.
        where: the inventory, for the message.
    Raises: InputError when they can't be used.
    """
    windows, zone = variables.get("iea_maintenance_windows"), variables.get("iea_timezone")
    templates = any("{{" in str(value) or "{%" in str(value) for value in (windows, zone))
    return parse_windows(None, None, where) if templates else parse_windows(windows, zone, where)
