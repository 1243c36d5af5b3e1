"""Ends what a test run leaves behind (a lab that was detached, what runs in it), however the run itself ends.

A process of its own waits for that end, by a pipe, and knows what belongs to the run by a mark in its environment.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

MARK = "TEST_RUN_OF_IEA_FLEET"


@contextlib.contextmanager
def ended_with_this_run() -> Iterator[None]:
    """Whatever is started within this ends with it, or with this process."""
    os.environ[MARK] = secrets.token_hex(8)
    # In a session of its own: neither Ctrl-C nor a signal to the run's whole group (timeout) reaches it.
    with subprocess.Popen([sys.executable, "-I", "-S", __file__], stdin=subprocess.PIPE, start_new_session=True):
        yield


def _marked(mark: bytes) -> Iterator[int]:
    for entry in Path("/proc").glob("[1-9]*"):
        with contextlib.suppress(OSError):
            if mark in (entry / "environ").read_bytes().split(b"\0") and int(entry.name) != os.getpid():
                yield int(entry.name)


if __name__ == "__main__":
    sys.stdin.read()
    for process in _marked(f"{MARK}={os.environ[MARK]}".encode()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGTERM)
