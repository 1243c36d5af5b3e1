"""How Ansible Vault is opened in a run: by a password file, or by a password that was asked for and stays in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from iea_fleet.model.errors import InputError


@dataclass(frozen=True, slots=True)
class Vault:
    """At most one of the two is given."""

    file: Path | None = None
    password: str | None = field(default=None, repr=False)

    def check(self) -> None:
        """Raises: InputError when the password file is not there."""
        if self.file is not None and not self.file.is_file():
            raise InputError(str(self.file), "there is no such vault password file", "Mend --vault-password-file")

    @contextmanager
    def arguments(self) -> Iterator[tuple[list[str], tuple[int, ...]]]:
        """Arguments for one of Ansible's programs, and the descriptors that it must inherit.

        A password that was asked for goes through a pipe: it is in no argument, no variable and no file.
        """
        if self.file is not None:
            yield ["--vault-password-file", str(self.file.absolute())], ()
            return
        if self.password is None:
            yield [], ()
            return
        reader, writer = os.pipe()
        try:
            os.write(writer, self.password.encode() + b"\n")
            os.close(writer)
            yield ["--vault-password-file", f"/dev/fd/{reader}"], (reader,)
        finally:
            os.close(reader)
