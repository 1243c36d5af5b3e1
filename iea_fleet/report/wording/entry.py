"""The words of one finding."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """What people read about one finding; in the tables: English msgids with `{evidence}` placeholders.

    Args:
        title: a few words, for a table.
        explanation: what is so and why, with the facts.
        next_step: what to do, in order, one step a line; empty when there is nothing to do.
    """

    title: str
    explanation: str
    next_step: str

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps of `next_step`, one by one."""
        return tuple(self.next_step.splitlines())
