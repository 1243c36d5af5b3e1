"""English words for what goes wrong before the script speaks. See `wording/__init__.py` for the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.report.wording.entry import Words
from iea_fleet.report.wording.transport_logon import TEXTS as LOGON_TEXTS
from iea_fleet.report.wording.transport_script import TEXTS as SCRIPT_TEXTS

_CONNECTION: Final[Mapping[str, Words]] = {
    "transport.port_refused": Words(
        title="WinRM is off",
        explanation=(
            "{host} is on and refuses connections to port {port}: the WinRM service is stopped or listens on another "
            "port. Nothing was written."
        ),
        next_step=(
            "On the workstation, as administrator: winrm quickconfig, then winrm enumerate winrm/config/listener. "
            "Compare its port with ansible_port."
        ),
    ),
    "transport.silent": Words(
        title="No sign of life",
        explanation=(
            "{host} neither accepts nor refuses a connection to port {port}: it is off or asleep, has another address "
            "now, or a firewall drops the packets. Nothing was written."
        ),
        next_step=(
            "Is it switched on, and is its address still right? If so, open TCP port {port} in the firewalls on the "
            "way. Run again when it is on."
        ),
    ),
    "transport.no_route": Words(
        title="No way to the workstation",
        explanation="There is no route from here to {host}, port {port}. Nothing was written. [Told: {message}]",
        next_step="Is the VPN or the line to this association up? Check the address in the inventory.",
    ),
    "transport.name_unknown": Words(
        title="Name not found",
        explanation="The name {host} has no address in the DNS of this machine. Nothing was written.",
        next_step="Check the spelling of ansible_host in the inventory, and the DNS server or VPN that knows the name.",
    ),
    "transport.connection_reset": Words(
        title="Connection cut off",
        explanation=(
            "{host} or something on the way ended the connection (at the step {stage}): a restart, a firewall that "
            "forgot the connection, or TLS where none is spoken."
        ),
        next_step=(
            "Run again. If it happens each time, look at the firewall's idle time and whether port {port} speaks "
            "{scheme}."
        ),
    ),
    "transport.read_timed_out": Words(
        title="Answer stopped on the way",
        explanation=(
            "{host} accepted the connection and then sent nothing more (at the step {stage}): the line or VPN was "
            "lost, or the workstation went to sleep."
        ),
        next_step="See that it does not go to sleep while plugged in, check the line, and run again.",
    ),
    "transport.timeouts_inverted": Words(
        title="Timeouts the wrong way round",
        explanation=(
            "The read timeout is not above the operation timeout, so each long wait would look like a lost line. "
            "{host} was not asked."
        ),
        next_step=(
            "In the inventory, make ansible_winrm_read_timeout_sec greater than ansible_winrm_operation_timeout_sec "
            "(psrp: ansible_psrp_read_timeout and ansible_psrp_operation_timeout), 10 s for example."
        ),
    ),
    "transport.deadline": Words(
        title="Took too long",
        explanation=(
            "{host} did not finish within {deadline_s} s (at the step {stage}); its command was ended. What it had "
            "written by then is in its journal and is put right by the next run."
        ),
        next_step=(
            "Run again. If it happens each time, see what makes the workstation slow (antivirus, updates, a full "
            "disk), or raise iea_deadline_s."
        ),
    ),
    "transport.went_away": Words(
        title="Answered, then was gone",
        explanation=(
            "{host} answered and a moment later did not any more: it is restarting, its WinRM service is, or its line "
            "was lost."
        ),
        next_step="Wait until the workstation has fully started, updates included, then run again.",
    ),
    "transport.not_winrm": Words(
        title="Something else answers",
        explanation=(
            "What answers on {host}, port {port}, is not WinRM: HTTP status {http_status}[, Server: {server_software}]"
            "[, content {content_type}].[ The proxy {proxy} was used.] Nothing was written."
        ),
        next_step=(
            "Check address, port and ansible_winrm_path in the inventory; see which program has the port; keep the "
            "proxy variables of this machine away from workstations (no_proxy)."
        ),
    ),
    "transport.service_starting": Words(
        title="WinRM is not ready yet",
        explanation="Windows on {host} answers 503: it is up, and its WinRM service is not yet. Nothing was written.",
        next_step="Run again in a few minutes. If it stays so, restart the service Windows Remote Management (WinRM).",
    ),
    "transport.proxy": Words(
        title="A proxy is in the way",
        explanation=(
            "The connection to {host} went through the proxy [{proxy} ]of this machine's environment, which did not "
            "let it pass. Nothing was written."
        ),
        next_step=(
            "Workstations are reached directly: add their addresses to no_proxy, or unset HTTP_PROXY and HTTPS_PROXY "
            "for this run."
        ),
    ),
    "transport.shell_quota": Words(
        title="Too many shells",
        explanation=(
            "{host} has as many WinRM shells of {account} as it allows (MaxShellsPerUser). Most are left from runs "
            "that were killed; each ends by itself after its idle timeout, 2 hours at most. Told: {message} "
            "(WSManFault {fault_code}). Nothing was written."
        ),
        next_step=(
            "Run again later, or restart its WinRM service, which ends them all. See the quota with "
            "winrm get winrm/config/winrs."
        ),
    ),
    "transport.operation_quota": Words(
        title="Too many operations",
        explanation=(
            "{host} has reached the quota of concurrent operations of {account} (MaxConcurrentOperationsPerUser), "
            "also in a new shell. Told: {message}"
        ),
        next_step=(
            "See which other program manages this workstation as the same account; end its shells or raise the quota "
            "(winrm get winrm/config/service)."
        ),
    ),
    "transport.command_quota": Words(
        title="Too many commands in one shell",
        explanation="{host} refuses another command in the shell, also in a new one. Told: {message}",
        next_step="Restart its WinRM service, then run again.",
    ),
    "transport.create_timed_out": Words(
        title="Too busy to open a shell",
        explanation=(
            "{host} accepted the logon and could not open a shell in time: it is overloaded, or has just started. "
            "Nothing was written."
        ),
        next_step="Run again in a few minutes; if it stays so, see what loads the workstation.",
    ),
    "transport.send_timed_out": Words(
        title="Too busy to take the script",
        explanation="{host} did not take the script in time; part of it may have arrived.",
        next_step="Run again: its journal tells what was done, and nothing is done twice.",
    ),
    "transport.command_busy": Words(
        title="Still busy with the script",
        explanation="{host} was still taking the script when more of it came (error 170), several times in a row.",
        next_step="Run again in a few minutes; if it stays so, see what loads the workstation.",
    ),
    "transport.input_not_read": Words(
        title="Script was not read",
        explanation="PowerShell on {host} did not read the script in time (error 1460). Told: {message}",
        next_step="Run again; if it stays so, see whether antivirus holds up the start of PowerShell.",
    ),
    "transport.service_stopped": Words(
        title="WinRM stopped in the middle",
        explanation=(
            "The WinRM service of {host} was stopped or the workstation shut down while the script ran (error 995), "
            "and it did not come back in time. Its journal holds what was done."
        ),
        next_step="Run again when it is back: it first finishes or undoes what was cut off.",
    ),
    "transport.shell_lost": Words(
        title="Shell lost",
        explanation=(
            "{host} no longer knows the shell that was opened: its WinRM service was restarted, or it was restarted "
            "itself."
        ),
        next_step="Run again: its journal tells what was done, and nothing is done twice.",
    ),
    "transport.profile_unloading": Words(
        title="User profile is being unloaded",
        explanation=(
            "{host} could not load the profile of {account} (error 1018), most likely because an earlier session is "
            "still being closed. Nothing was written."
        ),
        next_step="Run again in a minute. If it stays so, restart the workstation.",
    ),
    "transport.fault": Words(
        title="Refused by WinRM",
        explanation="WinRM on {host} answered with an error at the step {stage}: {message} (WSManFault {fault_code}).",
        next_step="Look the code up with net helpmsg or winrm helpmsg on the workstation, and run again.",
    ),
    "transport.malformed": Words(
        title="Not a WinRM answer",
        explanation=(
            "{host} sent something at the step {stage} that is no WinRM message[: {message}]. Another program may "
            "have the port, a device on the way may change the answers, or the workstation is not honest."
        ),
        next_step="See which program listens on port {port}; use https so that nothing on the way can change answers.",
    ),
    "transport.answer_compressed": Words(
        title="Compressed answer refused",
        explanation=(
            "{host} sent a compressed answer ({message}) although none was asked for. It was not unpacked, because a "
            "small one can fill the memory."
        ),
        next_step="See what sits between here and the workstation, and which program listens on port {port}.",
    ),
    "transport.answer_too_large": Words(
        title="Endless answer ended",
        explanation=(
            "{host} sent more than a round may hold (bound: {message}); it was not listened to any longer. What was "
            "done is in its journal."
        ),
        next_step="See what prints so much on the workstation: profile scripts, a logon banner, or damage.",
    ),
    "transport.shell_left": Words(
        title="A shell was left behind",
        explanation="The shell on {host} could not be closed; Windows ends it after its idle timeout, 2 hours at most.",
        next_step="",
    ),
}

TEXTS: Final[Mapping[str, Words]] = {**_CONNECTION, **LOGON_TEXTS, **SCRIPT_TEXTS}
"""Every code of the transport."""
