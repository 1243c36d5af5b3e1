"""How a workstation of the engine `pwsh` is told of its file server: the file that IEA_LAB_SHARE names.

Its keys are described at the head of `iea_fleet/lab/pwsh/prelude.ps1`. The script writes it again without the faults
that its steps have ended.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from iea_fleet.lab.share.access import ShareAccess
from iea_fleet.lab.share.faults import SYMPTOMS, ShareFault, in_order
from iea_fleet.lab.share.system_messages import system_message


def told(access: ShareAccess, root: Path, culture: str, more_faults: Collection[ShareFault] = ()) -> str:
    """The file's text, UTF-8 JSON.

    Args:
        access: how the workstation stands towards its file server.
        root: the folder behind the share; the database folder lies in it as `access.place.folder`.
        culture: the workstation's, such as `fr-FR`.
        more_faults: what is wrong with the workstation itself.
    """
    place = access.place
    document = {
        "share": place.root,
        "root": str(root),
        "addresses": [place.address],
        "person": access.person,
        "machine": access.machine_account,
        "drives": {place.drive: place.root},
        "faults": [_fault(fault, culture) for fault in in_order({*access.faults, *more_faults})],
    }
    return json.dumps(document, ensure_ascii=True)


def faults_left(text: str) -> frozenset[ShareFault]:
    """The faults that the file still has, once a script has written it again. Raises: ValueError."""
    faults = json.loads(text)["faults"]
    return frozenset(ShareFault(fault["name"]) for fault in faults)


def _fault(fault: ShareFault, culture: str) -> dict[str, object]:
    symptom = SYMPTOMS[fault]
    return {
        "name": fault.value,
        "layer": symptom.layer.value,
        "code": symptom.code,
        "message": system_message(symptom.code, culture),
        "concerns": None if symptom.concerns is None else sorted(symptom.concerns),
        "despite_logon": symptom.despite_logon,
        "opened": {"code": symptom.opened, "message": system_message(symptom.opened, culture)},
        "ends": symptom.ended_by,
    }
