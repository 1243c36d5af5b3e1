"""Encrypted bodies of several parts, and bodies that are none."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from iea_fleet.lab.http.sealing import CREDSSP_PROTOCOL, SealingRefused, seal, unseal


class Mirror:
    """Keys that turn a message upside down, and take at most a TLS record at once."""

    def seal(self, plain: bytes) -> tuple[bytes, bytes, int]:
        assert len(plain) <= 16_384
        return b"signature", plain[::-1], 0

    def unseal(self, signature: bytes, encrypted: bytes) -> bytes:
        assert signature == b"signature"
        return encrypted[::-1]


@given(st.integers(0, 50_000))
def test_credssp_seals_a_message_in_parts_of_a_tls_record(length: int) -> None:
    plain = bytes(position % 251 for position in range(length))
    body, kind = seal(plain, CREDSSP_PROTOCOL, "UTF-8", Mirror())
    assert kind.startswith("multipart/x-multi-encrypted" if length > 16_384 else "multipart/encrypted")
    opened, original = unseal(body, kind, Mirror())
    assert (opened, "application/soap+xml" in original) == (plain, True)


@given(st.binary(max_size=400), st.integers(0, 3))
def test_any_body_is_opened_or_refused(junk: bytes, place: int) -> None:
    body, kind = seal(b"a" * 20_000, CREDSSP_PROTOCOL, "UTF-8", Mirror())
    cut = len(body) * place // 4
    with suppress(SealingRefused, AssertionError):
        unseal(body[:cut] + junk + body[cut:], kind, Mirror())
