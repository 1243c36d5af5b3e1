"""What a push costs the controller, beside three peers, in one run: `python bench/push.py [--hosts 200,1000]`.

The peers: the floor (asyncio and SOAP by hand), bare pywinrm, this push, and the playbook of stock modules. All meet
the same emulated lab in another process, which counts requests and bytes; CPU is the controller's own, with all its
children, and memory the most that its processes held together. Ratios are per host, to the floor.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
SAMPLE_S = 0.2


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to do the round. `logon`: how it logs on; `most`: the largest fleet it is measured on."""

    name: str
    logon: str
    command: Sequence[str]
    most: int = 100_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What one contender took for one fleet: CPU and wall in seconds, memory in MB, the rest as the lab counted."""

    cpu_s: float
    wall_s: float
    memory_mb: float
    requests: int
    bytes_to_hosts: int
    bytes_from_hosts: int


class LabProcess:
    """`bench/lab.py` at work."""

    def __init__(self, folder: Path, hosts: int) -> None:
        self.inventory = folder / "hosts.yml"
        self._process = subprocess.Popen(
            [sys.executable, HERE / "lab.py", folder, str(hosts), "right"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._read()

    def _read(self) -> str:
        line = (self._process.stdout or sys.stdin).readline()
        if not line:
            sys.exit("the lab did not open")
        return line

    def counted(self) -> dict[str, int]:
        """Requests and bytes since the last call."""
        stdin: IO[str] = self._process.stdin or sys.stdout
        stdin.write("\n")
        stdin.flush()
        counts: dict[str, int] = json.loads(self._read())
        return counts

    def close(self) -> None:
        """Close the lab and wait for its end."""
        self._process.communicate()


@contextmanager
def lab(hosts: int) -> Iterator[tuple[LabProcess, Path]]:
    """A lab of `hosts` workstations that are as wanted, and a folder for scratch files."""
    with tempfile.TemporaryDirectory(prefix="iea-bench-") as scratch:
        inventory = Path(scratch) / "inventory"
        inventory.mkdir()
        process = LabProcess(inventory, hosts)
        try:
            yield process, Path(scratch)
        finally:
            process.close()


def measure(contender: Contender, process: LabProcess, scratch: Path) -> Cost:
    """Run a contender once over the lab's whole inventory."""
    process.counted()
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    child = subprocess.Popen(
        [part.format(inventory=process.inventory) for part in contender.command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=HERE.parent,
        env={
            **os.environ,
            "IEA_FLEET_STATE": str(scratch / "state"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        },
    )
    peak = _Peak(child.pid)
    _, errors = child.communicate()
    wall_s = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if child.returncode not in (0, 1):
        sys.exit(f"{contender.name} ended with {child.returncode}: {errors.decode()[-2000:]}")
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu_s, wall_s, peak.stop(), **process.counted())


class _Peak:
    """Samples the proportional memory of a process and all its descendants until it is stopped."""

    def __init__(self, pid: int) -> None:
        self._pid, self._most_kb, self._ended = pid, 0, threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def _sample(self) -> None:
        while not self._ended.wait(SAMPLE_S):
            self._most_kb = max(self._most_kb, sum(_pss_kb(pid) for pid in _tree(self._pid)))

    def stop(self) -> float:
        """The most that was seen, in MB."""
        self._ended.set()
        self._thread.join()
        return self._most_kb / 1024


def _tree(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return [pid]
    return [pid, *(found for child in children for found in _tree(int(child)))]


def _pss_kb(pid: int) -> int:
    """Memory with shared pages counted in parts, so that forks are not counted twice."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)


def contenders(forks: int) -> tuple[Contender, ...]:
    """Those that are compared, the floor first."""
    python = sys.executable
    return (
        Contender("floor: asyncio, SOAP by hand", "basic", (python, "bench/floor.py", "{inventory}")),
        Contender("pywinrm", "basic", (python, "bench/bare_pywinrm.py", "{inventory}", "basic")),
        Contender("pywinrm", "ntlm", (python, "bench/bare_pywinrm.py", "{inventory}", "ntlm")),
        Contender(
            "iea-fleet push",
            "ntlm",
            ("iea-fleet", "push", "-i", "{inventory}", "--forks", str(forks), "--json"),
        ),
        Contender(
            "stock modules' playbook",
            "ntlm",
            ("ansible-playbook", "-i", "{inventory}", "bench/stock.yml", "--forks", str(forks)),
            most=200,
        ),
    )


def main() -> None:
    """Measure and print one table a fleet size."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--hosts", default="200,1000", help="fleet sizes, separated by commas")
    arguments.add_argument("--forks", type=int, default=20)
    arguments.add_argument(
        "--all", action="store_true", help="the stock playbook on every size, also where it takes long"
    )
    options = arguments.parse_args()
    for hosts in map(int, options.hosts.split(",")):
        table = Table(title=f"{hosts} hosts, {options.forks} forks", title_justify="left")
        for heading in (
            "",
            "logon",
            "CPU ms/host",
            "ratio",
            "requests/host",
            "kB to host",
            "kB from host",
            "peak MB",
            "wall s",
        ):
            table.add_column(heading, justify="left" if heading in {"", "logon"} else "right")
        floor_s = 0.0
        with lab(hosts) as (process, scratch):
            for contender in contenders(options.forks):
                if hosts > contender.most and not options.all:
                    continue
                cost = measure(contender, process, scratch)
                floor_s = floor_s or cost.cpu_s
                table.add_row(
                    contender.name,
                    contender.logon,
                    f"{cost.cpu_s / hosts * 1000:.1f}",
                    f"{cost.cpu_s / floor_s:.1f}",
                    f"{cost.requests / hosts:.1f}",
                    f"{cost.bytes_to_hosts / hosts / 1000:.1f}",
                    f"{cost.bytes_from_hosts / hosts / 1000:.1f}",
                    f"{cost.memory_mb:.0f}",
                    f"{cost.wall_s:.1f}",
                )
        Console(width=140).print(table)


if __name__ == "__main__":
    main()
