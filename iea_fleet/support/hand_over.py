"""Hands one host over: the support request into the outbox and the bundle of evidence beside it.

What `fix` does with it:

    case = Case(host=name, site=title, when=now, outcomes=(looked, mended), secrets=(password_of_the_day,))
    settings = support_settings(host.variables, name)
    done = hand_over(case, state, settings, lang=lang)
    if send and done.draft is not None and not done.draft.entry.sent:
        send_entry(Outbox(state), done.draft.entry, settings)

A mail that could not be sent is one FleetError, and its draft waits in the outbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from iea_fleet.ledger.state import StateFolder, named_for_user, private_folder, write_private
from iea_fleet.model.phrase import Phrase
from iea_fleet.report.wording import Language
from iea_fleet.support.bundle import bundle_bytes
from iea_fleet.support.draft import Draft, draft_password_request, draft_support_request, record_id
from iea_fleet.support.evidence import Case
from iea_fleet.support.mail import build_message
from iea_fleet.support.outbox import Entry, Outbox
from iea_fleet.support.settings import SupportSettings

LATELY: Final = timedelta(days=7)
"""A mail that was sent since then is not drafted anew as long as it would say the same."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail of the outbox.

    Args:
        entry: it.
        earlier: it was there already, and says the same as is to be said now.
    """

    entry: Entry
    earlier: bool = False

    @property
    def state(self) -> Literal["drafted", "waiting", "sent", "sent_before"]:
        """What became of it."""
        if self.entry.sent:
            return "sent_before" if self.earlier else "sent"
        return "waiting" if self.earlier else "drafted"


@dataclass(frozen=True, slots=True)
class HandOver:
    """What was written: the draft (`None`: the vendor is not concerned) and the bundle."""

    draft: Mail | None
    bundle: Path


def hand_over(
    case: Case,
    state: StateFolder,
    settings: SupportSettings,
    *,
    lang: Language,
    to_vendor: bool = True,
    again: bool = False,
) -> HandOver:
    """Write the mail and the bundle; done again for the same case, it gives the same files.

    Args:
        case: the host and its rounds.
        state: where outbox and bundles are.
        settings: `settings.support_settings` of the host's variables.
        lang: of the bundle's README; the mail is French.
        to_vendor: whether the vendor is to be asked. A share or a workstation that is not reached is for the
            association's own technician: then there is a bundle only.
        again: draft the mail though one that says the same waits or was sent lately.
    Raises: LocalFailure when the state folder can't be written.
    """
    message = draft = None
    if to_vendor:
        draft = _kept(draft_support_request(case, settings), state, settings, again=again)
        message = Outbox(state).read(draft.entry)
    folder = private_folder(state.path / "bundles", Phrase("the folder of the bundles"))
    path = folder / f"{record_id(case.when, case.host, 'bundle')}.zip"
    with named_for_user(folder):
        write_private(path, bundle_bytes(case, message, lang))
    return HandOver(draft, path)


def ask_for_password(
    hosts: Sequence[tuple[str, str]],
    when: datetime,
    state: StateFolder,
    settings: SupportSettings,
    *,
    again: bool = False,
) -> Mail:
    """Draft the mail that asks for the password of the day, for these hosts (name and association of each).

    Args as of `hand_over`. Raises: LocalFailure when the state folder can't be written.
    """
    return _kept(draft_password_request(hosts, when, settings), state, settings, again=again)


def _kept(request: Draft, state: StateFolder, settings: SupportSettings, *, again: bool) -> Mail:
    """The request in the outbox: one that says the same and waits, or was sent lately; else a new draft."""
    outbox = Outbox(state)
    known = None if again else outbox.alike(request.id, sent_since=request.when - LATELY)
    if known is not None:
        return Mail(known, earlier=known.id != request.id)
    return Mail(outbox.put(request.id, build_message(request, settings)))
