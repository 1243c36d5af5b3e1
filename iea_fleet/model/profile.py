"""The application profile: where each thing that a sheet needs lives on a workstation, and how it is spelt there.

The vendor documents no file, key or API, so nothing outside a profile knows a path.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from iea_fleet.model.base import Identifier, ShortText, Strict, Value
from iea_fleet.model.request import Pattern, RestartProcess, RestartService
from iea_fleet.model.store import Encoding, Store, WindowsPath


class Setting(Strict):
    """A free text that the application keeps: a URL, a version."""

    at: Store


class ModeSetting(Strict):
    """The box « Sécurisé » of « Mode de connexion » (sheet "Mode de connexion au serveur")."""

    at: Store
    secure: Value
    """How the application spells « Sécurisé »."""
    plain: Value
    """How it spells the other mode."""


class AssistanceSetting(Strict):
    """Assistance mode: the red scarab (sheet "Mode de connexion au serveur", « Désactiver le mode assistance »)."""

    at: Store
    on: Value
    off: Value


class ConnectionSettings(Strict):
    """What the sheet "Mode de connexion au serveur" reads and writes."""

    mode: ModeSetting
    authentication_url: Setting
    update_url: Setting
    version: Setting | None = None
    """The version, `3.00.XX`, for the subject of a support request. `None`: not known where."""
    assistance: AssistanceSetting | None = None


class RefusalLog(Strict):
    """The log in which the application says why it did not start (case 3 of the sheet)."""

    path: WindowsPath
    encoding: Encoding = Encoding.AUTO
    authorisation_refused: Pattern
    """« Serveur d'authentification / Autorisation refusée »."""
    licence_not_recognised: Pattern
    """« Licence d'installation non reconnue »."""


class Application(Strict):
    """The program as Windows sees it."""

    process: ShortText
    """Name of its process, without .exe."""
    restart: Annotated[RestartService | RestartProcess, Field(discriminator="kind")] | None = None
    """What to restart after a change so that it counts. `None`: nothing."""


class Profile(Strict):
    """One application profile."""

    schema_version: Literal[1] = Field(alias="schema")
    name: Identifier
    about: Annotated[str, StringConstraints(max_length=2000)]
    """Whose workstations this profile describes, and how it was found out."""
    application: Application
    connection: ConnectionSettings
    refusals: RefusalLog | None = None

    @model_validator(mode="after")
    def _words_differ(self) -> Self:
        mode, assistance = self.connection.mode, self.connection.assistance
        if mode.secure == mode.plain:
            raise ValueError("connection.mode: secure and plain are spelt the same")
        if assistance is not None and assistance.on == assistance.off:
            raise ValueError("connection.assistance: on and off are spelt the same")
        return self
