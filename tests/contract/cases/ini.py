"""INI files: docs/wire.md, "Stores", first row, and how any text file is decoded."""

from __future__ import annotations

from tests.contract.cases.store_case import ABSENT, MALFORMED, MISSING, REFUSED, UNREADABLE, StoreCase

_MODE = {"store": "ini", "section": "Connexion", "key": "Mode"}
_PLAIN = b"[Connexion]\r\nMode=Standard\r\nAutre=1\r\n"


def _case(name: str, content: bytes | None, found: object, value: str, written: bytes | None, **more: str) -> StoreCase:
    return StoreCase(f"ini, {name}", _MODE | more, content, found, value, written)  # type: ignore[arg-type]


INI = (
    _case("changed", _PLAIN, "Standard", "S", b"[Connexion]\r\nMode=S\r\nAutre=1\r\n"),
    _case("already right", _PLAIN, "Standard", "Standard", _PLAIN),
    _case("file missing", None, MISSING, "S", REFUSED),
    _case("empty file", b"", ABSENT, "S", b"[Connexion]\r\nMode=S"),
    _case("names without case", b"[CONNEXION]\nmODE=x\n", "x", "y", b"[CONNEXION]\nmODE=y\n"),
    _case(
        "accents without case",
        b"[\xc3\x89T\xc3\x89]\nMode=x\n",
        "x",
        "y",
        b"[\xc3\x89T\xc3\x89]\nMode=y\n",
        section="été",
    ),
    _case(
        "dotless i is no i",
        b"[Connex\xc4\xb1on]\nMode=x",
        ABSENT,
        "y",
        b"[Connex\xc4\xb1on]\nMode=x\n[Connexion]\nMode=y",
    ),
    _case("first of two keys", b"[Connexion]\nMode=1\nMode=2\n", "1", "3", b"[Connexion]\nMode=3\nMode=2\n"),
    _case(
        "first of two sections",
        b"[Connexion]\nA=1\n[B]\n[Connexion]\nMode=2\n",
        ABSENT,
        "3",
        b"[Connexion]\nA=1\nMode=3\n[B]\n[Connexion]\nMode=2\n",
    ),
    _case(
        "key of another section", b"[A]\nMode=1\n[Connexion]\nMode=2\n", "2", "3", b"[A]\nMode=1\n[Connexion]\nMode=3\n"
    ),
    _case(
        "blanks around",
        b" [ Connexion ] \n\tMode \t= \t x y \t\n",
        "x y",
        "z",
        b" [ Connexion ] \n\tMode \t= \t z \t\n",
    ),
    _case("no value", b"[Connexion]\nMode=\nA=1", "", "z", b"[Connexion]\nMode=z\nA=1"),
    _case("blank value", b"[Connexion]\nMode=  \nA=1", "", "z", b"[Connexion]\nMode=  z\nA=1"),
    _case("to no value", _PLAIN, "Standard", "", b"[Connexion]\r\nMode=\r\nAutre=1\r\n"),
    _case("double quotes", b'[Connexion]\nMode="a b"\n', "a b", " c ", b'[Connexion]\nMode=" c "\n'),
    _case("single quotes", b"[Connexion]\nMode='a' \n", "a", "b", b"[Connexion]\nMode='b' \n"),
    _case("quotes that do not match", b"[Connexion]\nMode=\"a'\n", "\"a'", "b", b"[Connexion]\nMode=b\n"),
    _case("a lone quote", b'[Connexion]\nMode="\n', '"', "b", b"[Connexion]\nMode=b\n"),
    _case("empty quotes", b'[Connexion]\nMode=""\n', "", "b", b'[Connexion]\nMode="b"\n'),
    _case("quotes in quotes", b'[Connexion]\nMode="a"b"\n', 'a"b', "c", b'[Connexion]\nMode="c"\n'),
    _case("a value with an equals sign", b"[Connexion]\nMode=a=b\n", "a=b", "c=d", b"[Connexion]\nMode=c=d\n"),
    _case("a value with a semicolon", b"[Connexion]\nMode=a ; b\n", "a ; b", "c;d", b"[Connexion]\nMode=c;d\n"),
    _case("a line without equals sign", b"[Connexion]\nMode\nMode=1\n", "1", "2", b"[Connexion]\nMode\nMode=2\n"),
    _case("comments", b"[Connexion]\n;Mode=1\n#Mode=2\nMode=3\n", "3", "4", b"[Connexion]\n;Mode=1\n#Mode=2\nMode=4\n"),
    _case("only comments", b"[Connexion]\n;Mode=1\n\n\n", ABSENT, "4", b"[Connexion]\n;Mode=1\nMode=4\n\n\n"),
    _case(
        "key added before a blank line",
        b"[Connexion]\r\nA=1\r\n\r\n[B]\r\n",
        ABSENT,
        "x",
        b"[Connexion]\r\nA=1\r\nMode=x\r\n\r\n[B]\r\n",
    ),
    _case("key added to an empty section", b"[Connexion]", ABSENT, "x", b"[Connexion]\r\nMode=x"),
    _case("key added at the end, no line end there", b"[Connexion]\nA=1", ABSENT, "x", b"[Connexion]\nA=1\nMode=x"),
    _case(
        "key added where line ends differ", b"[Connexion]\r\nA=1\n\n", ABSENT, "x", b"[Connexion]\r\nA=1\r\nMode=x\n\n"
    ),
    _case("section added", b"A=1\n[B]\nC=2\n\n", ABSENT, "x", b"A=1\n[B]\nC=2\n\n[Connexion]\nMode=x\n"),
    _case("section added, no line end there", b"[B]\r\nC=2", ABSENT, "x", b"[B]\r\nC=2\r\n[Connexion]\r\nMode=x"),
    _case("old Macintosh line ends", b"[Connexion]\rMode=1\r", "1", "2", b"[Connexion]\rMode=2\r"),
    _case("section with a comment behind", b"[Connexion] ; oui\nMode=1\n", "1", "2", b"[Connexion] ; oui\nMode=2\n"),
    _case("section without its bracket", b"[Connexion\nMode=1\n", "1", "2", b"[Connexion\nMode=2\n"),
    _case("a line end in the value", _PLAIN, "Standard", "a\r\nb", REFUSED),
    _case("a blank around the value", _PLAIN, "Standard", " a", REFUSED),
    _case("quotes around the value", _PLAIN, "Standard", '"a"', REFUSED),
    _case("quotes around the value, in quotes", b'[Connexion]\nMode="a"\n', "a", '"b"', b'[Connexion]\nMode=""b""\n'),
    _case(
        "Windows-1252", b"[Connexion]\r\nMode=S\xe9curis\xe9\r\n", "Sécurisé", "œ€", b"[Connexion]\r\nMode=\x9c\x80\r\n"
    ),
    _case("Windows-1252 has no such character", b"[Connexion]\nMode=\xe9\n", "é", "→", REFUSED),
    _case(
        "Windows-1252, a byte without a character",
        b"[Connexion]\nMode=\xe9\x81\n",
        "é\x81",
        "a",
        b"[Connexion]\nMode=a\n",
    ),
    _case(
        "UTF-8",
        b"[Connexion]\nMode=\xc3\xa9\n",
        "é",
        "→\U0001f600",
        b"[Connexion]\nMode=\xe2\x86\x92\xf0\x9f\x98\x80\n",
    ),
    _case(
        "UTF-8 with its mark",
        b"\xef\xbb\xbf[Connexion]\nMode=a\n",
        "a",
        "é",
        b"\xef\xbb\xbf[Connexion]\nMode=\xc3\xa9\n",
    ),
    _case("the mark of UTF-8 before Windows-1252", b"\xef\xbb\xbf[Connexion]\nMode=\xe9\n", MALFORMED, "a", REFUSED),
    _case(
        "UTF-16 LE with its mark",
        "\ufeff[Connexion]\r\nMode=é\r\n".encode("utf-16-le"),
        "é",
        "→",
        "\ufeff[Connexion]\r\nMode=→\r\n".encode("utf-16-le"),
    ),
    _case(
        "UTF-16 BE with its mark",
        "\ufeff[Connexion]\nMode=é".encode("utf-16-be"),
        "é",
        "→",
        "\ufeff[Connexion]\nMode=→".encode("utf-16-be"),
    ),
    _case(
        "UTF-16 LE as asked",
        "[Connexion]\nMode=é".encode("utf-16-le"),
        "é",
        "→",
        "[Connexion]\nMode=→".encode("utf-16-le"),
        encoding="utf-16-le",
    ),
    _case("half a UTF-16 character", "\ufeff[Connexion]\nMode=é".encode("utf-16-le") + b"\n", MALFORMED, "a", REFUSED),
    _case("UTF-8 as asked", b"[Connexion]\nMode=\xe9", MALFORMED, "a", REFUSED, encoding="utf-8"),
    _case(
        "Windows-1252 as asked", b"[Connexion]\nMode=\xc3\xa9", "Ã©", "é", b"[Connexion]\nMode=\xe9", encoding="cp1252"
    ),
    _case(
        "the mark wins over what is asked",
        b"\xef\xbb\xbf[Connexion]\nMode=\xc3\xa9",
        "é",
        "e",
        b"\xef\xbb\xbf[Connexion]\nMode=e",
        encoding="cp1252",
    ),
    _case("too long for an answer", b"[Connexion]\nMode=" + b"a" * 4097, MALFORMED, "a", REFUSED),
    _case("as long as an answer holds", b"[Connexion]\nMode=" + b"a" * 4096, "a" * 4096, "b", b"[Connexion]\nMode=b"),
    _case("too large a file", b"[Connexion]\nMode=a\n" + b";\n" * (4 << 20), UNREADABLE, "b", REFUSED),
)
