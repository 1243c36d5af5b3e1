"""Puts findings into words, in French and English.

The tables `wording/<sheet>.py` hold `TEXTS`: code to English `Words`, which are the msgids of the French catalogue
`locale/fr/LC_MESSAGES/iea_fleet.po`. Placeholders are names of evidence. Some evidence is itself a word of a closed
set (`vocabulary.py`), translated where it is filled in.
"""

from __future__ import annotations

from iea_fleet.report.wording.entry import Words
from iea_fleet.report.wording.fill import Language, language_of, words

__all__ = ["Language", "Words", "language_of", "words"]
