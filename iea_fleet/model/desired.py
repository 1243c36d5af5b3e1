"""The state that a host should be in, as the roles' variables say it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from iea_fleet.model.base import Milliseconds, Strict
from iea_fleet.model.request import HttpUrl

AUTHENTICATION_URL = "https://impact-emploi.urssaf.fr"
UPDATE_URL = "https://impact-emploi.urssaf.fr/updates"


class Mode(StrEnum):
    """« Mode de connexion »."""

    SECURE = "secure"
    PLAIN = "plain"


class DesiredConnection(Strict):
    """Sheet "Mode de connexion au serveur": the mode, the two addresses, and how the test of both is judged."""

    mode: Mode = Mode.SECURE
    authentication_url: HttpUrl = AUTHENTICATION_URL
    update_url: HttpUrl = UPDATE_URL
    test_timeout_ms: Milliseconds = 5000
    """Longest wait for one server test, counted on the workstation."""
    accept_status: tuple[Annotated[int, Field(ge=100, le=599)], Annotated[int, Field(ge=100, le=599)]] = (200, 399)
    """The lowest and highest HTTP status that count as « Connexion réussie »."""
