"""The probes on an emulated machine: facts only, and never an error (docs/wire.md, "Probes")."""

from __future__ import annotations

import re

from iea_fleet.lab.emulated import records, settings, share
from iea_fleet.lab.emulated.coding import decode_end
from iea_fleet.lab.emulated.disk import MISSING, DiskError
from iea_fleet.lab.emulated.machine import Machine
from iea_fleet.lab.stores import Malformed
from iea_fleet.model.answer import (
    LogFacts,
    LogMatch,
    PeopleFacts,
    ProbeFacts,
    ProcessFacts,
    RecordsFacts,
    ServiceFacts,
    SettingFacts,
    ShareFacts,
    UrlFacts,
)
from iea_fleet.model.request import (
    LogProbe,
    PeopleProbe,
    Probe,
    ProcessProbe,
    RecordsProbe,
    Require,
    ServiceProbe,
    SettingProbe,
    ShareProbe,
    UrlProbe,
)

LINE_LENGTH = 500


def run(machine: Machine, probe: Probe) -> ProbeFacts:
    """Answer one probe."""
    match probe:
        case SettingProbe():
            return SettingFacts(kind="setting", id=probe.id, places=settings.read(machine, probe.target))
        case ProcessProbe():
            count = machine.process_count(probe.name)
            return ProcessFacts(kind="process", id=probe.id, running=count > 0, count=count)
        case ServiceProbe():
            state = machine.service(probe.name) if machine.identity.elevated else "unsupported"
            return ServiceFacts(kind="service", id=probe.id, state=state)
        case LogProbe():
            return _log(machine, probe)
        case UrlProbe():
            return machine.network.probe(probe)
        case ShareProbe():
            session, path = machine.session, machine.expanded(probe.path, as_named=True)
            return share.probe_share(
                machine, machine.share, probe, path, transaction=session.transaction, logon=session.logon
            )
        case RecordsProbe():
            return records.probe(machine, probe)
        case PeopleProbe():
            if not (machine.registry.supported and machine.identity.elevated):
                return PeopleFacts(kind="people", id=probe.id, state="unsupported")
            return PeopleFacts(kind="people", id=probe.id, state="present", people=machine.people()[:32])


def found(facts: ProbeFacts, fact: str) -> tuple[str, ...]:
    """The fact that a requirement compares, as text; a probe that has no such fact gives none, so nothing holds."""
    if isinstance(facts, SettingFacts) and fact in ("value", "state"):
        return tuple((place.value or "") if fact == "value" else place.state.value for place in facts.places)
    if isinstance(facts, ServiceFacts | RecordsFacts | PeopleFacts) and fact == "state":
        return (str(facts.state),)
    if isinstance(facts, UrlFacts | ShareFacts) and fact == "ok":
        return (str(facts.ok).lower(),)
    if isinstance(facts, ShareFacts) and fact == "win32_code":
        return (str(facts.win32_code),)
    if isinstance(facts, ProcessFacts) and fact == "running":
        return (str(facts.running).lower(),)
    return ()


def holds(require: Require, values: tuple[str, ...]) -> bool:
    """Whether every value that was found is as required; nothing found never holds."""
    if require.one_of is not None:
        return bool(values) and all(value in require.one_of for value in values)
    return bool(values) and not any(value in (require.none_of or ()) for value in values)


def _log(machine: Machine, probe: LogProbe) -> LogFacts:
    try:
        data = machine.disk.read(machine.expanded(probe.path))
        text = decode_end(data, probe.tail_bytes, probe.encoding)
    except DiskError as error:
        missing = error.code in MISSING
        return LogFacts(kind="log", id=probe.id, state="file_missing" if missing else "unreadable")
    except Malformed:
        return LogFacts(kind="log", id=probe.id, state="unreadable")
    lines = re.split(r"\r\n|\n|\r", text)
    matches = []
    for name, pattern in probe.patterns.items():
        compiled = re.compile(pattern)
        matching = [line for line in lines if compiled.search(line)]
        if matching:
            matches.append(LogMatch(pattern=name, line=matching[-1][:LINE_LENGTH], count=len(matching)))
    return LogFacts(kind="log", id=probe.id, state="present", matches=tuple(matches))
