"""Drafts as mails, in the bytes of an `.eml` file (RFC 5322, MIME)."""

from __future__ import annotations

import hashlib
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from iea_fleet.model.text import neutralise
from iea_fleet.support.draft import Draft
from iea_fleet.support.settings import SupportSettings

HOST_HEADER: Final = "X-IEA-Fleet-Host"
"""Keeps the workstation's name with a draft in the outbox; it is not sent."""

UNSENT_HEADER: Final = "X-Unsent"
"""`1` lets Outlook and Thunderbird's kin open the file as a draft to complete and send."""

BODY_CHARACTERS: Final = 100_000
ATTACHMENT_CHARACTERS: Final = 1_000_000
_HEADER_CHARACTERS: Final = 255


def build_message(draft: Draft, settings: SupportSettings) -> bytes:
    """The draft as an `.eml`: 7-bit clean, every line ending in CR LF, the same bytes for the same draft.

    No header holds a CR or LF but for folding. Longer parts than `BODY_CHARACTERS` and `ATTACHMENT_CHARACTERS` are cut.

    Args:
        draft: what to say.
        settings: to whom and from whom; without a sender the mail has no `From`, for a mail program to fill in.
    """
    message = EmailMessage(policy=SMTP)
    message["To"] = settings.to
    if settings.sender is not None:
        message["From"] = settings.sender
        message["Message-ID"] = f"<{draft.id}@{settings.sender.rpartition('@')[2]}>"
    message["Subject"] = neutralise(draft.subject, _HEADER_CHARACTERS)
    message["Date"] = format_datetime(draft.when)
    message[UNSENT_HEADER] = "1"
    message[HOST_HEADER] = neutralise(draft.host, _HEADER_CHARACTERS)
    message.set_content(_lines(draft.body, BODY_CHARACTERS), charset="utf-8", cte="quoted-printable")
    for attachment in draft.attachments:
        text = _lines(attachment.text, ATTACHMENT_CHARACTERS)
        name = neutralise(attachment.name, _HEADER_CHARACTERS)
        if attachment.kind == "json":
            message.add_attachment(text.encode(), maintype="application", subtype="json", filename=name)
        else:
            message.add_attachment(text, charset="utf-8", cte="quoted-printable", filename=name)
    if message.is_multipart():
        # Not by chance as in Python, so that the same draft gives the same bytes. No part can hold a line with it:
        # quoted-printable and base64 have no `=_` (RFC 2045, 6.7).
        parts = "\0".join([draft.body, *(attachment.text for attachment in draft.attachments)])
        message.set_boundary(f"=_{hashlib.sha256(parts.encode('utf-8', 'replace')).hexdigest()[:32]}")
    return message.as_bytes()


def _lines(text: str, limit: int) -> str:
    """Lines of harmless text, whatever they were."""
    whole = "\n".join(neutralise(line) for line in text.split("\n"))
    return whole if len(whole) <= limit else whole[: limit - 2] + "…\n"
