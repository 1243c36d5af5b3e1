"""The bundle of evidence of one hand-over: a zip of texts for whoever takes the case on."""

from __future__ import annotations

import hashlib
import io
import zipfile
from datetime import UTC, datetime
from typing import Final

from iea_fleet.model.text import neutralise
from iea_fleet.report.labels import site_label
from iea_fleet.report.quantity import moment
from iea_fleet.report.wording import Language, words
from iea_fleet.report.wording.interface import interface
from iea_fleet.support.evidence import (
    Case,
    case_document,
    conceal,
    evidence_json,
    findings_document,
    log_excerpts,
    system_sentences,
)

_MOST_ROUNDS: Final = 9
_ZIP_YEARS: Final = (1980, 2107)  # what the format's times can say (APPNOTE 4.4.6)


def bundle_bytes(case: Case, mail: bytes | None, lang: Language) -> bytes:
    """The zip: the same bytes for the same case.

    It holds `README.txt` (what is what, with the SHA-256 of each file), `findings.json`, `findings.fr.txt`,
    `findings.en.txt`, `answers/N.json` for each round that was answered (the last `_MOST_ROUNDS`), and where there are
    any `system-messages.txt`, `log-excerpts.txt` and `support-request.eml`. No name comes from a workstation, and every
    file is bounded.

    Args:
        case: the host and its rounds.
        mail: the support request as it lies in the outbox; `None`: none was written.
        lang: of the README.
    """
    files = {
        "findings.json": evidence_json(findings_document(case), case.secrets).encode(),
        "findings.fr.txt": _findings_text(case, "fr"),
        "findings.en.txt": _findings_text(case, "en"),
    }
    document = case_document(case)
    rounds = document.pop("rounds")
    if isinstance(rounds, list):
        for number, outcome in list(enumerate(rounds, 1))[-_MOST_ROUNDS:]:
            files[f"answers/{number}.json"] = evidence_json({**document, "round": outcome}, case.secrets).encode()
    for name, lines in (("system-messages.txt", system_sentences(case)), ("log-excerpts.txt", log_excerpts(case))):
        if lines:
            files[name] = _text(lines)
    if mail is not None:
        files["support-request.eml"] = mail
    files = {"README.txt": _readme(case, files, lang), **dict(sorted(files.items()))}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(_member(name, case.when), content, zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


def _member(name: str, when: datetime) -> zipfile.ZipInfo:
    stamp = when.astimezone(UTC)
    year = min(max(stamp.year, _ZIP_YEARS[0]), _ZIP_YEARS[1])
    member = zipfile.ZipInfo(name, (year, stamp.month, stamp.day, stamp.hour, stamp.minute, stamp.second))
    member.create_system = 3  # Unix, whose rights follow
    member.external_attr = 0o100600 << 16
    return member


def _readme(case: Case, files: dict[str, bytes], lang: Language) -> bytes:
    lines = [
        interface("bundle_title", lang, host=case.host[:255]),
        "",
        f"{interface('counted', lang, what=interface('site', lang), count=site_label(case.site, lang))}",
        f"{interface('counted', lang, what=interface('bundle_when', lang), count=moment(case.when, lang))}",
        "",
        interface("bundle_files", lang),
        "",
    ]
    for name, content in sorted(files.items()):
        key = "bundle_answers" if name.startswith("answers/") else f"bundle_{name.replace('-', '_').replace('.', '_')}"
        lines.append(f"{hashlib.sha256(content).hexdigest()}  {name}")
        lines.append(f"    {interface(key, lang)}")
    return _text(tuple(lines))


def _findings_text(case: Case, lang: Language) -> bytes:
    """Every finding of every round in words, with what was advised."""
    lines = []
    for number, outcome in enumerate(case.outcomes, 1):
        verdict = interface(f"verdict_{outcome.verdict.value}", lang)
        lines += [interface("bundle_round", lang, number=number, verdict=verdict), ""]
        for finding in outcome.findings:
            told = words(finding, lang)
            lines += [f"* {told.title} [{finding.severity.value}, {finding.code}]", f"  {told.explanation}"]
            lines += [f"  - {step}" for step in told.steps]
            lines.append("")
    return _text(tuple(conceal(line, case.secrets) for line in lines))


def _text(lines: tuple[str, ...]) -> bytes:
    """Lines as a text file for Windows: UTF-8 with its mark, CR LF, harmless to show."""
    return "".join(f"{neutralise(line)}\r\n" for line in lines).encode("utf-8-sig")
