"""The role iea_licence with answers that no lab gives: another workstation begins only where nothing can be written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
ACTION = '''
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """Gives the answer that the inventory has for the host, and notes that it was asked."""

    def run(self, tmp=None, task_vars=None):
        with open("asked", "a") as asked:
            asked.write(task_vars["inventory_hostname"] + "\\n")
        return {"msg": "said", "changed": False, **task_vars["stub"]}
'''
DONE: dict[str, Any] = {"changed": True, "iea_fleet": {"verdict": "changed", "findings": [], "answer": None}}


def failed(verdict: str, *codes: str, error: object = None, **more: object) -> dict[str, Any]:
    findings = [{"code": code} for code in codes]
    return {"failed": True, "iea_fleet": {"verdict": verdict, "findings": findings, "answer": {"error": error}}, **more}


@pytest.mark.parametrize(
    ("first", "asked"),
    [
        (failed("failed"), ["a", "b"]),
        (failed("failed", error={"undone": False}), ["a"]),
        (failed("failed", "licence.list_malformed", changed=True), ["a"]),
        (failed("unknown", "transport.deadline", "transaction.busy"), ["a"]),
        ({"failed": True, "msg": "Ansible ended the task"}, ["a"]),
    ],
)
def test_another_begins_only_where_nothing_can_have_been_written(
    tmp_path: Path, first: dict[str, Any], asked: list[str]
) -> None:
    (tmp_path / "actions").mkdir()
    (tmp_path / "actions" / "iea_workstation.py").write_text(ACTION)
    hosts = {name: {"stub": stub, "iea_profile": "lab"} for name, stub in (("a", first), ("b", DONE), ("c", DONE))}
    (tmp_path / "hosts.yml").write_text(json.dumps({"all": {"children": {"site_x": {"hosts": hosts}}}}))
    play = {"hosts": "all", "gather_facts": False, "roles": ["iea_licence"], "connection": "local"}
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    ended = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-i", "hosts.yml", "play.yml"],
        env={
            **os.environ, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"), "PYTHONPATH": str(REPOSITORY),
            "ANSIBLE_ACTION_PLUGINS": str(tmp_path / "actions"),
        },
        capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path,
    )  # fmt: skip
    told = ended.stdout + ended.stderr
    assert (tmp_path / "asked").exists(), told
    assert (tmp_path / "asked").read_text().split() == asked, told
    assert (ended.returncode == 0) == (asked == ["a", "b"]), told
