"""XML documents: docs/wire.md, "Stores", third row."""

from __future__ import annotations

from tests.contract.cases.store_case import ABSENT, MALFORMED, MISSING, StoreCase


def _case(
    name: str, content: str | bytes | None, found: object, value: str, written: str | None, element: str = "/c/u"
) -> StoreCase:
    raw = content.encode() if isinstance(content, str) else content
    after = None if written is None else written.encode()
    return StoreCase(f"xml, {name}", {"store": "xml", "element": element}, raw, found, value, after)  # type: ignore[arg-type]


_HEAD = '<?xml version="1.0" encoding="utf-8"?>\r\n<!-- <u>no</u> -->\r\n'
_AT = "/c/u/@v"

XML = (
    _case("text changed", f"{_HEAD}<c>\r\n  <u>x</u>\r\n</c>\r\n", "x", "y", f"{_HEAD}<c>\r\n  <u>y</u>\r\n</c>\r\n"),
    _case("already right", "<c><u>x</u></c>", "x", "x", "<c><u>x</u></c>"),
    _case("already right, spelt with a reference", "<c><u>&#x78;</u></c>", "x", "x", "<c><u>&#x78;</u></c>"),
    _case("file missing", None, MISSING, "y", None),
    _case("empty file", "", MALFORMED, "y", None),
    _case("cut off", "<c><u>x</u>", MALFORMED, "y", None),
    _case("two roots", "<c><u>x</u></c><d/>", MALFORMED, "y", None),
    _case("tags that do not match", "<c><u>x</v></c>", MALFORMED, "y", None),
    _case("attribute twice", '<c><u v="1" v="2"/></c>', MALFORMED, "y", None, _AT),
    _case("DTD", "<!DOCTYPE c><c><u>x</u></c>", MALFORMED, "y", None),
    _case("entity bomb", '<!DOCTYPE c [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><c><u>&b;</u></c>', MALFORMED, "y", None),
    _case("unknown entity", "<c><u>&nbsp;</u></c>", MALFORMED, "y", None),
    _case(
        "escapes read",
        "<c><u>&lt;&amp;&gt;&quot;&apos;&#233;&#x1F600;</u></c>",
        "<&>\"'é\U0001f600",
        "y",
        "<c><u>y</u></c>",
    ),
    _case("escapes written", "<c><u>x</u></c>", "x", "<&>\"'é", "<c><u>&lt;&amp;&gt;\"'é</u></c>"),
    _case("CDATA", "<c><u><![CDATA[a<b&c]]></u></c>", "a<b&c", "d<e", "<c><u>d&lt;e</u></c>"),
    _case("CDATA and text", "<c><u>a<![CDATA[ b ]]>c</u></c>", "a b c", "y", "<c><u>y</u></c>"),
    _case("white space around", "<c><u>\n    x y\n  </u></c>", "x y", "z", "<c><u>\n    z\n  </u></c>"),
    _case("line ends inside", "<c><u>a\r\nb\rc</u></c>", "a\nb\nc", "y", "<c><u>y</u></c>"),
    _case("line end written", "<c><u>x</u></c>", "x", "a\nb", "<c><u>a\nb</u></c>"),
    _case("carriage return in the value", "<c><u>x</u></c>", "x", "a\rb", None),
    _case("blank around the value", "<c><u>x</u></c>", "x", " a", None),
    _case("no character of XML", "<c><u>x</u></c>", "x", "a\x01", None),
    _case("empty element", "<c><u></u></c>", "", "y", "<c><u>y</u></c>"),
    _case("empty-element tag", "<c><u/></c>", "", "y", "<c><u>y</u></c>"),
    _case(
        "empty-element tag with attributes", "<c><u a=\"1\" b = '2' /></c>", "", "y", "<c><u a=\"1\" b = '2'>y</u></c>"
    ),
    _case("white space alone", "<c><u>  \n </u></c>", "", "y", "<c><u>  \n y</u></c>"),
    _case("to nothing", "<c><u>x</u></c>", "x", "", "<c><u></u></c>"),
    _case("elements inside", "<c><u>x<v/></u></c>", MALFORMED, "y", None),
    _case("comment inside", "<c><u>x<!-- c --></u></c>", MALFORMED, "y", None),
    _case("root itself", "<c>x</c>", "x", "y", "<c>y</c>", "/c"),
    _case("another root", "<d><u>x</u></d>", ABSENT, "y", None),
    _case("element missing", "<c><v>x</v></c>", ABSENT, "y", None),
    _case("deeper namesake", "<c><v><u>x</u></v></c>", ABSENT, "y", None),
    _case("namesake elsewhere", "<c><v><u>x</u></v><u>z</u></c>", "z", "y", "<c><v><u>x</u></v><u>y</u></c>"),
    _case("names by case", "<c><U>x</U></c>", ABSENT, "y", None),
    _case("two and no index", "<c><u>x</u><u>z</u></c>", MALFORMED, "y", None),
    _case("second of two", "<c><u>x</u><v/><u>z</u></c>", "z", "y", "<c><u>x</u><v/><u>y</u></c>", "/c/u[2]"),
    _case("first of two", "<c><u>x</u><u>z</u></c>", "x", "y", "<c><u>y</u><u>z</u></c>", "/c/u[1]"),
    _case("third of two", "<c><u>x</u><u>z</u></c>", ABSENT, "y", None, "/c/u[3]"),
    _case("below the second", "<c><s/><s><u>x</u></s></c>", "x", "y", "<c><s/><s><u>y</u></s></c>", "/c/s[2]/u"),
    _case("two parents and no index", "<c><s/><s><u>x</u></s></c>", MALFORMED, "y", None, "/c/s/u"),
    _case(
        "counted within one parent",
        "<c><s><u>x</u></s><t><u>z</u></t></c>",
        "z",
        "y",
        "<c><s><u>x</u></s><t><u>y</u></t></c>",
        "/c/t/u",
    ),
    _case("prefix", '<p:c xmlns:p="urn:x"><p:u>x</p:u></p:c>', "x", "y", '<p:c xmlns:p="urn:x"><p:u>y</p:u></p:c>'),
    _case("prefix without a name space", "<p:c><u>x</u></p:c>", MALFORMED, "y", None),
    _case("attribute", '<c><u a="1" v="x"/></c>', "x", "y", '<c><u a="1" v="y"/></c>', _AT),
    _case("attribute in single quotes", "<c><u v = 'x\"'/></c>", 'x"', "y'\"<", "<c><u v = 'y&apos;\"&lt;'/></c>", _AT),
    _case(
        "attribute, escapes", '<c><u v="&quot;&amp;&#10;"/></c>', '"&\n', 'a"b&', '<c><u v="a&quot;b&amp;"/></c>', _AT
    ),
    _case("attribute over two lines", '<c><u v="a\r\n\tb"/></c>', "a  b", "y", '<c><u v="y"/></c>', _AT),
    _case("line end in an attribute", '<c><u v="x"/></c>', "x", "a\nb", None, _AT),
    _case("blank around an attribute's value", '<c><u v=" x "/></c>', " x ", " y", '<c><u v=" y"/></c>', _AT),
    _case("attribute added", "<c><u>x</u></c>", ABSENT, "y", '<c><u v="y">x</u></c>', _AT),
    _case(
        "attribute added behind others",
        '<c><u a="1"\n  b="2" /></c>',
        ABSENT,
        'y"',
        '<c><u a="1"\n  b="2" v="y&quot;" /></c>',
        _AT,
    ),
    _case("attribute of a missing element", "<c/>", ABSENT, "y", None, _AT),
    _case(
        "attribute with a prefix",
        '<c xmlns:p="urn:x"><u p:v="x"/></c>',
        "x",
        "y",
        '<c xmlns:p="urn:x"><u p:v="y"/></c>',
        _AT,
    ),
    _case(
        "a sign of greater in an attribute", '<c><u a=">" v="x">t</u></c>', "x", "y", '<c><u a=">" v="y">t</u></c>', _AT
    ),
    _case("elements beside an attribute", '<c><u v="x"><w/></u></c>', "x", "y", '<c><u v="y"><w/></u></c>', _AT),
    _case("accents before", "<c><é>à</é><u>x</u></c>", "x", "y", "<c><é>à</é><u>y</u></c>"),
    _case("old Macintosh line ends", "<c>\r<u>x</u>\r</c>\r", "x", "y", "<c>\r<u>y</u>\r</c>\r"),
    _case(
        "Windows-1252 without a mark",
        '<?xml version="1.0" encoding="windows-1252"?><c><u>\xe9</u></c>'.encode("cp1252"),
        "é",
        "e",
        '<?xml version="1.0" encoding="windows-1252"?><c><u>e</u></c>',
    ),
    _case(
        "instruction in the document",
        "<?p x?><c><?p <u>?><u>x</u></c><?p?>",
        "x",
        "y",
        "<?p x?><c><?p <u>?><u>y</u></c><?p?>",
    ),
    _case(
        "CDATA beside",
        "<c><v><![CDATA[<u>no</u>]]></v><u>x</u></c>",
        "x",
        "y",
        "<c><v><![CDATA[<u>no</u>]]></v><u>y</u></c>",
    ),
)
