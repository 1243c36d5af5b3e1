"""The outbox keeps what it was given, private and whole, and believes nothing that lies there."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iea_fleet.ledger.state import StateFolder
from iea_fleet.model.errors import InputError, LocalFailure
from iea_fleet.support.draft import draft_support_request
from iea_fleet.support.evidence import Case
from iea_fleet.support.mail import build_message
from iea_fleet.support.outbox import MESSAGE_BYTES, Outbox
from iea_fleet.support.settings import VENDOR_ADDRESS, SupportSettings

NAME = "20261124T194107Z-poste-12-9b33d5fc"
MAIL = b"To: a@b.fr\r\nSubject: =?utf-8?q?=C3=89t=C3=A9?=\r\nX-IEA-Fleet-Host: POSTE-12\r\n\r\nBonjour\r\n"


@pytest.fixture
def outbox(state: StateFolder) -> Outbox:
    return Outbox(state)


def test_a_mail_is_a_private_file_and_is_listed(outbox: Outbox, state: StateFolder) -> None:
    entry = outbox.put(NAME, MAIL)
    assert entry.path == state.path / "outbox" / f"{NAME}.eml"
    assert stat.S_IMODE(entry.path.stat().st_mode) == 0o600
    assert outbox.waiting() == (entry,)
    assert outbox.sent() == ()
    assert outbox.read(entry) == MAIL
    assert (entry.host, entry.to, entry.subject, entry.sent) == ("POSTE-12", "a@b.fr", "Été", False)
    assert f"{entry.drafted:%d/%m %H:%M}" == "24/11 19:41"
    assert [path.name for path in entry.path.parent.iterdir()] in ([f"{NAME}.eml", "sent"], ["sent", f"{NAME}.eml"])


def test_the_same_mail_is_one_entry_and_another_overwrites_nothing(outbox: Outbox) -> None:
    first = outbox.put(NAME, MAIL)
    assert outbox.put(NAME, MAIL) == first
    second = outbox.put(NAME, MAIL + b"more")
    assert second.id == f"{NAME}-2"
    assert outbox.read(first) == MAIL
    assert outbox.waiting() == (first, second)


def test_many_at_once_lose_nothing(outbox: Outbox) -> None:
    with ThreadPoolExecutor(8) as pool:
        entries = list(pool.map(lambda number: outbox.put(NAME, MAIL + b"%d" % number), range(40)))
    assert len({entry.id for entry in entries}) == 40
    assert sorted(map(outbox.read, outbox.waiting())) == sorted(MAIL + b"%d" % number for number in range(40))


def test_a_sent_mail_moves_with_what_was_sent(outbox: Outbox, state: StateFolder) -> None:
    entry = outbox.put(NAME, MAIL)
    sent = outbox.mark_sent(entry, b"From: x@y.fr\r\n" + MAIL.replace(b"X-IEA-Fleet-Host: POSTE-12\r\n", b""))
    assert sent.path == state.path / "outbox" / "sent" / f"{NAME}.eml"
    assert stat.S_IMODE(sent.path.stat().st_mode) == 0o600
    assert (outbox.waiting(), outbox.sent()) == ((), (sent,))
    assert outbox.read(sent).startswith(b"From: x@y.fr")
    assert (entry.host, sent.host) == ("POSTE-12", "poste-12"), "what was sent tells no host, but by its id"
    assert outbox.put(NAME, MAIL).id == f"{NAME}-2", "a name that was sent is not used again"


def test_a_mail_is_found_by_its_beginning(outbox: Outbox) -> None:
    entry, other = outbox.put(NAME, MAIL), outbox.put(NAME, MAIL + b"x")
    assert outbox.find(NAME) == entry
    assert outbox.find(f"{NAME}-") == other
    with pytest.raises(InputError, match="several begin with this"):
        outbox.find("2026")
    for name in ("", "2027", "../outbox", "\x1b[31m"):
        with pytest.raises(InputError, match="the outbox has no such mail"):
            outbox.find(name)


@pytest.mark.parametrize("name", ["../x", "x", f"{NAME}/..", f"{NAME}.eml", "", f"{NAME}\n", NAME.upper()])
def test_other_names_are_none(outbox: Outbox, name: str) -> None:
    with pytest.raises(ValueError, match="no id of an outbox"):
        outbox.put(name, MAIL)


def test_a_draft_is_held_while_it_is_sent(outbox: Outbox) -> None:
    entry = outbox.put(NAME, MAIL)
    with (
        outbox.claim(entry) as content,
        pytest.raises(LocalFailure, match="another process is sending it"),
        outbox.claim(entry),
    ):
        pass
    assert content == MAIL
    outbox.mark_sent(entry, MAIL)
    with pytest.raises(LocalFailure, match="it is no draft any more"), outbox.claim(entry):
        pass


def test_links_and_strange_files_are_passed_over(outbox: Outbox, state: StateFolder, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(MAIL)
    folder = state.path / "outbox"
    (folder / f"{NAME}.eml").symlink_to(secret)
    (folder / "notes.eml").write_bytes(MAIL)
    os.mkfifo(folder / f"{NAME}-3.eml")
    (folder / f"{NAME}-4.eml").mkdir()
    assert outbox.waiting() == ()
    with pytest.raises(LocalFailure):  # a link in the way is neither followed nor replaced
        outbox.put(NAME, MAIL)
    assert secret.read_bytes() == MAIL


def test_a_file_that_grew_is_refused_by_its_name(outbox: Outbox) -> None:
    entry = outbox.put(NAME, MAIL)
    with entry.path.open("ab") as file:
        file.truncate(MESSAGE_BYTES + 1)
    with pytest.raises(LocalFailure, match=rf"{NAME}.eml: it is larger than 16 MB"):
        outbox.waiting()


def test_a_file_that_grew_keeps_no_mail_of_another_matter_from_being_found(outbox: Outbox) -> None:
    entry = outbox.put(NAME, MAIL)
    other = outbox.put("20261124T194107Z-poste-13-00000000", MAIL)
    os.truncate(other.path, MESSAGE_BYTES + 1)
    assert outbox.alike("20261125T000000Z-poste-12-9b33d5fc", sent_since=entry.kept) == entry


@pytest.mark.parametrize("moment", ["99999999T999999Z", "20260231T000000Z", "00000101T000000Z"])
def test_a_file_of_a_day_that_never_was_is_passed_over(outbox: Outbox, moment: str) -> None:
    entry = outbox.put(NAME, MAIL)
    (entry.path.parent / f"{moment}-poste-12-9b33d5fc.eml").write_bytes(MAIL)
    assert outbox.waiting() == (entry,)
    assert outbox.alike(NAME, sent_since=entry.kept) == entry


def test_an_outbox_that_others_can_write_is_refused(state: StateFolder) -> None:
    (state.path / "outbox").mkdir(mode=0o700)
    (state.path / "outbox").chmod(0o777)
    with pytest.raises(LocalFailure, match="other users can write the outbox"):
        Outbox(state)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.sampled_from([b"Subject: ", b"To: ", b"X-IEA-Fleet-Host: =?utf-8?q?", b""]))
def test_any_file_can_be_listed(outbox: Outbox, content: bytes, before: bytes) -> None:
    entry = outbox.put(NAME, before + content)
    try:
        for text in (entry.subject, entry.to, entry.host):
            assert text.isprintable()
            assert len(text) <= 255
        assert outbox.waiting() == (entry,)
    finally:
        entry.path.unlink()


def test_a_real_draft_is_listed(outbox: Outbox, case: Case) -> None:
    draft = draft_support_request(case, SupportSettings())
    entry = outbox.put(draft.id, build_message(draft, SupportSettings()))
    assert (entry.host, entry.to, entry.subject) == ("POSTE-12", VENDOR_ADDRESS, "Serveur de connexion 3.00.42")
