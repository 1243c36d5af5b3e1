"""What findings tell of a maintenance window that is not open, whatever waits for it."""

from __future__ import annotations

import datetime as dt

from iea_fleet.model.window import DAYS


def opening_evidence(opens: dt.datetime | None) -> dict[str, str]:
    """When the window opens, as evidence: `opens_day`, `opens` in the site's own time, and its `zone`.

    Args:
        opens: as `MaintenanceWindows.closed_until` tells it; `None`: it is open, and there is nothing to tell.
    """
    if opens is None:
        return {}
    return {"opens_day": DAYS[opens.weekday()], "opens": f"{opens:%Y-%m-%dT%H:%M}", "zone": str(opens.tzinfo)}
