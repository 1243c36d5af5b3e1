"""Where one setting lives on a workstation: the kinds of store that profile and request can name."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from iea_fleet.model.base import Identifier, Strict
from iea_fleet.model.errors import Unfit

WindowsPath = Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=r"^[^\x00-\x1f\"<>|*?]+$")]
"""A path on the workstation; `%NAME%` stands for an environment variable of the workstation."""

NetworkPath = Annotated[
    str,
    StringConstraints(
        max_length=1024, pattern=r"^\\\\[A-Za-z0-9._\-]+\\[^\\%/:\x00-\x1f\"<>|*?]+(\\[^%/:\x00-\x1f\"<>|*?]*)?$"
    ),
]
"""A path that names its server, `\\\\server\\share`, and that nothing on a workstation can lead elsewhere."""


class Encoding(StrEnum):
    """How the bytes of a text file are read; a byte-order mark always wins."""

    AUTO = "auto"
    """The byte-order mark, else UTF-8 when the bytes are valid UTF-8, else Windows-1252."""
    UTF_8 = "utf-8"
    UTF_16_LE = "utf-16-le"
    CP1252 = "cp1252"


def _one_group(pattern: str) -> str:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise Unfit("is no regular expression: {said}", said=error) from error
    if compiled.groups != 1 or compiled.groupindex:
        raise Unfit("needs exactly one group, unnamed: the value")
    return pattern


def _pointer(pointer: str) -> str:
    if not re.fullmatch(r"(/([^~/]|~[01])*)+", pointer):
        raise Unfit("is no JSON pointer (RFC 6901), such as /servers/authentication")
    return pointer


def _element_path(path: str) -> str:
    step = r"/[A-Za-z_][\w.\-]*(\[[1-9][0-9]{0,3}\])?"
    if not re.fullmatch(rf"({step})+(/@[A-Za-z_][\w.\-]*)?", path):
        raise Unfit("is no element path, such as /config/servers/update or /config/server[2]/@url")
    return path


class FileStore(Strict):
    """What all kinds of settings file share."""

    path: WindowsPath
    encoding: Encoding = Encoding.AUTO


class IniStore(FileStore):
    """A key of a section; names are compared without case, as Windows' GetPrivateProfileString does."""

    store: Literal["ini"]
    section: Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\r\n\[\]]+$")]
    key: Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\r\n=\[;#][^\r\n=]*$")]


class JsonStore(FileStore):
    """A scalar by JSON pointer (RFC 6901)."""

    store: Literal["json"]
    pointer: Annotated[str, StringConstraints(max_length=1024), AfterValidator(_pointer)]


class XmlStore(FileStore):
    """The text of an element, or an attribute, by a path of local names: `/a/b[2]/@c`; prefixes are not compared."""

    store: Literal["xml"]
    element: Annotated[str, StringConstraints(max_length=1024), AfterValidator(_element_path)]


class PropertiesStore(FileStore):
    """A key of a Java properties file (java.util.Properties.load)."""

    store: Literal["properties"]
    key: Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\r\n]+$")]


class TextStore(FileStore):
    """The first group of the first match of a pattern in a text file; `^` and `$` match at line ends."""

    store: Literal["text"]
    pattern: Annotated[str, StringConstraints(max_length=512), AfterValidator(_one_group)]


class RecordStore(FileStore):
    """Records, one a line: the lines of a text file that match a pattern; its groups are the fields, in order."""

    store: Literal["lines"]
    pattern: Annotated[str, StringConstraints(max_length=512)]
    fields: tuple[Identifier, ...] = Field(min_length=1, max_length=16)

    @model_validator(mode="after")
    def _a_group_each(self) -> Self:
        try:
            compiled = re.compile(self.pattern)
        except re.error as error:
            raise Unfit("pattern is no regular expression: {said}", said=error) from error
        if compiled.groups != len(self.fields) or compiled.groupindex or len(set(self.fields)) != len(self.fields):
            raise Unfit("pattern needs one group, unnamed, for each of the fields, which all differ")
        return self


class RegistryHive(StrEnum):
    """Whose registry."""

    MACHINE = "HKLM"
    USERS = "HKU"
    """Every loaded hive of a person: `HKEY_USERS\\S-1-5-21-...`, each a place of its own."""


class RegistryStore(Strict):
    """A value of the registry, in the 32- or the 64-bit view."""

    store: Literal["registry"]
    hive: RegistryHive
    key: Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\\\x00-\x1f][^\x00-\x1f]*$")]
    value: Annotated[str, StringConstraints(max_length=255, pattern=r"^[^\x00-\x1f]*$")]
    view: Literal[32, 64] = 64
    type: Literal["string", "expand_string", "dword"] = "string"
    """The kind that a value gets when it is created; one that is there keeps its own."""


Store = Annotated[
    IniStore | JsonStore | XmlStore | PropertiesStore | TextStore | RegistryStore, Field(discriminator="store")
]
"""Any kind of store, told apart by its key `store`."""
