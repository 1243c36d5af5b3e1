"""The course of `fix` around its conversation: inventory, lease, the technician, hand-over, exit code."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path

from rich.console import Console

from iea_fleet.cli.fix_office import Office
from iea_fleet.cli.fix_screen import HandedOver, Screen
from iea_fleet.cli.session import ask_assistance_password, ask_vault_password, signals
from iea_fleet.cli.words import Language
from iea_fleet.diagnosis.remedy import Plan
from iea_fleet.ledger.lock import claim, remove_leftovers
from iea_fleet.ledger.records import RunKind, RunState
from iea_fleet.ledger.state import StateFolder, open_state_folder
from iea_fleet.ledger.store import Ledger, NewRun, new_run_id
from iea_fleet.model.answer import RecordChange
from iea_fleet.model.errors import INTERRUPTED, HostsBusy, InputError
from iea_fleet.model.outcome import Outcome
from iea_fleet.rollout.content import Content, find_content
from iea_fleet.rollout.fix import Allowed, End, Fix, Repair
from iea_fleet.rollout.inventory import WORKSTATION, Host, read_inventory
from iea_fleet.rollout.repair import Case as SheetCase
from iea_fleet.rollout.repair import host_task, last_reset, seen_in_fleet
from iea_fleet.rollout.run import Stop
from iea_fleet.rollout.settings import ASSISTANCE_PASSWORD, maintenance_windows
from iea_fleet.rollout.vault import Vault
from iea_fleet.rollout.visit import Place, Visit, kept_alive
from iea_fleet.support.settings import support_settings

PASSWORD_VARIABLE = "IEA_FLEET_ASSISTANCE_PASSWORD"  # noqa: S105 - the environment's variable
"""Where the roles look for the password of the day."""


@dataclass(frozen=True, slots=True)
class Request:
    """The options of one `fix`, as they were given."""

    host: str
    case: str | None
    yes: bool
    check: bool
    explain: bool
    force: bool
    allow_restart: bool
    any_time: bool
    ask_assistance_password: bool
    send: bool
    again: bool
    undo: bool
    inventory: tuple[str, ...]
    as_json: bool
    vault_file: Path | None
    ask_vault: bool
    state: Path | None
    ledger: str

    @property
    def allowed(self) -> Allowed:
        """What the technician asks for and allows."""
        case = None if self.case is None else SheetCase(self.case)
        return Allowed(
            case=case, force=self.force, restart=self.allow_restart, any_time=self.any_time, check=self.check
        )


@dataclass
class Technician:
    """The technician at the terminal (`rollout.fix.Person`).

    Args:
        screen: where all is shown.
        yes: agreed beforehand.
        answer: asks a question on the terminal; `None`: there is no terminal.
        ask_password: asks for the password of the day; `None`: there is no terminal.
        typed: the password of the day, where it was asked for at the start; empty: it was not.
        secrets: those that were typed later.
    """

    screen: Screen
    yes: bool
    answer: Callable[[str], str] | None
    ask_password: Callable[[], str] | None
    typed: str = ""
    secrets: list[str] = field(default_factory=list)

    def looks(self) -> None:
        """The look begins."""
        self.screen.looks()

    def found(self, outcome: Outcome) -> None:
        """The look is over."""
        self.screen.found(outcome)

    def planned(self, plan: Plan) -> None:
        """A plan is made."""
        self.screen.planned(plan)

    def agrees(self) -> bool:
        """Ask. Raises: InputError when nobody can be asked."""
        if self.yes:
            return True
        if self.answer is None:
            raise InputError(
                self.screen.host,
                "nobody can be asked here whether to go on",
                "Give --yes to do what is planned, or --check to see the plan only",
            )
        answer = self._asked(partial(self.answer, self.screen.question))
        return answer.strip().casefold() in self.screen.yes_words

    def password(self) -> str | None:
        """The password of the day that was typed at the start, else ask for it."""
        if self.typed:
            return self.typed
        return self.another_password()

    def another_password(self) -> str | None:
        """Ask for the password of the day; `None` without a terminal, and when nothing was typed."""
        given = "" if self.ask_password is None else self._asked(self.ask_password)
        if given:
            self.secrets.append(given)
        return given or None

    def _asked(self, ask: Callable[[], str]) -> str:
        try:
            return ask()
        except KeyboardInterrupt:
            self.screen.interrupted()
            raise

    def works(self, *, may_restart: bool) -> None:
        """A remedy begins."""
        self.screen.works(may_restart=may_restart)

    def done(self, outcome: Outcome) -> None:
        """A remedy is over."""
        self.screen.done(outcome)


def carry_out(request: Request, lang: Language, console: Console) -> int:
    """Do it, from the inventory to the exit code.

    Args:
        request: what was asked for.
        lang: language of everything that is shown.
        console: where progress is shown.
    Raises: FleetError.
    """
    content = find_content()
    vault = Vault(request.vault_file, ask_vault_password(lang) if request.ask_vault else None)
    typed = ask_assistance_password(lang) if request.ask_assistance_password else ""
    host = _the_host(request, vault, content)
    screen = Screen(host.name, lang, console, as_json=request.as_json, force=request.force, case=request.case)
    settings = support_settings(host.variables, host.name)
    windows = maintenance_windows(host.variables, ", ".join(request.inventory))
    task = host_task(host, request.allowed.sheets)
    if request.explain:
        screen.explain(replace(task, restart_opens=request.allowed.restart_opens(windows)), request.allowed)
        return 0
    state = open_state_folder(request.state)
    state.require_space()
    ledger = Ledger(request.ledger or state.ledger_url)
    remove_leftovers(state.path / "runs")
    run, stop = new_run_id(), Stop()
    ask, ask_password = (_ask, partial(_ask_password, lang)) if sys.stdin.isatty() else (None, None)
    technician = Technician(screen, request.yes, ask, ask_password, typed)
    known = [os.environ.get(PASSWORD_VARIABLE, ""), str(host.variables.get(ASSISTANCE_PASSWORD) or "")]
    knows = not typed and any(known)
    with _begun(ledger, run, NewRun(RunKind.FIX, request.check, request.host, [host.asked]), state, stop) as folder:
        place = Place(host, request.inventory, vault, run, folder, content)
        with signals(stop, lang), kept_alive(ledger, run):
            fix = Fix(
                Visit(place, ledger, stop, screen.stopping, known),
                task,
                request.allowed,
                technician,
                knows_password=knows,
                in_fleet=partial(seen_in_fleet, host, records=cache(ledger.last_of_all)),
                windows=windows,
            )
            repair = _undo(fix, ledger, host, screen) if request.undo else fix.carry_out()
    handed_over, failure = HandedOver(), None
    if not stop.reason and not request.undo:
        secrets = tuple(filter(None, (*technician.secrets, typed, *known)))
        office = Office(host, settings, state, lang, secrets, send=request.send, again=request.again)
        handed_over, failure = office.hand_over(repair)
    code = _exit_code(repair, stop)
    screen.ended(run, repair, handed_over, code)
    if failure is not None:
        raise failure
    return code


def _the_host(request: Request, vault: Vault, content: Content) -> Host:
    """The one workstation that is meant. Raises: InputError."""
    hosts = read_inventory(request.inventory, request.host, vault, content.environment(), named_by=WORKSTATION)
    if len(hosts) > 1:
        names = [host.name for host in hosts]
        raise InputError(
            request.host[:200],
            "this means {count} workstations ({names})",
            "Name one of them",
            count=len(names),
            names=", ".join(names[:3]) + ("…" if len(names) > 3 else ""),
        )
    return hosts[0]


@contextmanager
def _begun(ledger: Ledger, run: str, new: NewRun, state: StateFolder, stop: Stop) -> Iterator[Path]:
    """Hold the host under a run of its own, and close the run whatever happens; gives the run's private folder."""
    folder = state.run_folder(run)
    with claim(folder) as lock:
        try:
            ledger.begin(run, new, lock.path)
        except HostsBusy as busy:
            where, what, _ = busy.phrases
            raise HostsBusy(where, what, "Wait until it has ended, or ask who is at it") from busy
        try:
            yield folder
        except BaseException:
            ledger.end(run, RunState.STOPPED, stop.reason or "it was ended in the middle")
            raise
        ledger.end(run, RunState.STOPPED if stop.reason else RunState.DONE, stop.reason)
    remove_leftovers(state.path / "runs")


def _undo(fix: Fix, ledger: Ledger, host: Host, screen: Screen) -> Repair:
    changes: tuple[RecordChange, ...] = last_reset(ledger.rounds(host.name))
    if not changes:
        raise InputError(
            host.name,
            "no reset of licences was made from here that could be taken back",
            "iea-fleet runs list shows what was done",
        )
    screen.undoes(changes)
    return fix.undo(changes)


def _ask(question: str) -> str:
    """Ask on the terminal, Ctrl-C ending the program; nothing is an answer too."""
    with _ended_by_ctrl_c():
        print(question, end="", file=sys.stderr, flush=True)  # noqa: T201 - standard output is the result's
        return sys.stdin.readline()


def _ask_password(lang: Language) -> str:
    """Ask for the password of the day on the terminal, Ctrl-C ending the program."""
    with _ended_by_ctrl_c():
        return ask_assistance_password(lang)


@contextmanager
def _ended_by_ctrl_c() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _exit_code(repair: Repair, stop: Stop) -> int:
    if stop.by_user:
        return INTERRUPTED
    if repair.end in {End.RIGHT, End.REPAIRED, End.UNDONE}:
        return 0
    return 4 if repair.end is End.NOT_JUDGED else 1
