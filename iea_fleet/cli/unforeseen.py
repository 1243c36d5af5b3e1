"""What is kept of a failure that nobody foresaw: its traceback, in a private file, for whoever mends the program."""

from __future__ import annotations

import time
import traceback

from iea_fleet.cli.words import Language, say
from iea_fleet.ledger.state import open_state_folder, write_private
from iea_fleet.model.errors import FleetError


def log_unforeseen(error: BaseException, lang: Language) -> str:
    """Write the traceback below the state folder, without any values of variables; gives the sentence for the user.

    Args:
        error: what was raised.
        lang: the user's.
    """
    kind = type(error).__name__
    # Messages of exceptions can quote what they choked on, even a password; the places in the code can't.
    places = "".join(traceback.format_tb(error.__traceback__))
    chain = " <- ".join(type(link).__name__ for link in _chain(error))
    try:
        path = open_state_folder().logs / f"unforeseen-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}.log"
        write_private(path, f"{chain}\n{places}".encode())
    except (FleetError, OSError):
        return say("unforeseen_unwritten", lang, kind=kind)
    return say("unforeseen", lang, kind=kind, path=path)


def _chain(error: BaseException) -> list[BaseException]:
    links = [error]
    while (cause := links[-1].__cause__ or links[-1].__context__) is not None and len(links) < 10:
        links.append(cause)
    return links
