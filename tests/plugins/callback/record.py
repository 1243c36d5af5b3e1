"""Writes the result of each task of ours to a file, as a callback of a user's would get it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record
type: aggregate
short_description: Records results
description: Records the results of iea_workstation.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "record"
    CALLBACK_NEEDS_ENABLED = True

    def _record(self, ended: str, result: Any) -> None:
        if result.task.action == "iea_workstation" or ended in {"failed", "unreachable"}:
            line = json.dumps({"host": result.host.name, "ended": ended, "result": result.result}, default=str)
            with Path(os.environ["IEA_FLEET_TEST_RECORD"]).open("a", encoding="utf-8") as file:
                file.write(line + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        self._record("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._record("failed", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._record("unreachable", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._record("skipped", result)
