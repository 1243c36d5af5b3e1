"""Reads a SOAP request: bounded XML in, a `Request` out; and writes the envelopes of the answers.

The reader is expat itself, not ElementTree's wrapper: only expat tells of a DOCTYPE before any of it is expanded, and
lets depth and number of elements be bounded while reading. A DOCTYPE, a processing instruction, depth, number and
size beyond the bounds are refused.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.etree import ElementTree
from xml.parsers import expat
from xml.sax.saxutils import escape

from iea_fleet.lab.wsman import namespaces as ns
from iea_fleet.lab.wsman.namespaces import qualified

MAX_DEPTH: Final = 32
MAX_ELEMENTS: Final = 20_000
MAX_ATTRIBUTES: Final = 64

_DURATION = re.compile(
    r"P(?:(?P<days>\d{1,6})D)?(?:T(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,6})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,9})?)S)?)?"
)
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,3}")

# What this service understands when a header says mustUnderstand; locale headers are hints for Windows too.
_UNDERSTOOD: Final = frozenset(
    {
        qualified(ns.ADDRESSING, local)
        for local in ("Action", "To", "ReplyTo", "FaultTo", "MessageID", "From", "RelatesTo")
    }
    | {
        qualified(ns.WSMAN, local)
        for local in (
            "ResourceURI",
            "SelectorSet",
            "OptionSet",
            "MaxEnvelopeSize",
            "OperationTimeout",
            "Locale",
            "FragmentTransfer",
            "RequestEPR",
        )
    }
    | {
        qualified(ns.MS_WSMAN, local)
        for local in ("SessionId", "OperationID", "SequenceId", "DataLocale", "CompressionType", "ActivityId")
    }
)


class EnvelopeRefused(ValueError):
    """The bytes are no SOAP envelope that this service reads; the message says why."""


@dataclass(frozen=True, slots=True)
class Request:
    """One WS-Management request, taken apart but not yet judged.

    Missing headers are "" or None; `operation_timeout_s` and `max_envelope_bytes` None: not given. `options` keeps
    the client's spelling of names. `faulty_header`: what is wrong with the headers, a sentence for the fault. `locale`
    and `data_locale`: the languages that the client asks for, "en-US" without one. `body` is the first element in the
    body, None when the body is empty.
    """

    action: str
    resource_uri: str
    message_id: str
    selectors: Mapping[str, str]
    options: Mapping[str, str]
    operation_timeout_s: float | None
    max_envelope_bytes: int | None
    not_understood: tuple[str, ...]
    faulty_header: str | None
    locale: str
    data_locale: str
    body: ElementTree.Element | None = field(repr=False)

    @property
    def action_name(self) -> str:
        """Short name of the action (`create`, `receive` ...); `identify` for that body, `other` for the rest."""
        if self.body is not None and self.body.tag.endswith("}Identify"):
            return "identify"
        return ns.ACTION_NAMES.get(self.action, "other")


def parse_xml(document: bytes) -> ElementTree.Element:
    """Read a bounded UTF-8 document without DOCTYPE; names come as `{namespace}local`.

    What the document's own declaration says of its encoding does not count: it was recoded.

    Raises: EnvelopeRefused.
    """
    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate("utf-8", "}")
    parser.buffer_text = True
    depth = count = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, count
        depth += 1
        count += 1
        if depth > MAX_DEPTH or count > MAX_ELEMENTS or len(attributes) > MAX_ATTRIBUTES:
            raise EnvelopeRefused("the XML is too deep or has too many elements or attributes")
        # winrm4j puts the shell's own attributes (CommandId) in the shell's namespace, and Windows takes them so.
        builder.start(
            _braced(name), {_braced(key.removeprefix(ns.SHELL + "}")): value for key, value in attributes.items()}
        )

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_braced(name))

    def refuse(*_: object) -> None:
        raise EnvelopeRefused("the XML has a DOCTYPE or a processing instruction")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ProcessingInstructionHandler = refuse
    try:
        parser.Parse(document, True)
        return builder.close()
    except (expat.ExpatError, ValueError, LookupError, AssertionError) as error:
        if isinstance(error, EnvelopeRefused):
            raise
        raise EnvelopeRefused(f"the XML is not well formed: {error}") from error


def _braced(name: str) -> str:
    return "{" + name if "}" in name else name


def parse_request(document: bytes) -> Request:
    """Take a SOAP 1.2 envelope apart.

    Raises: EnvelopeRefused when it is no envelope; faulty header values are told in `faulty_header` instead, because
    Windows answers them with a fault that relates to the message.
    """
    envelope = parse_xml(document)
    if envelope.tag != qualified(ns.SOAP, "Envelope"):
        raise EnvelopeRefused("the root is not a SOAP 1.2 Envelope")
    body = envelope.find(qualified(ns.SOAP, "Body"))
    if body is None:
        raise EnvelopeRefused("the envelope has no Body")
    header = envelope.find(qualified(ns.SOAP, "Header"))
    blocks: list[ElementTree.Element] = list(header) if header is not None else []
    texts: dict[str, str] = {}
    faulty: str | None = None
    not_understood = []
    for block in blocks:
        if block.tag in texts and block.tag in _UNDERSTOOD:
            faulty = f"The header {block.tag} is there twice. "
        texts.setdefault(block.tag, (block.text or "").strip())
        if _is_true(block.get(qualified(ns.SOAP, "mustUnderstand"), "")) and block.tag not in _UNDERSTOOD:
            not_understood.append(block.tag)
    timeout_text = texts.get(qualified(ns.WSMAN, "OperationTimeout"))
    timeout_s = parse_duration_s(timeout_text) if timeout_text else None
    if timeout_text and timeout_s is None:
        faulty = f"The XML contains an invalid timeout field in the SOAP header: {timeout_text[:64]}. "
    size_text = texts.get(qualified(ns.WSMAN, "MaxEnvelopeSize"))
    size = (
        int(size_text) if size_text and size_text.isascii() and size_text.isdecimal() and len(size_text) < 12 else None
    )
    if size_text and size is None:
        faulty = f"The header MaxEnvelopeSize is not valid: {size_text[:64]}. "
    return Request(
        action=texts.get(qualified(ns.ADDRESSING, "Action"), ""),
        resource_uri=texts.get(qualified(ns.WSMAN, "ResourceURI"), ""),
        message_id=texts.get(qualified(ns.ADDRESSING, "MessageID"), ""),
        selectors=_named(blocks, "SelectorSet", "Selector"),
        options=_named(blocks, "OptionSet", "Option"),
        operation_timeout_s=timeout_s,
        max_envelope_bytes=size,
        not_understood=tuple(not_understood),
        faulty_header=faulty,
        locale=_language(blocks, qualified(ns.WSMAN, "Locale")),
        data_locale=_language(blocks, qualified(ns.MS_WSMAN, "DataLocale")),
        body=next(iter(body), None),
    )


def _named(blocks: Iterable[ElementTree.Element], container: str, item: str) -> dict[str, str]:
    return {
        child.get("Name", ""): child.text or ""
        for block in blocks
        if block.tag == qualified(ns.WSMAN, container)
        for child in block
        if child.tag == qualified(ns.WSMAN, item)
    }


def _language(blocks: Iterable[ElementTree.Element], header: str) -> str:
    language = next((block.get(qualified(ns.XML, "lang"), "") for block in blocks if block.tag == header), "")
    return language if _LANGUAGE.fullmatch(language) else "en-US"


def _is_true(text: str) -> bool:
    return text.strip().lower() in {"true", "1"}


def parse_duration_s(text: str) -> float | None:
    """Seconds of an xs:duration without years and months (`PT20S`, `P0DT0H1M0S`); None when it is none."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        return None
    parts = {unit: float(value or 0) for unit, value in match.groupdict().items()}
    return parts["days"] * 86400 + parts["hours"] * 3600 + parts["minutes"] * 60 + parts["seconds"]


def text_of(element: ElementTree.Element | None, local: str) -> str | None:
    """Text of the shell-namespace child `local` of `element`; None when there is none."""
    if element is None:
        return None
    child = element.find(qualified(ns.SHELL, local))
    return None if child is None else child.text or ""


# Windows declares these prefixes on every answer, in this order, each kind of answer its own set.
_DECLARED: Final = {
    "s": ns.SOAP,
    "a": ns.ADDRESSING,
    "x": ns.TRANSFER,
    "e": ns.EVENTING,
    "n": ns.ENUMERATION,
    "w": ns.WSMAN,
    "rsp": ns.SHELL,
    "p": ns.MS_WSMAN,
}


def new_id() -> str:
    """A new identifier as Windows writes them: upper-case UUID without braces."""
    return str(uuid.uuid4()).upper()


def attribute(text: str) -> str:
    """`text` as the value of an attribute in double quotes."""
    return escape(text, {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def render_envelope(action: str, relates_to: str, body: str, prefixes: str = "s a x w rsp p") -> bytes:
    """An answer envelope.

    Args:
        action: the answer's action URI.
        relates_to: the request's MessageID, "" when it had none.
        body: XML of the body's content, already escaped, using the declared prefixes only.
        prefixes: which of the known prefixes are declared, in order.
    """
    declared = " ".join(f'xmlns:{prefix}="{_DECLARED[prefix]}"' for prefix in prefixes.split())
    relates = f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo>" if relates_to else ""
    return (
        f'<s:Envelope xml:lang="en-US" {declared}><s:Header><a:Action>{action}</a:Action>'
        f"<a:MessageID>uuid:{new_id()}</a:MessageID><p:ActivityId>{new_id()}</p:ActivityId>"
        f"<a:To>{ns.ANONYMOUS}</a:To>{relates}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()
