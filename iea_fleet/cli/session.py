"""The course of `push` and `report`: inventory, ledger, run, and what is shown and written in the end."""

from __future__ import annotations

import getpass
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from rich.console import Console

from iea_fleet.cli.present import Presentation, exit_code, present, report_before, require_folder
from iea_fleet.cli.progress import RunProgress
from iea_fleet.cli.words import Language, say
from iea_fleet.ledger.lock import claim, remove_leftovers
from iea_fleet.ledger.records import HostRecord, RunKind
from iea_fleet.ledger.state import StateFolder, open_state_folder
from iea_fleet.ledger.store import Ledger, NewRun, new_run_id
from iea_fleet.model.errors import FleetError, InputError
from iea_fleet.report.wording.fill import translator
from iea_fleet.rollout.content import find_content
from iea_fleet.rollout.inventory import read_inventory
from iea_fleet.rollout.run import Order, Run, Stop
from iea_fleet.rollout.settings import ASSISTANCE_PASSWORD
from iea_fleet.rollout.vault import Vault


@dataclass(frozen=True, slots=True)
class Request:
    """The options of one `push` or `report`, as they were given."""

    kind: RunKind
    inventory: tuple[str, ...]
    limit: str | None
    check: bool
    diff: bool
    as_json: bool
    forks: int
    vault_file: Path | None
    ask_vault: bool
    output: Path | None
    state: Path | None
    ledger: str
    ask_assistance_password: bool = False


def carry_out(request: Request, lang: Language, screen: Console) -> int:
    """Do it, from the inventory to the exit code.

    Args:
        request: what was asked for.
        lang: language of everything that is shown.
        screen: where progress is shown.
    Raises: FleetError.
    """
    state = open_state_folder(request.state)
    require_folder(request.output)
    content = find_content()
    vault = Vault(request.vault_file, ask_vault_password(lang) if request.ask_vault else None)
    variables = {}
    if request.ask_assistance_password and (password := ask_assistance_password(lang)):
        variables[ASSISTANCE_PASSWORD] = password
    hosts = read_inventory(request.inventory, request.limit, vault, content.environment())
    state.require_space()
    ledger = Ledger(request.ledger or state.ledger_url)
    remove_leftovers(state.path / "runs")
    run_id, stop = new_run_id(), Stop()
    order = Order(
        request.kind,
        request.inventory,
        request.check,
        request.diff,
        request.forks,
        vault,
        variables=variables,
        translate=translator(lang),
    )
    new = NewRun(request.kind, request.check, request.limit or "", [host.asked for host in hosts])
    how = Presentation(request.as_json, request.diff, request.output, lang)
    folder = state.run_folder(run_id)
    with signals(stop, lang):
        with claim(folder) as lock:
            ledger.begin(run_id, new, lock.path)
            note = say("begins", lang, run=run_id, hosts=len(hosts))
            screen.print(f"{note} ({say('check', lang)})" if request.check else note)
            with RunProgress(screen, len(hosts), request.check, lang) as progress:
                run = Run(order, hosts, run_id, ledger, folder, content, progress, stop)
                try:
                    run.carry_out()
                except FleetError:
                    _present_from_memory(run, new, ledger, run_id, how, state)
                    raise
        remove_leftovers(state.path / "runs")
        record = ledger.run(run_id)
        view = present(record, ledger.hosts(run_id), how, state, report_before(ledger, record))
    return exit_code(view.verdicts, interrupted=stop.by_user)


def _present_from_memory(
    run: Run, new: NewRun, ledger: Ledger, run_id: str, how: Presentation, state: StateFolder
) -> None:
    """Show what is known of a run whose ledger could not be written to the end; what fails on the way is not told."""
    hosts = [HostRecord(asked=asked, outcome=run.outcomes.get(asked.host), answered_ms=None) for asked in new.hosts]
    with suppress(FleetError):
        present(ledger.run(run_id), hosts, how, state)


def ask_vault_password(lang: Language) -> str:
    """Ask for the vault password on the terminal. Raises: InputError when there is none."""
    if not sys.stdin.isatty():
        raise InputError("--ask-vault-pass", "there is no terminal to ask on", "Give --vault-password-file instead")
    return getpass.getpass(say("vault_password", lang))


def ask_assistance_password(lang: Language) -> str:
    """Ask for the password of the day on the terminal; empty: none. Raises: InputError when there is no terminal."""
    if not sys.stdin.isatty():
        raise InputError(
            "--assistance-password-prompt",
            "there is no terminal to ask on",
            "Set IEA_FLEET_ASSISTANCE_PASSWORD instead",
        )
    return getpass.getpass(say("password_of_the_day", lang))


@contextmanager
def signals(stop: Stop, lang: Language) -> Iterator[None]:
    """End the run in good order on Ctrl-C, on a request to end, and when the terminal is closed."""

    def on_interrupt(_number: int, _frame: FrameType | None) -> None:
        stop.insist(say("interrupted", lang), by_user=True)

    def on_hangup(_number: int, _frame: FrameType | None) -> None:
        stop.request(say("terminal", lang), by_user=True)

    handlers = {signal.SIGINT: on_interrupt, signal.SIGTERM: on_interrupt, signal.SIGHUP: on_hangup}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
