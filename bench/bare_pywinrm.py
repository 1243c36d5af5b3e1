"""Bare pywinrm: the same round with the library that Ansible's winrm connection uses, one host after the other.

`python bench/bare_pywinrm.py INVENTORY basic|ntlm` prints how many hosts answered.
"""

from __future__ import annotations

import base64
import sys
from pathlib import Path

import winrm
from hosts import Host, payload_for, read_hosts

from iea_fleet import agent


def one_round(host: Host, transport: str) -> bytes:
    """Six requests through pywinrm's Protocol; gives standard output."""
    protocol = winrm.Protocol(host.url, transport=transport, username=host.user, password=host.password, proxy=None)
    shell = protocol.open_shell()
    encoded = base64.b64encode(agent.LOADER.encode("utf-16-le")).decode()
    command = protocol.run_command(shell, "powershell", ("-NoProfile", "-NonInteractive", "-EncodedCommand", encoded))
    protocol.send_command_input(shell, command, payload_for(host), end=True)
    output: bytes = protocol.get_command_output(shell, command)[0]
    protocol.cleanup_command(shell, command)
    protocol.close_shell(shell)
    return output


if __name__ == "__main__":
    hosts = read_hosts(Path(sys.argv[1]))
    answered = sum(b"<<iea-fleet:" in one_round(host, sys.argv[2]) for host in hosts)
    print(f"{answered} of {len(hosts)} hosts answered")
