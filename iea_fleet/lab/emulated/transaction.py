"""One transaction on an emulated machine, in the order of docs/wire.md."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from time import perf_counter

from iea_fleet.lab.emulated import probes, settings, share, work
from iea_fleet.lab.emulated.disk import DISK_FULL, DiskError
from iea_fleet.lab.emulated.journal import JOURNAL_BYTES, Journal, recover
from iea_fleet.lab.emulated.machine import Machine, Session
from iea_fleet.lab.emulated.plan import Plan, StepFailed, make_plan
from iea_fleet.lab.stores.names import folded
from iea_fleet.model.answer import (
    Answer,
    EnsureOutcome,
    Failure,
    PlaceState,
    ProbeFacts,
    Recovered,
    ReleaseOutcome,
    RequireOutcome,
    Status,
    Step,
    WorkOutcome,
)
from iea_fleet.model.request import PathName, Request, Require, Work


@dataclass(slots=True)
class _Told:
    """What the answer will say, as far as it is known."""

    status: Status = Status.DONE
    recovered: Recovered | None = None
    probes: tuple[ProbeFacts, ...] = ()
    require: tuple[RequireOutcome, ...] = ()
    act: tuple[WorkOutcome, ...] = ()
    ensure: tuple[EnsureOutcome, ...] = ()
    release: tuple[ReleaseOutcome, ...] = ()
    after: tuple[WorkOutcome, ...] = ()
    verify: tuple[ProbeFacts, ...] = ()
    error: Failure | None = None


_IDS = re.compile(r'"(transaction|nonce)":"([0-9a-f]{32})"')


@dataclass(slots=True)
class _Transaction:
    machine: Machine
    request: Request
    started: float = field(default_factory=perf_counter)
    told: _Told = field(default_factory=_Told)

    def run(self) -> Answer:
        folder = self.machine.expanded(self.request.state_folder)
        if self.machine.busy:
            self.told.status = Status.BUSY
            return self.answer()
        record = rf"{folder}\last.json"
        if (recorded := self._recorded(record)) is not None:
            return recorded
        journal = Journal(self.machine, folder, self.request.transaction)
        try:
            if not self.request.dry_run:
                self.told.recovered = recover(self.machine, folder)
            self._identity()
            self._name_and_connect()
            self._probe_and_require()
            self._act()
            plan = self._plan()
            if self.request.dry_run:
                return self.answer()
            self._write(journal, plan)
        except StepFailed as failure:
            self._fail(failure)
            return self.answer()
        finished = self._finished
        self._after(changed=finished or not plan.empty or bool(self.told.act))
        worked = bool(self.told.act or self.told.after)
        if (finished or worked or not plan.empty) and self.machine.restart_due_s is None:
            self.told.verify = self._probes()
        answer = self.answer()
        if worked or not plan.empty:
            self._record(record, answer)
        if not plan.empty:
            journal.close()
        return answer

    @property
    def _finished(self) -> bool:
        """Whether recovery finished a transaction that had written."""
        return self.told.recovered is not None and self.told.recovered.outcome == "finished"

    def answer(self) -> Answer:
        told = self.told
        return Answer(
            schema_version=1,
            transaction=self.request.transaction,
            status=told.status,
            dry_run=self.request.dry_run,
            replayed=False,
            host=self.machine.host_facts(),
            recovered=told.recovered,
            probes=told.probes,
            require=told.require,
            act=told.act,
            ensure=told.ensure,
            release=told.release,
            after=told.after,
            verify=told.verify,
            error=told.error,
            elapsed_ms=int((perf_counter() - self.started) * 1000),
        )

    def _recorded(self, record: str) -> Answer | None:
        data = self.machine.disk.peek(record)
        if data is None or self.request.transaction.encode() not in data:
            return None
        try:
            answer = Answer.model_validate_json(data)
        except ValueError:
            return None  # a damaged record is none; the journal still guards the stores
        return answer.model_copy(update={"replayed": True}) if answer.transaction == self.request.transaction else None

    def _identity(self) -> None:
        expected, identity = self.request.expect_host, self.machine.identity
        for wanted, found, what in (
            (expected.computer_name, identity.computer_name, "computer name"),
            (expected.machine_id, identity.machine_id, "machine id"),
        ):
            if wanted is not None and folded(wanted) != folded(found):
                raise StepFailed(Step.IDENTITY, f"the {what} is {found}, not {wanted}")

    def _name_and_connect(self) -> None:
        machine = self.machine
        for name in self.request.names:
            value = machine.expanded(self._name_value(name), as_named=True)
            if value:
                machine.session.as_named[name.name] = value
                machine.session.names[name.name] = share.network_path(machine, machine.share, value)
        if (logon := self.request.connect) is not None:
            path = share.network_path(machine, machine.share, machine.expanded(logon.path, as_named=True))
            machine.session.logon = logon.model_copy(update={"path": path})

    def _name_value(self, name: PathName) -> str:
        if name.at is None:
            return name.text or ""
        places = settings.read(self.machine, name.at)
        return next((place.value for place in places if place.state is PlaceState.PRESENT and place.value), "")

    def _probes(self) -> tuple[ProbeFacts, ...]:
        return tuple(probes.run(self.machine, probe) for probe in self.request.probe)

    def _probe_and_require(self) -> None:
        self.told.probes = self._probes()
        outcomes = []
        for require in self.request.require:
            found = self._found(require)
            outcomes.append(
                RequireOutcome(probe=require.probe, fact=require.fact, held=probes.holds(require, found), found=found)
            )
        self.told.require = tuple(outcomes)
        broken = next((outcome for outcome in outcomes if not outcome.held), None)
        if broken is not None:
            raise StepFailed(
                Step.REQUIRE, f"the {broken.fact} of {broken.probe} is not as required", change=broken.probe
            )

    def _found(self, require: Require) -> tuple[str, ...]:
        facts = next(facts for facts in self.told.probes if facts.id == require.probe)
        return probes.found(facts, require.fact)

    def _holds(self, require: Require) -> bool:
        return probes.holds(require, self._found(require))

    def _due(self, step: Work, *, changed: bool) -> bool:
        return (changed or step.when == "always") and (step.only_if is None or self._holds(step.only_if))

    def _act(self) -> None:
        for step in self.request.act:
            if not self._due(step, changed=self._finished or bool(self.told.act)):
                continue
            if self.request.dry_run:
                outcome = WorkOutcome(id=step.id, ok=True, elapsed_ms=0)
            else:
                outcome = work.carry_out(self.machine, step)
            self.told.act += (outcome,)
            if not outcome.ok:
                raise StepFailed(Step.ACT, outcome.message, change=step.id, code=outcome.win32_code)

    def _plan(self) -> Plan:
        plan = make_plan(self.machine, self.request.ensure, self.request.release, self._holds)
        self.told.ensure, self.told.release = plan.outcomes, plan.releases
        return plan

    def _write(self, journal: Journal, plan: Plan) -> None:
        if plan.empty:
            return
        needed = JOURNAL_BYTES + sum(len(write.before) + len(write.after) for write in plan.files)
        disk = self.machine.disk
        free = 0 if disk.full_at == "space" else disk.free_bytes
        if free < needed:
            raise StepFailed(Step.SPACE, f"{needed} bytes are needed, {free} are free", code=DISK_FULL, free_bytes=free)
        journal.carry_out(plan)

    def _fail(self, failure: StepFailed) -> None:
        refused = failure.step in (Step.IDENTITY, Step.REQUIRE)
        self.told.status = Status.REFUSED if refused else Status.FAILED
        self.told.error = Failure(
            step=failure.step,
            id=failure.change,
            win32_code=failure.code,
            message=str(failure)[:2000],
            undone=failure.undone,
            free_bytes=failure.free_bytes,
        )

    def _after(self, *, changed: bool) -> None:
        for step in self.request.after:
            if self._due(step, changed=changed or any(outcome.ok for outcome in self.told.after)):
                self.told.after += (work.carry_out(self.machine, step),)

    def _record(self, record: str, answer: Answer) -> None:
        disk = self.machine.disk
        try:
            disk.write(f"{record}.new", to_json(answer), "record")
            disk.flush(f"{record}.new")
            disk.move(f"{record}.new", record, "record")
        except DiskError:
            return  # the stores are right; only a second answer to this transaction is lost


def to_json(answer: Answer) -> bytes:
    """An answer as one line of plain ASCII JSON."""
    return json.dumps(answer.model_dump(mode="json", by_alias=True), separators=(",", ":")).encode("ascii")


def refusal(machine: Machine, line: str, why: str) -> tuple[str, Answer]:
    """The answer to a request that can't be read, and the nonce to mark it with: zeros where it has none."""
    ids = dict(reversed(_IDS.findall(line)))
    request = Request(transaction=ids.get("transaction", "0" * 32), nonce=ids.get("nonce", "0" * 32), dry_run=False)
    told = _Told(status=Status.FAILED, error=Failure(step=Step.PROBE, message=why[:2000]))
    return request.nonce, _Transaction(machine, request, told=told).answer()


def answer(machine: Machine, request: Request) -> Answer:
    """Carry out one request on one machine.

    Raises: ProcessEnds when the machine's `disk.cut` strikes; `disk.after_end` then says what the cut left.
    """
    machine.session = Session(request.transaction)
    try:
        return _Transaction(machine, request).run()
    finally:
        machine.session = Session()
