"""What every border type shares: strictness, bounds and the small text types."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, SecretStr, StringConstraints

SCHEMA_VERSION = 1
"""The one version of request, answer and profile that this release speaks."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""Name of a probe, a change or a step inside one request."""

Hex32 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""128 bits as lower-case hexadecimal: transaction ids and nonces."""

Value = Annotated[str, StringConstraints(max_length=4096)]
"""Text of one setting, as the application would see it."""

LONGEST_SENTENCE = 2000
Sentence = Annotated[str, StringConstraints(max_length=LONGEST_SENTENCE)]
"""Text from a workstation that is shown to people: bounded here, neutralised where it is shown."""

ShortText = Annotated[str, StringConstraints(max_length=260)]
"""A name from a workstation: host, process, service, path (MAX_PATH)."""

Milliseconds = Annotated[int, Field(ge=0, le=3_600_000)]
"""A duration of at most one hour."""

Win32Code = Annotated[int, Field(ge=0, le=0xFFFFFFFF)]
"""A Win32 error code or HRESULT as an unsigned number, 0 meaning none ([MS-ERREF] 2.1 and 2.2)."""

Secret = Annotated[SecretStr, Field(min_length=1, max_length=256)]
"""A password: in no repr and in no dump."""

SentSecret = Annotated[Secret, PlainSerializer(SecretStr.get_secret_value, when_used="json")]
"""A password inside a request, whose JSON is sent over the encrypted connection and kept nowhere."""


class Strict(BaseModel):
    """Base of what crosses a border: an unknown key is refused, nothing is converted, nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True, ser_json_inf_nan="null")
