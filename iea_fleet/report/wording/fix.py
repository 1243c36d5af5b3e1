"""Words of `iea-fleet fix` on the screen, by key. English msgids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.model.phrase import substituted
from iea_fleet.report.wording.fill import Language, translator

FIX: Final[Mapping[str, str]] = {
    "looking": "Looking at {host}…",
    "mending": "Working on {host}…",
    "waiting_for_restart": "Working on {host}; it may restart, which takes minutes…",
    "found": "What is wrong on {host}",
    "nothing_wrong": "Nothing is wrong on {host}.",
    "planned": "What will be done",
    "blocked": "What has to wait",
    "needs_password": "the password of the day is needed",
    "needs_restart": "--allow-restart is needed",
    "needs_window": "the maintenance window is not open",
    "gives_back": "Give licence {licence} back to {workstation}",
    "in_use": "in use: what was not saved there is lost",
    "consent": "Do this now? [y/N] ",
    "consent_yes": "y, yes",
    "declined": "Nothing was changed.",
    "declined_further": "Nothing more was changed.",
    "interrupted": "Interrupted: nothing was changed.",
    "interrupted_question": "Interrupted: nothing of this was done.",
    "stopping": "Stopping: what is under way is finished first; Ctrl-C once more ends at once.",
    "only_planned": "Nothing was changed: this was the plan only.",
    "done": "What was done",
    "not_done": "What did not succeed",
    "repaired": "{host} is repaired.",
    "only_this_sheet": "Only this sheet was looked at: « {sheet} ».",
    "only_the_red_heart": "Only the red heart was looked at.",
    "start_again": "Let Impact emploi be started again there.",
    "left": "What is left on {host}",
    "handed_over": "Handed over:",
    "draft_drafted": "Support request, ready to be sent: {path}",
    "draft_waiting": "Support request, the same since {when} and not sent yet: {path}",
    "draft_sent": "Support request, sent to {to}: {path}",
    "draft_sent_before": "Support request, the same already sent to {to} on {when}: {path}",
    "password_request_drafted": "Request for the password of the day, ready to be sent: {path}",
    "password_request_waiting": "Request for the password of the day, the same since {when} and not sent yet: {path}",
    "password_request_sent": "Request for the password of the day, sent to {to}: {path}",
    "password_request_sent_before": "Request for the password of the day, already sent to {to} on {when}: {path}",
    "send_it": "Read it with iea-fleet outbox show, send it with iea-fleet outbox send or from your mail program.",
    "draft_again": "fix --again drafts another one all the same.",
    "bundle": "Evidence: {path}",
    "not_judged": "{host} could not be judged.",
    "sheet": "Sheet « {sheet} »",
    "force_releases": "→ If nobody works there: fix --force releases it; what was not saved there is lost.",
    "explain_looks": "What would be looked at on {host}",
    "explain_acts": "What may be done there, once agreed and only where it is needed",
    "database_folder": "(folder of the database)",
    "kind_setting": "Setting: {what}",
    "kind_url": "Server, from the workstation: {what}",
    "kind_process": "Whether this program runs: {what}",
    "kind_service": "Whether this service runs: {what}",
    "kind_log": "End of the log: {what}",
    "kind_share": "Way to the folder, writing a trial file that is removed again: {what}",
    "kind_records": "List: {what}",
    "kind_people": "Who is logged on",
    "kind_ensure": "Write the setting: {what}",
    "kind_release": "Change lines of the list: {what}",
    "kind_restart_service": "Restart the service: {what}",
    "kind_restart_process": "Restart the program: {what}",
    "kind_run_command": "Run: {what}",
    "kind_reconnect_share": "Connect anew to the folder: {what}",
    "kind_restore_drive": "Map the lost drive again: {what}",
    "kind_restart_computer": "Restart the workstation",
}
"""By key."""

SHEETS: Final[Mapping[str, str]] = {
    "share": "Base de données inaccessible",
    "session": "Déblocage accès au site",
    "licence": "Résoudre un problème de licence",
    "connection": "Mode de connexion au serveur",
    "assistance": "Mode assistance",
}
"""The vendor's own titles, which are not translated."""


def fix_text(key: str, lang: Language, **values: str | int) -> str:
    """A text of `fix` in a language, its placeholders filled; values are put in as they are."""
    return substituted(translator(lang)(FIX[key]), values)
