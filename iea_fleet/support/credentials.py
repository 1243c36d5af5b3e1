"""The account on the mail server: from the environment or the system's keyring, never from a file or an argument."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Final

from iea_fleet.model.errors import InputError
from iea_fleet.model.phrase import Phrase
from iea_fleet.support.settings import SupportSettings

USER_NAME: Final = "IEA_FLEET_SMTP_USER"
PASSWORD_NAME: Final = "IEA_FLEET_SMTP_PASSWORD"  # noqa: S105 - the variable's name
KEYRING_SERVICE: Final = "iea-fleet-smtp"
"""`keyring set iea-fleet-smtp USER` puts a password there."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A logon for a mail server."""

    user: str
    password: str = field(repr=False)


def find_credentials(settings: SupportSettings) -> Credentials | None:
    """The credentials that the settings ask for; `None`: no account is named, so the server wants no logon.

    Raises: InputError when an account is named and its password is not there.
    """
    user = settings.smtp_user or os.environ.get(USER_NAME)
    if not user:
        return None
    if settings.smtp_password_from == "keyring":  # noqa: S105 - the place, not the password
        password = _from_keyring(user)
        what = Phrase("the keyring has no password for the account {user}", user=user)
        mend = Phrase("Put it there with: keyring set {service} {user}", service=KEYRING_SERVICE, user=user)
    else:
        password = os.environ.get(PASSWORD_NAME)
        what = Phrase("the environment has no password for the account {user}", user=user)
        mend = Phrase("Set {name}, or name the keyring with iea_support_smtp_password_from", name=PASSWORD_NAME)
    if not password:
        raise InputError(Phrase("mail server"), what, mend)
    return Credentials(user, password)


def _from_keyring(user: str) -> str | None:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError as error:
        raise InputError(
            "iea_support_smtp_password_from",
            "the package keyring is not installed",
            "Install it (pip install keyring), or set {name} and take this variable away",
            name=PASSWORD_NAME,
        ) from error
    try:
        return keyring.get_password(KEYRING_SERVICE, user)
    except KeyringError as error:
        raise InputError(
            Phrase("the keyring"),
            "it can't be read ({said})",
            "Unlock it, or set {name} and take iea_support_smtp_password_from away",
            said=str(error)[:200] or type(error).__name__,
            name=PASSWORD_NAME,
        ) from error
