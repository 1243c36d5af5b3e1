"""What goes wrong is told in French to those who work in French: one sentence, and the same exit code."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from iea_fleet.cli.usage import SHAPES

if TYPE_CHECKING:
    from tests.cli.conftest import LabFleet, Program
else:
    LabFleet = Program = object

Wait = Callable[[Callable[[], bool]], None]
FRENCH = {"LANG": "fr_FR.UTF-8"}


def told(done: subprocess.CompletedProcess[str], code: int) -> str:
    """The one sentence, with plain spaces; checks that there is nothing else, and the exit code."""
    assert done.returncode == code, done.stderr
    lines = [line for line in done.stderr.splitlines() if line != "Lecture de l’inventaire…"]
    assert len(lines) == 1, done.stderr
    return lines[0].removeprefix("iea-fleet: ").translate({0xA0: " ", 0x202F: " "})


def test_a_host_that_is_not_there(program: Program) -> None:
    inventory = program.fleet({"a": "ok"})
    for arguments, named in (
        (("push", "--limit", "POSTE-{9}*"), "--limit POSTE-{9}*"),
        (("fix", "POSTE-99"), "poste POSTE-99"),
        (("doctor", "POSTE-99"), "poste POSTE-99"),
        (("doctor", "--limit", "POSTE-99"), "--limit POSTE-99"),
    ):
        sentence = told(program(*arguments, "-i", inventory, **FRENCH), 3)
        assert sentence == (
            f"{named} : ni poste ni groupe de ce nom dans {inventory}. "
            f"ansible-inventory -i {inventory} --graph montre les noms qu’il contient"
        )


def test_an_inventory_that_is_not_there(program: Program) -> None:
    sentence = "nulle-part : cet inventaire n’existe pas. Indiquez un fichier ou un dossier avec --inventory"
    assert told(program("push", "-i", "nulle-part", **FRENCH), 3) == sentence


def test_a_wrong_vault_password(program: Program) -> None:
    for name in ("right", "wrong"):
        (program.folder / name).write_text(name)
    inventory = program.inventory("site_a:", "  hosts: {w1: {stub: ok}}", name="inv/hosts.yml")
    variables = program.folder / "inv" / "group_vars" / "all.yml"
    variables.parent.mkdir()
    variables.write_text("ansible_password: canary\n")
    command = (sys.executable, "-m", "ansible", "vault", "encrypt", "--vault-password-file", "right", str(variables))
    subprocess.run(command, env=program.environment, cwd=program.folder, capture_output=True, check=True)
    done = program("push", "-i", inventory, "--vault-password-file", "wrong", **FRENCH)
    assert told(done, 3).endswith("le mot de passe de wrong n’ouvre pas ce qui y est chiffré. Donnez le bon")
    assert "aucun mot de passe du coffre n’a été donné" in told(program("push", "-i", inventory, **FRENCH), 3)


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("schema: 1\nnmae: x\n", "profil.yml, ligne 2 : clé inconnue « nmae ». Vouliez-vous dire name ?"),
        ("schema: one\n", "profil.yml, ligne 1 : « schema » : il faut l’une de ces valeurs : 1. Corrigez la valeur."),
    ],
)
def test_a_line_of_a_profile(program: Program, lines: str, sentence: str) -> None:
    (program.folder / "profil.yml").write_text(lines)
    variables = "{ansible_connection: winrm, ansible_user: adm, ansible_password: x, iea_profile: ./profil.yml}"
    inventory = program.inventory("site_a:", f"  vars: {variables}", "  hosts: {w1: }")
    assert told(program("push", "-i", inventory, **FRENCH), 3) == sentence


def test_a_busy_host(program: Program, wait_for: Wait) -> None:
    inventory = program.fleet({"a": "slow"})
    with program.start("push", "-i", inventory) as first:
        wait_for((program.folder / "asked" / "a").exists)
        sentence = told(program("push", "-i", inventory, **FRENCH), 5)
        (program.folder / "asked" / "go").touch()
        first.communicate(timeout=60)
    assert sentence.startswith("a : l’exécution 2")
    assert f"(processus {first.pid}) y est au travail. Attendez qu’elle se termine" in sentence


def test_a_state_folder_that_can_not_be_written(program: Program) -> None:
    (program.folder / "state").write_text("")
    done = program("runs", "list", "--state", "state/below", **FRENCH)
    assert "le dossier d’état est inutilisable (un fichier est à sa place)" in told(done, 6)
    done = program("runs", "list", "--state", "/proc/nothing", **FRENCH)
    assert told(done, 6).startswith("/proc/nothing : le dossier d’état est inutilisable (")


def test_a_ledger_of_a_newer_release(program: Program) -> None:
    assert program("runs", "list", **FRENCH).stdout == "Aucune exécution pour l’instant.\n"
    with sqlite3.connect(program.folder / "state" / "ledger.sqlite") as connection:
        connection.execute("UPDATE iea_schema SET version = 7")
    connection.close()
    sentence = told(program("runs", "list", **FRENCH), 6)
    assert "une version plus récente a écrit cette base des exécutions (format 7, celle-ci connaît 3)" in sentence


def test_a_run_or_a_mail_that_is_not_there(program: Program) -> None:
    sentence = told(program("runs", "show", "{count}", **FRENCH), 3)
    assert sentence.startswith("exécution « {count} » : aucune exécution n’a cet identifiant")
    sentence = told(program("outbox", "show", "zz", **FRENCH), 3)
    assert sentence == "courriel « zz » : la boîte d’envoi n’a pas ce courriel. Voyez iea-fleet outbox list"


def test_a_lab_that_is_up_and_one_that_can_not_be(lab: LabFleet) -> None:
    sentence = told(lab("lab", "up", "--detach", "--port", "0", "--lang", "fr"), 6)
    assert sentence.startswith("lab : un labo est déjà ouvert (postes : 4, moteur : emulated, processus : ")
    # This one comes from the lab's process.
    sentence = told(lab("lab", "break", "personne", "slow", "--lang=fr"), 3)
    assert sentence == "personne : le labo n’a pas de poste de ce nom. iea-fleet lab status les nomme tous."
    sentence = told(lab("lab", "up", "--lang", "fr", "--situation", "server_dsn"), 3)
    assert sentence == "lab : aucune situation ni panne ne s’appelle « server_dsn ». Vouliez-vous dire server_dns ?"
    closed = lab("lab", "down", "--lang", "fr")
    assert closed.stdout.startswith("Le labo est fermé")


def test_the_language_of_the_command_wins_over_the_locale_wherever_it_stands(program: Program) -> None:
    for arguments in (
        ("--lang", "en", "-i", "no"),
        ("-i", "no", "--lang=en"),
        ("--lang", "fr", "-i", "no", "--lang=en"),
    ):
        assert "there is no such inventory" in program("push", *arguments, **FRENCH).stderr
    assert "cet inventaire n’existe pas" in program("push", "-i", "no", "--lang", "fr").stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("push", "--nope"), "Option inconnue : --nope. Voyez iea-fleet push --help"),
        (("push", "--forks", "x"), "Valeur incorrecte pour '--forks' / '-f' : il faut un nombre entier."),
        (("fix",), "Il manque l’argument 'host'. Voyez iea-fleet fix --help"),
        (("psh",), "Commande inconnue : 'psh'. Vouliez-vous dire 'push' ? Voyez iea-fleet --help"),
        (("push", "--lang"), "L’option '--lang' demande une valeur."),
        (("lab", "break"), "Valeur incorrecte : indiquez un poste et une panne, ou demandez --list."),
        (("lab", "up", "--sites", "3", "-n", "2"), "Valeur incorrecte : il y a plus d’associations que de"),
    ],
)
def test_a_command_line_that_can_not_be_read(program: Program, arguments: tuple[str, ...], sentence: str) -> None:
    assert told(program(*arguments, **FRENCH), 2).startswith(sentence)


def test_a_value_that_an_option_does_not_take_is_told_in_our_words_alone(program: Program) -> None:
    for language, begins in ((FRENCH, "Valeur incorrecte pour '--case'"), ({}, "Invalid value for '--case'")):
        sentence = told(program("fix", "X", "--case", "nope", **language), 2)
        assert sentence.startswith(begins)
        assert "'nope'" in sentence
        assert "Value error" not in sentence


def test_our_own_words_about_a_command_line_have_their_french() -> None:
    import ast

    import iea_fleet.cli as cli

    found = set()
    for path in Path(next(iter(cli.__path__))).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "typer.BadParameter":
                found |= {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
    assert len(found) > 3
    assert found <= set(SHAPES)


def test_help_is_in_the_language_of_the_command(program: Program) -> None:
    for arguments in (("fix", "--help"), ("push", "-h"), ("lab",), ()):
        shown = program(*arguments, **FRENCH)
        assert "Utilisation\u00a0: iea-fleet" in shown.stdout + shown.stderr
        assert "Afficher cette aide." in shown.stdout + shown.stderr
        assert "Usage: iea-fleet" in program(*arguments).stdout + program(*arguments).stderr
    assert "Usage: iea-fleet fix" in program("fix", "--help", "--lang", "en", **FRENCH).stdout


def test_a_failure_reads_well_where_only_ascii_can_be_shown(program: Program) -> None:
    command = (sys.executable, "-c", "from iea_fleet.cli import main; main()", "push", "-i", "no", "--lang", "fr")
    environment = program.environment | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, cwd=program.folder, env=environment, capture_output=True, check=False)
    assert b"iea-fleet: no : cet inventaire n'existe pas." in done.stderr
