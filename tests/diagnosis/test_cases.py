"""Situations as data, tests/cases/connection/*.yml: what a workstation says, and what has to be found in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from iea_fleet.diagnosis.sheets import KINDS, Task, judge
from iea_fleet.model.answer import Answer
from iea_fleet.report.wording import words

CASES = {
    f"{path.stem}: {case['name']}": case
    for path in sorted((Path(__file__).parents[1] / "cases" / "connection").glob("*.yml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_situation_is_judged_as_told(
    case: Mapping[str, Any],
    task_of: Callable[[Mapping[str, Any]], Task],
    answer_of: Callable[[Task, Mapping[str, Any]], Answer],
) -> None:
    told = case.get("answer", {})
    task = task_of({**told, **case.get("task", {})})
    verdict, findings = judge(answer_of(task, told), task)
    found = {finding.code: finding for finding in findings}
    assert (verdict.value, sorted(f.code for f in findings)) == (case["verdict"], sorted(case["findings"]))
    for code, evidence in case.get("evidence", {}).items():
        assert {name: found[code].evidence.get(name) for name in evidence} == evidence
    for finding in findings:
        assert words(finding, "fr").title
        english = words(finding, "en")
        # Every fact that the words promise is there.
        assert "not told" not in english.title + english.explanation


def test_the_cases_cover_every_finding() -> None:
    told = {code for case in CASES.values() for code in case["findings"]}
    ours = {code for code in KINDS if code.startswith(("connection.", "transaction."))}
    assert sorted(ours - told) == []
