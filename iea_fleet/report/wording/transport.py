"""English words for what goes wrong before the script speaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.report.wording.entry import Words

TEXTS: Final[Mapping[str, Words]] = {}
"""By code."""
