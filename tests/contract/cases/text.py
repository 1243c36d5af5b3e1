"""Free text by pattern: docs/wire.md, "Stores", fifth row."""

from __future__ import annotations

from tests.contract.cases.store_case import ABSENT, MALFORMED, MISSING, StoreCase


def _case(
    name: str,
    content: str | bytes | None,
    found: object,
    value: str,
    written: str | None,
    pattern: str = r"^url (\S+)$",
) -> StoreCase:
    raw = content.encode() if isinstance(content, str) else content
    after = None if written is None else written.encode()
    return StoreCase(f"text, {name}", {"store": "text", "pattern": pattern}, raw, found, value, after)  # type: ignore[arg-type]


TEXT = (
    _case("changed", "a\nurl x\nb\n", "x", "y", "a\nurl y\nb\n"),
    _case("already right", "url x", "x", "x", "url x"),
    _case("file missing", None, MISSING, "y", None),
    _case("no match", "a\nb\n", ABSENT, "y", None),
    _case("first of two", "url x\nurl z\n", "x", "y", "url y\nurl z\n"),
    _case("CR LF", "a\r\nurl x\r\nb\r\n", "x", "y", "a\r\nurl y\r\nb\r\n"),
    _case("rest of a line with CR LF", "a\r\nurl x y\r\nb\r\n", "x y", "z", "a\r\nurl z\r\nb\r\n", r"^url (.*)$"),
    _case("over lines with CR LF", "a\r\nb\r\nc\r\nd", "b\nc", "z", "a\r\nz\r\nd", r"a\n([\s\S]*)\nd"),
    _case("by case", "URL x\n", ABSENT, "y", None),
    _case("inline flag", "URL x\n", "x", "y", "URL y\n", r"(?i)url (\S+)"),
    _case("group that took no part", "url\n", ABSENT, "y", None, r"url(?: (\S+))?$"),
    _case("empty match", "url =\n", "", "y", "url =y\n", r"url =(.*)"),
    _case("value that does not match any more", "url x\n", "x", "y z", None),
    _case("value that moves the match", "a=1;b=2\n", "1", "a=3", "a=a=3;b=2\n", r"a=([^;]*);"),
    _case("accents", "clé é\n", "é", "→", "clé →\n", r"clé (.+)"),
    _case("a value with signs of a replacement", "url x\n", "x", r"$1\g<0>\1", "url $1\\g<0>\\1\n"),
    _case("UTF-16 without a mark", "url x".encode("utf-16-le"), ABSENT, "y", None),
    _case("wrong bytes", b"\xff\xfeu", MALFORMED, "y", None),
)
