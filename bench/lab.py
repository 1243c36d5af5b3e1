"""The lab as the contenders meet it: N emulated workstations in a process of its own that counts what reaches them.

`python bench/lab.py FOLDER HOSTS SITUATION` writes FOLDER/hosts.yml and prints a line; each line on standard input is
answered with one line of JSON (requests and bytes since the last one); the end of the input closes the lab.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from iea_fleet.lab.emulated.engine import EmulatedEngine
from iea_fleet.lab.emulated.staging import EmulatedStaging
from iea_fleet.lab.engine.processes import Answer, AnswerProcess, CommandLine, Process
from iea_fleet.lab.live import Lab
from iea_fleet.lab.messages import LabSettings, LogonName
from iea_fleet.lab.workstation import Workstation

# Our loader, encoded, is shorter than this; Ansible's wrapper is longer.
WRAPPER_SIZE = 3000

# What a module of the stock playbook gets back at once: its controller's work is measured, not a workstation's.
MODULE_RESULT = Answer(
    json.dumps(
        {
            "changed": False,
            "status_code": 200,
            "exists": True,
            "state": "started",
            "content": "eyJhcHBsaWNhdGlvbiI6IHsidmVyc2lvbiI6ICIzLjAwLjQyIn19",
            "encoding": "base64",
            "stat": {"exists": True},
        }
    ).encode()
)


class CannedEngine(EmulatedEngine):
    """The emulated engine, and for Ansible's own module wrapper (which needs a PowerShell) one canned result."""

    def start(self, workstation: Workstation, command: CommandLine) -> Process:
        """Start a command; `-EncodedCommand` with Ansible's wrapper is answered from the can."""
        if len(command.text) > WRAPPER_SIZE and "-EncodedCommand" in command.text:
            return AnswerProcess(lambda _: MODULE_RESULT, reads_input=True, input_bound=64 << 20)
        return super().start(workstation, command)


class CannedStaging(EmulatedStaging):
    """The emulated workstations; modules of Ansible are answered from the can."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = CannedEngine(self.engine.machines)


async def main(folder: Path, hosts: int, situation: str) -> None:
    """Serve until the end of standard input."""
    settings = LabSettings(
        hosts=hosts,
        sites=max(1, hosts // 10),
        auth=(LogonName.BASIC, LogonName.NTLM),
        situation=situation,
        port=0,
        inventory=str(folder / "hosts.yml"),
    )
    staging = CannedStaging()
    lab = Lab(settings, staging, folder)
    await lab.start()
    workstations = lab.workstations
    print("open", flush=True)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    before = (0, 0, 0)
    while await lines.readline():
        now = tuple(
            sum(getattr(each.stats, name) for each in workstations) for name in ("requests", "bytes_in", "bytes_out")
        )
        requests, received, sent = (new - old for new, old in zip(now, before, strict=True))
        before = now
        print(json.dumps({"requests": requests, "bytes_to_hosts": received, "bytes_from_hosts": sent}), flush=True)
    await lab.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
