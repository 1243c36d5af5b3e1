"""What stock Ansible modules need to run in a PowerShell on Linux: the drive `C:`, and a way to start programs.

Ansible (2.19 and newer) sends a bootstrap script as the command, and on standard input JSON in which every script and
module utility stands as base64. One of these calls CreateProcess in kernel32; in its place comes `process_util.cs`.
"""

from __future__ import annotations

import base64
import binascii
import re
from functools import cache
from pathlib import Path

_BOOTSTRAP = "Ansible requires PowerShell"
_SCRIPT = re.compile(rb'("script"\s*:\s*")([A-Za-z0-9+/=]{64,})(")')
_NAMESPACE = re.compile(r"(?m)^namespace ([\w.]+)")
_RUNSPACE = "$ps = [PowerShell]::Create()\n"
_DRIVE = (
    "$null = $ps.AddCommand('New-PSDrive').AddParameters(@{ Name = 'C'; PSProvider = 'FileSystem'; "
    "Root = $env:IEA_LAB_ROOT; Scope = 'Global' }).AddCommand('Out-Null').AddStatement()\n"
)
# A short name that Ansible gives to a class of the utility; ours has not all of its classes.
_ACCELERATOR = re.compile(r"(?m)^//TypeAccelerator .*-TypeName (ProcessUtil|Result)[ \t]*$")


def is_bootstrap(script: str) -> bool:
    """Whether a command is the one by which Ansible starts its modules."""
    return _BOOTSTRAP in script


def amended(standard_input: bytes) -> bytes:
    """Standard input of the bootstrap with `process_util.cs` in the place of each utility that starts programs.

    The wrapper that makes the module's runspace gives it a drive `C:`: the workstation's folder (`IEA_LAB_ROOT`).
    """
    return _SCRIPT.sub(_replaced, standard_input)


def _replaced(found: re.Match[bytes]) -> bytes:
    try:
        source = base64.b64decode(found[2], validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return found[0]
    namespace = _NAMESPACE.search(source)
    if namespace is not None and "class ProcessUtil" in source and "CreateProcessW(" in source:
        accelerators = "\n".join(line[0].rstrip() for line in _ACCELERATOR.finditer(source))
        ours = _process_util().replace("@NAMESPACE@", namespace[1])
        ours = ours.replace("\nnamespace", f"\n{accelerators}\n\nnamespace")
    elif _RUNSPACE in source:
        ours = source.replace(_RUNSPACE, _RUNSPACE + _DRIVE, 1)
    else:
        return found[0]
    return found[1] + base64.b64encode(ours.encode("utf-8")) + found[3]


@cache
def _process_util() -> str:
    return Path(__file__).with_name("process_util.cs").read_text(encoding="ascii")
