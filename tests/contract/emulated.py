"""The contestant `emulated`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from iea_fleet.agent import parse_answer, payload
from iea_fleet.lab.emulated.disk import Cut as DiskCut
from iea_fleet.lab.emulated.disk import Disk, Lock, canonical
from iea_fleet.lab.emulated.machine import Ended, Identity, Machine
from iea_fleet.lab.emulated.machine import Program as Run
from iea_fleet.lab.emulated.network import Network
from iea_fleet.lab.emulated.registry import Registry
from iea_fleet.lab.emulated.round import run_round
from iea_fleet.model.request import Request
from tests.contract.world import Cut, Meddling, Program, Round, World

_ROOT = r"C:\poste"
_STATE = "programdata\\iea-fleet\\"


class Emulated:
    """Plays cases on a `Machine` that, like the stand-in PowerShell's Linux, has no registry and no services."""

    name = "emulated"

    def __init__(self, network: Network | None = None) -> None:
        self._network = network or Network()

    def play(
        self, world: World, requests: Sequence[Request], cut: Cut | None = None, meddling: Meddling | None = None
    ) -> tuple[Round, ...]:
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
            programs={canonical(_real(path)): _run(disk, program) for path, program in world.programs.items()},
        )
        rounds = []
        for request in requests:
            # The record of the numbers of steps begins anew with each process.
            disk.meddle = None if meddling is None else _meddle(disk, meddling)
            meddling = None
            output = run_round(machine, payload(request))
            answer = parse_answer(output.stdout, request) if output.exit_code == 0 else None
            rounds.append(Round(answer, *_snapshot(disk)))
        return tuple(rounds)


def _real(path: str) -> str:
    return rf"{_ROOT}\{path}"


def _run(disk: Disk, program: Program) -> Run:
    def run(arguments: tuple[str, ...], standard_input: str) -> Ended:
        if not program.takes_s:
            for path, data in program.writes.items():
                disk.lay(_real(path), data)
        printed = program.prints + (standard_input.partition("\n")[0] if program.echoes else "")
        return Ended(program.exit_code, printed, program.takes_s)

    return run


def _meddle(disk: Disk, meddling: Meddling) -> Callable[[int], None]:
    def meddle(step: int) -> None:
        if step == meddling.step:
            disk.lay(_real(meddling.path), meddling.data)

    return meddle


def _snapshot(disk: Disk) -> tuple[dict[str, bytes], frozenset[str]]:
    files = {path.removeprefix(canonical(_ROOT) + "\\"): data for path, data in disk.snapshot().items()}
    state = frozenset(path.removeprefix(_STATE) for path in files if path.startswith(_STATE))
    return {path: data for path, data in files.items() if not path.startswith(_STATE)}, state - {"lock"}
