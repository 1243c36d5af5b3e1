"""Certificates of the lab's HTTPS listeners: one authority a lab, one certificate a workstation, made when used."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import ssl
import warnings
from dataclasses import dataclass

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from iea_fleet.lab.http.accounts import PRINCIPAL_NAME
from iea_fleet.lab.workstation import Description

# DER of the object identifiers sha256WithRSAEncryption and sha1WithRSAEncryption (RFC 8017 A.2.4).
_RSA_SHA256 = bytes.fromhex("2a864886f70d01010b")
_RSA_SHA1 = bytes.fromhex("2a864886f70d010105")

# OpenSSL's X509_V_FLAG_NO_CHECK_TIME: whether a client's certificate has ended, the logon judges and answers 401.
_NO_CHECK_OF_TIME = 0x200000


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """What a listener shows: its TLS context, and the channel binding that a logon over it must carry (RFC 5929 4)."""

    context: ssl.SSLContext
    binding: bytes


class LabCertificates:
    """The lab's certificate authority and the identities that it gave.

    `ca_pem` is what a client must trust.
    """

    def __init__(self) -> None:
        self._authority = trustme.CA(organization_name="iea-fleet lab")
        self._identities: dict[tuple[str, str, bool], ServerIdentity] = {}

    @property
    def ca_pem(self) -> bytes:
        """The authority's certificate, PEM."""
        return bytes(self._authority.cert_pem.bytes())

    def identity(self, description: Description, kind: str = "") -> ServerIdentity:
        """The identity of a workstation.

        Args:
            description: whose names and address stand in the certificate.
            kind: "" for a good one, else what is wrong with it: a `kind` of the fault `certificate`.
        """
        key = (description.name, kind, description.auth.certificate)
        if key not in self._identities:
            self._identities[key] = self._issue(description, kind)
        return self._identities[key]

    def client_certificate(self, principal: str, *, days: int = 365) -> bytes:
        """A certificate for a client's logon, with its key, PEM.

        Args:
            principal: the user principal name, `user@localhost`, at most 127 bytes long; subject and SubjectAltName.
            days: how long it holds, negative: how long ago it ended.
        """
        authority = x509.load_pem_x509_certificate(self.ca_pem)
        signer = serialization.load_pem_private_key(self._authority.private_key_pem.bytes(), password=None)
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(tz=datetime.UTC)
        name = principal.encode()
        last = now + datetime.timedelta(days=days)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, principal)]))
            .issuer_name(authority.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(now, last) - datetime.timedelta(days=1))
            .not_valid_after(last)
            .add_extension(
                x509.SubjectAlternativeName([x509.OtherName(PRINCIPAL_NAME, bytes([0x0C, len(name)]) + name)]),
                critical=False,
            )
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()),  # type: ignore[arg-type]
                critical=False,
            )
        )
        certificate = builder.sign(signer, hashes.SHA256())  # type: ignore[arg-type]
        return certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def _issue(self, description: Description, kind: str) -> ServerIdentity:
        names = [description.name, description.address, "localhost"]
        if description.domain:
            names.insert(1, f"{description.name}.{description.domain}")
        now = datetime.datetime.now(tz=datetime.UTC)
        day = datetime.timedelta(days=1)
        if kind == "wrong_name":
            names = ["other.invalid"]
        authority = trustme.CA(organization_name="unknown") if kind == "unknown_ca" else self._authority
        first, last = {"expired": (now - 400 * day, now - day), "future": (now + day, now + 400 * day)}.get(
            kind, (now - day, now + 365 * day)
        )
        if kind in {"sha1", "self_signed"}:
            certificate, chain = _self_signed(description, first, last, sha1=kind == "sha1")
        else:
            leaf = authority.issue_cert(*names, common_name=names[0], not_before=first, not_after=last)
            certificate = leaf.cert_chain_pems[0].bytes()
            chain = leaf.private_key_and_cert_chain_pem.bytes()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if kind in {"sha1", "tls1_0"}:
            context.set_ciphers("ALL:@SECLEVEL=0")
        if kind == "tls1_0":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
        with trustme.Blob(chain).tempfile() as path:
            context.load_cert_chain(path)
        if description.auth.certificate:
            # Asked for, not demanded: other logons come over the same listener.
            context.verify_mode = ssl.CERT_OPTIONAL
            context.verify_flags |= _NO_CHECK_OF_TIME
            context.load_verify_locations(cadata=self.ca_pem.decode())
        return ServerIdentity(context, _binding(certificate))


def _self_signed(
    description: Description, first: datetime.datetime, last: datetime.datetime, *, sha1: bool
) -> tuple[bytes, bytes]:
    """A self-signed certificate as scripts make them on workstations, and itself with its key; trustme makes none."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, description.name)])
    names = x509.SubjectAlternativeName(
        [x509.DNSName(description.name), x509.IPAddress(ipaddress.ip_address(description.address))]
    )
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), first, last)
    certificate = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    der = certificate.public_bytes(serialization.Encoding.DER)
    if sha1:
        # No builder signs with SHA-1 any more: the name of the algorithm is changed in place and the rest signed again.
        body = certificate.tbs_certificate_bytes.replace(_RSA_SHA256, _RSA_SHA1)
        signature = key.sign(body, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - being weak is the point
        der = der.replace(_RSA_SHA256, _RSA_SHA1)[: -len(signature)] + signature
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = ssl.DER_cert_to_PEM_cert(der).encode()
    return pem, private + pem


def _binding(certificate_pem: bytes) -> bytes:
    """tls-server-end-point (RFC 5929 4.1): the certificate's hash, SHA-256 where it was signed with MD5 or SHA-1."""
    certificate = x509.load_pem_x509_certificate(certificate_pem)
    algorithm = certificate.signature_hash_algorithm
    name = algorithm.name if algorithm is not None and algorithm.name in {"sha384", "sha512"} else "sha256"
    der = certificate.public_bytes(serialization.Encoding.DER)
    return b"tls-server-end-point:" + hashlib.new(name, der).digest()
