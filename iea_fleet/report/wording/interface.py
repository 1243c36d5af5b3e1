"""Words of the reports themselves, by key. English msgids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.report.wording.fill import Language, substituted, translator

INTERFACE: Final[Mapping[str, str]] = {
    "push": "Push",
    "report": "Report",
    "heading": "{kind} of {when}",
    "check_mode": "Check mode: nothing was written.",
    "run": "Run",
    "operator": "Operator",
    "started": "Started",
    "finished": "Finished",
    "duration": "Duration",
    "not_finished": "not finished",
    "hosts": "Workstations",
    "sites": "Associations",
    "no_hosts": "No workstation was asked for.",
    "group_right": "As wanted",
    "group_changed": "Changed",
    "group_would_change": "Would change",
    "group_todo": "Need somebody",
    "all": "All",
    "show": "Show",
    "todo_heading": "What needs somebody",
    "nothing_to_do": "Nobody has to do anything.",
    "no_site": "Without association",
    "verdict_ok": "as wanted",
    "verdict_changed": "changed",
    "verdict_would_change": "would change",
    "verdict_drift": "not as wanted",
    "verdict_unreachable": "unreachable",
    "verdict_refused": "refused",
    "verdict_failed": "failed",
    "verdict_unknown": "unknown",
    "verdict_skipped": "skipped",
    "verdict_pending": "no answer yet",
    "host": "Workstation",
    "site": "Association",
    "verdict": "Verdict",
    "finding": "Finding",
    "findings": "Findings",
    "explanation": "Explanation",
    "next_step": "What to do",
    "evidence": "Evidence",
    "case": "Case {number} of the sheet",
    "setting": "Setting",
    "wanted": "Wanted",
    "found": "Found",
    "now": "Now",
    "settings": "Settings",
    "settings_corrected": "{count} settings corrected",
    "settings_would_correct": "{count} settings would be corrected",
    "settings_differs": "{count} settings not as wanted",
    "absent": "(absent)",
    "unreadable": "(not readable)",
    "unknown": "unknown",
    "version": "Version",
    "computer": "Computer",
    "system": "System",
    "answered": "Answered",
    "elapsed": "Time taken",
    "attempts": "Attempts",
    "traffic": "Traffic",
    "traffic_value": "{requests} requests, {sent} sent, {received} received",
    "transaction": "Transaction",
    "said": "What the connection said",
    "codes": "Codes",
    "summary": "{hosts} in {sites}",
    "one_workstation": "1 workstation",
    "workstations": "{count} workstations",
    "one_association": "1 association",
    "associations": "{count} associations",
    "counted": "{what}: {count}",
    "made_by": "Made by iea-fleet {version}.",
}
"""By key. `heading` puts the kind of run and its time together."""


def interface(key: str, lang: Language, **values: str | int) -> str:
    """A word of the reports in a language, its placeholders filled; values are put in as they are.

    Raises:
        KeyError: no such key, or a placeholder without a value.
    """
    return substituted(translator(lang)(INTERFACE[key]), values)
