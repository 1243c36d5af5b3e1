from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iea_fleet.agent import LOADER, AnswerRefused, LoaderRefusal, parse_answer, parse_refusal
from tests.agent.workstation import Workstation


def test_constrained_language_is_told_and_nothing_is_read_or_written(workstation: Workstation) -> None:
    constrain = "$ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'\n"
    done = workstation.start(workstation.request(), before=constrain)
    assert done.returncode == 78
    refusal = parse_refusal(done.stdout)
    assert refusal is not None
    assert refusal.language == "ConstrainedLanguage"
    assert refusal.version[:1] in {"5", "7"}
    assert workstation.state() == set()


def test_an_old_powershell_is_told(workstation: Workstation) -> None:
    old = LOADER.replace("$PSVersionTable.PSVersion", "[Version] '4.0'")
    done = workstation.start(workstation.request(), loader=old)
    assert done.returncode == 78
    assert parse_refusal(done.stdout) == LoaderRefusal("FullLanguage", "4.0")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_refusal_or_none(noise: bytes) -> None:
    refusal = parse_refusal(noise)
    assert refusal is None or len(refusal.language) <= 40


def test_a_runspace_may_give_the_whole_input_as_one_text(workstation: Workstation) -> None:
    """As `psrp` does when it does not cut the input into lines."""
    request = workstation.request()
    before = '$all = @($input) -join "`n"\n$input = , $all\n'
    assert parse_answer(workstation.start(request, before=before).stdout, request).status == "done"


def test_a_request_that_is_cut_off_still_gives_an_answer(workstation: Workstation) -> None:
    request = workstation.request()
    done = workstation.start(request, line=request.to_line()[:150])
    answer = parse_answer(done.stdout, request)
    assert answer.status == "failed"
    assert answer.error is not None
    assert answer.error.step == "probe"
    assert "JSON" in answer.error.message


def test_a_script_that_never_spoke_is_no_answer(workstation: Workstation) -> None:
    request = workstation.request()
    with pytest.raises(AnswerRefused) as refused:
        parse_answer(workstation.start(request, script="exit 3\n").stdout, request)
    assert refused.value.reason == "no_marker"
