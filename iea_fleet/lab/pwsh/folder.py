"""One workstation as a folder: where its Windows paths lie, its environment, its service and what holds its files."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import iea_fleet
from iea_fleet.lab.application import PROGRAM
from iea_fleet.lab.application.condition import Condition
from iea_fleet.lab.application.program import FileChanges
from iea_fleet.lab.pwsh.program import FILE, WorkstationFile, WorkstationFiles
from iea_fleet.lab.share.faults import ENDED_BY_RESTART, SYMPTOMS, WORKSTATION_SERVICE, ShareFault
from iea_fleet.lab.share.files import SharePlace
from iea_fleet.lab.share.system_messages import ENGLISH, FRENCH
from iea_fleet.lab.share.visit import FAULT_OF_STANDING, Accounts, Standing
from iea_fleet.ledger.state import write_private
from iea_fleet.model.answer import ShareLayer

# What .NET and PowerShell need of the person's own environment to start at all; nothing else of it is passed on.
_KEPT = ("DOTNET_ROOT", "DOTNET_EnableWriteXorExecute", "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "LD_LIBRARY_PATH")
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Programs of this system that would tell about this machine, not about the workstation.
_OWN_PROGRAMS = {
    "hostname": r'printf "%s\r\n" "$COMPUTERNAME"',
    "whoami": r"""printf '%s\\%s\r\n' "$COMPUTERNAME" "$USERNAME" | tr '[:upper:]' '[:lower:]'""",
}


@dataclass(slots=True)
class WorkstationFolder:
    """The disk of one workstation.

    Args:
        root: the folder; made by `make`, removed by `remove`.
        name: the computer name that it tells; it may change.
        user: the account that logs on.
        pwsh: the PowerShell that `PowerShell` stands for in this workstation's PATH.
        proxy: `http://address:port` through which the workstation reaches the vendor.
        authority: file with the one certificate authority (PEM) that the workstation trusts.
        place: the site's database folder.
        database: that folder on this machine.
        accounts: those of the file server.
    """

    root: Path
    name: str
    user: str
    pwsh: Path
    proxy: str
    authority: Path
    place: SharePlace
    database: Path
    accounts: Accounts
    _held: dict[Path, int] = field(default_factory=dict)
    _programs: dict[Path, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """The profile of the account."""
        return self.root / "Users" / self.user

    @property
    def processes(self) -> Path:
        """One empty file for each process that the workstation seems to run."""
        return self.root / "processes"

    @property
    def share(self) -> Path:
        """The file that tells PowerShell how the workstation sees its file server (prelude.ps1)."""
        return self.root / "share.json"

    @property
    def services(self) -> Path:
        """One file a service, named as it is, with its state as Get-Service spells it."""
        return self.root / "services"

    def make(self) -> None:
        """Lay out the folders, for the owner only, and the links by which PowerShell is called."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in ("ProgramData", "Windows/Temp", "bin", "services", "processes"):
            (self.root / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in ("AppData/Roaming", "AppData/Local/Temp"):
            (self.home / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
        for link in ("PowerShell", "powershell", "powershell.exe", "pwsh"):
            # A file system that does not tell capitals apart has the first of them already.
            with contextlib.suppress(FileExistsError):
                (self.root / "bin" / link).symlink_to(self.pwsh)
        for program, line in _OWN_PROGRAMS.items():
            path = self.root / "bin" / program
            path.write_text(f"#!/bin/sh\n{line}\n", encoding="ascii")
            path.chmod(0o700)
        package = Path(iea_fleet.__file__).parent.parent
        run = shlex.join(
            ["env", f"PYTHONPATH={package}", sys.executable, "-m", "iea_fleet.lab.pwsh.program", str(self.root)]
        )
        self._programs = {
            self.real_path(PROGRAM): f'#!/bin/sh\nexec {run} "$@"\n',
            self.root / "bin" / "service-started": f'#!/bin/sh\nexec {run} service "$1"\n',
        }

    def install(self, *, installed: bool) -> None:
        """Lay the application's programs, or take them away."""
        for path, script in self._programs.items():
            if not installed:
                path.unlink(missing_ok=True)
            elif not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                path.write_text(script, encoding="utf-8")
                path.chmod(0o700)

    def remove(self) -> None:
        """Let go of every file and take the folder away."""
        self.hold(())
        shutil.rmtree(self.root, ignore_errors=True)

    def environment(self) -> dict[str, str]:
        """The whole environment of a process on this workstation, before the shell's own variables."""
        local = self.home / "AppData" / "Local"
        temporary = str(local / "Temp")
        windows = {
            "ALLUSERSPROFILE": str(self.root / "ProgramData"),
            "APPDATA": str(self.home / "AppData" / "Roaming"),
            "COMPUTERNAME": self.name,
            "LOCALAPPDATA": str(local),
            "ProgramData": str(self.root / "ProgramData"),
            "ProgramFiles": str(self.root / "Program Files"),
            "SystemRoot": str(self.root / "Windows"),
            "TEMP": temporary,
            "TMP": temporary,
            "USERNAME": self.user,
            "USERPROFILE": str(self.home),
            "windir": str(self.root / "Windows"),
        }
        unix = {
            "HOME": str(self.home),
            "HTTPS_PROXY": self.proxy,
            "HTTP_PROXY": self.proxy,
            "IEA_LAB_ROOT": str(self.root),
            "IEA_LAB_PROCESSES": str(self.processes),
            "IEA_LAB_SERVICES": str(self.services),
            "IEA_LAB_SHARE": str(self.share),
            "IEA_LAB_STARTED": str(self.root / "bin" / "service-started"),
            "LANG": "fr_FR.UTF-8",
            "PATH": f"{self.root / 'bin'}:{_SYSTEM_PATH}",
            "POWERSHELL_TELEMETRY_OPTOUT": "1",
            "POWERSHELL_UPDATECHECK": "Off",
            "SSL_CERT_FILE": str(self.authority),
            "TMPDIR": temporary,
            "http_proxy": self.proxy,
            "https_proxy": self.proxy,
        }
        return {name: os.environ[name] for name in _KEPT if name in os.environ} | windows | unix

    def real_path(self, windows_path: str) -> Path:
        """Where a Windows path lies on this machine: `%NAME%` by this environment, drive `C:` is the folder itself."""
        known = self.environment()
        path = re.sub(r"%([^%]+)%", lambda name: known.get(name[1], name[0]), windows_path).replace("\\", "/")
        return self.root / path[2:].lstrip("/") if path[:2].upper() == "C:" else Path(path)

    def read(self, windows_path: str) -> bytes | None:
        """A file's bytes by Windows path, or of the database by network path; None: no such file of these."""
        if self.place.below(windows_path) is not None:
            return WorkstationFiles(self.root, self.place, self.database).read(windows_path)
        path = self.real_path(windows_path).resolve()
        if not path.is_relative_to(self.root.resolve()):
            return None
        try:
            return path.read_bytes()
        except OSError:
            return None

    def lay(self, changes: FileChanges) -> None:
        """Write, and where the bytes are None remove, files by Windows path; those of the database by network path."""
        for windows_path, data in changes.items():
            if self.place.below(windows_path) is not None:
                WorkstationFiles(self.root, self.place, self.database).lay({windows_path: data})
                continue
            path = self.real_path(windows_path)
            if data is None:
                path.unlink(missing_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)

    def surround(self, condition: Condition, culture: str) -> None:
        """Write down what the application and PowerShell meet besides the application's files."""
        sentences = FRENCH if culture.lower().startswith("fr") else ENGLISH
        content = WorkstationFile.of(condition.surroundings, self.database)
        write_private(self.root / FILE, content.model_dump_json().encode())
        whose = condition.installation
        self._write_share(
            {
                "share": whose.place.root,
                "root": str(self.database.parent),
                "addresses": [whose.place.address],
                "person": rf"{whose.name}\{whose.person}",
                "machine": f"{whose.name}$",
                "drives": {whose.place.drive: whose.place.root},
                "declines": condition.declines_restart,
                "plain_user": condition.plain_user(self.name, self.user),
                "accounts": {
                    account.name.lower(): {
                        "password": account.password,
                        "code": _refused_with(standing),
                    }
                    for standing, account in self.accounts.items()
                },
                "faults": [_fault(fault) for fault in sorted(condition.share, key=_as_met)],
                "sentences": {str(code): sentence for code, sentence in sentences.items()},
            }
        )

    def share_faults(self) -> frozenset[ShareFault]:
        """What is still wrong with the share."""
        return frozenset(ShareFault(fault["name"]) for fault in self._read_share().get("faults", ()))

    def take_restart_delay_s(self) -> float | None:
        """Seconds to the restart that the computer was told to do, told once; `None`: it was not told to."""
        content = self._read_share()
        delay_s = content.pop("restart_delay_s", None)
        if delay_s is None:
            return None
        self._write_share(content)
        (self.services / WORKSTATION_SERVICE).write_text("Running", encoding="ascii")
        return float(delay_s)

    def _read_share(self) -> dict[str, Any]:
        if not self.share.exists():  # nothing arranged yet, or the lab is being closed
            return {}
        content: dict[str, Any] = json.loads(self.share.read_text(encoding="utf-8-sig"))
        return content

    def _write_share(self, content: dict[str, Any]) -> None:
        write_private(self.share, json.dumps(content).encode())

    def set_running(self, states: Mapping[str, str], processes: Iterable[str]) -> None:
        """Write down every service with its state (`Running`, `Stopped`) and every process; others are gone."""
        for file in (*self.services.iterdir(), *self.processes.iterdir()):
            file.unlink()
        for name in processes:
            (self.processes / name).touch()
        for name, state in states.items():
            (self.services / name).write_text(state, encoding="ascii")

    def hold(self, windows_paths: Iterable[str]) -> None:
        """Hold these files open and no others, so that .NET meets a sharing violation.

        .NET on Unix takes an advisory lock (flock) for each file that it opens and gives up when somebody has one.
        """
        wanted = {self.real_path(path) for path in windows_paths}
        for path in set(self._held) - wanted:
            os.close(self._held.pop(path))
        for path in wanted - set(self._held):
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self._held[path] = descriptor


def _refused_with(standing: Standing) -> int:
    """The code that a logon with such an account meets; 0: none."""
    fault = FAULT_OF_STANDING.get(standing)
    return 0 if fault is None else SYMPTOMS[fault].code


def _as_met(fault: ShareFault) -> int:
    """Sorts faults as an access meets them."""
    return list(ShareLayer).index(SYMPTOMS[fault].layer)


def _fault(fault: ShareFault) -> dict[str, Any]:
    """A fault of the share as the prelude reads it, with its name."""
    symptom = SYMPTOMS[fault]
    ends: list[str] = [symptom.ended_by] if symptom.ended_by else []
    if ends == ["restart_service"]:
        ends = [f"restart_service {WORKSTATION_SERVICE}"]
    if fault in ENDED_BY_RESTART and "restart_computer" not in ends:
        ends.append("restart_computer")
    return {
        "name": fault.value,
        "layer": symptom.layer.value,
        "code": symptom.code,
        "concerns": None if symptom.concerns is None else sorted(symptom.concerns),
        "despite_logon": symptom.despite_logon,
        "opened": symptom.opened,
        "ends": " ".join(ends) or None,
    }
