"""The URL probe against real servers: how far it comes, and what it says of the layer where it ends."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest
import trustme

from iea_fleet.model.answer import Layer, TlsRefusal, UrlFacts
from tests.agent import servers
from tests.agent.workstation import Workstation

LINUX = sys.platform == "linux"


@dataclass
class World:
    """Where each server is, and what the probes said."""

    folder: Path
    ports: dict[str, int]
    urls: dict[str, str]
    facts: dict[str, UrlFacts] = field(default_factory=dict)


def ask(workstation: Workstation, urls: dict[str, str], environment: dict[str, str]) -> dict[str, UrlFacts]:
    probes = [{"kind": "url", "id": name, "url": url, "timeout_ms": 1500} for name, url in urls.items()]
    answer = workstation.answer(workstation.request(probe=probes, dry_run=True), environment=environment)
    assert answer.error is None
    return {each.id: each for each in answer.probes if isinstance(each, UrlFacts)}


@pytest.fixture(scope="module")
def direct(powershell: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Every server, asked in one round without a proxy."""
    folder = tmp_path_factory.mktemp("url")
    authority, stranger = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    with ExitStack() as stack:
        contexts = {
            "good": servers.tls(authority),
            "expired": servers.tls(authority, days=(-30, -1)),
            "future": servers.tls(authority, days=(1, 30)),
            "misnamed": servers.tls(authority, "other.example"),
            "expired_and_misnamed": servers.tls(authority, "other.example", days=(-30, -1)),
            "stranger": servers.tls(stranger),
            "expired_stranger": servers.tls(stranger, days=(-30, -1)),
        }
        ports = {name: stack.enter_context(servers.served(servers.web, each)) for name, each in contexts.items()}
        ports["web"] = stack.enter_context(servers.served(servers.web))
        ports["silent"] = stack.enter_context(servers.served(servers.silent))
        ports["hangs_up"] = stack.enter_context(servers.served(servers.hangs_up))
        ports["blunt"] = stack.enter_context(servers.served(servers.blunt))
        ports["closed"] = servers.closed_port()
        urls = {name: f"https://localhost:{ports[name]}/200" for name in contexts}
        web = f"http://127.0.0.1:{ports['web']}"
        urls |= {f"http_{last}": f"{web}/a?b=c/{last}" for last in ("200", "302", "404", "503")}
        urls |= {last: f"{web}/{last}" for last in ("silent", "drip", "garbage")}
        urls |= {
            "unknown_name": "https://poste.invalid/",
            "closed": f"https://127.0.0.1:{ports['closed']}/",
            "tls_silent": f"https://localhost:{ports['silent']}/",
            "tls_ended": f"https://localhost:{ports['hangs_up']}/",
            "no_tls": f"https://localhost:{ports['blunt']}/200",
            "http_ended": f"http://localhost:{ports['hangs_up']}/",
        }
        if LINUX:
            urls["tcp_silent"] = f"http://127.0.0.1:{stack.enter_context(servers.full_port())}/"
        world = World(folder, ports, urls)
        none = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"), "")
        environment = none | {"SSL_CERT_FILE": str(folder / "authority.pem")}
        world.facts = ask(Workstation(powershell, folder), urls, environment)
        yield world


@pytest.mark.parametrize(
    ("name", "layer", "refusal"),
    [
        ("expired", Layer.TLS, TlsRefusal.EXPIRED),
        ("future", Layer.TLS, TlsRefusal.NOT_YET_VALID),
        ("misnamed", Layer.TLS, TlsRefusal.NAME_MISMATCH),
        ("expired_and_misnamed", Layer.TLS, TlsRefusal.NAME_MISMATCH),
        ("stranger", Layer.TLS, TlsRefusal.UNKNOWN_AUTHORITY),
        ("expired_stranger", Layer.TLS, TlsRefusal.EXPIRED),
    ],
)
def test_a_certificate_is_refused_for_its_reason_and_told(
    direct: World, name: str, layer: Layer, refusal: TlsRefusal
) -> None:
    facts = direct.facts[name]
    assert (facts.ok, facts.layer, facts.tls_refusal, facts.http_status) == (False, layer, refusal, None)
    assert facts.certificate is not None
    assert facts.certificate.not_before < facts.certificate.not_after


@pytest.mark.skipif(not LINUX, reason="only .NET on Linux takes its authorities from a file")
def test_a_good_certificate_is_told_too(direct: World) -> None:
    facts = direct.facts["good"]
    assert (facts.ok, facts.layer, facts.http_status, facts.proxy) == (True, Layer.NONE, 200, None)
    assert facts.certificate is not None
    assert facts.certificate.issuer
    shown = ssl.get_server_certificate(("localhost", direct.ports["good"]))
    assert facts.certificate.sha256 == sha256(ssl.PEM_cert_to_DER_cert(shown)).hexdigest()


@pytest.mark.parametrize("name", ["tls_ended", "no_tls"])
def test_a_handshake_that_ends_is_told_without_a_certificate(direct: World, name: str) -> None:
    facts = direct.facts[name]
    assert (facts.layer, facts.tls_refusal, facts.certificate) == (Layer.TLS, TlsRefusal.HANDSHAKE, None)
    assert not facts.timed_out
    assert facts.message


@pytest.mark.parametrize(
    ("status", "ok", "layer"),
    [(200, True, Layer.NONE), (302, True, Layer.NONE), (404, False, Layer.HTTP), (503, False, Layer.HTTP)],
)
def test_a_status_is_reached_or_not_as_asked(direct: World, status: int, ok: bool, layer: Layer) -> None:
    facts = direct.facts[f"http_{status}"]
    assert (facts.ok, facts.layer, facts.http_status) == (ok, layer, status)
    assert facts.addresses == ("127.0.0.1",)


@pytest.mark.parametrize("name", ["garbage", "http_ended"])
def test_what_is_no_http_fails_at_http(direct: World, name: str) -> None:
    facts = direct.facts[name]
    assert (facts.ok, facts.layer, facts.http_status, facts.timed_out) == (False, Layer.HTTP, None, False)


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("silent", Layer.HTTP),
        ("drip", Layer.HTTP),
        ("tls_silent", Layer.TLS),
        pytest.param("tcp_silent", Layer.TCP, marks=pytest.mark.skipif(not LINUX, reason="Linux alone lets it wait")),
    ],
)
def test_silence_times_out_at_its_layer_and_in_time(direct: World, name: str, layer: Layer) -> None:
    facts = direct.facts[name]
    assert (facts.ok, facts.layer, facts.timed_out, facts.win32_code) == (False, layer, True, 10060)
    assert facts.tls_refusal is None
    assert 1400 <= facts.elapsed_ms <= 4000


def test_a_name_that_is_not_known_fails_at_dns(direct: World) -> None:
    facts = direct.facts["unknown_name"]
    assert (facts.ok, facts.layer, facts.addresses) == (False, Layer.DNS, ())
    assert facts.win32_code in {11001, 11002, 11004}, "host not found; or no name server to ask"


def test_a_port_where_nobody_listens_is_refused(direct: World) -> None:
    facts = direct.facts["closed"]
    assert (facts.layer, facts.win32_code, facts.timed_out) == (Layer.TCP, 10061, False)
    assert facts.addresses == ("127.0.0.1",)


@pytest.mark.skipif(not LINUX, reason="Windows has its proxy in the registry")
def test_the_systems_proxy_is_taken_and_its_refusals_are_its_own(direct: World, powershell: str) -> None:
    """HTTP goes to one proxy and HTTPS to another, so one round asks two."""
    authority = {"SSL_CERT_FILE": str(direct.folder / "authority.pem")}
    workstation = Workstation(powershell, direct.folder)
    with (
        servers.served(servers.proxy(200, direct.ports["good"])) as through,
        servers.served(servers.proxy(407)) as refusing,
        servers.served(servers.proxy(502)) as broken,
    ):
        urls = {"secure": "https://localhost/200", "plain": "http://a.invalid/200", "sad": "http://a.invalid/404"}
        first = ask(workstation, urls, authority | proxies(f"127.0.0.1:{through}", f"127.0.0.1:{through}"))
        second = ask(workstation, urls, authority | proxies(f"127.0.0.1:{refusing}", f"127.0.0.1:{broken}"))
    closed = f"127.0.0.1:{direct.ports['closed']}"
    third = ask(workstation, urls, authority | proxies("proxy.invalid:3128", closed))

    def seen(facts: UrlFacts) -> tuple[bool, Layer, int | None, str | None]:
        return facts.ok, facts.layer, facts.http_status, facts.proxy

    assert seen(first["secure"]) == (True, Layer.NONE, 200, f"127.0.0.1:{through}")
    assert first["secure"].certificate is not None
    assert first["secure"].addresses == ()
    assert seen(first["plain"]) == (True, Layer.NONE, 200, f"127.0.0.1:{through}")
    assert seen(first["sad"]) == (False, Layer.HTTP, 404, f"127.0.0.1:{through}")
    assert seen(second["secure"]) == (False, Layer.PROXY, 407, f"127.0.0.1:{refusing}")
    assert seen(second["plain"]) == (False, Layer.PROXY, 502, f"127.0.0.1:{broken}")
    assert seen(third["secure"]) == (False, Layer.PROXY, None, "proxy.invalid:3128")
    assert third["secure"].win32_code in {11001, 11002, 11004}
    assert (third["plain"].layer, third["plain"].win32_code) == (Layer.PROXY, 10061)


def proxies(https: str, http: str) -> dict[str, str]:
    return {"https_proxy": f"http://{https}", "http_proxy": f"http://{http}"}
