"""What is so on one workstation now, and which files change when a situation begins or is mended. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from iea_fleet.lab.application import ALL_REACHED, LOG, RIGHT_SETTINGS, Servers, Settings, Situation, files

FileChanges = Mapping[str, bytes | None]
"""Files by Windows path: the bytes to lay there, None: the file is taken away."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Every part of the application on one workstation, as the lab last arranged it.

    A push changes `settings` on the workstation's disk without being noticed here: what is laid anew is laid whole.
    """

    settings: Settings = RIGHT_SETTINGS
    damage: Literal["missing", "malformed", "locked"] | None = None
    servers: Servers = ALL_REACHED
    refusal: str | None = None
    service: Literal["running", "stopped", "absent"] = "running"
    impostor: Literal["other", "clone"] | None = None

    def after(self, situation: Situation) -> Condition:
        """The condition once `situation` has begun; parts of which it says nothing stay."""
        return Condition(
            settings=situation.settings or self.settings,
            # Settings that are laid anew are whole again.
            damage=situation.damage or (None if situation.settings else self.damage),
            servers=situation.servers or self.servers,
            refusal=situation.refusal or self.refusal,
            service=situation.service or self.service,
            impostor=situation.impostor or self.impostor,
        )

    def mended(self) -> Condition:
        """Without damage, faults of servers, refusals and the like; wrong settings stay, for a push to mend."""
        return replace(Condition(), settings=self.settings)

    def all_files(self, now: datetime | None = None) -> dict[str, bytes]:
        """Every file of the application by Windows path."""
        return files(self.settings, refusal=self.refusal, damage=self.damage, now=now)


def begin(condition: Condition, situation: Situation, now: datetime | None = None) -> tuple[Condition, FileChanges]:
    """Let `situation` begin.

    Returns: the new condition, and the files that change with it; what a push has done to others stays.
    """
    after = condition.after(situation)
    if situation.settings is not None or situation.damage in ("missing", "malformed"):
        return after, _whole(condition, after, now)
    if condition.damage in ("missing", "malformed") and after.damage == "locked":
        return after, _whole(condition, after, now)
    return after, {LOG: after.all_files(now)[LOG]} if situation.refusal else {}


def mend(condition: Condition, now: datetime | None = None) -> tuple[Condition, FileChanges]:
    """End what `Condition.mended` ends.

    Returns: the new condition, and the files that change with it.
    """
    after = condition.mended()
    if condition.damage in ("missing", "malformed"):
        return after, _whole(condition, after, now)
    return after, {LOG: after.all_files(now)[LOG]} if condition.refusal else {}


def _whole(before: Condition, after: Condition, now: datetime | None) -> FileChanges:
    gone: dict[str, bytes | None] = dict.fromkeys({**before.all_files(now), **Condition().all_files(now)})
    return gone | after.all_files(now)
