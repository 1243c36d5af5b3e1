"""Invented associations for the lab: a title for people, a group for the inventory, a prefix for computer names."""

from __future__ import annotations

import random
import re
import unicodedata
from dataclasses import dataclass

# Each is one association; what follows them is made from kinds and places.
_NAMED = (
    "Crèche Les Lucioles",
    "Amicale laïque de Bellerive",
    "Foyer rural de Montcalvy",
    "Harmonie de Saint-Aubrin",
    "Les Jardins du Val",
    "Club de judo d'Orville",
)
_KINDS = (
    "Amicale",
    "Centre social",
    "Chorale",
    "Club de gymnastique",
    "Club de voile",
    "Cinéma",
    "Comité des fêtes",
    "Crèche",
    "Entraide",
    "Épicerie solidaire",
    "Foyer rural",
    "Ludothèque",
    "Maison des jeunes",
    "Théâtre",
    "Vélo-club",
    "École de musique",
)
_PLACES = (
    "Aubremont",
    "Belcastel-le-Vieux",
    "Brévainville",
    "Champlerault",
    "Corvillon",
    "Fontaubert",
    "Grandlieu-sur-Aure",
    "Hautecombe",
    "Kerguélan",
    "La Roche-Malval",
    "Lestrevic",
    "Marsoulas-les-Bois",
    "Montaubier",
    "Noirvaux",
    "Pont-Rémy-le-Petit",
    "Rochebrune-l'Abbaye",
    "Saint-Évrault",
    "Sainte-Ombeline",
    "Tréméoc-la-Lande",
    "Valsonne-le-Haut",
)
_PREFIX_LENGTH = 9


@dataclass(frozen=True, slots=True)
class Site:
    """One association: `title` as people write it, `group` its inventory group, `prefix` of its computer names."""

    title: str
    group: str
    prefix: str


def make_sites(count: int, seed: int) -> tuple[Site, ...]:
    """`count` different associations, the same for the same `seed`; more than there are names get a number."""
    made = [f"{kind} de {place}" for kind in _KINDS for place in _PLACES]
    random.Random(seed).shuffle(made)  # noqa: S311 - a repeatable choice, no secret
    names = [*_NAMED, *made]
    sites: list[Site] = []
    prefixes: set[str] = set()
    for index in range(count):
        lap, position = divmod(index, len(names))
        title = names[position] if lap == 0 else f"{names[position]} {lap + 1}"
        words = _words(title)
        prefix = _unused(max(words, key=len).upper(), prefixes)
        prefixes.add(prefix)
        sites.append(Site(title, "site_" + "_".join(words), prefix))
    return tuple(sites)


def _words(title: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return re.findall(r"[a-z0-9]+", plain.lower())


def _unused(letters: str, used: set[str]) -> str:
    """The letters cut to a prefix that leaves room for a number in the 15 characters of a NetBIOS name."""
    prefix, number = letters[:_PREFIX_LENGTH], 1
    while prefix in used:
        number += 1
        prefix = f"{letters[: _PREFIX_LENGTH - len(str(number))]}{number}"
    return prefix
