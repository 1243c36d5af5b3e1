"""A desktop's keyring: Debian's gnome-keyring on a bus of its own, unlocked."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def secret_service(folder: Path) -> Iterator[dict[str, str]]:
    """Gives the environment of a session whose keyring is open; skips where there are no such programs."""
    for program in ("dbus-daemon", "gnome-keyring-daemon"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    pytest.importorskip("secretstorage", reason="SecretStorage is not installed")
    runtime = folder / "session"
    runtime.mkdir(mode=0o700)
    environment = {
        "HOME": str(runtime),
        "XDG_RUNTIME_DIR": str(runtime),
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={runtime}/bus",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.SecretService.Keyring",
    }
    bus = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address", f"--address=unix:path={runtime}/bus"],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert bus.stdout is not None
    bus.stdout.readline()  # it takes calls from now on
    try:
        # It goes on in the background, unlocked and with its name on the bus, and ends with the bus.
        subprocess.run(
            ["gnome-keyring-daemon", "--daemonize", "--unlock", "--components=secrets"],
            env=os.environ | environment, input=b"of the login", check=True, capture_output=True,
        )  # fmt: skip
        yield environment
    finally:
        bus.terminate()
        bus.wait()
        bus.stdout.close()
