"""Random files of records with random releases: both engines list the same, and leave the same or refuse the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from iea_fleet.model.answer import Status
from tests.contract.world import APP, Contestant, Round, World, comparable, request

_FILE = r"app\r.csv"
_PATTERNS = (
    ("^([a-cé]+);([^;]*);([^;]*)$", ["name", "place", "since"]),
    ("([a-c])=?(.*)", ["name", "rest"]),
    ("^(?:(a+)|(b+));", ["name", "other"]),
)
_PIECES = (
    "a",
    "b",
    "É",
    "é",
    "c",
    ";",
    ";",
    "=",
    " ",
    "\t",
    "\r\n",
    "\r\n",
    "\n",
    "\r",
    "\x0b",
    "\x85",
    "\u2028",
    "€",
    "ß",
)
_TEXT = st.lists(st.sampled_from(_PIECES), max_size=40).map("".join)
_VALUE = st.one_of(
    st.sampled_from(["", "a", "A", "é", "É", "b;", "x"]), st.lists(st.sampled_from(_PIECES), max_size=4).map("".join)
)

Document = tuple[bytes, list[dict[str, Any]]]


@st.composite
def _document(draw: st.DrawFn) -> Document:
    pattern, fields = draw(st.sampled_from(_PATTERNS))
    target = {"store": "lines", "path": rf"{APP}\r.csv", "pattern": pattern, "fields": fields}
    data = draw(_TEXT).encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"])), "ignore")
    some = st.dictionaries(st.sampled_from(fields), _VALUE, min_size=1, max_size=2)
    releases = [
        {
            "id": f"r{number}",
            "target": target,
            "match": draw(st.lists(some, min_size=1, max_size=2)),
            "values": draw(st.one_of(st.none(), some)),
        }
        for number in range(draw(st.integers(1, 2)))
    ]
    return data, releases


def _play(engine: Contestant, document: Document) -> Round:
    data, releases = document
    probe = {"kind": "records", "id": "p", "target": releases[0]["target"]}
    return engine.play(World({_FILE: data}), [request(probe=[probe], release=releases)])[-1]


@pytest.mark.pwsh
@settings(
    max_examples=4,
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(st.lists(_document(), min_size=40, max_size=40))
def test_both_engines_agree_on_random_records(
    emulated: Contestant, pwsh: Contestant, documents: list[Document]
) -> None:
    for document in documents:
        ours, theirs = _play(emulated, document), _play(pwsh, document)
        assert comparable(ours.said) == comparable(theirs.said), document
        assert ours.files == theirs.files, document


@settings(max_examples=300, deadline=None)
@given(_document())
def test_a_release_is_done_once_or_refused_and_changes_nothing_then(emulated: Contestant, document: Document) -> None:
    round_ = _play(emulated, document)
    if round_.said.status is not Status.DONE:
        assert round_.files == {_FILE: document[0]}
    elif not round_.said.changed:
        assert round_.files == {_FILE: document[0]}
        assert round_.said.verify == ()
