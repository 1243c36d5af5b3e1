"""Rounds with a workstation of a lab that is up, through its endpoint, whatever engine plays it."""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import winrm
from winrm.protocol import Protocol

from iea_fleet.agent import LOADER, parse_answer, payload
from iea_fleet.lab.pwsh.process import find_pwsh
from iea_fleet.model.answer import Answer
from iea_fleet.model.errors import InputError
from iea_fleet.model.request import Request
from iea_fleet.profiles import find_profile
from tests.lab.fleet.conftest import CommandLine

PROFILE = find_profile("lab")


def _has_pwsh() -> bool:
    try:
        find_pwsh()
    except InputError:
        return False
    return True


NEEDS_PWSH = (
    pytest.mark.pwsh,
    pytest.mark.skipif(not _has_pwsh(), reason="no PowerShell: IEA_FLEET_PWSH is not set and pwsh is not on PATH"),
)


def request(**parts: Any) -> Request:
    """A request from plain data, with fresh ids and the database's folder under its name."""
    assert PROFILE.database is not None
    folder = PROFILE.database.folder.at.model_dump(mode="json")
    common = {
        "schema": 1,
        "transaction": secrets.token_hex(16),
        "nonce": secrets.token_hex(16),
        "dry_run": False,
        "names": [{"name": "IEA_DATABASE", "at": folder}],
    }
    return Request.model_validate_json(json.dumps(common | parts))


@dataclass(frozen=True, slots=True)
class OpenLab:
    """A lab that is up, with the names of its workstations in order."""

    iea: CommandLine
    engine: str
    hosts: tuple[str, ...]

    def protocol(self, host: str) -> Protocol:
        """A client of pywinrm's that logs on as the lab's inventory says."""
        account = self.iea.account(host)
        return Protocol(
            endpoint=account.url, transport="ntlm", username=account.user, password=account.password, ca_trust_path=None
        )

    def answer(self, host: str, asked: Request) -> Answer:
        """What a workstation answers."""
        out, err, code = self.round(host, asked)
        assert (code, err) == (0, b"")
        return parse_answer(out, asked)

    def round(self, host: str, asked: Request) -> tuple[bytes, bytes, int]:
        """What one round prints and ends with."""
        connection = self.protocol(host)
        shell = connection.open_shell()
        try:
            encoded = base64.b64encode(LOADER.encode("utf-16-le")).decode()
            arguments = ["-NoProfile", "-NonInteractive", "-EncodedCommand", encoded]
            command = connection.run_command(shell, "powershell", arguments, console_mode_stdin=False)
            # A command that has ended takes no input (109, the pipe has been ended), and still has its output.
            with contextlib.suppress(winrm.exceptions.WSManFaultError):
                connection.send_command_input(shell, command, payload(asked), end=True)
            out, err, code = connection.get_command_output(shell, command)
            connection.cleanup_command(shell, command)
        finally:
            connection.close_shell(shell)
        return out, err, code

    def begin(self, host: str, situation: str) -> None:
        """Let a situation begin."""
        done = self.iea("lab", "break", host, situation)
        assert done.code == 0, done.stderr

    def desk(self, host: str) -> Mapping[str, Any]:
        """What a person there sees, as the lab's status tells."""
        told = self.iea.status()[host]["desk"]
        assert isinstance(told, dict)
        return told
