"""The vendor's servers behind the lab's proxy, seen by a stock client."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest

from iea_fleet.lab.application import SITUATIONS, Reach, Servers
from iea_fleet.lab.pwsh.vendor import VendorCertificates, VendorProxy
from iea_fleet.model.desired import AUTHENTICATION_URL, UPDATE_URL

T = TypeVar("T")


@pytest.fixture(scope="module")
def certificates() -> VendorCertificates:
    return VendorCertificates()


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(work, 20))


async def get(
    certificates: VendorCertificates, servers: Servers, url: str, folder: Path, timeout_s: float = 10.0
) -> int:
    """The status that a client behind the proxy gets, trusting the lab's authority only."""
    authority = folder / "ca.pem"
    certificates.write_authority(authority)
    proxy = VendorProxy(certificates, lambda: servers)
    port = await proxy.start("127.0.0.1")
    try:
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(
                url, proxy=f"http://127.0.0.1:{port}", ssl=ssl.create_default_context(cafile=str(authority))
            ) as answer,
        ):
            return answer.status
    finally:
        await proxy.stop()


def test_a_right_situation_answers_200_on_both(certificates: VendorCertificates, tmp_path: Path) -> None:
    for url in (AUTHENTICATION_URL, UPDATE_URL, "http://impact-emploi.urssaf.fr/updates"):
        assert run(get(certificates, Servers(), url, tmp_path)) == 200


def test_one_server_can_fail_alone(certificates: VendorCertificates, tmp_path: Path) -> None:
    servers = SITUATIONS["update_server_only"].servers
    assert servers is not None
    assert run(get(certificates, servers, AUTHENTICATION_URL, tmp_path)) == 200
    assert run(get(certificates, servers, UPDATE_URL, tmp_path)) == 404
    both = Servers.both(Reach.HTTP_503)
    assert run(get(certificates, both, AUTHENTICATION_URL, tmp_path)) == 503


@pytest.mark.parametrize(
    ("reach", "reason"),
    [
        (Reach.TLS_EXPIRED, "certificate has expired"),
        (Reach.TLS_NOT_YET_VALID, "certificate is not yet valid"),
        (Reach.TLS_WRONG_NAME, "Hostname mismatch"),
        (Reach.TLS_UNKNOWN_CA, "unable to get local issuer certificate"),
    ],
)
def test_a_certificate_is_refused_for_its_reason(
    certificates: VendorCertificates, tmp_path: Path, reach: Reach, reason: str
) -> None:
    with pytest.raises(aiohttp.ClientConnectorCertificateError, match=reason):
        run(get(certificates, Servers.both(reach), AUTHENTICATION_URL, tmp_path))


def test_a_broken_handshake_is_no_certificate_matter(certificates: VendorCertificates, tmp_path: Path) -> None:
    with pytest.raises((aiohttp.ClientConnectorSSLError, aiohttp.ClientOSError, ConnectionError)):
        run(get(certificates, Servers.both(Reach.TLS_HANDSHAKE), AUTHENTICATION_URL, tmp_path))


@pytest.mark.parametrize(
    ("reach", "status"), [(Reach.PROXY_AUTHENTICATION, 407), (Reach.PROXY_REFUSED, 502), (Reach.DNS, 502)]
)
def test_the_proxy_refuses_with_its_status(
    certificates: VendorCertificates, tmp_path: Path, reach: Reach, status: int
) -> None:
    with pytest.raises(aiohttp.ClientHttpProxyError) as refused:
        run(get(certificates, Servers.both(reach), AUTHENTICATION_URL, tmp_path))
    assert refused.value.status == status


@pytest.mark.parametrize("reach", [Reach.HTTP_SILENT, Reach.TCP_SILENT])
def test_a_silent_server_leaves_the_client_waiting(
    certificates: VendorCertificates, tmp_path: Path, reach: Reach
) -> None:
    with pytest.raises(TimeoutError):
        run(get(certificates, Servers.both(reach), AUTHENTICATION_URL, tmp_path, timeout_s=0.3))


def test_no_other_host_is_ever_reached(certificates: VendorCertificates, tmp_path: Path) -> None:
    with pytest.raises(aiohttp.ClientHttpProxyError) as refused:
        run(get(certificates, Servers(), "https://example.org", tmp_path))
    assert refused.value.status == 502


def test_nonsense_ends_its_own_connection_only(certificates: VendorCertificates) -> None:
    async def nonsense() -> list[bytes]:
        proxy = VendorProxy(certificates, Servers)
        port = await proxy.start("127.0.0.1")
        got = []
        for sent in (
            b"\r\n\r\n",
            b"GET\r\n\r\n",
            b"\xff" * 100_000,
            b"CONNECT impact-emploi.urssaf.fr:443 HTTP/1.1\r\n",
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            writer.write_eof()
            try:
                got.append(await reader.read())
            except ConnectionResetError:
                got.append(b"")
            writer.close()
        await proxy.stop()
        return got

    assert run(nonsense()) == [b"", b"", b"", b""]
