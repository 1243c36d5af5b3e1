"""The constant command that starts the script, and what it prints where the script could not run."""

from __future__ import annotations

import re
from dataclasses import dataclass

LOADER = r"""$ProgressPreference = 'SilentlyContinue'
$mode = $ExecutionContext.SessionState.LanguageMode
$version = $PSVersionTable.PSVersion
if ("$mode" -ne 'FullLanguage' -or $version.Major -lt 5 -or ($version.Major -eq 5 -and $version.Minor -lt 1)) {
"iea-fleet-refused language=$mode version=$version"
exit 78
}
$request, $script = (@($input) -join "`n") -split "`n", 2
& ([ScriptBlock]::Create($script)) $request
"""
"""Text for `powershell -EncodedCommand`: refuses what can't run the script, else runs standard input after its first
line with that line. Standard input may come as lines (a console) or as one text (a runspace)."""

LOADER_REFUSED_EXIT_CODE = 78
"""What the loader exits with when it refuses."""

_REFUSAL = re.compile(rb"iea-fleet-refused language=([A-Za-z]{1,40}) version=([0-9.]{1,40})")


@dataclass(frozen=True, slots=True)
class LoaderRefusal:
    """Why the script was not started: nothing was read or written.

    Args:
        language: PowerShell's language mode, such as `ConstrainedLanguage`.
        version: PowerShell's version, such as `2.0`.
    """

    language: str
    version: str


def parse_refusal(stdout: bytes) -> LoaderRefusal | None:
    """Read the loader's refusal out of an output (exit code 78); `None`: there is none in it."""
    match = _REFUSAL.search(stdout)
    return None if match is None else LoaderRefusal(match[1].decode(), match[2].decode())
