"""The application's files on one workstation, as bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Literal

from iea_fleet.lab.application.installation import Installation
from iea_fleet.lab.application.settings import (
    ASSISTANCE_OFF,
    ASSISTANCE_ON,
    CONNECTED,
    CONNECTION_INI,
    LOG,
    MOMENT_FORMAT,
    SERVERS_PROPERTIES,
    STATE_JSON,
    UPDATE_XML,
    VERSION_JSON,
    Settings,
)

LogLine = tuple[Literal["INFO", "ERREUR"], str]
REACHED: LogLine = ("INFO", "Serveur d'authentification / Connexion réussie")
UTC_OFFSET_MIN = 60
"""The local time of the workstations that have no clock of their own: minutes ahead of UTC."""


def local_now() -> datetime:
    """The local time of an emulated workstation, without a zone, to the second."""
    return (datetime.now(UTC) + timedelta(minutes=UTC_OFFSET_MIN)).replace(tzinfo=None, microsecond=0)


def files(
    settings: Settings,
    *,
    installation: Installation | None = None,
    refusal: str | None = None,
    damage: Literal["missing", "malformed", "locked"] | None = None,
    now: datetime | None = None,
) -> dict[str, bytes]:
    """The application's files by Windows path, as bytes.

    Args:
        settings: what the settings files say.
        installation: whose they are; default: some workstation's.
        refusal: the refusal that stands last in the log.
        damage: `missing`: an empty dictionary; `malformed`: files of the wrong kind; `locked` changes no byte.
        now: two hours after the log's last line, local time; default: now.
    """
    if damage == "missing":
        return {}
    whose, moment = installation or Installation(), now or local_now()
    last: LogLine = REACHED if refusal is None else ("ERREUR", refusal)
    laid = {
        LOG: log([last], moment - timedelta(hours=2)),
        STATE_JSON: state(CONNECTED, moment - timedelta(hours=2)),
    }
    if settings.version is not None:
        version = _VERSION_JSON.replace("{version}", settings.version).replace("{licence}", whose.licence)
        laid[VERSION_JSON] = version.encode("utf-8")
    ini = (
        _INI.replace("{mode}", settings.mode)
        .replace("{assistance}", ASSISTANCE_ON if settings.assistance else ASSISTANCE_OFF)
        .replace("{since}", settings.assistance_since)
        .replace("{by}", settings.assistance_by)
        .replace("{folder}", whose.folder)
    )
    if damage == "malformed":
        # An editor put the mark of UTF-8 before Windows-1252, and a copy of the XML was cut off.
        return laid | {
            CONNECTION_INI: b"\xef\xbb\xbf" + ini.encode("cp1252"),
            SERVERS_PROPERTIES: b"\xef\xbb\xbf# g\xe9n\xe9r\xe9\nserveur.authentification.url=\n",
            UPDATE_XML: b'<?xml version="1.0" encoding="utf-8"?>\r\n<configuration>\r\n  <miseAJour>\r\n',
        }
    properties = _PROPERTIES.replace("{url}", settings.authentication_url.replace(":", "\\:"))
    xml = _XML.replace("{url}", settings.update_url.replace("&", "&amp;"))
    return laid | {
        CONNECTION_INI: ini.replace("\n", "\r\n").encode("cp1252"),
        SERVERS_PROPERTIES: properties.encode("latin-1"),
        UPDATE_XML: b"\xef\xbb\xbf" + xml.replace("\n", "\r\n").encode("utf-8"),
    }


def log(lines: Iterable[LogLine], moment: datetime) -> bytes:
    """The application's log, Windows-1252 with CRLF: it begins anew with each start."""
    told: list[LogLine] = [("INFO", "Démarrage d'Impact emploi association"), *lines]
    text = "".join(f"{moment:{MOMENT_FORMAT}} {level:<6} {message}\r\n" for level, message in told)
    return text.encode("cp1252", "replace")


def state(word: str, moment: datetime, *, wrong_passwords: int = 0) -> bytes:
    """The file of the state: connected or not, since when, and wrong passwords of the day since assistance began."""
    content = {
        "connexion": {"etat": word, "depuis": f"{moment:{MOMENT_FORMAT}}"},
        "assistance": {"motsDePasseRefuses": wrong_passwords},
    }
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode("utf-8")


_INI = """\
; Impact emploi association - paramètres de connexion
; Ne pas modifier à la main : passer par « Paramètres de connexion » (clic droit sur la boule bleue)

[Général]
Langue=fr
; Délai d'attente de la réponse du serveur, en secondes
Delai = 30

[Connexion]
; Mode de connexion : Sécurisé ou Standard
ModeConnexion={mode}
DernierUtilisateur=Zoé

[Assistance]
; « oui » tant que le scarabée rouge est affiché
Active={assistance}
Depuis={since}
Par={by}

[Base]
; Le dossier de la base de données, sur le serveur de l'association
Dossier={folder}
"""

_PROPERTIES = """\
# Serveurs d'Impact emploi - généré à l'installation
# (ne pas traduire les clés)
serveur.authentification.url={url}
serveur.authentification.delai=30
serveur.authentification.libelle=Serveur d'authentification \\u00e0 distance
journal.niveau : INFO
"""

_XML = """\
<?xml version="1.0" encoding="utf-8"?>
<!-- Mise à jour automatique -->
<configuration>
  <miseAJour active="true">
    <serveur adresse="{url}" essais='3'/>
    <dossier>C:\\ProgramData\\Impact emploi association\\téléchargements</dossier>
  </miseAJour>
</configuration>
"""

_VERSION_JSON = """\
{
  "application": {
    "nom": "Impact emploi association",
    "version": "{version}",
    "licence": "{licence}",
    "canal": "production"
  }
}
"""
