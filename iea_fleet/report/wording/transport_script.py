"""English words for what keeps the script from running on a workstation, or its answer from being believed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.report.wording.entry import Words

TEXTS: Final[Mapping[str, Words]] = {
    "transport.language_mode": Words(
        title="PowerShell is constrained",
        explanation=(
            "PowerShell on {host} runs in {language} for {account}, by AppLocker or Windows Defender Application "
            "Control; the script can't run there. Nothing was written."
        ),
        next_step=(
            "Allow the script in the policy by its SHA-256 (docs/script.md), or use an account that the policy leaves "
            "in FullLanguage."
        ),
    ),
    "transport.antivirus_blocked": Words(
        title="Blocked by antivirus",
        explanation=(
            "The antivirus of {host} blocked the script before it began. Nothing was written.[ Told: {output}]"
        ),
        next_step=(
            "Exclude the script by its SHA-256 (docs/script.md) in the antivirus. Windows Security names the product "
            "under « Virus & threat protection »."
        ),
    ),
    "transport.command_killed": Words(
        title="Command was killed",
        explanation=(
            "{host} began the command and ended it with « access denied » (error {fault_code}): antivirus killed "
            "PowerShell, most likely. Its journal holds what was done."
        ),
        next_step="See the antivirus' log; exclude the script by its SHA-256 (docs/script.md), then run again.",
    ),
    "transport.memory": Words(
        title="Out of memory",
        explanation=(
            "PowerShell on {host} had not enough memory (MaxMemoryPerShellMB, or the workstation's own)."
            "[ Told: {output}] What was cut off is put right by the next run."
        ),
        next_step=(
            "Close programs or restart it; on old Windows raise MaxMemoryPerShellMB to 1024 "
            "(winrm get winrm/config/winrs). Then run again."
        ),
    ),
    "transport.powershell_old": Words(
        title="PowerShell is too old",
        explanation="{host} has PowerShell[ {version}], and the script needs 5.1 or newer. Nothing was written.",
        next_step=("Install Windows Management Framework 5.1: https://aka.ms/wmf51, then restart the workstation."),
    ),
    "transport.powershell_missing": Words(
        title="PowerShell not found",
        explanation="{host} did not find the program powershell[ (exit code {exit_code})]. Nothing was written.",
        next_step=(
            "Is C:\\Windows\\System32\\WindowsPowerShell\\v1.0 in the PATH of the system, and does a policy forbid "
            "PowerShell?"
        ),
    ),
    "transport.no_answer": Words(
        title="Ended without an answer",
        explanation=(
            "PowerShell on {host} ended (exit code {exit_code}) without an answer of the script."
            "[ It said: {output}] Its journal holds what was done, if anything."
        ),
        next_step="Run again. If it stays so, see the event log of the workstation for PowerShell and its antivirus.",
    ),
    "transport.answer_refused": Words(
        title="Answer not believed",
        explanation=(
            "What {host} answered was cut off or changed on the way, or does not come from the script ({reason}). It "
            "was not used. The workstation's journal holds what was done, if anything."
        ),
        next_step=(
            "Run again. If it stays so, see what prints into the script's output there, and use https so that "
            "nothing on the way can change answers."
        ),
    ),
    "transport.stderr_noise": Words(
        title="Noise on standard error",
        explanation="{host} printed {output_bytes} bytes on standard error beside its answer[: {output}]",
        next_step="Harmless. If rounds are slow, see which profile script or module prints there.",
    ),
    "transport.stdout_noise": Words(
        title="Text beside the answer",
        explanation="Something on {host} printed {output_bytes} bytes beside the answer; they were ignored.",
        next_step="Harmless. A profile script, AutoRun of cmd.exe or a logon banner prints there.",
    ),
    "transport.stdout_undecodable": Words(
        title="Text in another code page",
        explanation=(
            "Something on {host} printed text beside the answer that is no UTF-8; it was ignored. The answer is plain "
            "ASCII and not concerned."
        ),
        next_step="Harmless. A profile script or AutoRun of cmd.exe prints there or changes the code page.",
    ),
    "transport.input": Words(
        title="Not asked: settings can't be used",
        explanation="{message}",
        next_step="Correct the inventory, the variables or the profile, and run again.",
    ),
    "transport.client": Words(
        title="Not asked: this machine can't connect",
        explanation="The connection could not be made ready on this machine: {message}",
        next_step="Install what is missing (pip install 'pywinrm[kerberos]' for Kerberos), or correct the variable.",
    ),
}
"""By code."""
