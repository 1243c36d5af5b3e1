"""Records: listed as the file has them, released whole or by field, all of a file's changes in one write."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path

import pytest

from iea_fleet.model.answer import Answer, RecordsFacts
from tests.agent.rounds import Rounds
from tests.agent.workstation import Part, Workstation, ini, setting, with_line

SESSIONS = (
    "# utilisateur;poste;depuis\r\n"
    "Zoé;POSTE-01;24/11/2026 09:12:00\r\n"
    "marc;POSTE-02;24/11/2026 10:00:00\r\n"
    "\r\n"
    "ZOÉ;poste-01;23/11/2026 18:00:00"
)
LICENCES = b"LIC-1;POSTE-01;2026\nLIC-2;POSTE-02;2026\nLIC-3;;\n"


def sessions(path: str) -> Part:
    pattern = r"^([^;#]+);([^;]+);(.+)$"
    return {"store": "lines", "path": path, "pattern": pattern, "fields": ["user", "workstation", "since"]}


def licences(path: str) -> Part:
    return {
        "store": "lines",
        "path": path,
        "pattern": r"^([^;]+);([^;]*);(.*)$",
        "fields": ["licence", "workstation", "year"],
    }


def probe(target: Part) -> Part:
    return {"kind": "records", "id": "records", "target": target}


def released(target: Part, match: Sequence[dict[str, str]], **more: object) -> Part:
    return {"id": "free", "target": target, "match": match, **more}


def facts(answer: Answer | None) -> RecordsFacts:
    assert answer is not None
    assert isinstance(answer.probes[0], RecordsFacts)
    return answer.probes[0]


def test_each_line_that_matches_is_a_record(workstation: Workstation, rounds: Rounds) -> None:
    path = workstation.file("s.csv", SESSIONS.encode("cp1252"))
    told = facts(rounds.play(workstation.request(probe=[probe(sessions(path))]))[0])
    assert (told.state, told.total, told.place) == ("present", 3, path)
    assert [each["user"] for each in told.records] == ["Zoé", "marc", "ZOÉ"]
    assert told.records[2] == {"user": "ZOÉ", "workstation": "poste-01", "since": "23/11/2026 18:00:00"}


@pytest.mark.parametrize(
    ("content", "state", "code"),
    [(None, "file_missing", 2), (b"a;b;c\n\xff\xfe\x81", "malformed", 0), (b"x" * 5000 + b";b;c", "malformed", 0)],
)
def test_what_can_not_be_listed_says_why(
    workstation: Workstation, rounds: Rounds, content: bytes | None, state: str, code: int
) -> None:
    path = workstation.file("s.csv", content or b"")
    if content is None:
        Path(path).unlink()
    told = facts(rounds.play(workstation.request(probe=[probe({**sessions(path), "encoding": "utf-8"})]))[0])
    assert (told.state, told.win32_code, told.total, told.records) == (state, code, 0, ())
    assert told.message


def test_many_and_long_records_are_bounded_and_counted(workstation: Workstation, rounds: Rounds) -> None:
    short = workstation.file("a.csv", b"".join(b"u%d;p;s\n" % number for number in range(300)))
    told = facts(rounds.play(workstation.request(probe=[probe(sessions(short))]))[0])
    assert (len(told.records), told.total) == (256, 300)
    long = workstation.file("b.csv", (b"u" * 4000 + b";p;s\n") * 100)
    told = facts(rounds.play(workstation.request(probe=[probe(sessions(long))]))[0])
    assert (len(told.records), told.total) == (49, 100)


def test_a_released_record_goes_with_its_line_end(workstation: Workstation, rounds: Rounds) -> None:
    path = workstation.file("s.csv", SESSIONS.encode("cp1252"))
    step = released(sessions(path), [{"user": "zoé", "workstation": "POSTE-01"}])
    dry, _ = rounds.play(workstation.request(release=[step], probe=[probe(sessions(path))], dry_run=True))
    assert dry is not None
    assert workstation.content("s.csv") == SESSIONS.encode("cp1252")
    done, _ = rounds.play(workstation.request(release=[step], probe=[probe(sessions(path))]))
    assert done is not None
    assert done.release == dry.release
    assert done.changed
    assert [(each.before["user"], each.after) for each in done.release[0].records] == [("Zoé", None), ("ZOÉ", None)]
    rest = "# utilisateur;poste;depuis\r\nmarc;POSTE-02;24/11/2026 10:00:00\r\n\r\n"
    assert workstation.content("s.csv") == rest.encode("cp1252")
    assert isinstance(done.verify[0], RecordsFacts)
    assert [each["user"] for each in done.verify[0].records] == ["marc"]
    again, steps = rounds.play(workstation.request(release=[step], transaction="b" * 32))
    assert again is not None
    assert (again.changed, again.release[0].due, steps) == (False, True, 0)


def test_fields_are_replaced_and_the_rest_of_the_line_stays(workstation: Workstation, rounds: Rounds) -> None:
    path = workstation.file("l.csv", LICENCES)
    step = released(
        licences(path), [{"licence": "lic-1"}, {"licence": "LIC-3"}], values={"workstation": "", "year": ""}
    )
    done, _ = rounds.play(workstation.request(release=[step]))
    assert done is not None
    assert workstation.content("l.csv") == b"LIC-1;;\nLIC-2;POSTE-02;2026\nLIC-3;;\n"
    (change,) = done.release[0].records
    assert change.before == {"licence": "LIC-1", "workstation": "POSTE-01", "year": "2026"}
    assert change.after == {"licence": "LIC-1", "workstation": "", "year": ""}, "LIC-3 was free and is not told"


@pytest.mark.parametrize(
    "values", [{"workstation": "a\nb"}, {"workstation": "a;b"}, {"licence": ""}, {"other": "x"}, {"year": "é→"}]
)
def test_a_value_that_would_not_be_read_back_is_refused(
    workstation: Workstation, rounds: Rounds, values: dict[str, str]
) -> None:
    path = workstation.file("l.csv", LICENCES)
    target = {**licences(path), "encoding": "cp1252"}
    answer, steps = rounds.play(workstation.request(release=[released(target, [{"licence": "LIC-1"}], values=values)]))
    assert answer is not None
    assert answer.error is not None
    assert (answer.status, answer.error.step, answer.error.id, steps) == ("failed", "plan", "free", 0)
    assert workstation.content("l.csv") == LICENCES


def test_two_releases_that_want_two_things_of_one_record_are_refused(workstation: Workstation, rounds: Rounds) -> None:
    path = workstation.file("l.csv", LICENCES)
    first = released(licences(path), [{"licence": "LIC-1"}], values={"workstation": ""})
    for second, status in (
        ({"values": {"workstation": "X"}}, "failed"),
        ({}, "failed"),
        ({"values": {"workstation": ""}}, "done"),
    ):
        other = {**released(licences(path), [{"year": "2026", "workstation": "poste-01"}]), "id": "other", **second}
        answer, _ = rounds.play(workstation.request(release=[first, other], dry_run=True))
        assert answer is not None
        assert answer.status == status


def test_a_release_whose_condition_does_not_hold_touches_nothing(workstation: Workstation, rounds: Rounds) -> None:
    path = workstation.file("l.csv", LICENCES)
    condition = {"probe": "records", "fact": "state", "one_of": ["file_missing"]}
    step = released(licences(path + "x"), [{"licence": "LIC-1"}], only_if=condition)
    answer, _ = rounds.play(workstation.request(probe=[probe(licences(path))], release=[step]))
    assert answer is not None
    assert (answer.status, answer.release[0].due, answer.release[0].records) == ("done", False, ())
    answer, _ = rounds.play(workstation.request(probe=[probe(licences(path + "x"))], release=[step]))
    assert answer is not None
    assert answer.error is not None
    assert (answer.error.step, answer.error.win32_code) == ("plan", 2), "there is no such file"


def test_settings_and_records_of_one_file_are_one_write_undone_by_any_cut(
    workstation: Workstation, rounds: Rounds
) -> None:
    content = b"[server]\nurl=old\n[licences]\nLIC-1;POSTE-01;2026\nLIC-2;POSTE-02;2026\n"
    wanted = b"[server]\nurl=new\n[licences]\nLIC-2;POSTE-02;2026\n"
    outcomes = set()
    for at in count(1):
        path = workstation.file("l.csv", content)
        request = workstation.request(
            ensure=[{"id": "url", "target": ini(path), "value": "new"}],
            release=[released(licences(path), [{"licence": "LIC-1"}])],
            transaction=f"{at:032x}",
        )
        _, steps = rounds.play(request, at=at)
        if steps < at:
            break
        look, _ = rounds.play(workstation.request(probe=[setting("url", ini(path))], transaction=f"{at + 500:032x}"))
        assert look is not None
        assert look.error is None
        assert workstation.files()["l.csv"] in (content, wanted)
        assert {name for name in workstation.files() if not name.endswith(".new")} == {"l.csv"}
        outcomes.add(look.recovered and look.recovered.outcome)
    assert workstation.content("l.csv") == wanted
    assert outcomes >= {"undone", "finished"}


def test_a_file_that_another_program_has_written_since_is_left_to_it(workstation: Workstation) -> None:
    """A maintenance centre that opens a session just now: its line must not be lost."""
    path, other = workstation.file("l.csv", LICENCES), workstation.file("a.ini", b"[server]\nurl=old\n")
    request = workstation.request(
        ensure=[{"id": "url", "target": ini(other), "value": "new"}],
        release=[released(licences(path), [{"licence": "LIC-1"}])],
    )
    line = f"if ($Destination -eq '{other}' -and $Backup) {{ [IO.File]::AppendAllText('{path}', 'LIC-4;;') }}"
    answer = workstation.answer(request, script=with_line(line, "Move-DurableFile"))
    assert answer.error is not None
    assert (answer.error.step, answer.error.id, answer.error.win32_code) == ("write", "free", 33)
    assert answer.error.undone
    assert workstation.files() == {"l.csv": LICENCES + b"LIC-4;;", "a.ini": b"[server]\nurl=old\n"}
    assert workstation.state() == {"lock"}


def test_of_records_that_look_the_same_one_release_each_takes_one(workstation: Workstation, rounds: Rounds) -> None:
    line = "Zoé;POSTE-01;24/11/2026 09:12:00\n".encode()
    path = workstation.file("s.csv", line * 4)
    first = released(sessions(path), [{"user": "zoé"}], one=True)
    done, _ = rounds.play(workstation.request(release=[first, {**first, "id": "second"}]))
    assert done is not None
    assert [len(each.records) for each in done.release] == [1, 1]
    assert workstation.content("s.csv") == line * 2
