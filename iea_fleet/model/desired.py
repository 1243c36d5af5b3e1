"""The state that a host should be in, as the roles' variables say it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from iea_fleet.model.answer import RecordChange
from iea_fleet.model.base import Milliseconds, Secret, ShortText, Strict, Value
from iea_fleet.model.errors import Unfit
from iea_fleet.model.request import AsWhom, HttpUrl
from iea_fleet.model.store import NetworkPath, WindowsPath

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
    save: bool = True
    """« Enregistrer ». `False`: the settings are looked at, none is written, and nothing waits for the server tests."""
    relaunch: bool = False
    """« Relancer l'authentification auprès du serveur » after everything else."""


class ShareRemedy(StrEnum):
    """What may be done about a share that is not reached."""

    START_SERVICE = "start_service"
    """Start the Workstation service (LanmanWorkstation)."""
    RECONNECT = "reconnect"
    """Drop stale sessions with the server and connect anew."""
    RESTORE_DRIVE = "restore_drive"
    """Map a person's lost drive again."""
    RESTART = "restart"
    """Restart the workstation, with a warning to who is logged on."""


class DesiredShare(Strict):
    """Sheet "Base de données inaccessible": the database's folder is reached."""

    path: WindowsPath | None = None
    """The folder. `None`: as the application's own setting says."""
    as_whom: tuple[AsWhom, ...] = Field(default=(AsWhom.LOGON,), min_length=1, max_length=3)
    """As whom to look; what the first finds decides about a restart."""
    username: ShortText | None = None
    """Credentials for the share. `None`: none."""
    password: Secret | None = None
    write: bool = False
    """Also make a file there and remove it again."""
    test_timeout_ms: Milliseconds = 5000
    """Longest wait for one step towards the server, counted on the workstation."""
    mend: tuple[ShareRemedy, ...] = Field(
        default=(ShareRemedy.START_SERVICE, ShareRemedy.RECONNECT, ShareRemedy.RESTORE_DRIVE), max_length=4
    )
    """What may be done about it; restarting the workstation has to be allowed by name."""
    restart_ask: bool = True
    """A person who is logged on can say no to a restart."""
    restart_delay_s: Annotated[int, Field(ge=0, le=600)] = 60
    """Seconds between the warning and the restart."""

    @model_validator(mode="after")
    def _a_server_that_was_named(self) -> Self:
        if self.username is not None and self.password is not None:
            try:
                TypeAdapter(NetworkPath).validate_python(self.path)
            except ValidationError:
                # What a workstation's own setting says could send them to any server.
                raise Unfit(
                    r"username and password go only to a server that path names, such as \\server\share"
                ) from None
        return self


class Binding(Strict):
    """One row of « Gestion des licences par poste »."""

    licence: Value
    workstation: Value


class DesiredLicence(Strict):
    """Sheet "Résoudre un problème de licence": which bindings to reset, and which resets to take back."""

    reset: tuple[Binding, ...] = Field(default=(), max_length=64)
    undo: tuple[RecordChange, ...] = Field(default=(), max_length=64)
    """Changes as an answer told them; the records are given back what they held before."""


class DesiredSession(Strict):
    """Sheet "Déblocage accès au site": which open sessions of the application to release."""

    release: bool = False
    user: ShortText | None = None
    """Only this user's. `None`: anybody's."""
    workstation: ShortText | None = None
    """Those of this workstation. `None`: of the one that is asked."""
    force: bool = False
    """Also a live one: whose program is running, or of which that is not known."""


class DesiredAssistance(Strict):
    """Assistance mode, the red scarab (sheet "Mode de connexion au serveur")."""

    mode: Literal["as_is", "on", "off"] = "as_is"
    password: Secret | None = None
    """The password of the day, which turning it off needs."""
