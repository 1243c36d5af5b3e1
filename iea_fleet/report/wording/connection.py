"""English words for the findings of the connection sheet. See `wording/__init__.py` for the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.report.wording.entry import Words
from iea_fleet.report.wording.servers import TEXTS as SERVER_TEXTS

_OWN: Final[Mapping[str, Words]] = {
    "connection.already_right": Words(
        title="Connection as wanted",
        explanation="Mode {mode_after}, both addresses right, and both servers answer the test.",
        next_step="",
    ),
    "connection.settings_right": Words(
        title="Connection settings as wanted",
        explanation="Mode {mode_after} and both addresses are right.",
        next_step="",
    ),
    "connection.corrected.mode": Words(
        title="Connection mode corrected",
        explanation="« Mode de connexion »: was {mode_before}, is {mode_after} now.",
        next_step="",
    ),
    "connection.corrected.address": Words(
        title="{setting} corrected",
        explanation="Was {before}, is {after} now.",
        next_step="",
    ),
    "connection.would_correct.mode": Words(
        title="Connection mode: would be corrected",
        explanation="« Mode de connexion »: is {mode_before}, would become {mode_after}.",
        next_step="Run the same push without check mode.",
    ),
    "connection.would_correct.address": Words(
        title="{setting}: would be corrected",
        explanation="Is {before}, would become {after}.",
        next_step="Run the same push without check mode.",
    ),
    "connection.differs.mode": Words(
        title="Connection mode not as wanted",
        explanation="« Mode de connexion »: is {mode_before}, should be {mode_after}.",
        next_step="Push: this is corrected as soon as nothing else is in the way.",
    ),
    "connection.differs.address": Words(
        title="{setting}: not as wanted",
        explanation="Is {before}, should be {after}.",
        next_step="Push: this is corrected as soon as nothing else is in the way.",
    ),
    "connection.not_kept.mode": Words(
        title="Connection mode did not last",
        explanation="{mode_after} was asked for, and right afterwards the workstation says {before}.",
        next_step=(
            "See which program writes {place} (the application itself, a group policy, a "
            "synchronisation), then run again."
        ),
    ),
    "connection.not_kept.address": Words(
        title="{setting}: did not last",
        explanation="{after} was asked for, and right afterwards the workstation says {before}.",
        next_step=(
            "See which program writes {place} (the application itself, a group policy, a "
            "synchronisation), then run again."
        ),
    ),
    "connection.nobody_logged_on": Words(
        title="Nobody’s settings in sight",
        explanation=(
            "The application keeps these settings for each person ({settings}), and Windows has loaded no"
            " person’s settings: nobody is logged on."
        ),
        next_step="Run again while a user of the application is logged on.",
    ),
    "connection.file_missing": Words(
        title="Settings file missing",
        explanation=(
            "Not found: {place}. Impact emploi association is not installed there, or elsewhere than the profile says."
        ),
        next_step=(
            "See whether the program starts on this workstation.\nIf it does not, install it or take the host out "
            "of the inventory. If it does, the profile names the wrong place."
        ),
    ),
    "connection.settings_locked": Words(
        title="Settings file in use",
        explanation=(
            "Could not be opened, because another program holds it[ (Windows error {win32_code})]: {place}. "
            "{nothing_written}"
        ),
        next_step=(
            "Close the window « Paramètres de connexion » of the application, let a backup or an antivirus scan "
            "end, then run again."
        ),
    ),
    "connection.settings_denied": Words(
        title="Settings file: access denied",
        explanation=(
            "The account of this run may not open {place}[ (Windows error {win32_code})].[ {plain_account} has no "
            "administrator’s rights on the workstation.] {nothing_written}"
        ),
        next_step=(
            "Give the account administrator’s rights on the workstation, or look at the rights of the file and at "
            "the antivirus’s folder protection."
        ),
    ),
    "connection.settings_unreadable": Words(
        title="Settings file unreadable",
        explanation=(
            "Could not be read[ (Windows error {win32_code})]: {place}.[ The workstation says: {message}.] "
            "{nothing_written}"
        ),
        next_step="Look at the file on the workstation; restore it from a backup or repair the application.",
    ),
    "connection.settings_malformed": Words(
        title="Settings file damaged",
        explanation=(
            "Not of the kind that the profile says, or a setting stands there more than once: {place}.[ The "
            "workstation says: {message}.] {nothing_written}"
        ),
        next_step=(
            "Open the file on the workstation. If the application itself still starts, the profile describes "
            "another version; if not, restore the file or repair the application."
        ),
    ),
    "connection.settings_unsupported": Words(
        title="Settings out of reach",
        explanation="This system has no such store ({place}). {nothing_written}",
        next_step="Use a profile that fits this system.",
    ),
    "connection.test_failed_after": Words(
        title="Test failed after the change ({server}): {reason}",
        explanation=(
            "The test passed before the settings were written and fails now, for {url}[ (HTTP "
            "{http_status})][ (Winsock {win32_code})]. The settings stay as they were written."
        ),
        next_step=("Run a report on this host: if the test passes now, nothing is left to do.{case_2}"),
    ),
    "connection.certificate_ends": Words(
        title="Server certificate ends in {days} days ({server})",
        explanation=(
            "{subject}, issued by {issuer}, is valid until {not_after}. After that day the test would "
            "fail on every workstation."
        ),
        next_step=(
            "If the issuer is the association’s own proxy or antivirus, renew its certificate. Otherwise "
            "tell the vendor when the day comes near."
        ),
    ),
    "connection.authorisation_refused": Words(
        title="Start refused: authorisation refused",
        explanation=(
            "Both servers answer, and the application’s log says: {line}[ ({count}×)]. The log has "
            "no date to rely on: if the program has started since, this line is history."
        ),
        next_step="Only the vendor can mend this: {support}",
    ),
    "connection.licence_not_recognised": Words(
        title="Start refused: licence not recognised",
        explanation=(
            "Both servers answer, and the application’s log says: {line}[ ({count}×)]. The log has "
            "no date to rely on: if the program has started since, this line is history."
        ),
        next_step="Only the vendor can mend this: {support}",
    ),
    "connection.refusal_logged": Words(
        title="The log holds a refusal",
        explanation="The application’s log says: {line}[ ({count}×)]. It counts only once both servers answer.",
        next_step="First see to the failed test.",
    ),
    "connection.log_unreadable": Words(
        title="Application log unreadable",
        explanation="{place} could not be read, so it is not known whether the start was refused.",
        next_step="Look at the rights of the file.",
    ),
    "connection.assistance_in_the_way": Words(
        title="In assistance mode (red scarab), left as it is",
        explanation=(
            "The installation is cut off from the production server while assistance mode is on, so "
            "nothing was written."
        ),
        next_step=(
            "Ask for the password of the day by mail to impact-emploi-association@urssaf.fr.\n"
            "On the workstation, right-click the red scarab, « Demande de support technique », « Désactiver le "
            "mode assistance ».\nRun again."
        ),
    ),
    "connection.assistance_on": Words(
        title="In assistance mode (red scarab)",
        explanation="The installation is cut off from the production server as long as assistance mode is on.",
        next_step=(
            "If it is no longer needed, ask for the password of the day by mail to "
            "impact-emploi-association@urssaf.fr.\nOn the workstation, right-click the red scarab, « Demande de "
            "support technique », « Désactiver le mode assistance »."
        ),
    ),
    "connection.assistance_unclear": Words(
        title="Assistance mode unclear",
        explanation="{place} says {found}, which is neither on nor off in the profile.",
        next_step="Look at the icon on the workstation: a red scarab means assistance mode. Complete the profile.",
    ),
    "connection.version_unknown": Words(
        title="Version not found",
        explanation="The version of the application is not at the place that the profile names[ ({place})].",
        next_step="For a support request, read it on the workstation: its subject needs it.",
    ),
    "connection.version_invalid": Words(
        title="Version not usable",
        explanation=(
            "The version reads {found}, not 3.00 and two digits, so it goes into no subject of a support request."
        ),
        next_step="Read the version on the workstation before you write to the support.",
    ),
    "connection.process_not_running": Words(
        title="The program is not running",
        explanation="{process} was not running when the workstation was looked at.",
        next_step="",
    ),
    "connection.not_running_after_restart": Words(
        title="The program did not stay open",
        explanation="{process} was started again after the change and was not running right afterwards.",
        next_step="Open the program on the workstation and read its message.",
    ),
    "connection.service_not_running": Words(
        title="Service not running",
        explanation="The service {service} is {state}: the program has no connection without it.",
        next_step="Start it (services.msc) and see that it starts by itself with Windows.",
    ),
    "connection.service_absent": Words(
        title="Service missing",
        explanation="The workstation has no service {service}.",
        next_step="Repair the installation of the application, or correct the name in the profile.",
    ),
}

TEXTS: Final[Mapping[str, Words]] = {**_OWN, **SERVER_TEXTS}
"""By code, all of the sheet."""
