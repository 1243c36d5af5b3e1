"""What the answers to a shell's requests have in common: its body, its ids, its bounds, the envelope of Receive."""

from __future__ import annotations

import base64
import binascii
import uuid
from typing import Final
from xml.etree import ElementTree

from iea_fleet.lab.workstation import Workstation
from iea_fleet.lab.wsman import faults
from iea_fleet.lab.wsman import namespaces as ns
from iea_fleet.lab.wsman.envelope import Request, render_envelope
from iea_fleet.lab.wsman.namespaces import qualified

DEFAULT_OPERATION_TIMEOUT_S: Final = 60.0
# What an answer needs besides base64: envelope, stream elements, state.
_ENVELOPE_OVERHEAD_BYTES: Final = 2500
# Windows collects a short process's output, end and exit code in one answer; so long it waits after the first output.
GATHER_S: Final = 0.25


def find_body(request: Request, local: str) -> ElementTree.Element:
    """The body's element, which must be `local` of the shell's namespace. Raises: WsmanFault."""
    if request.body is None or request.body.tag != qualified(ns.SHELL, local):
        raise faults.schema_validation_error(f"The body must be an rsp:{local} element.")
    return request.body


def check_id(identifier: str) -> None:
    """Raises: WsmanFault when an id that the client chose is no UUID."""
    try:
        uuid.UUID(identifier.removeprefix("uuid:"))
    except ValueError as error:
        raise faults.schema_validation_error("An identifier must be a UUID.") from error


def decode_base64(text: str | None, what: str) -> bytes:
    """The bytes of a stream or argument; white space does not count. Raises: WsmanFault."""
    try:
        return base64.b64decode("".join((text or "").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise faults.schema_validation_error(f"{what} is no base64.") from error


def operation_timeout_s(request: Request) -> float:
    """The seconds that the client gives the operation, or the service's own default."""
    return request.operation_timeout_s or DEFAULT_OPERATION_TIMEOUT_S


def answer_room(workstation: Workstation, request: Request) -> int:
    """How many characters of streams an answer may have: by the client's MaxEnvelopeSize and the service's own."""
    quota_bytes = workstation.quotas.max_envelope_kb * 1024
    return min(request.max_envelope_bytes or quota_bytes, quota_bytes) - _ENVELOPE_OVERHEAD_BYTES


def render_receive(message_id: str, content: str) -> bytes:
    """A ReceiveResponse with `content` (XML) in it."""
    body = f"<rsp:ReceiveResponse>{content}</rsp:ReceiveResponse>"
    return render_envelope(f"{ns.SHELL}/ReceiveResponse", message_id, body, "s a w rsp p")
