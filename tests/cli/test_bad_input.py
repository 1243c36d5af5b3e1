"""What users get wrong, and what this machine can: one sentence, the documented exit code, nothing half done."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Program
else:
    Program = object

Wait = Callable[[Callable[[], bool]], None]

WINRM = "  vars: {ansible_connection: winrm, ansible_user: adm"


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence on standard error; checks that there is nothing else."""
    lines = [line for line in done.stderr.splitlines() if line != "Reading the inventory…"]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("iea-fleet: ")
    assert done.stdout == ""
    return lines[0].removeprefix("iea-fleet: ")


def encrypt(program: Program, text: str) -> str:
    (program.folder / "right").write_text("right")
    done = subprocess.run(
        [
            *_python(),
            "-m",
            "ansible",
            "vault",
            "encrypt_string",
            "--vault-password-file",
            "right",
            "--name",
            "ansible_password",
            text,
        ],
        env=program.environment,
        cwd=program.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize(
    ("lines", "arguments", "told"),
    [
        ([], ("-i", "nowhere"), "nowhere: there is no such inventory"),
        (["site_a:", "  hosts:"], (), "the inventory has no hosts"),
        (["site_a: [1,"], (), "it can't be parsed (YAML parsing failed"),
        (["site_a:", "  hosts:", "    ws1:"], ("-l", "ws2"), "--limit ws2: no host or group of"),
        (["site_a:", "  hosts:", "    ws1:"], ("-l", "ws1:site_b"), "--limit site_b: no host or group of"),
        (["site_a:", "  hosts:", "    ws1:"], ("-l", "ws1:!ws1"), "no host matches --limit ws1:!ws1"),
        (
            ["site_a:", WINRM + "}", "  hosts: {w1: , w2: }"],
            (),
            "w1 and 1 more can't be logged on to: ansible_password",
        ),
        (["site_a:", WINRM[:-19] + "}", "  hosts: {w1: }"], (), "w1 can't be logged on to: ansible_user is missing"),
        (
            ["site_a:", WINRM + ", ansible_password: '{{ vault_pass }}'}", "  hosts: {w1: }"],
            (),
            "w1 can't be logged on to: vault_pass is missing",
        ),
        (["a:", "  hosts: {w1: }"], ("--vault-password-file", "gone"), "gone: there is no such vault password file"),
        (["a:", "  hosts: {w1: }"], ("--ask-vault-pass",), "--ask-vault-pass: there is no terminal to ask on"),
        (["a:", "  hosts: {w1: }"], ("--ledger", "oracle9://x"), "--ledger: oracle9 can't hold a ledger"),
    ],
)
def test_input_that_can_not_be_used(program: Program, lines: list[str], arguments: tuple[str, ...], told: str) -> None:
    inventory = ("-i", program.inventory(*lines)) if lines else ()
    done = program("push", *inventory, *arguments)
    assert done.returncode == 3
    assert told in sentence(done)
    assert list((program.folder / "asked").iterdir()) == []


@pytest.mark.parametrize("kind", ["value", "file"])
def test_a_wrong_vault_password_is_told_before_any_host_is_asked(program: Program, kind: str) -> None:
    secret = encrypt(program, "canary")
    inventory = program.inventory("site_a:", "  hosts: {w1: {stub: ok}}", name="inv/hosts.yml")
    variables = program.folder / "inv" / "group_vars" / "all.yml"
    variables.parent.mkdir()
    if kind == "value":
        variables.write_text(secret)
    else:
        variables.write_text("ansible_password: canary\n")
        command = [*_python(), "-m", "ansible", "vault", "encrypt", "--vault-password-file", "right", str(variables)]
        subprocess.run(command, env=program.environment, cwd=program.folder, capture_output=True, check=True)
    (program.folder / "wrong").write_text("wrong")
    done = program("push", "-i", inventory, "--vault-password-file", "wrong")
    assert done.returncode == 3
    assert "the password in wrong does not open what is encrypted there" in sentence(done)
    done = program("push", "-i", inventory)
    assert done.returncode == 3
    assert "it is encrypted and no vault password was given" in sentence(done)
    assert list((program.folder / "asked").iterdir()) == []
    assert program("push", "-i", inventory, "--vault-password-file", "right").returncode == 0


def test_an_unknown_option_or_command_is_the_command_lines_fault(program: Program) -> None:
    for arguments in (("push", "--nonsense"), ("nonsense",), ("push", "--forks", "0"), ("runs", "show")):
        done = program(*arguments)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr


def test_a_state_folder_that_others_can_write_is_refused(program: Program) -> None:
    (program.folder / "state").mkdir()
    (program.folder / "state").chmod(0o777)
    done = program("push", "-i", program.fleet({"a": "ok"}))
    assert done.returncode == 6
    assert "other users can write the state folder (mode 0777)" in sentence(done)


def test_a_state_folder_that_can_not_be_made_is_told(program: Program) -> None:
    (program.folder / "state").write_text("")
    done = program("push", "-i", program.fleet({"a": "ok"}), "--state", "state/below")
    assert done.returncode == 6
    assert "the state folder can't be used (a file is in its place)" in sentence(done)


def test_a_report_folder_that_can_not_be_made_is_told_before_any_host_is_asked(program: Program) -> None:
    (program.folder / "file").write_text("")
    done = program("push", "-i", program.fleet({"a": "ok"}), "--output", "file/below")
    assert done.returncode == 6
    assert "the report folder can't be made" in sentence(done)
    assert list((program.folder / "asked").iterdir()) == []


def test_a_newer_ledger_is_refused_by_every_command(program: Program) -> None:
    assert program("push", "-i", program.fleet({"a": "ok"})).returncode == 0
    path = program.folder / "state" / "ledger.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE iea_schema SET version = 7")
    connection.close()
    before = path.read_bytes()
    for arguments in (("push", "-i", program.fleet({"b": "ok"})), ("runs", "list"), ("runs", "show", "2")):
        done = program(*arguments)
        assert done.returncode == 6
        assert "a newer release wrote this ledger (version 7, this release knows 3)" in sentence(done)
    assert path.read_bytes() == before
    assert not (program.folder / "asked" / "b").exists()


def test_two_pushes_to_one_host_at_once(program: Program, wait_for: Wait) -> None:
    with program.start("push", "-i", program.fleet({"a": "slow", "b": "ok"})) as first:
        wait_for((program.folder / "asked" / "a").exists)
        other = program.inventory("all:", "  hosts: {a: {stub: ok}, c: {stub: ok}}", name="other.yml")
        second = program("push", "-i", other)
        assert second.returncode == 5
        told = sentence(second)
        assert told.startswith("a: run 2")
        assert f"(process {first.pid}) is at work there" in told
        assert program("push", "-i", other, "--limit", "c").returncode == 0
        (program.folder / "asked" / "go").touch()
        first.communicate(timeout=60)
    assert first.returncode == 0
    assert (program.folder / "asked" / "a").read_text() == "asked\n"
    assert program("push", "-i", other).returncode == 0


def test_two_first_pushes_at_the_same_moment_both_find_a_ledger(program: Program) -> None:
    one = program.inventory("all:", "  hosts: {a: {stub: ok}}", name="one.yml")
    two = program.inventory("all:", "  hosts: {b: {stub: ok}}", name="two.yml")
    with program.start("push", "-i", one) as first, program.start("push", "-i", two) as second:
        for process in (first, second):
            _, told = process.communicate(timeout=60)
            assert process.returncode == 0, told
    assert len(json.loads(program("runs", "list", "--json").stdout)) == 2


@pytest.fixture
def small_disk(program: Program) -> Iterator[Path]:
    """The state folder on a file system of 36 MB; skipped where none can be mounted."""
    folder = program.folder / "state"
    folder.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", "size=36m,mode=0700", "tmpfs", str(folder)]
    if os.getuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("needs the right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_told_before_any_host_is_asked(program: Program, small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(b"x" * 20_000_000)
    done = program("push", "-i", program.fleet({"a": "ok"}))
    assert done.returncode == 6
    assert "kB are free on its disk" in sentence(done)
    assert list((program.folder / "asked").iterdir()) == []


def test_a_disk_that_fills_up_in_the_middle_loses_no_host(program: Program, small_disk: Path) -> None:
    parts = {"a": "ok", "b": "ok", "c": "ok", "d": "fill", "e": "ok", "f": "ok"}
    done = program("push", "--json", "-f", "1", "-i", program.fleet(parts))
    assert done.returncode == 6
    assert "No space left on device" in done.stderr or "full" in done.stderr
    assert "Traceback" not in done.stderr
    shown = {host["host"]: host["verdict"] for host in json.loads(done.stdout)["hosts"]}
    assert shown.keys() == parts.keys()
    assert [shown[name] for name in "abc"] == ["ok"] * 3
    asked = {path.name for path in (program.folder / "asked").iterdir()}
    assert all((shown[name] in ("unknown", "ok")) == (name in asked) for name in parts)
    for filler in small_disk.glob("runs/*/filler"):
        filler.unlink()
    assert check_integrity(small_disk) == "ok"
    assert program("push", "-i", program.fleet(dict.fromkeys(parts, "ok"))).returncode == 0


def check_integrity(state: Path) -> str:
    connection = sqlite3.connect(state / "ledger.sqlite")
    try:
        (said,) = connection.execute("PRAGMA integrity_check").fetchone()
    finally:
        connection.close()
    return str(said)


def test_something_unforeseen_ends_in_one_sentence_and_a_private_log_without_values(program: Program) -> None:
    # A limit that nobody foresees: no more open files.
    inventory = program.fleet({"a": "ok"})
    code = "from iea_fleet.cli import main; import iea_fleet.cli.session as s\n"
    code += "def boom(*a): raise ValueError('canary-secret')\ns.read_inventory = boom; main()"
    done = subprocess.run(
        [*_python(), "-c", code, "push", "-i", inventory], env=program.environment, capture_output=True, text=True
    )
    assert done.returncode == 70
    told = sentence(done)
    assert told.startswith("something unforeseen happened (ValueError)")
    (log,) = (program.folder / "state" / "logs").iterdir()
    assert str(log) in told
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert "session.py" in log.read_text()
    assert "canary-secret" not in log.read_text() + done.stderr


def test_hostile_names_are_shown_and_do_not_steer_the_terminal(program: Program) -> None:
    done = program("push", "-i", "nowhere\x1b]0;title\x07\u202e")
    assert done.returncode == 3
    assert "\x1b" not in done.stderr
    assert "\u202e" not in done.stderr


def _python() -> tuple[str, ...]:
    import sys

    return (sys.executable,)


def test_a_file_size_limit_is_told_like_a_full_disk(program: Program) -> None:
    inventory = program.fleet({"a": "ok"})
    done = subprocess.run(
        [*_python(), "-c", "from iea_fleet.cli import main; main()", "push", "-i", inventory],
        env=program.environment,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
    )
    assert done.returncode == 6
    assert "the ledger can't be used" in sentence(done)
    assert list((program.folder / "asked").iterdir()) == []


@pytest.mark.parametrize("closed", ["1", "2", "0"])
def test_a_closed_stream_stops_no_run(program: Program, closed: str) -> None:
    command = [*_python(), "-c", "from iea_fleet.cli import main; main()", "push", "-i", program.fleet({"a": "ok"})]
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}>&-', "sh", *command],
        env=program.environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, "unforeseen" in done.stderr) == (0, False), done.stderr
    (run,) = json.loads(program("runs", "list", "--json").stdout)
    assert run["run"]["state"] == "done"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_result_that_could_not_be_written_is_no_success(program: Program) -> None:
    for arguments in (("push", "--json", "-i", program.fleet({"a": "ok"})), ("runs", "list"), ("version",)):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [*_python(), "-c", "from iea_fleet.cli import main; main()", *arguments],
                env=program.environment,
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
            )
        assert done.returncode == 6
        assert "standard output: the result could not be written there (No space left on device)" in done.stderr
        assert "Traceback" not in done.stderr
