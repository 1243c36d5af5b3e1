"""What `fix --explain` tells: everything that a round would look at, and everything that it may do, from the request.

The texts are made of the very request that would be sent, so that none can be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pydantic import BaseModel, SecretStr

from iea_fleet.diagnosis.database import FOLDER
from iea_fleet.diagnosis.sheets import Task, build_request
from iea_fleet.model.desired import Binding, ShareRemedy
from iea_fleet.report.wording import Language
from iea_fleet.report.wording.fix import fix_text
from iea_fleet.rollout.fix import Allowed
from iea_fleet.rollout.repair import Case

_ZEROS = "0" * 32


def explained(task: Task, allowed: Allowed, lang: Language) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The texts by heading: a key of `wording/fix.py`, and its lines.

    Args:
        task: the look.
        allowed: what may be done.
        lang: of the lines.
    """
    looks = build_request(task, transaction=_ZEROS, nonce=_ZEROS)
    yield "explain_looks", tuple(dict.fromkeys(_line(probe, lang) for probe in looks.probe))
    acts = build_request(_everything(task, allowed), transaction=_ZEROS, nonce=_ZEROS)
    done = (*acts.act, *acts.ensure, *acts.release, *acts.after)
    yield "explain_acts", tuple(dict.fromkeys(_line(step, lang) for step in done))


def _everything(task: Task, allowed: Allowed) -> Task:
    """A task that does all that a plan could ever do."""
    mend = tuple(remedy for remedy in ShareRemedy if allowed.restart or remedy is not ShareRemedy.RESTART)
    password = SecretStr("the password of the day")
    return replace(
        task,
        read_only=False,
        share=task.share.model_copy(update={"mend": mend}),
        session=task.session.model_copy(update={"release": True, "force": allowed.force}),
        licence=task.licence.model_copy(update={"reset": (Binding(licence="…", workstation="…"),)}),
        connection=task.connection.model_copy(update={"save": allowed.case is not Case.RELAUNCH, "relaunch": True}),
        assistance=task.assistance.model_copy(update={"mode": "off", "password": password}),
    )


def _line(step: BaseModel, lang: Language) -> str:
    """One step: what it does, and where."""
    told = step.model_dump(mode="json")
    place = told.get("target") or told
    parts = [str(place[name]) for name in _PLACES if place.get(name)] + list(told.get("arguments", ()))
    kind = told.get("kind") or ("ensure" if "value" in told else "release")
    what = (" ".join(parts) or told["id"]).replace(FOLDER, fix_text("database_folder", lang))
    return fix_text(f"kind_{kind}", lang, what=what)


_PLACES = ("path", "file", "hive", "section", "key", "pointer", "element", "value", "url", "name")
