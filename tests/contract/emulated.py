"""The contestant `emulated`."""

from __future__ import annotations

from collections.abc import Sequence

from iea_fleet.agent import parse_answer, payload
from iea_fleet.lab.emulated.disk import Cut as DiskCut
from iea_fleet.lab.emulated.disk import Disk, Lock, canonical
from iea_fleet.lab.emulated.machine import Identity, Machine
from iea_fleet.lab.emulated.network import Network
from iea_fleet.lab.emulated.registry import Registry
from iea_fleet.lab.emulated.round import run_round
from iea_fleet.model.request import Request
from tests.contract.world import Cut, Round, World

_ROOT = r"C:\poste"
_STATE = "programdata\\iea-fleet\\"


class Emulated:
    """Plays cases on a `Machine` that, like the stand-in PowerShell's Linux, has no registry and no services."""

    name = "emulated"

    def __init__(self, network: Network | None = None) -> None:
        self._network = network or Network()

    def play(self, world: World, requests: Sequence[Request], cut: Cut | None = None) -> tuple[Round, ...]:
        """See `Contestant.play`."""
        disk = Disk(
            {canonical(rf"{_ROOT}\{path}"): data for path, data in world.files.items()},
            locks={canonical(rf"{_ROOT}\{path}"): Lock() for path in world.locked},
            cut=None if cut is None else DiskCut(cut.step, "torn" if cut.torn else "before"),
        )
        machine = Machine(
            Identity("POSTE-01", ""),
            disk=disk,
            environment={"ROOT": _ROOT, "ProgramData": rf"{_ROOT}\ProgramData"},
            network=self._network,
            registry=Registry(supported=False),
            services=None,
            processes={"pwsh": 1},
            busy=world.busy,
        )
        rounds = []
        for request in requests:
            output = run_round(machine, payload(request))
            answer = parse_answer(output.stdout, request) if output.exit_code == 0 else None
            rounds.append(Round(answer, *_snapshot(disk)))
        return tuple(rounds)


def _snapshot(disk: Disk) -> tuple[dict[str, bytes], frozenset[str]]:
    files = {path.removeprefix(canonical(_ROOT) + "\\"): data for path, data in disk.snapshot().items()}
    state = frozenset(path.removeprefix(_STATE) for path in files if path.startswith(_STATE))
    return {path: data for path, data in files.items() if not path.startswith(_STATE)}, state - {"lock"}
