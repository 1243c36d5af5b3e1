"""JSON schemas of the documents that others read or write, generated from the types.

`python -m iea_fleet.model.schemas FOLDER` writes them, one file a document.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from iea_fleet.model.answer import Answer
from iea_fleet.model.outcome import Outcome
from iea_fleet.model.profile import Profile
from iea_fleet.model.request import Request

DOCUMENTS: dict[str, type[BaseModel]] = {"profile": Profile, "request": Request, "answer": Answer, "outcome": Outcome}


def schema_text(name: str) -> str:
    """The JSON schema (draft 2020-12) of one document, as the file in docs/schemas holds it."""
    return json.dumps(DOCUMENTS[name].model_json_schema(by_alias=True), indent=2, ensure_ascii=False) + "\n"


def main(folder: Path) -> None:
    """Write every schema into `folder`, which is made when needed."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in DOCUMENTS:
        (folder / f"{name}.json").write_text(schema_text(name), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
