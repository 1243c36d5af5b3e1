"""JSON documents: docs/wire.md, "Stores", second row."""

from __future__ import annotations

from tests.contract.cases.store_case import ABSENT, MALFORMED, MISSING, REFUSED, StoreCase


def _case(
    name: str, content: str | bytes | None, found: object, value: str, written: str | None, pointer: str = "/a"
) -> StoreCase:
    raw = content.encode() if isinstance(content, str) else content
    after = None if written is None else written.encode()
    return StoreCase(f"json, {name}", {"store": "json", "pointer": pointer}, raw, found, value, after)  # type: ignore[arg-type]


JSON = (
    _case("changed", '{"a": "x", "b": 1}\n', "x", "y", '{"a": "y", "b": 1}\n'),
    _case("already right", '{"a": "x"}', "x", "x", '{"a": "x"}'),
    _case("already right, spelt with an escape", '{"a": "\\u0078"}', "x", "x", '{"a": "\\u0078"}'),
    _case("file missing", None, MISSING, "y", None),
    _case("empty file", "", MALFORMED, "y", None),
    _case("deep", '{"s": {"a": [0, {"u": "x"}]}}', "x", "y", '{"s": {"a": [0, {"u": "y"}]}}', "/s/a/1/u"),
    _case("escaped pointer", '{"a/b~c": "x"}', "x", "y", '{"a/b~c": "y"}', "/a~1b~0c"),
    _case("empty name", '{"": "x"}', "x", "y", '{"": "y"}', "/"),
    _case("names by case", '{"A": "x"}', ABSENT, "y", '{"A": "x", "a": "y"}'),
    _case("name spelt with an escape", '{"\\u0061": "x"}', "x", "y", '{"\\u0061": "y"}'),
    _case(
        "escapes read", r'{"a": "\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"}', '"\\/\b\f\n\r\té\U0001f600', "y", '{"a": "y"}'
    ),
    _case(
        "escapes written",
        '{"a": "x"}',
        "x",
        '"\\/\b\f\n\r\t\x01é→\U0001f600',
        '{"a": "\\"\\\\/\\b\\f\\n\\r\\t\\u0001é→\U0001f600"}',
    ),
    _case("number", '{"a": -1.50e+2}', "-1.50e+2", "7", '{"a": 7}'),
    _case("number to text", '{"a": 1}', "1", "x", '{"a": "x"}'),
    _case("number to what is none", '{"a": 1}', "1", "01", '{"a": "01"}'),
    _case("true to false", '{"a":true}', "true", "false", '{"a":false}'),
    _case("null to a number", '{"a": null}', "null", "1", '{"a": 1}'),
    _case("text to a number stays text", '{"a": "x"}', "x", "1", '{"a": "1"}'),
    _case("object", '{"a": {}}', MALFORMED, "y", None),
    _case("array", '{"a": []}', MALFORMED, "y", None),
    _case("name twice", '{"a": 1, "a": 2}', MALFORMED, "y", None),
    _case(
        "name twice beside the way", '{"a": "x", "o": {"b": 1, "b": 2}}', "x", "y", '{"a": "y", "o": {"b": 1, "b": 2}}'
    ),
    _case("another name twice on the way", '{"a": "x", "b": 1, "b": 2}', "x", "y", '{"a": "y", "b": 1, "b": 2}'),
    _case("comment", '{"a": "x" /* c */}', MALFORMED, "y", None),
    _case("trailing comma", '{"a": "x",}', MALFORMED, "y", None),
    _case("two documents", '{"a": "x"} {}', MALFORMED, "y", None),
    _case("cut off", '{"a": "x"', MALFORMED, "y", None),
    _case("control character in a text", '{"a": "x\ty"}', MALFORMED, "y", None),
    _case("no such escape", '{"a": "\\x41"}', MALFORMED, "y", None),
    _case("leading zero", '{"a": 01}', MALFORMED, "y", None),
    _case("NaN", '{"a": NaN}', MALFORMED, "y", None),
    _case("single quotes", "{'a': 'x'}", MALFORMED, "y", None),
    _case("added, one line", '{"b": 1}', ABSENT, "y", '{"b": 1, "a": "y"}'),
    _case("added, one line without blanks", '{"b":1}', ABSENT, "y", '{"b":1, "a": "y"}'),
    _case(
        "added, indented",
        '{\r\n  "b": 1,\r\n  "c": 2\r\n}\r\n',
        ABSENT,
        "y",
        '{\r\n  "b": 1,\r\n  "c": 2,\r\n  "a": "y"\r\n}\r\n',
    ),
    _case("added, one member a line", '{\n\t"b": 1\n}', ABSENT, "y", '{\n\t"b": 1,\n\t"a": "y"\n}'),
    _case("added, a blank before the brace", '{"b": 1 }', ABSENT, "y", '{"b": 1, "a": "y" }'),
    _case("added behind an array", '{"b": [] }', ABSENT, "y", '{"b": [], "a": "y" }'),
    _case("added behind an object", '{"b": {"c": {}}\n}', ABSENT, "y", '{"b": {"c": {}}, "a": "y"\n}'),
    _case("added, old Macintosh line ends", '{\r"b": 1\r}', ABSENT, "y", '{\r"b": 1,\r"a": "y"\r}'),
    _case("added to an empty object", "{}", ABSENT, "y", '{"a": "y"}'),
    _case("added to an empty object with blanks", "{\n}", ABSENT, "y", '{"a": "y"\n}'),
    _case("added as text", '{"b": 1}', ABSENT, "1", '{"b": 1, "a": "1"}'),
    _case("added below", '{"o": {"b": 1}, "p": 2}', ABSENT, "y", '{"o": {"b": 1, "a": "y"}, "p": 2}', "/o/a"),
    _case("parent missing", '{"b": 1}', ABSENT, "y", None, "/o/a"),
    _case("parent is a text", '{"o": "x"}', ABSENT, "y", None, "/o/a"),
    _case("parent is an array", '{"o": ["x"]}', ABSENT, "y", None, "/o/1"),
    _case("index with a leading zero", '{"o": ["x", "z"]}', ABSENT, "y", None, "/o/01"),
    _case("document is a text", '"x"', ABSENT, "y", None),
    _case("half a character", '{"a": "\\ud800x"}', "\ufffdx", "y", '{"a": "y"}'),
    _case("nested deep", "[" * 60 + "]" * 60, ABSENT, "y", None, "/a/b"),
    _case("Windows-1252", b'{"a": "\xe9"}', "é", "y", '{"a": "y"}'),
    _case("a NUL", '{"a": "\\u0000"}', "\0", "y", '{"a": "y"}'),
)
assert REFUSED is None
