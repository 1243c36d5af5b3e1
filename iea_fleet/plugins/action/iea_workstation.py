"""Action plugin iea_workstation: one transaction with one workstation. Its documentation is in modules/."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from iea_fleet.plugins._result import diff_lines, task_result
from iea_fleet.plugins.exchange import exchange


class ActionModule(ActionBase):  # type: ignore[misc]
    """The action as Ansible calls it."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Carry out the task; the result holds the outcome under `iea_fleet`, whatever happened."""
        super().run(tmp, task_vars)
        outcome = exchange(self._connection, self._task.args, check_mode=self._task.check_mode)
        result = task_result(outcome, read_only=bool(self._task.args.get("read_only")), diff=self._task.diff)
        if result.get("failed") and result.get("diff"):
            # Ansible prints the diff of a task that went well only; of several sheets one may fail beside the others.
            self._display.display(diff_lines(result["diff"]))
        return result
