"""English words for the findings of the share sheet, the database's folder. See `wording/__init__.py` for the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.report.wording.entry import Words

_SAID: Final = " Looked at: {path}[ by {as_whom}][ ({account})][, error {win32_code}].[ Windows says: « {message} »]"
"""What every fault of the share ends in."""

TEXTS: Final[Mapping[str, Words]] = {
    "share.reached": Words(
        title="Database reached",
        explanation=(
            "{path} was opened[ by {as_whom}][ ({account})] in {elapsed_ms} ms, with the database file in it."
        ),
        next_step="",
    ),
    "share.local": Words(
        title="Database on this workstation",
        explanation=("{path} is on a local disk and was opened with the database file in it; no server is needed."),
        next_step="",
    ),
    "share.not_in_profile": Words(
        title="Database folder not in the profile",
        explanation=(
            "The profile does not say where the application keeps the database’s folder, so it was not looked at."
        ),
        next_step="Add `database` to the profile, or give the folder (iea_share_path).",
    ),
    "share.folder_not_set": Words(
        title="No database folder set",
        explanation="The application names no folder for its database[ ({place})].",
        next_step="Open the application on the workstation and choose the folder of the database.",
    ),
    "share.folder_not_read": Words(
        title="Database folder not looked at",
        explanation="The setting that names it could not be read[ ({place})].",
        next_step="See why in the findings about the settings.",
    ),
    "share.name_not_found": Words(
        title="File server’s name not found",
        explanation="The workstation finds no address for {server}." + _SAID,
        next_step=(
            "See whether the server still has this name, and which DNS server the workstation asks "
            "(ipconfig /all).\n"
            "Run again."
        ),
    ),
    "share.name_not_answered": Words(
        title="Name of the file server: no answer",
        explanation="The name service did not answer about {server}." + _SAID,
        next_step="See that the workstation is on the network and that its DNS server works.\nRun again.",
    ),
    "share.server_silent": Words(
        title="File server does not answer",
        explanation=(
            "{server} has an address[ ({addresses})] and does not answer on port 445 (SMB): switched "
            "off, asleep, or behind a firewall."
        )
        + _SAID,
        next_step=(
            "See that {server} is switched on and on the network.\n"
            "See that its firewall lets port 445 through from the workstations."
        ),
    ),
    "share.port_refused": Words(
        title="File server refuses the connection",
        explanation=("{server}[ ({addresses})] is on and refuses port 445 (SMB): file sharing does not run there.")
        + _SAID,
        next_step="Start the file sharing service on {server} (LanmanServer, samba or the NAS’s own).",
    ),
    "share.no_route": Words(
        title="No way to the file server",
        explanation=("The workstation has no route to {server}[ ({addresses})]: cable, Wi-Fi, VPN or another network.")
        + _SAID,
        next_step="See to the workstation’s network connection (cable, Wi-Fi, VPN), then restart the PC.",
    ),
    "share.port_unreachable": Words(
        title="File server not reached",
        explanation="No connection to port 445 (SMB) of {server}[ ({addresses})] came about." + _SAID,
        next_step="See that {server} is switched on and on the network.",
    ),
    "share.network_path_not_found": Words(
        title="Network path not found (53)",
        explanation="Windows finds no way to the shares[ of {server}]." + _SAID,
        next_step=(
            "On the file server[ ({server})], see that the folder is still shared.\n"
            "Restart the PC, then open Impact emploi again."
        ),
    ),
    "share.share_not_found": Words(
        title="Share not found (67)",
        explanation="{server} answers and has no share of this name." + _SAID,
        next_step=(
            "On {server}, see whether the share was renamed or removed, and share the folder again under this name."
        ),
    ),
    "share.access_denied": Words(
        title="Access to the database’s folder denied",
        explanation="The share was found and the account may not open it, or not at this step ({layer})." + _SAID,
        next_step=(
            "On {server}, give the account the right to change files, in the share’s permissions and in "
            "the folder’s security."
        ),
    ),
    "share.session_lost": Words(
        title="Session with the file server lost",
        explanation="The session with {server} is no longer valid: the server was restarted, or slept." + _SAID,
        next_step="Let the session be dropped and made anew (fix), or restart the PC.",
    ),
    "share.network_error": Words(
        title="Network error on the way to the share",
        explanation="The connection with {server} broke off." + _SAID,
        next_step=(
            "Let the session be made anew (fix), or restart the PC.\n"
            "If it comes back: cable, switch, Wi-Fi, or the network driver’s power saving."
        ),
    ),
    "share.two_identities": Words(
        title="Two accounts for one server (1219)",
        explanation="Windows is connected to {server} under another account already, and allows only one." + _SAID,
        next_step=(
            "Let the other session be dropped (fix), or restart the PC.\n"
            "If it comes back, remove the stored credentials for {server} (Credential Manager)."
        ),
    ),
    "share.no_network": Words(
        title="No network on the workstation",
        explanation="Windows has no network, or none that it uses for shares." + _SAID,
        next_step="See to the network connection, then restart the PC.",
    ),
    "share.too_many_connections": Words(
        title="Too many connections to the share (71)",
        explanation="{server} takes no further connection: a Windows that is no server allows 20 at a time." + _SAID,
        next_step=(
            "On {server}, close sessions that nobody uses (Computer Management, Shared Folders, "
            "Sessions), then run again."
        ),
    ),
    "share.guest_blocked": Words(
        title="Guest access blocked by Windows (1272)",
        explanation="{server} lets anybody in without a password, and Windows refuses such shares." + _SAID,
        next_step="Make an account with a password on {server} and use it on the workstations.",
    ),
    "share.smb1_needed": Words(
        title="Old file sharing only (SMB 1)",
        explanation="{server} speaks SMB 1 only, which Windows no longer does." + _SAID,
        next_step="Turn on SMB 2 or later on {server}, or replace the device.",
    ),
    "share.no_domain_server": Words(
        title="No domain controller answers (1311)",
        explanation="Nobody could check the account: no domain controller is reached." + _SAID,
        next_step=("See that the domain controller is on and that the workstation’s DNS server is the domain’s."),
    ),
    "share.trust_lost": Words(
        title="Workstation no longer trusted by its domain",
        explanation="The domain does not know the workstation’s own password any more." + _SAID,
        next_step="On the workstation, as an administrator: Test-ComputerSecureChannel -Repair.",
    ),
    "share.password_refused": Words(
        title="Password for the share refused (86)",
        explanation="{server} knows the account and not this password." + _SAID,
        next_step=(
            "Correct the password: the stored one on the workstation (Credential Manager), or iea_share_password."
        ),
    ),
    "share.logon_failed": Words(
        title="Logon to the file server refused (1326)",
        explanation="User name or password are not those that {server} knows." + _SAID,
        next_step=(
            "Correct the credentials: the stored ones on the workstation (Credential Manager), or "
            "iea_share_username and iea_share_password.\n"
            "Don’t try often: the account may be locked."
        ),
    ),
    "share.account_disabled": Words(
        title="Account disabled (1331)",
        explanation="The account is disabled on {server} or in the domain." + _SAID,
        next_step="Enable it, or use another account.",
    ),
    "share.account_locked": Words(
        title="Account locked (1909)",
        explanation="The account is locked after wrong passwords." + _SAID,
        next_step=(
            "Find the workstation or service that has the old password, and correct it there.\n"
            "Unlock the account, then run again."
        ),
    ),
    "share.account_expired": Words(
        title="Account expired (1793)",
        explanation="The account’s last day has passed." + _SAID,
        next_step="Prolong it, or use another account.",
    ),
    "share.account_restricted": Words(
        title="Account not allowed to log on",
        explanation=(
            "A rule for the account forbids this logon: its hours, its workstations, an empty password, "
            "or no right to log on over the network."
        )
        + _SAID,
        next_step="Look at the account’s restrictions on {server} or in the domain.",
    ),
    "share.password_expired": Words(
        title="Password expired (1330)",
        explanation="The account’s password has expired." + _SAID,
        next_step="Set a new one, and put it where the old one is stored.",
    ),
    "share.password_must_change": Words(
        title="Password must be changed first (1907)",
        explanation="The account has to choose a new password before it may log on." + _SAID,
        next_step="Log on with it once at a screen, or take the obligation off the account.",
    ),
    "share.drive_lost": Words(
        title="Network drive not connected",
        explanation="The drive[ {drive}] is remembered[ as {drive_path}] and is not connected." + _SAID,
        next_step=(
            "Let the drive be connected again (fix), or open it once in the explorer.\n"
            "If it is lost again after each start, map it by a group policy or a logon script."
        ),
    ),
    "share.drive_unknown": Words(
        title="No such drive",
        explanation="The folder is on a drive[ ({drive})] that nobody here has or remembers." + _SAID,
        next_step="Map the drive to the share again, for the person who uses the application.",
    ),
    "share.folder_missing": Words(
        title="Database folder not found",
        explanation="The way there is open, and the folder is not there: moved, renamed or deleted." + _SAID,
        next_step="Find the folder[ on {server}] and put it back, or correct the folder in the application.",
    ),
    "share.file_missing": Words(
        title="Database file not found (2)",
        explanation="The folder is there, and the database file is not in it." + _SAID,
        next_step=(
            "Don’t start the application: it could make an empty database.\n"
            "Find the file, or restore it from the last backup."
        ),
    ),
    "share.file_in_use": Words(
        title="Database file in use",
        explanation="Another program holds the file open for itself." + _SAID,
        next_step=(
            "See whether a backup, an antivirus scan or another workstation has it open[ (on {server}: "
            "Shared Folders, Open Files)]."
        ),
    ),
    "share.write_protected": Words(
        title="Database folder is write protected (19)",
        explanation="The folder can be read and not written." + _SAID,
        next_step=("Look at the volume[ on {server}]: read-only after a fault, a snapshot, or a switch of the device."),
    ),
    "share.disk_full": Words(
        title="Disk of the database is full",
        explanation="There is no room left to write." + _SAID,
        next_step="Make room[ on {server}], or raise the quota.",
    ),
    "share.disk_damaged": Words(
        title="Disk of the database can’t be read",
        explanation="The disk gives an error: it is not ready, or damaged." + _SAID,
        next_step=("Make a backup of what can be read before anything else, then look at the disk[ of {server}]."),
    ),
    "share.error": Words(
        title="Database folder not reached",
        explanation="It could not be opened at the step « {layer} »." + _SAID,
        next_step="Look up what Windows says, with its number.",
    ),
    "share.service_stopped": Words(
        title="Workstation service stopped",
        explanation="The service {service} is {state}: without it Windows reaches no share.",
        next_step="Let it be started (fix), or start it in services.msc.",
    ),
    "share.not_judged_as_this_account": Words(
        title="Share can’t be judged as this account",
        explanation=(
            "The account of this run is logged on over the network and has no credentials to pass on to "
            "{server} (double hop). This says nothing of the share; the person at the desk may reach "
            "it[ (error {win32_code})].[ Windows says: « {message} »]"
        ),
        next_step=(
            "To judge it: give credentials for the share (iea_share_path, iea_share_username, iea_share_password), "
            "look as the person logged on (iea_share_as_whom: user), or let the logon be passed on "
            "(CredSSP, Kerberos delegation)."
        ),
    ),
    "share.nobody_logged_on": Words(
        title="Nobody is logged on",
        explanation=(
            "The share could not be looked at as the person at the desk: no session is open on the "
            "workstation[ (error {win32_code})].[ Windows says: « {message} »]"
        ),
        next_step="Run again while somebody is logged on.",
    ),
    "share.task_failed": Words(
        title="Could not look as {as_whom}",
        explanation=(
            "The scheduled task that was to look at the share did not run[ (error {win32_code})].[ Windows says: "
            "« {message} »]"
        ),
        next_step="See that the service Task Scheduler runs on the workstation.",
    ),
    "share.rights_missing": Words(
        title="Could not look as {as_whom}: the account is not an administrator",
        explanation=(
            "{plain_account} has no administrator’s rights on the workstation, and only an administrator sees who "
            "is logged on there and can look as somebody else."
        ),
        next_step=(
            "Use an account with administrator’s rights, or look as the account itself (iea_share_as_whom: logon)."
        ),
    ),
    "share.not_judged": Words(
        title="Share not judged",
        explanation="Nobody of those who were asked could look at {path}: {as_whom}.",
        next_step="Look in another way, see the reason beside this.",
    ),
    "share.mended": Words(
        title="Access to the database restored",
        explanation="Was: {fault}. Done: {remedy}. The folder is reached now.",
        next_step="",
    ),
    "share.would_mend": Words(
        title="Would be tried: {remedy}",
        explanation="Without check mode this would be done: {remedy}.",
        next_step="Run the same without check mode.",
    ),
    "share.still_failing": Words(
        title="Still not reached after: {remedy}",
        explanation="Done: {remedy}. The folder is not reached all the same.",
        next_step=(
            "Restart the PC; if it stays so, the person who looks after the network has to reopen the "
            "folder, with the evidence of this finding."
        ),
    ),
    "share.remedy_failed": Words(
        title="Did not go well: {remedy}",
        explanation=(
            "Tried: {remedy}[ (error {win32_code})].[ Windows says: « {message} »] Nothing else was done in this round."
        ),
        next_step=(
            "Restart the PC; if it stays so, the person who looks after the network has to reopen the "
            "folder, with the evidence of this finding."
        ),
    ),
    "share.restarted": Words(
        title="The workstation was restarted",
        explanation="It is back, and was looked at again.",
        next_step="",
    ),
    "share.restart_begun": Words(
        title="The workstation is restarting",
        explanation="The restart was accepted[ (logged on: {people})] and begins within {delay_s} s.",
        next_step="Look again once the workstation is back.",
    ),
    "share.restart_declined": Words(
        title="Restart declined by the person at the desk",
        explanation=("Asked before the restart, the person at the screen said no[ ({people})]. Nothing was restarted."),
        next_step=(
            "Agree on a moment, then: iea-fleet fix with --allow-restart (and --any-time outside the maintenance "
            "window)."
        ),
    ),
    "share.restart_failed": Words(
        title="Restart could not be begun",
        explanation=(
            "Windows did not begin the restart[ (error {win32_code})].[ It says: « {message} »][ {plain_account} has "
            "no administrator’s rights on the workstation.]"
        ),
        next_step="Restart the PC by hand.",
    ),
    "share.restart_waits": Words(
        title="A restart is due and waits for the maintenance window",
        explanation="The window opens on {opens_day} {opens} ({zone}). Nothing was restarted.",
        next_step=(
            "From {opens_day} {opens} on: iea-fleet fix with --allow-restart.\n"
            "At once, if the person at the desk agrees: with --any-time as well."
        ),
    ),
}
"""By code."""
