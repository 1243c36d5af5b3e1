"""The certificate that a host shows is read for the diagnosis; one made to break its reader says nothing instead."""

from __future__ import annotations

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from iea_fleet.diagnosis.transport import Failure, TransportFacts
from iea_fleet.plugins._certificate import certificate_facts

FACTS = TransportFacts(
    failure=Failure.CERTIFICATE,
    connection="winrm",
    host="host.example",
    port=5986,
    scheme="https",
    methods=("ntlm",),
    account="adm",
    deadline_s=30,
)
PEM = trustme.CA().issue_cert("host.example").cert_chain_pems[0].bytes()
DER = x509.load_pem_x509_certificate(PEM).public_bytes(Encoding.DER)
VERSION = DER.index(bytes.fromhex("a003020102")) + 4


def test_a_certificate_of_a_version_that_does_not_exist_tells_nothing() -> None:
    odd = DER[:VERSION] + b"\x63" + DER[VERSION + 1 :]
    assert certificate_facts(FACTS, odd) == FACTS
    assert certificate_facts(FACTS, DER).certificate_sha256


@settings(max_examples=800, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(DER) - 1), st.integers(0, 255)), max_size=4))
def test_no_certificate_breaks_the_diagnosis(changes: list[tuple[int, int]]) -> None:
    bent = bytearray(DER)
    for place, value in changes:
        bent[place] = value
    assert len(certificate_facts(FACTS, bytes(bent)).certificate_subject) <= 200
