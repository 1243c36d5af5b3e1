"""Whatever a settings file holds: the answer is valid, and a change changes nothing but the value or nothing at all."""

from __future__ import annotations

import uuid

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iea_fleet.model.answer import SettingFacts
from tests.agent.rounds import Rounds
from tests.agent.workstation import Part, Workstation, setting

PIECES = [
    *(b"[server]", b"[", b"]", b"url", b"=", b":", b'"', b"'", b"\\", b"\\u00e9", b"\\u12", b"#", b";"),
    *(
        b"{",
        b"}",
        b",",
        b"\n",
        b"\r\n",
        b"\r",
        b" ",
        b"\t",
        b"/",
        b"!",
        b"null",
        b"-1.5e3",
        b'{"server": {"url": "x"}}',
    ),
    *(b"<server>", b"</server>", b"<url/>", b"<url a='", b"<server><url>x</url></server>", b"<?x ?>", b"<!DOCTYPE x>"),
    *(b"&amp;", b"&x;", b"<!--", b"-->", b"<![CDATA[", b"]]>"),
    *(b"\xc3\xa9", b"\xe9", b"\x81", b"\x00", b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80"),
]
contents = st.lists(st.sampled_from(PIECES) | st.binary(max_size=3), max_size=14).map(b"".join)
values = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


TARGETS: dict[str, Part] = {
    "ini": {"store": "ini", "section": "server", "key": "url"},
    "json": {"store": "json", "pointer": "/server/url"},
    "xml": {"store": "xml", "element": "/server/url"},
    "attribute": {"store": "xml", "element": "/server/url/@a"},
    "properties": {"store": "properties", "key": "url"},
    "text": {"store": "text", "pattern": "url=(.*)"},
}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents, values, st.sampled_from(sorted(TARGETS)))
def test_any_content_and_any_value_end_well(
    workstation: Workstation, rounds: Rounds, content: bytes, value: str, kind: str
) -> None:
    target = {**TARGETS[kind], "path": workstation.file("file", content)}
    probe = [setting(kind, target)]
    ensure = [{"id": kind, "target": target, "value": value}]
    done, _ = rounds.play(workstation.request(probe=probe, ensure=ensure, transaction=uuid.uuid4().hex))
    assert done is not None
    if done.error is not None:
        assert (done.error.step, done.error.undone) == ("plan", True)
        assert workstation.content("file") == content
        return
    again, _ = rounds.play(workstation.request(probe=probe, dry_run=True))
    assert again is not None
    before, after = done.probes[0], again.probes[0]
    assert isinstance(before, SettingFacts)
    assert isinstance(after, SettingFacts)
    assert after.places[0].value == value
    assert done.changed == (before.places[0].value != value)
    assert (workstation.content("file") == content) is not done.changed
