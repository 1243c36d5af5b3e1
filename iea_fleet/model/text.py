"""Makes text from elsewhere harmless to show: on a terminal, in a log, in a page."""

from __future__ import annotations

import unicodedata

SHOWN_CHARACTERS = 300
"""Most characters of one piece of evidence or one name that people are shown."""

_SHOWN_AS_CODE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories without a face of their own: controls, bidi and zero-width marks, surrogates, line separators."""

_CONTROL_PICTURES = 0x2400
_DELETE = 0x7F
_SYMBOL_FOR_DELETE = "\u2421"


def neutralise(text: str, limit: int | None = None) -> str:
    """One line of text in which every invisible or steering character is visible.

    C0 controls become their Unicode pictures (ESC `␛`, LF `␊`, NUL `␀`), all others `<U+202E>`: C1 controls, bidi
    overrides, zero-width and private-use characters, lone surrogates (which UTF-8 can't even encode). Done twice, it
    changes nothing more. Markup (HTML, rich, Jinja) is not touched: whoever writes such a language escapes for it.

    Args:
        text: anything.
        limit: longest result in characters, `None` for no limit; what is cut off is marked by `…`.

    Source: CWE-150; the characters of Trojan Source (CVE-2021-42574).
    """
    shown = text if text.isascii() and text.isprintable() else "".join(map(_visible, text))
    if limit is not None and len(shown) > limit:
        return shown[: max(limit - 1, 0)] + "…"
    return shown


def _visible(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(_CONTROL_PICTURES + code)
    if code == _DELETE:
        return _SYMBOL_FOR_DELETE
    if unicodedata.category(character) in _SHOWN_AS_CODE:
        return f"<U+{code:04X}>"
    return character
