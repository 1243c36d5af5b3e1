"""Shows a run while it goes on: a bar with rate and time left on a terminal, else one line a host."""

from __future__ import annotations

from collections import Counter
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from iea_fleet.cli.words import Language, say
from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.model.text import neutralise
from iea_fleet.report.labels import headline
from iea_fleet.report.view import host_row
from iea_fleet.report.wording.interface import interface
from iea_fleet.rollout.inventory import Host


class RunProgress:
    """Watches a run (an `Observer`); a context manager.

    Args:
        console: where it is shown.
        hosts: how many hosts were asked for.
        check: whether it is in check mode.
        lang: language of its words.
    """

    def __init__(self, console: Console, hosts: int, check: bool, lang: Language) -> None:
        self._console, self._hosts, self._check, self._lang = console, hosts, check, lang
        self._seen: dict[str, str] = {}
        self._bar: Progress | None = None
        if console.is_terminal:
            self._bar = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                _Rate(say("rate", lang)),
                TimeRemainingColumn(),
                TextColumn("{task.fields[counts]}"),
                console=console,
            )
            self._task = self._bar.add_task("", total=hosts, counts="")

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def phase(self, name: str, hosts: int) -> None:
        """A pass begins."""
        if self._bar is not None:
            self._bar.update(self._task, description=f"{say(name, self._lang)} ({hosts})")
        elif name == "retry":
            self._console.print(f"{say(name, self._lang)} ({hosts})")

    def answered(self, host: Host, outcome: Outcome) -> None:
        """A host's outcome is known."""
        self._seen[host.name] = outcome.verdict.value
        if self._bar is not None:
            counts = Counter(self._seen.values())
            shown = " · ".join(f"{counts[verdict]} {self._verdict(verdict)}" for verdict in sorted(counts))
            self._bar.update(self._task, completed=len(self._seen), counts=shown)
            return
        width = len(str(self._hosts))
        found = headline(host_row(host.name, host.site, outcome), self._lang)
        told = self._verdict(outcome.verdict.value)
        if found and found != interface("all_right", self._lang):
            # Many a finding names the verdict itself.
            told = found if told in found.casefold() else interface("counted", self._lang, what=told, count=found)
        self._console.print(
            f"[{len(self._seen):{width}}/{self._hosts}] {neutralise(host.name)}  {told}", soft_wrap=True
        )

    def _verdict(self, verdict: str) -> str:
        would = self._check and verdict == Verdict.CHANGED
        return interface("verdict_would_change" if would else f"verdict_{verdict}", self._lang)

    def stopping(self) -> None:
        """The run was asked to end."""
        self._console.print(say("stopping", self._lang))


class _Rate(ProgressColumn):
    """Hosts a second."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        """The rate of the last half minute; empty before the first host."""
        return Text(f"{task.speed:.1f} {self._unit}" if task.speed else "")
