"""Java properties: docs/wire.md, "Stores", fourth row; java.util.Properties.load."""

from __future__ import annotations

from tests.contract.cases.store_case import ABSENT, MALFORMED, MISSING, StoreCase


def _case(
    name: str, content: str | bytes | None, found: object, value: str, written: str | None, key: str = "k"
) -> StoreCase:
    raw = content.encode("latin-1") if isinstance(content, str) else content
    after = None if written is None else written.encode("latin-1")
    return StoreCase(f"properties, {name}", {"store": "properties", "key": key}, raw, found, value, after)  # type: ignore[arg-type]


PROPERTIES = (
    _case("changed", "a=1\nk=x\nb=2\n", "x", "y", "a=1\nk=y\nb=2\n"),
    _case("already right", "k=x", "x", "x", "k=x"),
    _case("already right, spelt with an escape", "k=\\u0078", "x", "x", "k=\\u0078"),
    _case("file missing", None, MISSING, "y", None),
    _case("empty file", "", ABSENT, "y", "k=y"),
    _case("colon", "k : x\r\n", "x", "y", "k : y\r\n"),
    _case("white space", "  k \t x y \n", "x y ", "z", "  k \t z\n"),
    _case("form feed", "\fk\f=\fx\n", "x", "z", "\fk\f=\fz\n"),
    _case("only the first separator", "k==x\n", "=x", "y", "k=y\n"),
    _case("separator after white space", "k = : x\n", ": x", "y", "k = y\n"),
    _case("escaped separators in the key", "a\\=b\\:c\\ d=x\n", "x", "y", "a\\=b\\:c\\ d=y\n", "a=b:c d"),
    _case("last of two", "k=1\nk=2\n", "2", "3", "k=1\nk=3\n"),
    _case("keys by case", "K=1\n", ABSENT, "2", "K=1\nk=2\n"),
    _case("comments", "#k=1\n  !k=2\nk=3\n", "3", "4", "#k=1\n  !k=2\nk=4\n"),
    _case("a comment is not continued", "# c \\\nk=1\n", "1", "2", "# c \\\nk=2\n"),
    _case("continued", "k=a\\\r\n   b\\\n\tc\nd=1\n", "abc", "y", "k=y\nd=1\n"),
    _case("continued by nothing", "k=a\\\n\nk2=1\n", "a", "y", "k=y\nk2=1\n"),
    _case("two backslashes do not continue", "k=a\\\\\nb=1\n", "a\\", "y", "k=y\nb=1\n"),
    _case("three backslashes continue", "k=a\\\\\\\n b\n", "a\\b", "y", "k=y\n"),
    _case("continued inside the key", "k\\\n  ey=x\n", "x", "y", "k\\\n  ey=y\n", "key"),
    _case("continued before the value", "k=\\\n  x\n", "x", "y", "k=\\\n  y\n"),
    _case("a backslash at the end", "k=x\\", "x", "y", "k=y"),
    _case("a key alone", "k\n", "", "y", "k=y\n"),
    _case("a key and blanks", "k  \n", "", "y", "k  y\n"),
    _case("no value", "k=\n", "", "y", "k=y\n"),
    _case("escapes read", 'k=\\t\\n\\r\\f\\\\\\"\\z\\u00e9\\uD83D\\uDE00\n', '\t\n\r\f\\"zé\U0001f600', "y", "k=y\n"),
    _case(
        "escapes written", "k=x\n", "x", "  \\\t\n\ré\U0001f600=:#!", "k=\\  \\\\\\t\\n\\r\\u00E9\\uD83D\\uDE00=:#!\n"
    ),
    _case("no four digits", "k=\\u12x\n", MALFORMED, "y", None),
    _case("no four digits elsewhere", "j=\\u12x\nk=1\n", MALFORMED, "y", None),
    _case("ISO-8859-1", "k=\xe9\n", "é", "y", "k=y\n"),
    _case("ISO-8859-1 beside", "# \xe9\nk=x\n", "x", "é", "# \xe9\nk=\\u00E9\n"),
    _case("added", "a=1\r\n", ABSENT, "y", "a=1\r\nk=y\r\n"),
    _case("added, no line end there", "a=1\nb=2", ABSENT, "y", "a=1\nb=2\nk=y"),
    _case("added, key escaped", "a=1\n", ABSENT, "y", "a=1\na\\ \\=\\:\\#\\!\\\\\\u00E9=y\n", "a =:#!\\é"),
    _case("added behind a continued line", "a=1\\\n", ABSENT, "y", None),
    _case("added behind a backslash", "a=1\\", ABSENT, "y", None),
    _case("to nothing", "k=x\n", "x", "", "k=\n"),
    _case("leading form feed", "k=x\n", "x", "\fa", None),
    _case("old Macintosh line ends", "a=1\rk=x\r", "x", "y", "a=1\rk=y\r"),
    _case("a lone backslash before a comment", "\\\n#k=1\nk=2\n", "2", "3", "\\\n#k=1\nk=3\n"),
    _case("a lone backslash makes a comment's line a key's", "\\\n#k=1\n", "1", "2", "\\\n#k=2\n", "#k"),
    _case("a wrong escape in a comment", "# \\u12\nk=1\n", "1", "2", "# \\u12\nk=2\n"),
    _case("an empty key", "=x\nk=1\n", "1", "2", "=x\nk=2\n"),
)
