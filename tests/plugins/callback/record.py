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

    def _record(self, result: Any, *_: object, **__: object) -> None:
        if result.task.action == "iea_workstation" or result.is_failed() or result.is_unreachable():
            line = json.dumps(result.result, default=str)
            with Path(os.environ["IEA_FLEET_TEST_RECORD"]).open("a", encoding="utf-8") as file:
                file.write(line + "\n")

    v2_runner_on_ok = _record
    v2_runner_on_failed = _record
    v2_runner_on_unreachable = _record
    v2_runner_on_skipped = _record
