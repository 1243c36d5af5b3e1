"""Bodies and charsets: requests to UTF-8, replies to HTTP answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from iea_fleet.lab.http.sealing import content_parameters
from iea_fleet.lab.wsman.dispatch import Reply


@dataclass(slots=True)
class Response:
    """An HTTP answer before framing.

    `close`: the connection ends after it; `action_name`: which request it answers, "" unknown; `bytes_per_s` 0: fast;
    `server`: the Server header.
    """

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    close: bool = False
    action_name: str = ""
    bytes_per_s: float = 0.0
    server: str = "Microsoft-HTTPAPI/2.0"


def to_utf8(body: bytes, content_type: str) -> tuple[bytes, str]:
    """The document in UTF-8, and the charset that the answer must have: UTF-16 is the other one of DSP0226 R13.1."""
    charset = content_parameters(";" + content_type.partition(";")[2]).get("charset", "").lower()
    marked = body[:2] in {b"\xff\xfe", b"\xfe\xff"}
    if marked or charset.startswith("utf-16"):
        encoding = "utf-16" if marked else "utf-16-be" if charset == "utf-16be" else "utf-16-le"
        return body.decode(encoding, "replace").encode(), "UTF-16"
    return body.removeprefix(b"\xef\xbb\xbf"), "UTF-8"


def soap_response(reply: Reply, charset: str) -> Response:
    """A reply as an HTTP answer in the request's charset."""
    body = reply.envelope if charset == "UTF-8" else b"\xff\xfe" + reply.envelope.decode().encode("utf-16-le")
    return Response(
        reply.status, body, [("Content-Type", f"application/soap+xml;charset={charset}")], action_name=reply.action_name
    )
