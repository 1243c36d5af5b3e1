"""The application profile: where each thing that a sheet needs lives on a workstation, and how it is spelt there.

The vendor documents no file, key or API, so nothing outside a profile knows a path.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from iea_fleet.model.base import Identifier, ShortText, Strict, Value
from iea_fleet.model.errors import Unfit
from iea_fleet.model.request import Pattern, RestartProcess, RestartService, RunCommand
from iea_fleet.model.store import Encoding, RecordStore, Store, WindowsPath


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
    since: Setting | None = None
    """Since when it is on, as `moment_format` says."""
    by: Setting | None = None
    """Who turned it on."""
    turn_on: RunCommand | None = None
    """What turns it on. `None`: the setting itself is written."""
    turn_off: RunCommand | None = None
    """What turns it off; the password of the day goes to its standard input. `None`: the setting itself is written."""


class ConnectionState(Strict):
    """What the application says of itself by its icon: blue ball, or blue ball with the red heart."""

    at: Store
    connected: Value
    refused: Value


class ConnectionSettings(Strict):
    """What the sheet "Mode de connexion au serveur" reads and writes."""

    mode: ModeSetting
    authentication_url: Setting
    update_url: Setting
    version: Setting | None = None
    """The version, `3.00.XX`, for the subject of a support request. `None`: not known where."""
    assistance: AssistanceSetting | None = None
    state: ConnectionState | None = None
    relaunch: RunCommand | None = None
    """« Relancer l'authentification auprès du serveur ». `None`: nothing but a person can."""


class Database(Strict):
    """The database's folder, on a share or a local disk; other paths name it `%IEA_DATABASE%`."""

    folder: Setting
    """Where the application keeps the folder's path."""
    file: ShortText
    """The database file, relative to the folder."""


class Licences(Strict):
    """« Gestion des licences par poste » (sheet "Résoudre un problème de licence")."""

    bindings: RecordStore
    """Fields `licence` and `workstation`, and others that the application keeps there."""
    reset: dict[Identifier, Value] = Field(min_length=1, max_length=16)
    """What « Réinitialiser poste » leaves in which fields."""
    own: Setting | None = None
    """The licence that this workstation was installed with."""


class Sessions(Strict):
    """« Comptes utilisateurs » of the maintenance centre (sheet "Déblocage accès au site")."""

    open: RecordStore
    """Fields `user`, `workstation` and `since`, and others; « Déconnecter » removes the record."""


class RefusalLog(Strict):
    """The log in which the application says why it did not start (case 3 of the sheet)."""

    path: WindowsPath
    encoding: Encoding = Encoding.AUTO
    authorisation_refused: Pattern
    """« Serveur d'authentification / Autorisation refusée »."""
    licence_not_recognised: Pattern
    """« Licence d'installation non reconnue »."""
    licence_twice: Pattern | None = None
    """« Une licence est identique sur 2 postes différents »."""


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
    database: Database | None = None
    licences: Licences | None = None
    sessions: Sessions | None = None
    moment_format: Annotated[str, StringConstraints(min_length=2, max_length=40)] = "%d/%m/%Y %H:%M:%S"
    """How the application writes a moment in local time, as strptime reads it."""

    @model_validator(mode="after")
    def _words_differ(self) -> Self:
        mode, assistance = self.connection.mode, self.connection.assistance
        if mode.secure == mode.plain:
            raise Unfit("connection.mode: secure and plain are spelt the same")
        if assistance is not None and assistance.on == assistance.off:
            raise Unfit("connection.assistance: on and off are spelt the same")
        return self

    @model_validator(mode="after")
    def _fields_are_there(self) -> Self:
        bindings = None if self.licences is None else self.licences.bindings
        sessions = None if self.sessions is None else self.sessions.open
        for name, records, needed in (
            ("licences.bindings", bindings, {"licence", "workstation"}),
            ("sessions.open", sessions, {"user", "workstation", "since"}),
        ):
            lacking = [] if records is None else sorted(needed - set(records.fields))
            if lacking:
                raise Unfit("{name}: fields lacks {names}", name=name, names=", ".join(lacking))
        if self.licences is not None and set(self.licences.reset) - set(self.licences.bindings.fields):
            raise Unfit("licences.reset: names a field that bindings has not")
        return self
