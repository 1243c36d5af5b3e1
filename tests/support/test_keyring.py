"""Passwords in the system's keyring: a desktop's own, where it is installed."""

from __future__ import annotations

import gc
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest

from iea_fleet.model.errors import InputError
from iea_fleet.support.credentials import KEYRING_SERVICE, find_credentials
from iea_fleet.support.settings import SupportSettings
from tests.secret_service import secret_service

SETTINGS = SupportSettings(smtp_user="aide", smtp_password_from="keyring")


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process in the session of a desktop."""
    with secret_service(tmp_path) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        before = keyring.get_keyring()
        keyring.core.init_backend()
        yield
        keyring.set_keyring(before)
        with warnings.catch_warnings(action="ignore", category=ResourceWarning):
            gc.collect()  # the package leaves its connections to the collector


@pytest.mark.usefixtures("desktop")
def test_the_password_comes_from_the_keyring_and_no_longer_once_it_is_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    import secretstorage

    monkeypatch.setenv("IEA_FLEET_SMTP_PASSWORD", "not this")
    with pytest.raises(InputError, match=r"the keyring has no password .* keyring set iea-fleet-smtp aide"):
        find_credentials(SETTINGS)
    keyring.set_password(KEYRING_SERVICE, "aide", "clé-été")
    found = find_credentials(SETTINGS)
    assert found is not None
    assert (found.user, found.password) == ("aide", "clé-été")
    with secretstorage.dbus_init() as connection:
        secretstorage.get_default_collection(connection).lock()
    with pytest.raises(InputError, match=r"the keyring: it can't be read \(Failed to unlock .*\)\. Unlock it"):
        find_credentials(SETTINGS)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(InputError, match=r"the package keyring is not installed\. Install it \(pip install keyring\)"):
        find_credentials(SETTINGS)
