"""Drafts of mails to the vendor, as plain values. French whatever the language of the run: the vendor reads French."""

from __future__ import annotations

import hashlib
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from iea_fleet.diagnosis import share
from iea_fleet.diagnosis.sheets import KINDS
from iea_fleet.diagnosis.transaction import is_of_transaction
from iea_fleet.diagnosis.version import application_version, told_versions
from iea_fleet.model.answer import WorkOutcome
from iea_fleet.model.finding import Finding, Sheet
from iea_fleet.model.outcome import Verdict
from iea_fleet.report.labels import site_label
from iea_fleet.report.quantity import duration, moment
from iea_fleet.report.wording import words
from iea_fleet.support.evidence import (
    Case,
    case_document,
    evidence_json,
    log_excerpts,
    shown,
    system_sentences,
)
from iea_fleet.support.settings import SupportSettings

VERSION_UNKNOWN: Final = "Serveur de connexion (version inconnue)"
"""The subject where no `3.00.XX` is known. The body then says what the workstation told instead, if anything."""

PLACEHOLDER: Final = "[votre nom, votre organisme, votre numéro de téléphone]"
"""Stands for the signature where none is configured."""

_FINDINGS: Final = 20
_LINES: Final = 30
_HOSTS: Final = 300
_WIDTH: Final = 76

_SHEETS: Final = {
    Sheet.CONNECTION: "Mode de connexion au serveur",
    Sheet.SHARE: "Base de données inaccessible",
    Sheet.LICENCE: "Résoudre un problème de licence",
    Sheet.SESSION: "Déblocage accès au site",
    Sheet.ASSISTANCE: "Mode assistance",
}
_WORK: Final = {
    share.START_SERVICE: "démarrage du service Station de travail de Windows",
    **dict.fromkeys(share.RECONNECT.values(), "nouvelle connexion au partage"),
    share.RESTORE_DRIVE: "rétablissement du lecteur réseau",
    share.RESTART: "redémarrage du poste",
    "relaunch": "relance de l’authentification auprès du serveur",
    "assistance_on": "activation du mode assistance",
    "assistance_off": "désactivation du mode assistance",
}
"""Steps that sheets and the shipped profile ask for by these names; others are told by their own."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A text that goes with a mail; `name` is one of ours, never a workstation's."""

    name: str
    text: str
    kind: Literal["plain", "json"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A mail before it is put into bytes.

    Args:
        id: names it in the outbox and is safe as a file name.
        host: the workstation concerned, as the inventory spells it; of several, the first.
        when: the time of the run, with its zone.
        subject, body: French; the body's lines end in LF, and nothing in it steers a terminal.
        attachments: the evidence.
    """

    id: str
    host: str
    when: datetime
    subject: str
    body: str
    attachments: tuple[Attachment, ...] = ()


def record_id(when: datetime, host: str, kind: str) -> str:
    """A name for what belongs to one host and moment, such as `20261124T204100Z-pc-1-a1b2c3d4`.

    Safe as a file name on every system. It sorts by time; of the host it holds at most 32 of `a-z 0-9 -`, and its hash
    tells hosts apart whose names differ elsewhere. Behind the moment it is the same for the same host and kind.

    Args:
        when: with its zone.
        host: any text.
        kind: tells apart what is made of one host; of a mail, what it says as well.
    """
    stamp = when.astimezone(UTC)
    slug = re.sub(r"[^a-z0-9]+", "-", host.casefold())[:32].strip("-") or "host"
    named = f"{kind}\0{host}"
    digest = hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{stamp:%Y%m%dT%H%M%SZ}-{slug}-{digest[:8]}"


def support_subject(version: str | None) -> str:
    """The subject of a support request; `None`: no version is known, and none is invented.

    Source: vendor sheet "Mode de connexion au serveur", case 2.
    """
    return VERSION_UNKNOWN if version is None else f"Serveur de connexion {version}"


def draft_support_request(case: Case, settings: SupportSettings) -> Draft:
    """The request for help with one host: what was found, what was tried, and the evidence.

    Args:
        case: the host and its rounds.
        settings: whose signature it bears.
    """
    version = next(filter(None, map(application_version, reversed(case.answers))), None)
    attachments = tuple(_attachments(case))
    request = (
        f"Sur le poste {_host(case.host)}{_of_site(case.site)}, Impact emploi association ne fonctionne pas "
        "normalement, et nous n’avons pas pu y remédier à distance. Merci de bien vouloir intervenir."
    )
    body = [
        "Bonjour,",
        "",
        request,
        "",
        *_facts(case, version),
        "",
        "CE QUI EST CONSTATÉ",
        "",
        *_found(case),
        "",
        "CE QUI A ÉTÉ FAIT",
        "",
        *_tried(case),
        "",
        "PIÈCES JOINTES",
        "",
        *(f"- {attachment.name} : {_ABOUT[attachment.name]}" for attachment in attachments),
        "",
        *_end(settings),
    ]
    return Draft(
        id=record_id(case.when, case.host, "\0".join(["support", settings.to, case.site, *_matters(case, version)])),
        host=case.host,
        when=case.when,
        subject=support_subject(version),
        body=_body(body, case.secrets),
        attachments=attachments,
    )


def draft_password_request(hosts: Sequence[tuple[str, str]], when: datetime, settings: SupportSettings) -> Draft:
    """The request for the password of the day, with which assistance mode is turned off on these hosts.

    Args:
        hosts: name and association (empty: in none) of each, at least one.
        when: the day that the password is needed for, with its zone.
        settings: whose signature it bears.
    Source: vendor sheet "Mode de connexion au serveur", « Désactiver le mode assistance ».
    """
    lines = sorted({f"- {_host(host)}{_of_site(site)}" for host, site in hosts})
    more = len(lines) - _HOSTS
    which = "Le poste suivant est" if len(lines) == 1 else f"Les {len(lines)} postes suivants sont"
    request = (
        f"{which} en mode assistance (scarabée rouge) et nous souhaitons désactiver ce mode. "
        f"Merci de nous communiquer le mot de passe du jour, valable le {when:%d/%m/%Y}."
    )
    body = [
        "Bonjour,",
        "",
        request,
        "",
        *lines[:_HOSTS],
        *([f"- et {more} autres"] if more > 0 else []),
        "",
        *_end(settings),
    ]
    return Draft(
        id=record_id(when, hosts[0][0], "\0".join(["password", settings.to, f"{when:%Y-%m-%d}", *lines])),
        host=hosts[0][0],
        when=when,
        subject=f"Mode assistance - demande du mot de passe du jour ({when:%d/%m/%Y})",
        body=_body(body, ()),
    )


_ABOUT: Final = {
    "constats-et-reponses.json": "constats et réponses complètes du poste",
    "messages-du-systeme.txt": "messages du système, mot pour mot",
    "extraits-du-journal.txt": "lignes du journal de l’application",
}


def _attachments(case: Case) -> Iterator[Attachment]:
    yield Attachment("constats-et-reponses.json", evidence_json(case_document(case), case.secrets), "json")
    for name, lines in (
        ("messages-du-systeme.txt", system_sentences(case)),
        ("extraits-du-journal.txt", log_excerpts(case)),
    ):
        if lines:
            yield Attachment(name, "\n".join(lines) + "\n", "plain")


def _facts(case: Case, version: str | None) -> Iterator[str]:
    answers = case.answers
    told = ", ".join(told_versions(answers[-1])) if answers else ""
    unknown = f"inconnue (le poste indique « {shown(told)[:80]} »)" if told else "inconnue"
    if answers:
        host = answers[-1].host
        yield f"Nom Windows : {shown(host.computer_name)}, système {shown(host.os_version)}"
    yield f"Version d’Impact emploi association : {version or unknown}"
    yield f"Examen du poste : {moment(case.when, 'fr')}"


def _found(case: Case) -> Iterator[str]:
    """The findings of the last round: those that somebody has to act on, or all when there is none."""
    grave = _grave(case)
    if not grave:
        yield "Aucun constat."
    for number, finding in enumerate(grave[:_FINDINGS], 1):
        told = words(finding, "fr")
        yield f"{number}. {told.title}{_sheet(finding)}"
        yield f"   {told.explanation}"
    if len(grave) > _FINDINGS:
        yield f"Et {len(grave) - _FINDINGS} autres, dans la pièce jointe."


def _grave(case: Case) -> Sequence[Finding]:
    findings = case.outcomes[-1].findings
    return [finding for finding in findings if finding.severity.is_grave] or findings


_WHAT: Final = ("licence", "workstations", "server", "setting", "path", "as_whom", "after")
"""Evidence that makes it another case; the rest (ages, log lines, the system's words) is another with each look."""


def _matters(case: Case, version: str | None) -> list[str]:
    """What a request is about, whenever it is made."""
    told = ("\0".join([finding.code, *(finding.evidence.get(name, "") for name in _WHAT)]) for finding in _grave(case))
    return [version or "", *sorted(told)]


def _sheet(finding: Finding) -> str:
    name = _SHEETS.get(finding.sheet)
    if name is None or is_of_transaction(finding):
        return ""
    case = "" if finding.case is None else f", cas n° {finding.case}"
    return f" (fiche « {name} »{case})"


def _tried(case: Case) -> Iterator[str]:
    """What rounds that were no mere look changed, and the steps that they took."""
    lines: dict[str, None] = {}
    for outcome in case.outcomes:
        if outcome.answer is None or outcome.answer.dry_run:
            continue
        for finding in outcome.findings:
            kind = KINDS.get(finding.code)
            if kind is not None and kind.votes is Verdict.CHANGED:
                told = words(finding, "fr")
                lines[f"- {told.title}. {told.explanation}"] = None
        for work in (*outcome.answer.act, *outcome.answer.after):
            lines[f"- {_work(work)}"] = None
    yield from list(lines)[:_LINES]
    if not lines:
        yield "Rien n’a été modifié sur le poste."


def _work(work: WorkOutcome) -> str:
    what = _WORK.get(work.id, f"étape {work.id}")
    took = duration(timedelta(milliseconds=work.elapsed_ms), "fr")
    if work.ok:
        return f"{what[:1].upper()}{what[1:]} : faite ({took})."
    codes = [f"code de retour {work.exit_code}"] * (work.exit_code is not None)
    codes += [f"Win32 {work.win32_code}"] * bool(work.win32_code)
    said = f" : {shown(work.message)[:300]}" if work.message else ""
    return f"{what[:1].upper()}{what[1:]} : échec ({', '.join([*codes, took])}){said}"


def _host(name: str) -> str:
    return shown(name)[:255]


def _of_site(site: str) -> str:
    return f" (association : {site_label(site, 'fr')})" if site else ""


def _end(settings: SupportSettings) -> Iterator[str]:
    yield "Cordialement,"
    yield ""
    lines = [shown(line) for line in settings.signature.strip().splitlines()]
    yield from lines or [PLACEHOLDER if settings.sender is None else settings.sender]


def _body(paragraphs: Sequence[str], secrets: Sequence[str]) -> str:
    """The paragraphs with passwords hidden, wrapped; each line is harmless to show."""
    lines: list[str] = []
    for paragraph in paragraphs:
        # French puts a space before these marks at which no line may break.
        paragraph = re.sub(r" (?=[:;!?»])|(?<=«) ", "\u00a0", paragraph)
        indent = re.match(r" *(?:- |\d+\. )?", paragraph)
        lines += textwrap.wrap(
            shown(paragraph, secrets),
            _WIDTH,
            subsequent_indent=" " * (indent.end() if indent else 0),
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return "\n".join(lines) + "\n"
