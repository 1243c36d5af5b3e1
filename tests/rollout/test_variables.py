"""Variables that a run gives to Ansible: they arrive as they are, run nothing, and are nowhere to be seen."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from iea_fleet.rollout.content import find_content
from iea_fleet.rollout.playbook import PlaybookCall, PlaybookEnd, run_playbook
from iea_fleet.rollout.vault import Vault

SECRET = "canary-of-the-day-7Q2x"
PLAY = """---
- hosts: all
  gather_facts: false
  connection: local
  tasks:
    - ansible.builtin.debug:
        msg: "{{ told }}"
"""


def run(folder: Path, text: str, variables: dict[str, object]) -> tuple[PlaybookEnd, list[dict[str, Any]]]:
    """Run a playbook on one host of this machine; gives its end and the results of its tasks."""
    playbook = folder / "play.yml"
    playbook.write_text(text, encoding="utf-8")
    heard: list[dict[str, Any]] = []
    call = PlaybookCall(
        playbook=playbook, inventory=["pc-1,"], hosts=["pc-1"], forks=1, check=False, diff=False, vault=Vault(),
        environment=find_content().environment(), variables=variables,
    )  # fmt: skip
    end = run_playbook(call, folder / "call", lambda event: heard.append(dict(event)), lambda: False)
    return end, [event["event_data"]["res"] for event in heard if event.get("event") == "runner_on_ok"]


@pytest.mark.parametrize(
    "value",
    [
        "{{ lookup('pipe', 'touch X') }}",
        "{% for x in [1] %}boom{% endfor %}",
        "IEA-0001",
        'a "quoted": one # \\n & * ! | > %',
        "é\u202e\u2028\x7f\x85 \U0001f600",
        "yes",
        "0x10",
        "",
    ],
)
def test_a_text_arrives_as_it_is_and_is_never_filled_in(tmp_path: Path, value: str, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    told = {"text": value, "list": [{"licence": value, "number": 5, "is": True}], "nothing": None}
    end, results = run(tmp_path, PLAY, {"told": told})
    assert end.exit_code == 0
    assert [result["msg"] for result in results] == [told]
    assert not (tmp_path / "X").exists()
    assert not (tmp_path / "call").exists()


def test_nobody_else_sees_a_variable(tmp_path: Path) -> None:
    seen: set[str] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.01):
            paths = [path for kind in ("cmdline", "environ") for path in Path("/proc").glob(f"[0-9]*/{kind}")]
            paths += [path for path in tmp_path.rglob("*") if path.is_file()]
            for path in paths:
                try:
                    if SECRET.encode() in path.read_bytes():
                        seen.add(str(path))
                except OSError:
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        end, results = run(tmp_path, PLAY.replace("{{ told }}", "{{ told | length }}"), {"told": SECRET})
    finally:
        over.set()
        watcher.join()
    assert (end.exit_code, results[0]["msg"]) == (0, len(SECRET))
    assert seen == set()


def test_an_ansible_that_never_reads_its_variables_is_not_waited_for(tmp_path: Path) -> None:
    call = PlaybookCall(
        playbook=tmp_path / "missing.yml", inventory=["pc-1,"], hosts=["pc-1"], forks=1, check=False, diff=False,
        vault=Vault(file=tmp_path / "no-such-vault-file"), environment=find_content().environment(),
        variables={"told": "x" * 1_000_000},
    )  # fmt: skip
    end = run_playbook(call, tmp_path / "call", lambda _: None, lambda: False)
    assert end.exit_code != 0
    assert not (tmp_path / "call").exists()
