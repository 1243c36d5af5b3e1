from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from iea_fleet.agent import parse_answer, payload, script_text
from iea_fleet.model.answer import LogFacts, ProcessFacts, ServiceFacts, SettingFacts
from tests.agent.rounds import Rounds
from tests.agent.workstation import Part, Workstation, encoded, ini, setting, with_line

XML = b'<?xml version="1.0"?>\r\n<!-- c -->\r\n<c><s n="1">http://old</s><s n=\'2\'>\r\n  b &amp; c\r\n</s></c>\r\n'


def everything(workstation: Workstation, value: str = "https://new/?a=1&b=é") -> tuple[list[Part], list[Part]]:
    """Probes and ensures of every file store, in every encoding."""
    document = workstation.file("b.json", b'\xef\xbb\xbf{"a~/": [1, {"u": "\\u00e9"}]}')
    xml = workstation.file("c.xml", XML)
    java = workstation.file("d.properties", b"# c\nu\\ rl : a\\\n  b\n")
    text = workstation.file("e.txt", b"server old;\r\nend")
    windows = '; é\r\n[Server]\r\n Mode = "x" \r\nURL=old\r\n\r\n[b]'.encode("cp1252")
    targets: dict[str, Part] = {
        "mode": ini(workstation.file("a.ini", windows), "mode"),
        "url": ini(str(workstation.folder / "app" / "a.ini")),
        "added": ini(str(workstation.folder / "app" / "a.ini"), "key", "b"),
        "wide": ini(workstation.file("w.ini", "[server]\nurl=é→\n".encode("utf-16"))),
        "pointer": {"store": "json", "path": document, "pointer": "/a~0~1/1/u"},
        "element": {"store": "xml", "path": xml, "element": "/c/s[2]"},
        "attribute": {"store": "xml", "path": xml, "element": "/c/s[1]/@n"},
        "property": {"store": "properties", "path": java, "key": "u rl"},
        "pattern": {"store": "text", "path": text, "pattern": "^server (.+);$"},
    }
    probes = [setting(name, target) for name, target in targets.items()]
    ensures: list[Part] = [{"id": name, "target": target, "value": value} for name, target in targets.items()]
    return probes, ensures


def values(probes: object) -> dict[str, str | None]:
    assert isinstance(probes, tuple)
    return {each.id: each.places[0].value for each in probes if isinstance(each, SettingFacts)}


def test_every_file_store_is_predicted_changed_and_stays(workstation: Workstation, rounds: Rounds) -> None:
    probes, ensures = everything(workstation)
    laid = workstation.files()
    stamps = {path: path.stat().st_mtime_ns for path in (workstation.folder / "app").iterdir()}
    dry, _ = rounds.play(workstation.request(probe=probes, ensure=ensures, dry_run=True))
    assert dry is not None
    assert dry.changed
    assert dry.verify == ()
    assert workstation.files() == laid
    assert stamps == {path: path.stat().st_mtime_ns for path in (workstation.folder / "app").iterdir()}
    assert not (workstation.folder / "state").exists(), "a dry run writes nothing at all"

    done, _ = rounds.play(workstation.request(probe=probes, ensure=ensures))
    assert done is not None
    assert done.error is None
    assert done.ensure == dry.ensure
    assert values(done.probes) == {
        "mode": "x", "url": "old", "added": None, "wide": "é→", "pointer": "é", "element": "b & c", "attribute": "1",
        "property": "ab", "pattern": "old",
    }  # fmt: skip
    assert set(values(done.verify).values()) == {"https://new/?a=1&b=é"}
    url, escaped = "https://new/?a=1&b=é", "https://new/?a=1&amp;b=é".encode()
    assert workstation.files() == {
        "a.ini": f'; é\r\n[Server]\r\n Mode = "{url}" \r\nURL={url}\r\n\r\n[b]\r\nkey={url}'.encode("cp1252"),
        "w.ini": f"[server]\nurl={url}\n".encode("utf-16"),
        "b.json": b'\xef\xbb\xbf{"a~/": [1, {"u": "' + url.encode() + b'"}]}',
        "c.xml": XML.replace(b'"1"', b'"' + escaped + b'"').replace(b"b &amp; c", escaped),
        "d.properties": b"# c\nu\\ rl : https://new/?a=1&b=\\u00E9\n",
        "e.txt": b"server " + url.encode() + b";\r\nend",
    }

    stamps = {path: path.stat().st_mtime_ns for path in (workstation.folder / "app").iterdir()}
    second, _ = rounds.play(workstation.request(probe=probes, ensure=ensures, transaction="b" * 32))
    assert second is not None
    assert not second.changed
    assert second.verify == ()
    assert stamps == {path: path.stat().st_mtime_ns for path in (workstation.folder / "app").iterdir()}


def test_the_same_transaction_again_is_answered_from_the_record(workstation: Workstation, rounds: Rounds) -> None:
    path = workstation.file("a.ini", b"[server]\nurl=old\n")
    request = workstation.request(ensure=[{"id": "url", "target": ini(path), "value": "new"}])
    first, _ = rounds.play(request)
    workstation.file("a.ini", b"[server]\nurl=somebody's\n")
    again, steps = rounds.play(request)
    assert first is not None
    assert again is not None
    assert again == first.model_copy(update={"replayed": True})
    assert steps == 0
    assert workstation.content("a.ini") == b"[server]\nurl=somebody's\n"


@pytest.mark.parametrize(
    ("expected", "status"),
    [({"computer_name": "autre-poste"}, "refused"), ({"machine_id": "x"}, "refused"), ({}, "done")],
)
def test_another_host_than_expected_is_refused(
    workstation: Workstation, rounds: Rounds, expected: dict[str, str], status: str
) -> None:
    path = workstation.file("a.ini", b"[server]\nurl=old\n")
    ensure = [{"id": "url", "target": ini(path), "value": "new"}]
    answer, _ = rounds.play(workstation.request(ensure=ensure, expect_host=expected))
    assert answer is not None
    assert answer.status == status
    assert (answer.error.step if answer.error else None) == ("identity" if expected else None)
    assert (workstation.content("a.ini") == b"[server]\nurl=old\n") == bool(expected)


def test_all_requirements_are_told_and_one_that_does_not_hold_refuses(workstation: Workstation, rounds: Rounds) -> None:
    path = workstation.file("a.ini", b"[server]\nurl=old\nmode=s\xc2\xad\n")
    probes = [setting("url", ini(path)), setting("mode", ini(path, "mode")), setting("none", ini(path, "none"))]
    require = [
        {"probe": "url", "fact": "value", "one_of": ["old"]},
        {"probe": "url", "fact": "state", "one_of": ["present"]},
        {"probe": "none", "fact": "value", "one_of": [""]},
        {"probe": "mode", "fact": "value", "one_of": ["s"]},  # differs by a soft hyphen, which collation passes over
        {"probe": "url", "fact": "value", "none_of": ["old"]},
    ]
    ensure = [{"id": "url", "target": ini(path), "value": "new"}]
    answer, steps = rounds.play(workstation.request(probe=probes, require=require, ensure=ensure))
    assert answer is not None
    assert answer.error is not None
    assert (answer.status, answer.error.step, answer.error.id) == ("refused", "require", "mode")
    assert [outcome.held for outcome in answer.require] == [True, True, True, False, False]
    assert answer.require[3].found == ("s\xad",)
    assert steps == 0


def test_a_held_lock_is_busy(workstation: Workstation) -> None:
    """A second script while a first one is at work: it says so and does nothing."""
    path = workstation.file("a.ini", b"[server]\nurl=old\n")
    request = workstation.request(ensure=[{"id": "url", "target": ini(path), "value": "new"}])
    nested = workstation.folder / "second.ps1"
    nested.write_text(script_text(), "ascii")
    line = workstation.request(transaction="b" * 32).to_line()
    (workstation.folder / "line").write_text(line, "ascii")
    folder = str(workstation.folder)
    inner = (
        f"if (-not (Test-Path '{folder}/busy.txt')) {{ [IO.File]::WriteAllText('{folder}/busy.txt', "
        f"(& ([ScriptBlock]::Create([IO.File]::ReadAllText('{nested}'))) ([IO.File]::ReadAllText('{folder}/line')))) }}"
    )
    answer = workstation.answer(request, script=with_line(inner, "Write-DurableFile"))
    assert answer.status == "done"
    told = parse_answer((workstation.folder / "busy.txt").read_bytes(), workstation.request(transaction="b" * 32))
    assert told.status == "busy"


def test_a_full_disk_is_seen_before_anything_is_written(workstation: Workstation) -> None:
    path = workstation.file("a.ini", b"[server]\nurl=old\n")
    request = workstation.request(ensure=[{"id": "url", "target": ini(path), "value": "new"}])
    answer = workstation.answer(request, script=with_line("return 1000", "Get-FreeByte"))
    assert answer.error is not None
    assert (answer.error.step, answer.error.win32_code, answer.error.free_bytes) == ("space", 112, 1000)
    assert workstation.files() == {"a.ini": b"[server]\nurl=old\n"}


@pytest.mark.parametrize(
    ("content", "step_message"),
    [(None, ""), (b"\xff\xfe\x00", ""), (b"[other]\n" + b"x" * (8 << 20), "8 MiB")],
    ids=["missing", "no text", "too large"],
)
def test_a_target_that_can_not_be_read_fails_the_plan(
    workstation: Workstation, rounds: Rounds, content: bytes | None, step_message: str
) -> None:
    good = workstation.file("good.ini", b"[server]\nurl=old\n")
    bad = workstation.file("bad.ini", content or b"")
    if content is None:
        Path(bad).unlink()
    ensure = [{"id": name, "target": ini(path), "value": "new"} for name, path in (("good", good), ("bad", bad))]
    answer, steps = rounds.play(workstation.request(ensure=ensure))
    assert answer is not None
    assert answer.error is not None
    assert (answer.status, answer.error.step, answer.error.id) == ("failed", "plan", "bad")
    assert answer.error.win32_code == (2 if content is None else 0)
    assert step_message in answer.error.message
    assert steps == 0
    assert workstation.content("good.ini") == b"[server]\nurl=old\n"


@pytest.mark.parametrize("culture", ["fr-FR", "th-TH", "tr-TR", "ar-SA"])
def test_no_culture_changes_the_answer(workstation: Workstation, culture: str) -> None:
    """Thai and Arabic calendars count other years; a Turkish i has no dot to lose."""
    path = workstation.file("a.ini", b"[SERVER.INI]\nURI=1,5\n")
    before = f"[Threading.Thread]::CurrentThread.CurrentCulture = [Globalization.CultureInfo]'{culture}'\n"
    request = workstation.request(probe=[setting("uri", ini(path, "uri", "server.ini"))])
    answer = workstation.answer(request, before=before)
    assert answer.host.culture == culture
    assert re.match(r"20[2-4]\d-", answer.host.time)
    assert answer.host.elevated is None, "outside Windows it can't be told"
    assert values(answer.probes) == {"uri": "1,5"}


def test_noise_around_the_script_does_not_matter(workstation: Workstation) -> None:
    before = "\"Bienvenue <<iea-fleet:$('0' * 32):end>>\"; Write-Warning 'x'; [Console]::Out.Write('no line end')\n"
    answer = workstation.answer(workstation.request(), before=before)
    assert answer.status == "done"


def test_the_environment_is_expanded_in_paths_and_an_unknown_name_stays(workstation: Workstation) -> None:
    workstation.file("a.ini", b"[server]\nurl=old\n")
    probes = [setting("known", ini(r"%IEA_TEST%\app\a.ini")), setting("unknown", ini(r"%IEA_TEST_UNSET%\a.ini"))]
    answer = workstation.answer(workstation.request(probe=probes), environment={"IEA_TEST": str(workstation.folder)})
    assert values(answer.probes) == {"known": "old", "unknown": None}
    assert isinstance(answer.probes[1], SettingFacts)
    assert answer.probes[1].places[0].state == "file_missing"
    assert "%IEA_TEST_UNSET%" in answer.probes[1].places[0].place


def test_processes_logs_and_services_are_told(workstation: Workstation) -> None:
    log = "é autorisation refusée\r\n".encode() * 2 + b"x" * 900 + b" refused\r\nlast\n"
    path = workstation.file("a.log", log)
    patterns = {"refused": "refus(é|ed)", "never": "jamais", "last": "^last$"}
    program = Path(workstation.powershell).stem
    answer = workstation.answer(
        workstation.request(
            probe=[
                {"kind": "process", "id": "me", "name": program.upper()},
                {"kind": "process", "id": "nobody", "name": "no*such"},
                {"kind": "service", "id": "none", "name": "iea-no-such-service"},
                {"kind": "log", "id": "log", "path": path, "patterns": patterns},
                {"kind": "log", "id": "tail", "path": path, "patterns": patterns, "tail_bytes": len(log) - 1},
                {"kind": "log", "id": "missing", "path": path + "x", "patterns": patterns},
            ],
            dry_run=True,
        )
    )
    facts = {each.id: each for each in answer.probes}
    assert isinstance(facts["me"], ProcessFacts)
    assert facts["me"].running
    assert facts["nobody"] == ProcessFacts(kind="process", id="nobody", running=False, count=0)
    assert isinstance(facts["none"], ServiceFacts)
    assert facts["none"].state == ("absent" if sys.platform == "win32" else "unsupported")
    logs = [each for each in answer.probes if isinstance(each, LogFacts)]
    assert [each.state for each in logs] == ["present", "present", "file_missing"]
    found = {each.pattern: each for each in logs[0].matches}
    assert (found["refused"].line, found["refused"].count) == ("x" * 500, 3)
    assert (found["last"].line, found["last"].count) == ("last", 1)
    assert set(found) == {"refused", "last"}
    assert logs[1].matches == logs[0].matches, "an end that begins within a character is read all the same"


SERVICES = Path(__file__).with_name("services.ps1").read_text("ascii")


def test_services_are_restarted_and_waited_for(workstation: Workstation) -> None:
    names = {"one": "iea [1]", "slow": "slow", "none": "none"}
    step = {"kind": "restart_service", "when": "always", "timeout_ms": 300}
    request = workstation.request(
        probe=[{"kind": "service", "id": key, "name": name} for key, name in names.items()],
        require=[{"probe": "one", "fact": "state", "one_of": ["stopped"]}],
        after=[
            {"id": "not_due", "name": "x", **step, "when": "changed"},
            *({"id": key, "name": name, **step} for key, name in names.items()),
        ],
    )
    answer = workstation.answer(request, before=SERVICES)
    assert [each.state for each in answer.probes if isinstance(each, ServiceFacts)] == ["stopped", "pending", "absent"]
    assert [(each.id, each.ok) for each in answer.after] == [("one", True), ("slow", False), ("none", False)]
    assert all(bool(each.message) is not each.ok for each in answer.after)


@pytest.mark.skipif(sys.platform == "win32", reason="the programs are Linux's")
def test_a_process_is_ended_and_started_again(workstation: Workstation) -> None:
    program = workstation.file("iea-poste", Path("/bin/sleep").read_bytes())
    Path(program).chmod(0o755)
    running = subprocess.Popen([program, "60"])
    waiting = threading.Thread(target=running.wait)  # so that it does not stay as a zombie
    waiting.start()
    step = {"kind": "restart_process", "path": program, "arguments": ["0.2"], "when": "always"}
    again = step | {"id": "again", "name": "IEA-poste"}
    gone = step | {"id": "gone", "path": program + "x", "name": "none"}
    answer = workstation.answer(workstation.request(after=[again, gone]))
    assert [(each.id, each.ok) for each in answer.after] == [("again", True), ("gone", False)]
    waiting.join(10)
    assert running.returncode == -signal.SIGKILL, "the one that ran was ended"


@pytest.mark.skipif(sys.platform == "win32", reason="the processes are stand-ins")
def test_a_process_that_ended_with_another_is_no_error(workstation: Workstation) -> None:
    """Of two with one name the second ends as the first is stopped."""
    program = workstation.file("iea-poste", Path("/bin/sleep").read_bytes())
    Path(program).chmod(0o755)
    processes = r"""
$global:Left = @{ ProcessName = 'iea'; Id = 2147483646 }, @{ ProcessName = 'iea'; Id = 2147483647 }
function global:Get-Process { $global:Left }
function global:Stop-Process {
    param ($Id, [Switch] $Force)
    if ($global:Left) { $global:Left = @() } else { Microsoft.PowerShell.Management\Stop-Process -Id $Id -Force }
}
"""
    step = {"kind": "restart_process", "id": "a", "name": "iea", "path": program, "arguments": ["0.2"]}
    answer = workstation.answer(workstation.request(after=[step | {"when": "always"}]), before=processes)
    assert [(each.ok, each.message) for each in answer.after] == [(True, "")]


@pytest.mark.skipif(sys.platform == "win32", reason="modes are Unix'; Windows keeps ACLs by ReplaceFile")
def test_the_mode_of_a_file_stays(workstation: Workstation, rounds: Rounds) -> None:
    path = Path(workstation.file("a.ini", b"[server]\nurl=old\n"))
    path.chmod(0o640)
    rounds.play(workstation.request(ensure=[{"id": "url", "target": ini(str(path)), "value": "new"}]))
    assert path.read_bytes() == b"[server]\nurl=new\n"
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_read_only_file_is_refused_and_nothing_is_left(workstation: Workstation, rounds: Rounds) -> None:
    """A copy of it would be read-only too: on Windows nothing could fill it, or take it away again."""
    other = workstation.file("a.ini", b"[server]\nurl=old\n")
    path = Path(workstation.file("b.ini", b"[server]\nurl=old\n"))
    path.chmod(0o444)
    ensures = [{"id": name, "target": ini(place), "value": "new"} for name, place in (("a", other), ("b", str(path)))]
    laid = workstation.files()
    answer, _ = rounds.play(workstation.request(ensure=ensures))
    path.chmod(0o644)
    assert answer is not None
    assert answer.error is not None
    told = answer.error
    assert (told.step, told.id, told.win32_code, told.undone) == ("backup", "b", 5, True)
    assert workstation.files() == laid


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has a registry")
def test_outside_windows_a_registry_is_unsupported_and_never_ensured(workstation: Workstation, rounds: Rounds) -> None:
    target = {"store": "registry", "hive": "HKU", "key": "Software\\IEA", "value": "Mode", "view": 32}
    ensure = [{"id": "mode", "target": target, "value": "x"}]
    request = workstation.request(probe=[setting("mode", target)], ensure=ensure)
    answer, _ = rounds.play(request)
    assert answer is not None
    assert isinstance(answer.probes[0], SettingFacts)
    place = answer.probes[0].places[0]
    assert (place.place, place.state) == ("HKU\\Software\\IEA:Mode(32)", "unsupported")
    assert answer.error is not None
    assert (answer.error.step, answer.error.id) == ("plan", "mode")


def test_the_request_reaches_the_script_unchanged(workstation: Workstation, rounds: Rounds) -> None:
    """Texts that ConvertFrom-Json would turn into dates, and characters that a code page would."""
    path = workstation.file("a.properties", b"a=\n")
    value = '2024-01-01T00:00:00Z /Date(1)/ "\\ \U0001f600 é \x7f'
    target = {"store": "properties", "path": path, "key": "a"}
    request = workstation.request(ensure=[{"id": "a", "target": target, "value": value}])
    assert payload(request).isascii()
    answer, _ = rounds.play(request)
    assert answer is not None
    assert answer.error is None
    assert answer.ensure[0].places[0].after == value
    assert json.loads('"' + workstation.content("a.properties")[2:-1].decode().replace('"', '\\"') + '"') == value


def test_encoded_command_is_what_the_transports_send() -> None:
    assert encoded("a") == "YQA="
