"""English words for what only the whole fleet shows. See `wording/__init__.py` for the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.report.wording.entry import Words

TEXTS: Final[Mapping[str, Words]] = {
    "fleet.share_fault": Words(
        title="File server {server}: {fault}",
        explanation=(
            "The same fault on {count} workstations of this association, at the step « {layer} »: "
            "{path}[ (error {win32_code})].[ Windows says: « {message} »][ It is reached by others: "
            "{reached_by}.]"
        ),
        next_step="See to the server once; the workstations need nothing.",
    ),
    "fleet.licence_twice": Words(
        title="The same licence on {count} workstations: {licence}",
        explanation=(
            "Licence {licence} is on: {workstations}[ (associations: {sites})][, in {place}].[ To reset: "
            "{reset}][ ({reset_reason}).]"
        ),
        next_step=(
            "Let the rows named be reset (iea-fleet fix, or the playbook licence), then start Impact emploi again."
        ),
    ),
    "fleet.licence_reinstall": Words(
        title="The same licence on {count} workstations, one needs its own code: {licence}",
        explanation=(
            "Licence {licence} is on: {workstations}[ (associations: {sites})][, in {place}].[ To reset: "
            "{reset}][ ({reset_reason}).]"
        ),
        next_step=(
            "Ask impact-emploi-association@urssaf.fr for the reinstallation code of one of them, and "
            "install it again with it."
        ),
    ),
    "fleet.session_stale": Words(
        title="Session left behind: {workstation}",
        explanation=(
            "{users} on {workstation}[, since {since}][ ({age_min})]. Sessions: {count}. The program "
            "does not run there."
        ),
        next_step="Release it (iea-fleet fix, or the playbook session).",
    ),
}
"""By code."""
