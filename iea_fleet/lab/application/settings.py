"""Where the application keeps things, how it spells them, and what it meets of the vendor's servers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

from iea_fleet.model.desired import AUTHENTICATION_URL, UPDATE_URL

FOLDER = r"%ProgramData%\Impact emploi association"
CONNECTION_INI = rf"{FOLDER}\connexion.ini"
SERVERS_PROPERTIES = rf"{FOLDER}\conf\serveurs.properties"
UPDATE_XML = rf"{FOLDER}\conf\mise-a-jour.xml"
VERSION_JSON = rf"{FOLDER}\version.json"
STATE_JSON = rf"{FOLDER}\etat.json"
LOG = rf"{FOLDER}\journaux\connexion.log"
PROGRAM = r"%ProgramFiles%\Impact emploi association\CentreMaintenance.exe"
"""The maintenance centre, also a program for the command line."""
SETTINGS_FILES = (CONNECTION_INI, SERVERS_PROPERTIES, UPDATE_XML)

SERVICE = "IEAConnexion"
PROCESS = "ImpactEmploi"
VENDOR_HOST = "impact-emploi.urssaf.fr"
ASSISTANCE_ON, ASSISTANCE_OFF = "oui", "non"
SECURE = "Sécurisé"
PLAIN = "Standard"

CONNECTED, REFUSED, DISCONNECTED = "connecté", "refusé", "déconnecté"
"""Blue ball; blue ball with the red heart; neither, in assistance mode (red scarab)."""
MOMENT_FORMAT = "%d/%m/%Y %H:%M:%S"
"""How the application writes a moment, in the workstation's local time."""

AUTHORISATION_REFUSED = "Serveur d'authentification / Autorisation refusée"
LICENCE_NOT_RECOGNISED = "Licence d'installation non reconnue"
AUTHENTICATION_FAILED = "Serveur d'authentification / Échec de l'authentification"
"""What the authentication server says besides: the red heart that no relaunch drives away."""
LICENCE_TWICE = (
    "Le serveur virtuel a répondu : Une licence est identique sur 2 postes différents, suite certainement à une "
    "réinstallation ! La solution consiste à réinstaller l'un des 2 postes avec le bon code de réinstallation."
)
"""Sheet "Résoudre un problème de licence": the message at the start."""


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
    """What the settings files say.

    Args:
        mode: « Mode de connexion ».
        authentication_url: of the authentication server.
        update_url: of the update server.
        assistance: the red scarab is shown.
        version: None: the file of the version is not there.
        assistance_since: as `MOMENT_FORMAT`; empty: not told, or `assistance` is off.
        assistance_by: who turned it on.
    """

    mode: str = SECURE
    authentication_url: str = AUTHENTICATION_URL
    update_url: str = UPDATE_URL
    assistance: bool = False
    version: str | None = "3.00.42"
    assistance_since: str = ""
    assistance_by: str = ""


RIGHT_SETTINGS = Settings()
LEFT_BEHIND = Settings(
    mode=PLAIN,
    authentication_url=f"http://{VENDOR_HOST}",
    update_url=f"http://{VENDOR_HOST}/updates",
    version="3.00.38",
)
"""As an installation from before the vendor's change: what a push is for."""
