"""Impact emploi association on a lab workstation: its files, service, log and what it sees of the vendor's servers.

Pure data, laid out as the shipped profile `lab` says. Engines play it; `SITUATIONS` are the cases of the sheet
"Mode de connexion au serveur" and what lies between them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Literal
from urllib.parse import urlsplit

from iea_fleet.model.desired import AUTHENTICATION_URL, UPDATE_URL

FOLDER = r"%ProgramData%\Impact emploi association"
CONNECTION_INI = rf"{FOLDER}\connexion.ini"
SERVERS_PROPERTIES = rf"{FOLDER}\conf\serveurs.properties"
UPDATE_XML = rf"{FOLDER}\conf\mise-a-jour.xml"
VERSION_JSON = rf"{FOLDER}\version.json"
LOG = rf"{FOLDER}\journaux\connexion.log"
SETTINGS_FILES = (CONNECTION_INI, SERVERS_PROPERTIES, UPDATE_XML)

SERVICE = "IEAConnexion"
PROCESS = "ImpactEmploi"
VENDOR_HOST = "impact-emploi.urssaf.fr"
ASSISTANCE_ON, ASSISTANCE_OFF = "oui", "non"
SECURE = "Sécurisé"
PLAIN = "Standard"

AUTHORISATION_REFUSED = "Serveur d'authentification / Autorisation refusée"
LICENCE_NOT_RECOGNISED = "Licence d'installation non reconnue"


class Reach(Enum):
    """How far a request to one of the vendor's servers comes from a workstation."""

    OK = "ok"
    """200."""
    DNS = "dns"
    """The name is not known (Winsock 11001)."""
    TCP_REFUSED = "tcp_refused"
    """The connection is refused (10061)."""
    TCP_SILENT = "tcp_silent"
    """Nothing answers to the connection: a firewall drops it (10060)."""
    PROXY_AUTHENTICATION = "proxy_authentication"
    """The workstation's proxy answers 407."""
    PROXY_REFUSED = "proxy_refused"
    """The workstation's proxy answers 502."""
    TLS_EXPIRED = "tls_expired"
    TLS_NOT_YET_VALID = "tls_not_yet_valid"
    TLS_WRONG_NAME = "tls_wrong_name"
    TLS_UNKNOWN_CA = "tls_unknown_ca"
    TLS_HANDSHAKE = "tls_handshake"
    """The server ends the connection instead of showing a certificate."""
    HTTP_404 = "http_404"
    HTTP_503 = "http_503"
    HTTP_SILENT = "http_silent"
    """The server takes the request and never answers."""


@dataclass(frozen=True, slots=True)
class Servers:
    """The vendor's two servers as one workstation sees them; they share a name and differ in the path."""

    authentication: Reach = Reach.OK
    update: Reach = Reach.OK

    @classmethod
    def both(cls, reach: Reach) -> Servers:
        """The same for both: everything below HTTP concerns the name that they share."""
        return cls(reach, reach)

    def reach(self, url: str) -> Reach:
        """What a request for `url` meets; a host that the lab does not know has no address."""
        parts = urlsplit(url)
        if parts.hostname != VENDOR_HOST:
            return Reach.DNS
        return self.update if parts.path.startswith("/updates") else self.authentication


ALL_REACHED = Servers()


@dataclass(frozen=True, slots=True)
class Settings:
    """What the settings files say. `version` None: the file of the version is not there."""

    mode: str = SECURE
    authentication_url: str = AUTHENTICATION_URL
    update_url: str = UPDATE_URL
    assistance: bool = False
    version: str | None = "3.00.42"


RIGHT_SETTINGS = Settings()
LEFT_BEHIND = Settings(
    mode=PLAIN,
    authentication_url=f"http://{VENDOR_HOST}",
    update_url=f"http://{VENDOR_HOST}/updates",
    version="3.00.38",
)
"""As an installation from before the vendor's change: what a push is for."""


@dataclass(frozen=True, slots=True)
class Situation:
    """One thing that can be so on a workstation. A part that is None is left as it was (at the start: as is right).

    Args:
        name: as typed after `lab break HOST`.
        sentence: what it is, for `lab break --list`.
        settings: what the settings files say.
        damage: what happened to the settings files besides; `locked`: another program holds them open (Win32 32).
        servers: how far the vendor's servers are reached.
        refusal: the refusal that stands last in the application's log.
        service: state of the service; the process runs only beside a running service.
        impostor: who answers in its place; `other`: a computer of another name, as when its address was given to
            another; `clone`: one made from the image of all clones, with the machine id that they share.
    """

    name: str
    sentence: str
    settings: Settings | None = None
    damage: Literal["missing", "malformed", "locked"] | None = None
    servers: Servers | None = None
    refusal: str | None = None
    service: Literal["running", "stopped", "absent"] | None = None
    impostor: Literal["other", "clone"] | None = None


IMPOSTOR_NAME = "POSTE-INCONNU"
CLONES_MACHINE_ID = "c10e0000-0000-4000-8000-000000000001"

_SERVER_SENTENCES: Mapping[str, tuple[Servers, str]] = {
    "server_dns": (Servers.both(Reach.DNS), "the name of the vendor's servers is not found"),
    "server_tcp_refused": (Servers.both(Reach.TCP_REFUSED), "the vendor's servers refuse the connection"),
    "server_tcp_silent": (Servers.both(Reach.TCP_SILENT), "a firewall drops what goes to the vendor's servers"),
    "server_proxy_auth": (Servers.both(Reach.PROXY_AUTHENTICATION), "the association's proxy wants a logon (407)"),
    "server_proxy_refused": (Servers.both(Reach.PROXY_REFUSED), "the association's proxy gives up (502)"),
    "server_tls_expired": (Servers.both(Reach.TLS_EXPIRED), "the servers' certificate has expired"),
    "server_tls_not_yet_valid": (
        Servers.both(Reach.TLS_NOT_YET_VALID),
        "the servers' certificate is not valid yet: the workstation's clock is perhaps wrong",
    ),
    "server_tls_wrong_name": (Servers.both(Reach.TLS_WRONG_NAME), "the servers' certificate is for another name"),
    "server_tls_unknown_ca": (
        Servers.both(Reach.TLS_UNKNOWN_CA),
        "the servers' certificate is from an unknown authority, as behind a proxy that looks inside TLS",
    ),
    "server_tls_handshake": (Servers.both(Reach.TLS_HANDSHAKE), "the servers end the TLS handshake"),
    "server_http_503": (Servers.both(Reach.HTTP_503), "both servers answer 503"),
    "server_silent": (Servers.both(Reach.HTTP_SILENT), "both servers take the request and never answer"),
    "authentication_server_only": (
        Servers(authentication=Reach.HTTP_503),
        "the authentication server answers 503, the update server is fine",
    ),
    "update_server_only": (
        Servers(update=Reach.HTTP_404),
        "the update server answers 404, the authentication server is fine",
    ),
}

SITUATIONS: Mapping[str, Situation] = {
    situation.name: situation
    for situation in (
        Situation("right", "everything is as the sheet wants it", settings=RIGHT_SETTINGS),
        Situation("plain_mode", "« Sécurisé » is not ticked, the addresses are right", settings=Settings(mode=PLAIN)),
        Situation(
            "wrong_urls",
            "secure mode with mistyped addresses",
            settings=Settings(
                authentication_url="https://impact-emplois.urssaf.fr",
                update_url="https://impact-emploi.urssaf.fr/update",
            ),
        ),
        Situation("old_http_urls", "an installation from before the change: plain mode, http", settings=LEFT_BEHIND),
        Situation(
            "assistance_on",
            "left in assistance mode (red scarab), with the settings from before the change",
            settings=Settings(
                LEFT_BEHIND.mode, LEFT_BEHIND.authentication_url, LEFT_BEHIND.update_url, True, LEFT_BEHIND.version
            ),
        ),
        Situation("version_unknown", "the file with the version is not there", settings=Settings(version=None)),
        Situation("settings_missing", "the application is not installed: no settings file", damage="missing"),
        Situation("settings_malformed", "the settings files are damaged", damage="malformed"),
        Situation(
            "settings_locked",
            "another program holds the settings files open; they say what they said before the change",
            settings=LEFT_BEHIND,
            damage="locked",
        ),
        *(Situation(name, sentence, servers=servers) for name, (servers, sentence) in _SERVER_SENTENCES.items()),
        Situation(
            "authorisation_refused",
            "the servers are reached, the start is refused: authorisation refused (case 3)",
            refusal=AUTHORISATION_REFUSED,
        ),
        Situation(
            "licence_not_recognised",
            "the servers are reached, the start is refused: licence not recognised (case 3)",
            refusal=LICENCE_NOT_RECOGNISED,
        ),
        Situation("service_stopped", "the application's service is stopped", service="stopped"),
        Situation("service_absent", "the application's service is not there", service="absent"),
        Situation("other_computer", "another computer answers at this address", impostor="other"),
        Situation("cloned_image", "its machine id is that of every computer of this kind", impostor="clone"),
    )
}


def files(
    settings: Settings,
    *,
    refusal: str | None = None,
    damage: Literal["missing", "malformed", "locked"] | None = None,
    now: datetime | None = None,
) -> dict[str, bytes]:
    """The application's files by Windows path, as bytes.

    Args:
        settings: what the settings files say.
        refusal: the refusal that stands last in the log.
        damage: `missing`: an empty dictionary; `malformed`: files of the wrong kind; `locked` changes no byte.
        now: the moment of the log's last line, UTC; default: now.
    """
    if damage == "missing":
        return {}
    laid = {LOG: _log(refusal, now or datetime.now(UTC))}
    if settings.version is not None:
        laid[VERSION_JSON] = _VERSION_JSON.replace("{version}", settings.version).encode("utf-8")
    if damage == "malformed":
        # An editor put the mark of UTF-8 before Windows-1252, and a copy of the XML was cut off.
        return laid | {
            CONNECTION_INI: b"\xef\xbb\xbf" + _INI.replace("{mode}", settings.mode).encode("cp1252"),
            SERVERS_PROPERTIES: b"\xef\xbb\xbf# g\xe9n\xe9r\xe9\nserveur.authentification.url=\n",
            UPDATE_XML: b'<?xml version="1.0" encoding="utf-8"?>\r\n<configuration>\r\n  <miseAJour>\r\n',
        }
    ini = _INI.replace("{mode}", settings.mode).replace(
        "{assistance}", ASSISTANCE_ON if settings.assistance else ASSISTANCE_OFF
    )
    properties = _PROPERTIES.replace("{url}", settings.authentication_url.replace(":", "\\:"))
    xml = _XML.replace("{url}", settings.update_url.replace("&", "&amp;"))
    return laid | {
        CONNECTION_INI: ini.replace("\n", "\r\n").encode("cp1252"),
        SERVERS_PROPERTIES: properties.encode("latin-1"),
        UPDATE_XML: b"\xef\xbb\xbf" + xml.replace("\n", "\r\n").encode("utf-8"),
    }


def _log(refusal: str | None, now: datetime) -> bytes:
    """The application's log, Windows-1252 with CRLF: a start that went well, then the refusal, if there was one."""
    lines = [
        (now - timedelta(hours=26), "INFO", "Démarrage d'Impact emploi association"),
        (now - timedelta(hours=26), "INFO", "Serveur d'authentification / Connexion réussie"),
        (now - timedelta(hours=2), "INFO", "Démarrage d'Impact emploi association"),
    ]
    if refusal is None:
        lines.append((now - timedelta(hours=2), "INFO", "Serveur d'authentification / Connexion réussie"))
    else:
        lines.append((now - timedelta(hours=2), "ERREUR", refusal))
    text = "".join(f"{moment:%d/%m/%Y %H:%M:%S} {level:<6} {message}\r\n" for moment, level, message in lines)
    return text.encode("cp1252")


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
    "canal": "production"
  }
}
"""
