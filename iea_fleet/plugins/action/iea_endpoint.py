"""Action plugin iea_endpoint: looks at a workstation's WinRM endpoint without a logon. Only `iea-fleet doctor` uses it.

Arguments: certificate_sha256 (the pin, "" for none), computer_name (as the inventory expects it, "" for none).
Result: iea_endpoint, a list of findings; proceed, whether a logon has a chance. Nothing is written anywhere.
"""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from iea_fleet.diagnosis.endpoint import judge_endpoint, may_log_on
from iea_fleet.plugins.endpoint import look_at


class ActionModule(ActionBase):  # type: ignore[misc]
    """The action as Ansible calls it."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Look, and judge what was seen."""
        super().run(tmp, task_vars)
        pin, name = (str(self._task.args.get(key) or "") for key in ("certificate_sha256", "computer_name"))
        findings = judge_endpoint(look_at(self._connection, pin=pin, computer_name=name))
        return {
            "changed": False,
            "proceed": may_log_on(findings),
            "iea_endpoint": [finding.model_dump(mode="json") for finding in findings],
        }
