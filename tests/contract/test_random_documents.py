"""Random documents and values: both engines read the same, write the same bytes, and refuse the same.

Many documents go into one round, since a round in a real PowerShell costs a tenth of a second: what the emulation
reads is compared as one request of probes, what it writes as one request of changes; what it refuses one by one.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from iea_fleet.model.answer import Status, Step
from tests.contract.world import APP, Contestant, Round, World, comparable, request, setting

_DOCUMENTS = 24
Document = tuple[bytes, list[tuple[dict[str, Any], str]]]
"""A file, and settings in it with the values that are wanted."""


def _text(*pieces: str, most: int = 12) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(pieces), max_size=most).map("".join)


def _nested(depth: int = 2) -> st.SearchStrategy[str]:
    leaf = st.sampled_from(['"x"', "1", "-0.5e3", "true", "null", '"\\u00e9\\n"', '"é"', "[]", "{}"])
    space = st.sampled_from(["", " ", "\n  ", "\r\n"])

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        name = st.sampled_from(['"a"', '"b"', '"\\u0061"', '""'])
        member = st.tuples(space, name, space, space, inner).map(lambda m: f"{m[0]}{m[1]}{m[2]}:{m[3]}{m[4]}")
        members = st.tuples(st.lists(member, max_size=3).map(",".join), space).map(lambda m: f"{{{m[0]}{m[1]}}}")
        items = st.lists(inner, max_size=2).map(lambda i: f"[{', '.join(i)}]")
        return members | items

    strategy = leaf
    for _ in range(depth):
        strategy = grow(strategy)
    return strategy


_XML_PIECES = ("x", " ", "\r\n", "&lt;", "&#233;", "<![CDATA[<]]>", "é", "<!-- c -->", "<v/>", "&amp;", "\t")
_ATTRIBUTES = st.sampled_from(["", ' v="x"', " v = 'a\"b'", ' v="&quot;&#10; "', ' w="1"\n', " p:v=''", ' v="1" v="2"'])
_ELEMENT = st.one_of(
    st.tuples(_ATTRIBUTES, _text(*_XML_PIECES, most=5)).map(lambda e: f"<u{e[0]}>{e[1]}</u>"),
    _ATTRIBUTES.map(lambda attributes: f"<u{attributes}/>"),
    st.sampled_from(["<v><u>x</u></v>", "\n  ", "<p:u>x</p:u>", "<?p <u>?>", "<!-- <u> -->", "<u>", "</u>", "&"]),
)

_INI = _text("[S]", "[T", "]", "k", "K", "=", " ", "\t", "\r\n", "\n", "\n", '"', "'", ";", "#", "é", "\r", "l=1")
_PROPERTIES = _text(
    "k", "l", "=", ":", " ", "\t", "\f", "\\", "\\\n", "\n", "\r\n", "\r", "#", "!", "\\u00e9", "\\u", "é"
)
_JSON = st.one_of(
    _nested(), _nested(1), _text('{"a":', '"x"', "1", "}", ",", '"b"', ":", " ", "/", "é", "\n", "[", "]")
)
_XML = st.lists(_ELEMENT, max_size=3).map(lambda elements: f'<c xmlns:p="urn:p">{"".join(elements)}</c>')
_TEXT = _text("k", "=", "x", "y", " ", "\r\n", "\n", "é", ";", "\t")

_KINDS: tuple[tuple[st.SearchStrategy[dict[str, Any]], st.SearchStrategy[str]], ...] = (
    (st.sampled_from(["k", "z"]).map(lambda key: {"store": "ini", "section": "S", "key": key}), _INI),
    (st.sampled_from(["k", "z", "a b"]).map(lambda key: {"store": "properties", "key": key}), _PROPERTIES),
    (st.sampled_from(["/a", "/b/a", "/a/0", "/"]).map(lambda pointer: {"store": "json", "pointer": pointer}), _JSON),
    (
        st.sampled_from(["/c/u", "/c/u[2]", "/c/u/@v", "/c/v/u"]).map(lambda path: {"store": "xml", "element": path}),
        _XML,
    ),
    (
        st.sampled_from([r"^k=(.*)$", r"k(=?)", r"=(\S+);", r"(x|y)\n"]).map(lambda p: {"store": "text", "pattern": p}),
        _TEXT,
    ),
)
_VALUES = st.one_of(
    st.sampled_from(["", "x", "1", "true", "→", "é"]),
    st.text(st.sampled_from(" \t\r\n\\\"'<>&=:#é€\U0001f600\x01x{}[],"), max_size=6),
)
_CODECS = st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "cp1252", "utf-16"])


@st.composite
def _document(draw: st.DrawFn) -> Document:
    target, text = draw(st.sampled_from(_KINDS))
    data = draw(text).encode(draw(_CODECS), "ignore")
    if draw(st.integers(0, 9)) == 0:
        data = data[:-1]
    return data, draw(st.lists(st.tuples(target, _VALUES), min_size=1, max_size=2))


def _play(engine: Contestant, documents: list[Document], chosen: list[int], *, write: bool) -> Round:
    files = {rf"app\{index}.dat": documents[index][0] for index in chosen}
    wanted = [
        (f"s{index}_{number}", {**target, "path": rf"{APP}\{index}.dat"}, value)
        for index in chosen
        for number, (target, value) in enumerate(documents[index][1])
    ]
    if write:
        changes = [{"id": name, "target": target, "value": value} for name, target, value in wanted]
        return engine.play(World(files), [request(ensure=changes)])[-1]
    return engine.play(World(files), [request(probe=[setting(name, target) for name, target, _ in wanted])])[-1]


def _agree(ours: Round, theirs: Round) -> None:
    assert comparable(ours.said) == comparable(theirs.said)
    assert ours.files == theirs.files


@pytest.mark.pwsh
@settings(
    max_examples=8,
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(st.lists(_document(), min_size=_DOCUMENTS, max_size=_DOCUMENTS))
def test_both_engines_agree_on_random_documents(
    emulated: Contestant, pwsh: Contestant, documents: list[Document]
) -> None:
    everything = list(range(len(documents)))
    _agree(_play(emulated, documents, everything, write=False), _play(pwsh, documents, everything, write=False))
    alone = {index: _play(emulated, documents, [index], write=True) for index in everything}
    held = [index for index in everything if alone[index].said.status is Status.DONE]
    _agree(_play(emulated, documents, held, write=True), _play(pwsh, documents, held, write=True))
    refused = [index for index in everything if index not in held]
    for index in refused[:6]:
        _agree(alone[index], _play(pwsh, documents, [index], write=True))


@settings(max_examples=300, deadline=None)
@given(_document())
def test_a_write_is_read_back_or_refused_and_changes_nothing_then(emulated: Contestant, document: Document) -> None:
    round_ = _play(emulated, [document], [0], write=True)
    if round_.said.status is Status.DONE:
        again = _play(emulated, [(round_.files[r"app\0.dat"], document[1])], [0], write=True)
        assert not again.said.changed
        assert again.files == round_.files
    else:
        assert round_.said.error is not None
        assert round_.said.error.step is Step.PLAN
        assert round_.files == {r"app\0.dat": document[0]}
