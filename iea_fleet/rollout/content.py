"""Where the playbooks, roles and plugins of this installation lie, and the environment that makes Ansible use them."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import iea_fleet
from iea_fleet.model.errors import LocalFailure

RESULT_CHARACTERS = 4_000_000
"""The longest result of a task that ansible-runner passes on; it empties longer ones."""

ENVIRONMENT_NAME = "IEA_FLEET_CONTENT"
"""Names another folder with playbooks/ and roles/, for who changes them."""

NOT_FOR_ANSIBLE = ("IEA_FLEET_SMTP_PASSWORD", "IEA_FLEET_LEDGER")
"""Variables of the user that are or can hold secrets and that Ansible's programs do not need, and so do not get."""


@dataclass(frozen=True, slots=True)
class Content:
    """A folder with `playbooks/` and `roles/`, and the package's plugins."""

    folder: Path
    plugins: Path

    def playbook(self, name: str) -> Path:
        """The playbook of this name, without `.yml`. Raises: LocalFailure when it is missing."""
        path = self.folder / "playbooks" / f"{name}.yml"
        if not path.is_file():
            raise LocalFailure(str(path), "the playbook is missing", "Install iea-fleet again")
        return path

    def environment(self) -> dict[str, str]:
        """Variables for Ansible's own programs; they add to what the user has set."""
        return {
            "PATH": _joined(str(Path(sys.executable).parent), "PATH"),
            "ANSIBLE_ACTION_PLUGINS": _joined(str(self.plugins / "action"), "ANSIBLE_ACTION_PLUGINS"),
            "ANSIBLE_LIBRARY": _joined(str(self.plugins / "modules"), "ANSIBLE_LIBRARY"),
            "ANSIBLE_LOOKUP_PLUGINS": _joined(str(self.plugins / "lookup"), "ANSIBLE_LOOKUP_PLUGINS"),
            "ANSIBLE_ROLES_PATH": _joined(str(self.folder / "roles"), "ANSIBLE_ROLES_PATH"),
            # Ansible refuses to start where the user's locale is not installed; what people read is not Ansible's.
            "LC_ALL": "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8",
            "ANSIBLE_NOCOLOR": "1",
            # Chatter spoils what its programs answer, and with it a host's raw output reaches ansible-runner, which
            # reads events out of escape sequences: a host could tell the outcome of another.
            "ANSIBLE_VERBOSITY": "0",
            "ANSIBLE_DEBUG": "0",
            "ANSIBLE_DEPRECATION_WARNINGS": "0",
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "MAX_EVENT_RES": str(RESULT_CHARACTERS),
        }


def find_content() -> Content:
    """The content named by IEA_FLEET_CONTENT, else the wheel's, else the checkout's that this package is in.

    Raises: LocalFailure when none has playbooks.
    """
    package = Path(iea_fleet.__file__).parent
    plugins = package / "plugins"
    named = os.environ.get(ENVIRONMENT_NAME)
    candidates = [Path(named).absolute()] if named else [package / "ansible", package.parent]
    for folder in candidates:
        if (folder / "playbooks").is_dir():
            own = folder / "plugins"
            return Content(folder, own if own.is_dir() else plugins)
    raise LocalFailure(
        str(candidates[0]), "there are no playbooks", "Install iea-fleet again, or mend IEA_FLEET_CONTENT"
    )


def _joined(first: str, variable: str) -> str:
    rest = os.environ.get(variable)
    return f"{first}{os.pathsep}{rest}" if rest else first
