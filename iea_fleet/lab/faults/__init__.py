"""What can go wrong with a workstation, besides its application: two tables of faults, and those that are set now."""

from collections.abc import Mapping
from typing import Final

from iea_fleet.lab.faults.kinds import FaultKind
from iea_fleet.lab.faults.output import OUTPUT_FAULTS
from iea_fleet.lab.faults.transport import TRANSPORT_FAULTS

ALL_FAULTS: Final[Mapping[str, FaultKind]] = {**TRANSPORT_FAULTS, **OUTPUT_FAULTS}
