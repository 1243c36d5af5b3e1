"""What can be so on a workstation of the lab: the cases of the sheets and what lies between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from iea_fleet.lab.application.settings import (
    AUTHENTICATION_FAILED,
    AUTHORISATION_REFUSED,
    LEFT_BEHIND,
    LICENCE_NOT_RECOGNISED,
    PLAIN,
    RIGHT_SETTINGS,
    Reach,
    Servers,
    Settings,
)
from iea_fleet.lab.share.faults import SYMPTOMS, ShareFault


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
        share: what is wrong between the workstation and its site's database folder.
        site_wide: `share` is so for every workstation of the site.
        licence: `twice`: the own licence is bound to the computer that this one replaced as well; `elsewhere`: it is
            that of a workstation of another site.
        session: a session of the application is open for this workstation.
        program: whether the person has the application open.
        heart: the red heart is shown although nothing keeps the application from connecting.
        restart: what the person at the screen says when asked for a restart.
        account: whose logon is without administrator's rights; `plain`: a user's of the domain; `filtered`: that of a
            local administrator, from which UAC takes them over the network (LocalAccountTokenFilterPolicy absent).
    """

    name: str
    sentence: str
    settings: Settings | None = None
    damage: Literal["missing", "malformed", "locked"] | None = None
    servers: Servers | None = None
    refusal: str | None = None
    service: Literal["running", "stopped", "absent"] | None = None
    impostor: Literal["other", "clone"] | None = None
    share: ShareFault | None = None
    site_wide: bool = False
    licence: Literal["twice", "elsewhere"] | None = None
    session: bool = False
    program: Literal["open", "closed"] | None = None
    heart: bool = False
    restart: Literal["declined"] | None = None
    account: Literal["plain", "filtered"] | None = None


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

_MISTYPED = Settings(
    authentication_url="https://impact-emplois.urssaf.fr",
    update_url="https://impact-emploi.urssaf.fr/update",
)
_SITE_WIDE = frozenset(
    {
        ShareFault.SERVER_OFF,
        ShareFault.SERVER_REFUSES,
        ShareFault.SHARE_MISSING,
        ShareFault.PATH_MISSING,
        ShareFault.DATABASE_MISSING,
        ShareFault.DATABASE_IN_USE,
        ShareFault.DISK_FULL_ON_SERVER,
    }
)
"""Faults of the file server itself: nobody of the site escapes them."""


def _of_the_share(fault: ShareFault) -> Situation:
    """The situation of one fault of the share."""
    wide = fault in _SITE_WIDE
    sentence = SYMPTOMS[fault].sentence
    return Situation(
        f"share_{fault.value}", f"{sentence}, for the whole site" if wide else sentence, share=fault, site_wide=wide
    )


SITUATIONS: Mapping[str, Situation] = {
    situation.name: situation
    for situation in (
        Situation("right", "everything is as the sheet wants it", settings=RIGHT_SETTINGS),
        Situation("plain_mode", "« Sécurisé » is not ticked, the addresses are right", settings=Settings(mode=PLAIN)),
        Situation(
            "wrong_urls",
            "secure mode with mistyped addresses",
            settings=_MISTYPED,
        ),
        Situation("old_http_urls", "an installation from before the change: plain mode, http", settings=LEFT_BEHIND),
        Situation(
            "assistance_on",
            "left in assistance mode (red scarab), with the settings from before the change",
            settings=replace(LEFT_BEHIND, assistance=True, assistance_by="Amina"),
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
        Situation(
            "red_heart_relaunch_helps",
            "the red heart stayed after a failure that is over: relaunching the authentication helps",
            heart=True,
        ),
        Situation(
            "red_heart_stays",
            "the servers are reached, the authentication fails each time: the red heart stays",
            refusal=AUTHENTICATION_FAILED,
        ),
        Situation(
            "licence_twice",
            "the own licence is bound to two workstations of the site, as after a reinstallation",
            licence="twice",
        ),
        Situation(
            "licence_twice_fleet",
            "installed with the licence of a workstation of another site",
            licence="elsewhere",
        ),
        Situation(
            "session_stale",
            "a session of the application is open, and the application is not",
            session=True,
            program="closed",
        ),
        Situation(
            "session_live", "a session of the application is open: somebody works in it", session=True, program="open"
        ),
        Situation(
            "three_faults",
            "three at once: a stale session, the licence bound twice, mistyped addresses",
            settings=_MISTYPED,
            licence="twice",
            session=True,
            program="closed",
        ),
        *(_of_the_share(fault) for fault in ShareFault),
        Situation(
            "restart_declined",
            "the workstation's network has hung, and the person says no when asked for the restart",
            share=ShareFault.NETWORK_HUNG,
            restart="declined",
        ),
        Situation("plain_account", "the account that logs on is not an administrator", account="plain"),
        Situation(
            "filtered_account",
            "the account that logs on is a local administrator, and Windows filters its rights over the network (UAC)",
            account="filtered",
        ),
        Situation("service_stopped", "the application's service is stopped", service="stopped"),
        Situation("service_absent", "the application's service is not there", service="absent"),
        Situation("other_computer", "another computer answers at this address", impostor="other"),
        Situation("cloned_image", "its machine id is that of every computer of this kind", impostor="clone"),
    )
}
