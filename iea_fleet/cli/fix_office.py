"""How `fix` hands over what is left: the mails into the outbox, sent where that is asked for, and the evidence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

from iea_fleet.cli.fix_screen import HandedOver
from iea_fleet.cli.words import Language
from iea_fleet.diagnosis.remedy import Need
from iea_fleet.ledger.state import StateFolder
from iea_fleet.model.errors import FleetError
from iea_fleet.rollout.fix import End, Repair
from iea_fleet.rollout.inventory import Host
from iea_fleet.rollout.repair import concerns_vendor
from iea_fleet.support.evidence import Case
from iea_fleet.support.hand_over import Mail, ask_for_password, hand_over
from iea_fleet.support.outbox import Outbox
from iea_fleet.support.send import send_entry
from iea_fleet.support.settings import SupportSettings


@dataclass(frozen=True, slots=True)
class Office:
    """Hands over what is left.

    Args:
        host: the workstation.
        settings: of support requests.
        state: where outbox and bundles are.
        secrets: passwords that no evidence may repeat.
        send: by mail, at once.
        again: draft mails though the same ones are known.
    """

    host: Host
    settings: SupportSettings
    state: StateFolder
    lang: Language
    secrets: tuple[str, ...]
    send: bool
    again: bool

    def hand_over(self, repair: Repair) -> tuple[HandedOver, FleetError | None]:
        """Write what is to be written, and send it where that is asked for; what stood in the way is the error.

        What was written before stays, and a mail that could not be sent waits in the outbox.
        """
        done = HandedOver()
        if repair.end not in {End.LEFT, End.NOT_JUDGED}:
            return done, None
        try:
            for so_far in self._steps(repair):
                done = so_far
        except FleetError as error:
            return done, error
        return done, None

    def _steps(self, repair: Repair) -> Iterator[HandedOver]:
        """Write and send one after the other, giving what there is so far."""
        done, now, plan = HandedOver(), dt.datetime.now().astimezone(), repair.plan
        if Need.PASSWORD in plan.lacking:
            hosts = [(self.host.name, self.host.site)]
            asked = ask_for_password(hosts, now, self.state, self.settings, again=self.again)
            done = replace(done, password_request=asked)
            yield done
        others = [remedy for remedy in plan.remedies if Need.PASSWORD not in remedy.needs]
        if plan.hand_over or others or repair.end is End.NOT_JUDGED:
            case = Case(self.host.name, self.host.site, now, repair.handed_over, self.secrets)
            vendor = concerns_vendor(plan.hand_over)
            written = hand_over(case, self.state, self.settings, lang=self.lang, to_vendor=vendor, again=self.again)
            done = replace(done, draft=written.draft, bundle=written.bundle)
            yield done
        if not self.send:
            return
        if done.draft is not None and not done.draft.entry.sent:
            done = replace(done, draft=Mail(send_entry(Outbox(self.state), done.draft.entry, self.settings)))
            yield done
        if done.password_request is not None and not done.password_request.entry.sent:
            sent = send_entry(Outbox(self.state), done.password_request.entry, self.settings)
            yield replace(done, password_request=Mail(sent))
