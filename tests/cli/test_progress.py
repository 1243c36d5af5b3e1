"""What a run says of each host where there is no terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from iea_fleet.cli.progress import RunProgress
from iea_fleet.cli.words import Language
from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.rollout.inventory import Host

SCARAB = Finding(code="connection.assistance_in_the_way", sheet=Sheet.CONNECTION, severity=Severity.WARNING)
WRONG = Finding(code="connection.differs.mode", sheet=Sheet.CONNECTION, severity=Severity.WARNING)
RIGHT = Finding(code="connection.already_right", sheet=Sheet.CONNECTION, severity=Severity.OK)
NONE = Finding(code="session.none", sheet=Sheet.SESSION, severity=Severity.OK)


@pytest.mark.parametrize(
    ("lang", "verdict", "findings", "told"),
    [
        ("en", Verdict.SKIPPED, [SCARAB], "skipped: In assistance mode (red scarab), left as it is"),
        ("fr", Verdict.SKIPPED, [SCARAB], "ignoré : En mode assistance (scarabée rouge), laissé tel quel"),
        ("en", Verdict.DRIFT, [WRONG], "Connection mode not as wanted"),
        ("fr", Verdict.DRIFT, [WRONG], "Mode de connexion non conforme"),
        ("fr", Verdict.OK, [RIGHT], "Connexion conforme"),
        ("fr", Verdict.OK, [RIGHT, NONE], "conforme"),
    ],
)
def test_a_host_s_line_says_nothing_twice(lang: Language, verdict: Verdict, findings: list[Finding], told: str) -> None:
    written = io.StringIO()
    with RunProgress(Console(file=written), 1, check=False, lang=lang) as progress:
        progress.answered(Host("PC-1", "", "192.0.2.1", "adm", {}), Outcome(verdict=verdict, findings=tuple(findings)))
    assert written.getvalue().replace("\u00a0", " ") == f"[1/1] PC-1  {told}\n"
