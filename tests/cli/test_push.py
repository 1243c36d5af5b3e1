"""`push`, `report` and `runs` from the command line to the report files."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import signal
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Program
else:
    Program = object

Wait = Callable[[Callable[[], bool]], None]


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"a": "ok", "b": "changed"}, 0),
        ({"a": "ok", "b": "drift"}, 1),
        ({"a": "drift", "b": "no_outcome"}, 4),
        ({"a": "refused"}, 4),
    ],
)
def test_the_exit_code_tells_how_the_hosts_are(program: Program, parts: dict[str, str], code: int) -> None:
    done = program("push", "-i", program.fleet(parts))
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_progress_is_plain_lines_on_standard_error_and_the_table_on_standard_output(program: Program) -> None:
    done = program("push", "-i", program.fleet({"a": "ok", "b": "changed"}))
    assert done.stderr.splitlines()[0] == "Reading the inventory…"
    assert re.search(r"^\[[12]/2\] b  changed", done.stderr, re.MULTILINE)
    assert "\x1b" not in done.stdout + done.stderr
    assert re.search(r"b +changed", done.stdout)
    assert re.search(r"As wanted: 1 · Changed: 1", done.stdout)


def test_the_report_files_are_where_the_last_line_says_and_agree(program: Program) -> None:
    done = program("push", "-i", program.fleet({"a": "ok", "b": "drift"}), "--output", "out", "--lang", "en")
    assert "Report in out: report.json, report.csv, report.html" in done.stderr
    document = json.loads((program.folder / "out" / "report.json").read_text())
    assert [(host["host"], host["verdict"]) for host in document["hosts"]] == [("a", "ok"), ("b", "drift")]
    rows = list(csv.reader((program.folder / "out" / "report.csv").read_text("utf-8-sig").splitlines()))
    assert len(rows) == 3
    assert "<!doctype html>" in (program.folder / "out" / "report.html").read_text().lower()
    assert stat.S_IMODE((program.folder / "out" / "report.json").stat().st_mode) == 0o600


def test_json_is_the_only_thing_on_standard_output(program: Program) -> None:
    done = program("push", "--json", "-i", program.fleet({"a": "ok", "b": "changed"}))
    document = json.loads(done.stdout)
    assert {host["host"]: host["verdict"] for host in document["hosts"]} == {"a": "ok", "b": "changed"}


def test_check_and_limit_reach_ansible(program: Program) -> None:
    done = program("push", "--check", "--limit", "b:c", "-i", program.fleet({"a": "ok", "b": "changed", "c": "ok"}))
    assert done.returncode == 0
    assert "would change" in done.stdout
    assert not (program.folder / "asked" / "a").exists()
    assert "push --check" in program("runs", "list").stdout


def test_the_language_is_the_locales_unless_it_is_named(program: Program) -> None:
    inventory = program.fleet({"a": "ok"})
    assert "conforme" in program("push", "-i", inventory, LANG="fr_FR.UTF-8").stdout
    assert "as wanted" in program("push", "-i", inventory, "--lang", "en", LANG="fr_FR.UTF-8").stdout


def test_a_report_runs_its_own_playbook_and_a_former_run_can_be_shown_again(program: Program) -> None:
    first = program("report", "--json", "-i", program.fleet({"a": "ok", "b": "drift"}))
    assert first.returncode == 1
    document = json.loads(first.stdout)
    assert document["kind"] == "report"
    again = program("runs", "show", document["run"], "--json", "--output", "again")
    assert again.returncode == 0
    assert json.loads(again.stdout) == document
    assert json.loads((program.folder / "again" / "report.json").read_text()) == document
    listed = json.loads(program("runs", "list", "--json").stdout)
    assert [(run["run"]["id"], run["counts"]) for run in listed] == [(document["run"], {"ok": 1, "drift": 1})]


def test_interrupted_it_ends_in_good_order(program: Program, wait_for: Wait) -> None:
    parts = {"a": "ok", "b": "ok", "c": "ok", "slow": "slow"} | {f"later{number}": "ok" for number in range(3)}
    with program.start("push", "-f", "1", "-i", program.fleet(parts)) as process:
        wait_for((program.folder / "asked" / "slow").exists)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        for line in process.stderr:
            if "Stopping" in line:
                break
        (program.folder / "asked" / "go").touch()
        _, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    (run,) = json.loads(program("runs", "list", "--json").stdout)
    assert (run["run"]["state"], run["run"]["reason"]) == ("stopped", "interrupted by the user")
    assert run["counts"] == {"ok": 4, "skipped": 3}


def test_interrupted_twice_it_ends_at_once_and_says_what_it_does_not_know(program: Program, wait_for: Wait) -> None:
    with program.start("push", "-i", program.fleet({"a": "ok", "b": "ok", "c": "ok", "slow": "slow"})) as process:
        wait_for((program.folder / "asked" / "slow").exists)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    (program.folder / "asked" / "go").touch()
    assert process.returncode == 130
    (run,) = json.loads(program("runs", "list", "--json").stdout)
    assert run["counts"] == {"ok": 3, "unknown": 1}


def test_a_terminal_that_closes_ends_the_run_in_good_order(program: Program, wait_for: Wait) -> None:
    inventory = program.fleet({"a": "ok", "b": "ok", "c": "ok", "slow": "slow", "later": "ok"})
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*_program(), "push", "-f", "1", "-i", inventory],
        env=program.environment | {"TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: _take_terminal(theirs),
    )
    os.close(theirs)
    seen = b""
    while b"[" not in seen or not (program.folder / "asked" / "slow").exists():
        seen += os.read(ours, 65536)
    os.close(ours)  # the kernel sends SIGHUP to whoever has this terminal
    wait_for(lambda: any((program.folder / "state" / "runs").glob("*/gate/all")))
    (program.folder / "asked" / "go").touch()
    assert process.wait(timeout=60) == 130
    (run,) = json.loads(program("runs", "list", "--json").stdout)
    assert run["run"]["reason"] == "the terminal was closed"
    assert run["counts"] == {"ok": 4, "skipped": 1}
    assert list((program.folder / "state" / "reports").glob("*/report.html"))


def test_a_reader_that_goes_away_does_not_stop_a_push(program: Program) -> None:
    with program.start("push", "-i", program.fleet({"a": "ok", "b": "ok", "c": "ok", "d": "changed"})) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        process.stderr.readline()
        process.stderr.close()
        process.stdout.close()
        assert process.wait(timeout=60) == 0
    (run,) = json.loads(program("runs", "list", "--json").stdout)
    assert run["counts"] == {"ok": 3, "changed": 1}


def test_on_a_terminal_there_is_a_bar(program: Program) -> None:
    inventory = program.fleet({"a": "ok", "b": "ok"})
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*_program(), "push", "-i", inventory],
        env=program.environment | {"TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    try:
        while part := os.read(ours, 65536):
            seen += part
    except OSError:  # Linux says so when the last one has closed the terminal
        pass
    os.close(ours)
    assert process.wait(timeout=30) == 0
    assert b"2/2" in seen
    assert b"as wanted" in seen


def test_help_and_the_first_line_come_at_once(program: Program) -> None:
    heavy = "import sys; from iea_fleet.cli.app import run; run(['--help']); print([m for m in sys.modules if m in "
    heavy += "('sqlalchemy', 'ansible_runner', 'ansible', 'jinja2', 'aiohttp', 'winrm')], file=sys.stderr)"
    done = subprocess.run([_program()[0], "-c", heavy], env=program.environment, capture_output=True, text=True)
    assert done.stderr.strip() == "[]"
    for command in ("push", "report", "fix", "runs", "lab", "version"):
        assert command in done.stdout


def _program() -> tuple[str, ...]:
    import sys

    return (sys.executable, "-c", "from iea_fleet.cli import main; main()")


def _take_terminal(descriptor: int) -> None:
    import fcntl
    import termios

    fcntl.ioctl(descriptor, termios.TIOCSCTTY, 0)


def test_the_state_folder_option_wins(program: Program, tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert program("push", "--state", str(other), "-i", program.fleet({"a": "ok"})).returncode == 0
    assert (other / "ledger.sqlite").exists()
    assert not (program.folder / "state").exists()


def test_a_list_of_no_runs_says_so(program: Program) -> None:
    done = program("runs", "list")
    assert (done.returncode, done.stdout) == (0, "No run yet.\n")
    assert json.loads(program("runs", "list", "--json").stdout) == []
