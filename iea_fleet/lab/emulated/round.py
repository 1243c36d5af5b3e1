"""One round on an emulated machine: standard input in, both streams and an exit code out, as with the script."""

from __future__ import annotations

from hashlib import sha256

from iea_fleet.lab.emulated.disk import ProcessEnds
from iea_fleet.lab.emulated.machine import Machine
from iea_fleet.lab.emulated.transaction import answer, refusal, to_json
from iea_fleet.lab.engine.output_faults import OUT_OF_MEMORY
from iea_fleet.lab.engine.processes import Answer as Output
from iea_fleet.model.request import Request

# What is left of a process that the system ended as it went down: DBG_TERMINATE_PROCESS, [MS-ERREF] 2.3.1.
EXIT_CODE_POWER_LOST = 0x40010004


def run_round(machine: Machine, standard_input: bytes) -> Output:
    """Carry out the request on the first line of standard input; the script that follows is not looked at.

    A machine whose `disk.cut` strikes says nothing more; a power cut reboots it.
    """
    line = standard_input.split(b"\n", 1)[0]
    try:
        request = Request.model_validate_json(line)
    except ValueError as error:
        nonce, refused = refusal(machine, line.decode("ascii", "replace"), f"The request can't be read: {error}")
        return Output(stdout=framed(nonce, to_json(refused)) + b"\r\n")
    try:
        content = to_json(answer(machine, request))
    except ProcessEnds as end:
        machine.disk.after_end(end.cut)
        if end.cut.how == "killed":
            return Output(stderr=OUT_OF_MEMORY, exit_code=1)
        machine.reboot()
        return Output(exit_code=EXIT_CODE_POWER_LOST)
    machine.disk.steps = 0
    return Output(stdout=framed(request.nonce, content) + b"\r\n")


def framed(nonce: str, content: bytes) -> bytes:
    """An answer's JSON between its markers (docs/wire.md, "How it travels")."""
    head = f"<<iea-fleet:{nonce}:{len(content)}:{sha256(content).hexdigest()}>>"
    return head.encode("ascii") + content + f"<<iea-fleet:{nonce}:end>>".encode("ascii")
