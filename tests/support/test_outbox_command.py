"""`iea-fleet outbox` as a person uses it: list, show, send, done."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from iea_fleet.ledger.state import StateFolder
from iea_fleet.support.hand_over import ask_for_password, hand_over
from iea_fleet.support.outbox import Outbox
from iea_fleet.support.settings import SupportSettings
from tests.support.cases import HOSTILE, WHEN, make_case
from tests.support.mail_server import PASSWORD, Certificates, Mailbox, mail_server
from tests.warm import warm_program

INVENTORY = """
all:
  children:
    site_aviron:
      hosts:
        POSTE-1: {}
        POSTE-12: {iea_support_from: aviron@info-assos.fr}
  vars:
    iea_support_from: aide@info-assos.fr
    iea_support_to: essai@info-assos.fr
    iea_support_smtp_host: localhost
    iea_support_smtp_port: PORT
"""


@dataclass
class Program:
    """Runs `iea-fleet outbox` on a state folder."""

    folder: Path
    state: StateFolder

    def __call__(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ANSIBLE_", "LC_", "IEA_", "COLUMNS"))
        }
        return subprocess.run(
            [*warm_program(), "outbox", *arguments],
            env=kept | {"IEA_FLEET_STATE": str(self.state.path), "LANG": "C.UTF-8"} | environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )


@pytest.fixture
def program(tmp_path: Path, state: StateFolder) -> Program:
    return Program(tmp_path, state)


def test_an_empty_outbox_says_so(program: Program) -> None:
    assert program("list", "--lang", "fr").stdout == "Aucun courriel n’attend dans la boîte d’envoi.\n"
    assert program("list", "--lang", "en").stdout == "No mail waits in the outbox.\n"
    assert program("list", "--json").stdout == "[]\n"
    done = program("show")
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert "outbox: no mail waits there." in done.stderr


def test_mails_are_listed_and_shown(program: Program, state: StateFolder) -> None:
    draft = hand_over(make_case(), state, SupportSettings(), lang="fr").draft
    assert draft is not None
    listed = program("list", "--lang", "fr").stdout
    assert draft.entry.id in listed
    assert "en attente" in listed
    assert "Serveur de connexion 3.00.42" in listed
    (one,) = json.loads(program("list", "--json").stdout)
    assert (one["id"], one["host"], one["sent"]) == (draft.entry.id, "POSTE-12", False)
    shown = program("show", draft.entry.id[:10], "--lang", "fr").stdout
    assert shown == program("show", "--lang", "fr").stdout, "the only one need not be named"
    assert "Objet\u00a0: Serveur de connexion 3.00.42" in shown
    assert "CE QUI EST CONSTATÉ" in shown
    assert "Pièces jointes\u00a0: constats-et-reponses.json (" in shown


def test_of_several_mails_one_must_be_named(program: Program, state: StateFolder) -> None:
    hand_over(make_case(), state, SupportSettings(), lang="fr")
    ask_for_password([("POSTE-12", "")], WHEN, state, SupportSettings())
    for command in ("show", "send", "done"):
        done = program(command)
        assert done.returncode == 3
        assert "outbox: 2 mails wait there. Name one by its id" in done.stderr


def test_hostile_mails_steer_no_terminal(program: Program, state: StateFolder) -> None:
    draft = hand_over(make_case(host=HOSTILE, site=HOSTILE, line=HOSTILE), state, SupportSettings(), lang="fr").draft
    assert draft is not None
    draft.entry.path.write_bytes(
        b"Subject: \x1b[31m\x9b2J =?utf-8?q?=1B[2J=E2=80=AE?=\nTo: \x07\n"
        b"Content-Type: text/plain; charset=no-such\n\n\x1b"
    )
    for arguments in (("list",), ("show",), ("list", "--json")):
        done = program(*arguments)
        assert done.returncode == 0, done.stderr
        assert not set(done.stdout) & {"\x1b", "\x9b", "\x07", "\u202e"}


def test_a_mail_that_was_sent_by_hand_is_put_away(program: Program, state: StateFolder) -> None:
    hand_over(make_case(), state, SupportSettings(), lang="fr")
    assert program("done", "--lang", "en").stdout.startswith("Put with the sent mails: 2026")
    outbox = Outbox(state)
    (sent,) = outbox.sent()
    assert outbox.waiting() == ()
    assert sent.id in program("list", "--all").stdout
    assert "is with the sent ones" in program("done", sent.id).stderr


def test_a_mail_is_sent_as_the_inventory_of_its_host_says(program: Program, state: StateFolder) -> None:
    certificates, mailbox = Certificates(), Mailbox()
    authority = program.folder / "authority.pem"
    certificates.authority.cert_pem.write_to_path(str(authority))
    hand_over(make_case(), state, SupportSettings(to="essai@info-assos.fr"), lang="fr")
    trusted = {
        "SSL_CERT_FILE": str(authority),
        "IEA_FLEET_SMTP_USER": "aide",
        "IEA_FLEET_SMTP_PASSWORD": PASSWORD,
    }
    with mail_server(mailbox, certificates.server("localhost"), authenticator=mailbox.log_on) as port:
        (program.folder / "hosts.yml").write_text(INVENTORY.replace("PORT", str(port)))
        wrong = program("send", "-i", "hosts.yml", **(trusted | {"IEA_FLEET_SMTP_PASSWORD": "w0rng"}))
        assert wrong.returncode == 3
        assert "it refused the logon of aide (535). Check account and password" in wrong.stderr
        assert "w0rng" not in wrong.stderr
        done = program("send", "-i", "hosts.yml", "--lang", "fr", **trusted)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Envoyé à essai@info-assos.fr\u00a0: 2026")
    (envelope,) = mailbox.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("aviron@info-assos.fr", ["essai@info-assos.fr"])
    assert Outbox(state).waiting() == ()


def test_without_a_mail_server_the_draft_stays(program: Program, state: StateFolder) -> None:
    hand_over(make_case(), state, SupportSettings(), lang="fr")
    (program.folder / "hosts.yml").write_text("all: {hosts: {POSTE-12: {iea_support_from: a@b.fr}}}")
    done = program("send", "-i", "hosts.yml")
    assert done.returncode == 3
    assert "no mail server is named. Set iea_support_smtp_host in the inventory" in done.stderr
    assert len(Outbox(state).waiting()) == 1
