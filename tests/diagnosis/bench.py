"""One emulated workstation of the lab, and rounds against it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterable

from iea_fleet.diagnosis.sheets import SUPPORTED, Task, build_request, judge
from iea_fleet.lab.application import SITUATIONS, Installation
from iea_fleet.lab.application.condition import Condition, begin
from iea_fleet.lab.application.program import digest
from iea_fleet.lab.emulated.staging import EmulatedStaging
from iea_fleet.lab.emulated.transaction import answer
from iea_fleet.lab.workstation import Description, Workstation
from iea_fleet.model.desired import DesiredConnection, DesiredShare
from iea_fleet.model.finding import Sheet
from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.model.request import AsWhom, ExpectedHost
from iea_fleet.profiles import find_profile

PASSWORD = "mardi-42"
PUSH = Task(
    sheets=(Sheet.CONNECTION,),
    profile=find_profile("lab"),
    connection=DesiredConnection(),
    read_only=False,
    dry_run=False,
    expect_host=ExpectedHost(computer_name="pc-01"),
)
CHECK = dataclasses.replace(PUSH, dry_run=True)
REPORT = dataclasses.replace(PUSH, read_only=True)
LOOK = dataclasses.replace(REPORT, sheets=SUPPORTED, share=DesiredShare(as_whom=tuple(AsWhom)))
"""Every sheet, read only, the share as everybody."""


class Bench:
    """One emulated workstation, PC-01, with the situations that it is in."""

    def __init__(self, situations: Iterable[str], installation: Installation | None = None) -> None:
        staging = EmulatedStaging()
        workstation = Workstation(Description("PC-01"))
        asyncio.run(staging.prepare(workstation))
        condition = Condition(installation=installation or Installation(), password_sha256=digest(PASSWORD))
        staging.lay(workstation, condition.all_files())
        for name in situations:
            condition, changes = begin(condition, SITUATIONS[name])
            staging.lay(workstation, changes)
        staging.arrange(workstation, condition)
        self.machine_id = workstation.machine_id
        self.machine = staging.machines["PC-01"]
        self.rounds = 0

    def outcome(self, task: Task) -> Outcome:
        """One round."""
        self.rounds += 1
        request = build_request(task, transaction=f"{self.rounds:032x}", nonce="a" * 32)
        said = answer(self.machine, request)
        verdict, findings = judge(said, task)
        return Outcome(verdict=verdict, findings=findings, answer=said, transaction=request.transaction)

    def ask(self, task: Task) -> tuple[Verdict, list[str]]:
        """The verdict and the codes of one round, those of the connection without their sheet."""
        outcome = self.outcome(task)
        return outcome.verdict, sorted(finding.code.removeprefix("connection.") for finding in outcome.findings)
