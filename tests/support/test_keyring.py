"""Passwords in the system's keyring, played by a keyring in memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import keyring
import keyring.errors
import pytest
from keyring.backend import KeyringBackend

from iea_fleet.model.errors import InputError
from iea_fleet.support.credentials import KEYRING_SERVICE, find_credentials
from iea_fleet.support.settings import SupportSettings

SETTINGS = SupportSettings(smtp_user="aide", smtp_password_from="keyring")


class Memory(KeyringBackend):
    """A keyring in memory; `locked` ones refuse."""

    priority = 1

    def __init__(self, *, locked: bool = False) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.locked = locked
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise keyring.errors.KeyringLocked("the user said no")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.fixture
def memory() -> Iterator[Memory]:
    before, mine = keyring.get_keyring(), Memory()
    keyring.set_keyring(mine)
    yield mine
    keyring.set_keyring(before)


def test_the_password_comes_from_the_keyring(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IEA_FLEET_SMTP_PASSWORD", "not this")
    memory.set_password(KEYRING_SERVICE, "aide", "clé-été")
    found = find_credentials(SETTINGS)
    assert found is not None
    assert (found.user, found.password) == ("aide", "clé-été")


@pytest.mark.usefixtures("memory")
def test_a_keyring_without_the_password_says_how_to_put_it_there() -> None:
    with pytest.raises(InputError, match=r"the keyring has no password .* keyring set iea-fleet-smtp aide"):
        find_credentials(SETTINGS)


def test_a_locked_keyring_is_told(memory: Memory) -> None:
    memory.locked = True
    with pytest.raises(InputError, match=r"it can't be read \(the user said no\)"):
        find_credentials(SETTINGS)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(InputError, match=r"the package keyring is not installed\. Install it \(pip install keyring\)"):
        find_credentials(SETTINGS)
