"""What `iea-fleet outbox` prints: the table of mails, and one mail."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from rich.table import Table
from rich.text import Text

from iea_fleet.cli.output import console, print_document
from iea_fleet.model.text import neutralise
from iea_fleet.report.quantity import moment, size
from iea_fleet.report.wording import Language
from iea_fleet.report.wording.interface import interface
from iea_fleet.support.outbox import Entry

_SHOWN_CHARACTERS = 100_000


def show_list(entries: Sequence[Entry], lang: Language, *, as_json: bool) -> None:
    """Print mails, one a line, or as one JSON list."""
    if as_json:
        documents = [
            {
                "id": entry.id,
                "sent": entry.sent,
                "drafted": entry.drafted.isoformat(),
                "host": entry.host,
                "to": entry.to,
                "subject": entry.subject,
                "file": str(entry.path),
                "size_bytes": entry.size_bytes,
            }
            for entry in entries
        ]
        print_document(json.dumps(documents, indent=2))
        return
    if not entries:
        print_document(interface("outbox_empty", lang))
        return
    table = Table(box=None, pad_edge=False)
    for title in (
        "Id",
        *(interface(key, lang) for key in ("state", "outbox_drafted", "host", "outbox_subject")),
    ):
        table.add_column(title, overflow="fold", no_wrap=title == "Id")
    for entry in entries:
        state = interface("outbox_sent" if entry.sent else "outbox_waiting", lang)
        drafted = moment(entry.drafted.astimezone(), lang)
        table.add_row(*map(Text, (entry.id, state, drafted, entry.host, entry.subject)))
    console(sys.stdout).print(table)


def show_mail(entry: Entry, content: bytes, lang: Language) -> None:
    """Print one mail: headers, text, and what is attached."""
    message = BytesParser(policy=policy.default).parsebytes(content)
    headers = (
        ("outbox_to", entry.to),
        ("outbox_subject", entry.subject),
        ("outbox_drafted", moment(entry.drafted.astimezone(), lang)),
    )
    lines = [interface("counted", lang, what=interface(key, lang), count=value) for key, value in headers]
    lines += ["", *(neutralise(line) for line in _text(message).splitlines()), ""]
    attached = [
        f"{neutralise(part.get_filename() or '?', 100)} ({size(len(part.get_payload(decode=True) or b''), lang)})"
        for part in message.iter_attachments()
    ]
    if attached:
        names = ", ".join(attached)
        lines.append(interface("counted", lang, what=interface("outbox_attachments", lang), count=names))
    lines.append(interface("counted", lang, what=interface("outbox_file", lang), count=neutralise(str(entry.path))))
    print_document("\n".join(lines))


def _text(message: EmailMessage) -> str:
    """The mail's plain text; empty where it has none that can be read."""
    try:
        body = message.get_body(("plain",))
        return "" if body is None else str(body.get_content())[:_SHOWN_CHARACTERS]
    except (LookupError, ValueError, AttributeError, TypeError):  # damaged since, or of an unknown encoding
        return ""
