"""The application profiles that ship, and how a person's own is found. Each profile is one YAML file in this folder."""

from __future__ import annotations

import os
from pathlib import Path

from iea_fleet.model.document import MAX_CHARACTERS, load_document
from iea_fleet.model.errors import InputError
from iea_fleet.model.phrase import Phrase, system_said
from iea_fleet.model.profile import Profile

_SHIPPED = Path(__file__).parent


def profile_names() -> tuple[str, ...]:
    """The names of the shipped profiles, sorted."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.yml")))


def find_profile(name_or_path: str) -> Profile:
    """Read one application profile.

    Args:
        name_or_path: the name of a shipped profile (`lab`), or the path of a YAML file; what holds a slash or ends in
            .yml or .yaml is a path.

    Raises: InputError when there is no such profile, the file can't be read, or something in it is not as it must be.
    """
    if "/" in name_or_path or name_or_path.endswith((".yml", ".yaml")):
        path = Path(os.path.expanduser(name_or_path))  # noqa: PTH111 - pathlib's raises for an unknown user
    elif name_or_path in profile_names():
        path = _SHIPPED / f"{name_or_path}.yml"
    else:
        raise InputError(
            Phrase("profile"),
            "there is no profile named '{name}'",
            "There is: {names}; for a file of your own give its path, such as ./mine.yml.",
            name=name_or_path,
            names=", ".join(profile_names()),
        )
    try:
        if path.exists() and not path.is_file():
            raise InputError(str(path), "the profile can't be read: it is no file", "Name a YAML file.")
        with path.open(encoding="utf-8") as file:
            text = file.read(MAX_CHARACTERS + 1)
    except (OSError, ValueError) as error:  # a path that no system can have is a ValueError
        if isinstance(error, OSError):
            reason = system_said(error)
        else:
            text_is_bad = isinstance(error, UnicodeDecodeError)
            reason = Phrase("it is not UTF-8 text") if text_is_bad else Phrase("there is no such path")
        raise InputError(
            str(path), "the profile can't be read: {reason}", "Check the path and its rights.", reason=reason
        ) from error
    return load_document(Profile, text, str(path))
