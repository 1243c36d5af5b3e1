"""The few words that the command line says by itself, in both languages."""

from __future__ import annotations

from typing import Literal

Language = Literal["fr", "en"]

TEXTS: dict[str, tuple[str, str]] = {
    "reading": ("Lecture de l’inventaire…", "Reading the inventory…"),
    "checking": ("Vérification de cette machine…", "Checking this machine…"),
    "checking_hosts": ("Vérification des postes : {hosts}", "Checking workstations: {hosts}"),
    "vault_password": ("Mot de passe du coffre : ", "Vault password: "),
    "aborted": ("Interrompu.", "Interrupted."),
    "unforeseen": (
        "imprévu ({kind}). Merci de le signaler en décrivant ce que vous avez fait et en joignant {path}",
        "something unforeseen happened ({kind}). Please report it with what you did and with {path}",
    ),
    "unforeseen_unwritten": (
        "imprévu ({kind}), non consigné. Merci de le signaler en décrivant ce que vous avez fait.",
        "something unforeseen happened ({kind}), and it could not be written down. Please report it with what you did.",
    ),
    "password_of_the_day": (
        "Mot de passe du jour (vide : laisser le mode assistance) : ",
        "Password of the day (empty: leave assistance mode as it is): ",
    ),
    "begins": ("Exécution {run}, postes : {hosts}", "Run {run}, workstations: {hosts}"),
    "check": ("à blanc, rien n’est modifié", "check mode, nothing is changed"),
    "scouts": ("premiers postes", "first hosts"),
    "fleet": ("parc", "fleet"),
    "retry": ("nouvel essai", "second try"),
    "stopping": (
        "Arrêt : les postes en cours se terminent ; Ctrl-C encore une fois pour tout couper.",
        "Stopping: hosts under way are finished; Ctrl-C once more ends at once.",
    ),
    "interrupted": ("interrompu par l’utilisateur", "interrupted by the user"),
    "terminal": ("le terminal a été fermé", "the terminal was closed"),
    "stopped": ("Arrêtée avant la fin : {reason}", "Stopped before its end: {reason}"),
    "files": ("Rapport dans {folder} : {names}", "Report in {folder}: {names}"),
    "rate": ("postes/s", "hosts/s"),
}
"""Key to French and English."""


def in_language(told: str, lang: Language) -> str:
    """A text as the ledger keeps it, in the language of its run; one of those above in that of who reads it."""
    return next((say(key, lang) for key in ("interrupted", "terminal") if told in TEXTS[key]), told)


def say(key: str, lang: Language, **values: object) -> str:
    """One of the texts, with its values filled in."""
    french, english = TEXTS[key]
    return (french if lang == "fr" else english).format(**values)
