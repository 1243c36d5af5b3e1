"""Names of an inventory that mean something else to Ansible, a shell, a path, a page or a terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.cli.conftest import Program as _Program

if TYPE_CHECKING:
    from tests.cli.conftest import Program
else:
    Program = object

STUB = {"stub": "ok"}


@pytest.fixture
def program(tmp_path: Path) -> _Program:
    (tmp_path / "asked").mkdir()
    return _Program(tmp_path)


def write(program: Program, *names: str) -> str:
    sites = {"site_a": {"vars": {"ansible_user": "adm"}, "hosts": dict.fromkeys(names, STUB)}}
    sites["site_b"] = {"hosts": {"outsider": STUB}}
    return program.inventory(yaml.safe_dump(sites, allow_unicode=True))


@pytest.mark.parametrize("name", ["!pc", "&pc", "a\nb", "x" * 300])
def test_a_name_that_can_not_be_asked_for_alone_is_refused_and_nobody_is_asked(program: Program, name: str) -> None:
    done = program("push", "-i", write(program, "pc", name), "--limit", "site_a")
    assert done.returncode == 3
    assert "can't be used" in done.stderr
    assert list((program.folder / "asked").iterdir()) == []


def test_other_odd_names_are_hosts_like_any_other(program: Program) -> None:
    names = ("*", "~.*", "a:b", "--version", "CON", "\x1b]0;x\x07", "\u202eb", "{{ lookup('pipe', 'touch X') }}", "..")
    done = program("push", "--json", "-i", write(program, *names), "--limit", "site_a")
    shown = {host["host"]: host["verdict"] for host in json.loads(done.stdout)["hosts"]}
    assert shown.keys() == set(names)
    assert "outsider" not in {path.name for path in (program.folder / "asked").iterdir()}
    assert not (program.folder / "X").exists()
    table = program("runs", "show", "2")
    assert table.returncode == 0
    assert all(character == "\n" or character.isprintable() for character in table.stdout + table.stderr)
    (report,) = (program.folder / "state" / "reports").iterdir()
    assert sorted(path.name for path in report.iterdir()) == ["report.csv", "report.html", "report.json"]
