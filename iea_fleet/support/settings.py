"""What a provider configures for support requests: the variables `iea_support_*` of the inventory."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints, ValidationError

from iea_fleet.model.base import Strict
from iea_fleet.model.errors import InputError
from iea_fleet.model.phrase import Phrase
from iea_fleet.model.text import neutralise
from iea_fleet.rollout.settings import SUPPORT_VARIABLES

VENDOR_ADDRESS: Final = "impact-emploi-association@urssaf.fr"
"""The vendor's support (sheet "Mode de connexion au serveur")."""

PREFIX: Final = "iea_support_"

Address = Annotated[
    str,
    StringConstraints(
        max_length=254, pattern=r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$"
    ),
]
"""A plain mail address, ASCII, without a name (RFC 5321 4.1.2, dot-string form)."""


class SupportSettings(Strict):
    """Who writes to whom, and through which mail server: variables of the inventory, all called `iea_support_...`."""

    to: Address = VENDOR_ADDRESS
    """Who gets the requests; a lab names somebody else."""
    sender: Annotated[Address | None, Field(alias="from")] = None
    """The provider's address. `None`: the mail has no sender until a person opens it in a mail program."""
    signature: Annotated[str, StringConstraints(max_length=1000)] = ""
    """Name and telephone of the provider, any number of lines."""
    smtp_host: Annotated[str, StringConstraints(max_length=253, pattern=r"^[A-Za-z0-9.:-]+$")] | None = None
    """The mail server. `None`: mails are drafted only."""
    smtp_port: Annotated[int, Field(ge=1, le=65535, strict=False)] = 587
    """465: TLS from the first byte; any other: STARTTLS, without which nothing is sent."""
    smtp_user: Annotated[str, StringConstraints(max_length=254, pattern=r"^[^\x00-\x1f\x7f]+$")] | None = None
    """The account on the mail server. `None`: as IEA_FLEET_SMTP_USER says, else no logon."""
    smtp_password_from: Literal["environment", "keyring"] = "environment"  # noqa: S105 - the place, not the password
    """Where the account's password is: IEA_FLEET_SMTP_PASSWORD, or the system's keyring."""


_MUST_BE: Final[Mapping[str, Phrase]] = {
    "to": Phrase("a plain mail address"),
    "from": Phrase("a plain mail address"),
    "signature": Phrase("a text of at most 1000 characters"),
    "smtp_host": Phrase("the name or address of a mail server"),
    "smtp_port": Phrase("a number from 1 to 65535"),
    "smtp_user": Phrase("one line of text"),
    "smtp_password_from": Phrase("environment or keyring"),
}
"""Every setting, by the end of its variable's name, with what it must be."""


def support_settings(variables: Mapping[str, object], where: str) -> SupportSettings:
    """The settings from a host's variables.

    Args:
        variables: of one host, as `ansible-inventory` gives them; those without `iea_support_` are passed over, and so
            are empty ones.
        where: the inventory or host, for the message.
    Raises: InputError naming the variable that can't be used or is not known.
    """
    given = {
        name.removeprefix(PREFIX): value
        for name, value in variables.items()
        if name.startswith(PREFIX) and value not in ("", None)
    }
    for name in given:
        if name not in _MUST_BE:
            near = difflib.get_close_matches(name, _MUST_BE, n=1, cutoff=0.5)
            known = Phrase("Known here: {names}.", names=", ".join(SUPPORT_VARIABLES))
            mend = Phrase("Did you mean {name}?", name=f"{PREFIX}{near[0]}") if near else known
            unread = f"{PREFIX}{neutralise(name, 60)}"
            raise InputError(where, "nothing reads the variable {name}", mend, name=unread)
    try:
        return SupportSettings.model_validate(given)
    except ValidationError as error:
        name = str(error.errors(include_url=False, include_input=False)[0]["loc"][0])
        raise InputError(
            where,
            "{name} can't be used",
            "It must be {kind}, written out, without a template",
            name=f"{PREFIX}{name}",
            kind=_MUST_BE[name],
        ) from error
