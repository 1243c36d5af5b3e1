"""When a workstation that was told to restart has done so, and is up to stay. Pure; the round asks it."""

from __future__ import annotations

from iea_fleet.model.answer import Answer
from iea_fleet.model.request import Request, RestartComputer

POLL_S = 2.0
"""Seconds between two looks."""

STEADY_S = 5.0
"""How long it must have answered with one boot time: updates restart it twice, and WinRM is up before it goes down."""

STEADY_SAME_BOOT_S = 20.0
"""The same for one that went away and tells no new boot time, as after fast startup (hibernation is no new boot)."""


def restart_begun(request: Request, answer: Answer) -> RestartComputer | None:
    """The restart that an answer says was begun; `None`: none was."""
    steps = {step.id: step for step in (*request.act, *request.after) if isinstance(step, RestartComputer)}
    done = [steps[work.id] for work in (*answer.act, *answer.after) if work.ok and work.id in steps]
    return done[0] if done and not answer.dry_run else None


class Return:
    """Watches for a workstation's return.

    Args:
        boot_time: what it told before the restart; `None`: it tells none.
    """

    def __init__(self, boot_time: str | None) -> None:
        self._before = boot_time
        self._boot: str | None = None
        self._since: float | None = None
        self._was_away = False

    def away(self) -> None:
        """It did not answer."""
        self._was_away, self._since = True, None

    def answered(self, boot_time: str | None, at: float) -> bool:
        """It answered; `True`: it has restarted, and is steady.

        Args:
            boot_time: as it tells now.
            at: seconds of any steady clock.
        """
        is_new = boot_time != self._before
        if not is_new and not self._was_away:
            return False  # the service still answers before the shutdown
        if self._since is None or boot_time != self._boot:
            self._boot, self._since = boot_time, at
        return at - self._since >= (STEADY_S if is_new else STEADY_SAME_BOOT_S)
