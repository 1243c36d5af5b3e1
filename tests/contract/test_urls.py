"""How far a URL is reached: real servers for the script, described for the emulation; both tell the same facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from iea_fleet.lab.emulated.network import Network, Proxy, Server, certificate
from iea_fleet.model.answer import TlsRefusal, UrlFacts
from tests.agent import servers
from tests.contract.emulated import Emulated
from tests.contract.pwsh import Pwsh
from tests.contract.world import Contestant, World, comparable, request

_TIMEOUT_MS = 1200
_SHOWN = certificate("localhost", issuer="x", not_before=datetime(2026, 1, 1, tzinfo=UTC))
_NAME_UNKNOWN = {11001, 11002, 11004}
"""Host not found; no name server to ask, as on a machine without a network."""


@dataclass(frozen=True)
class Way:
    """One way to the servers: URLs, how the emulation sees it, and the environment that makes a PowerShell go it."""

    name: str
    urls: Mapping[str, str]
    network: Network
    environment: Mapping[str, str]


def _tls(authority: trustme.CA, stranger: trustme.CA) -> dict[str, tuple[Any, TlsRefusal | None]]:
    return {
        "good": (servers.tls(authority), None),
        "expired": (servers.tls(authority, days=(-30, -1)), TlsRefusal.EXPIRED),
        "future": (servers.tls(authority, days=(1, 30)), TlsRefusal.NOT_YET_VALID),
        "misnamed": (servers.tls(authority, "other.example"), TlsRefusal.NAME_MISMATCH),
        "expired_misnamed": (servers.tls(authority, "other.example", days=(-30, -1)), TlsRefusal.NAME_MISMATCH),
        "stranger": (servers.tls(stranger), TlsRefusal.UNKNOWN_AUTHORITY),
        "expired_stranger": (servers.tls(stranger, days=(-30, -1)), TlsRefusal.EXPIRED),
    }


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Way, ...]]:
    """All servers, and the ways to them: directly and through proxies of every mood."""
    authority, stranger = trustme.CA(), trustme.CA()
    trusted = tmp_path_factory.mktemp("urls") / "authority.pem"
    authority.cert_pem.write_to_path(str(trusted))
    here = Server("localhost", addresses=("127.0.0.1",), certificate=_SHOWN)
    known: list[Server] = []
    urls: dict[str, str] = {}
    with ExitStack() as stack:

        def add(name: str, scheme: str, path: str, port: int, **more: Any) -> None:
            urls[name] = f"{scheme}://localhost:{port}{path}"
            known.append(replace(here, port=port, path=path.partition("?")[0], **more))

        for name, (context, refusal) in _tls(authority, stranger).items():
            add(name, "https", "/200", stack.enter_context(servers.served(servers.web, context)), tls_refusal=refusal)
        web = stack.enter_context(servers.served(servers.web))
        for status in (200, 302, 404, 503):
            add(f"status_{status}", "http", f"/{status}", web, status=status)
        add("never_answers", "http", "/silent", web, status=None)
        mute = stack.enter_context(servers.served(servers.silent))
        add("mute_tls", "https", "/", mute, connect="mute")
        hangs_up = stack.enter_context(servers.served(servers.hangs_up))
        add("ended_tls", "https", "/", hangs_up, connect="ended")
        urls["ended_http"] = f"http://localhost:{hangs_up}/"
        add("no_tls", "https", "/200", stack.enter_context(servers.served(servers.blunt)), certificate=None)
        closed = servers.closed_port()
        add("closed", "https", "/", closed, connect="refused")
        urls["unknown_name"] = "https://poste.invalid/"

        behind = {name: urls[name] for name in ("good", "status_200", "status_404")}
        good = int(urls["good"].rpartition(":")[2].partition("/")[0])

        def way(name: str, target: str, proxy: Proxy) -> Way:
            environment = {"https_proxy": f"http://{target}", "http_proxy": f"http://{target}"}
            return Way(name, behind, Network(tuple(known), proxy), environment)

        def talking(name: str, status: int) -> Way:
            port = stack.enter_context(servers.served(servers.proxy(status, good)))
            return way(name, f"127.0.0.1:{port}", Proxy("127.0.0.1", port, status=status))

        direct = Way("direct", urls, Network(tuple(known)), {})
        proxied = (
            talking("proxy lets through", 200),
            talking("proxy wants a logon", 407),
            talking("proxy forbids", 403),
            talking("proxy gives up", 502),
            way("proxy closed", f"127.0.0.1:{closed}", Proxy("127.0.0.1", closed, connect="refused")),
            way("proxy unknown", "proxy.invalid:3128", Proxy("proxy.invalid", 3128, found=False)),
            way("proxy mute", f"127.0.0.1:{mute}", Proxy("127.0.0.1", mute, connect="mute")),
        )
        yield tuple(
            replace(each, environment={**each.environment, "SSL_CERT_FILE": str(trusted)})
            for each in (direct, *proxied)
        )


def _facts(engine: Contestant, way: Way) -> dict[str, Any]:
    probes = [{"kind": "url", "id": name, "url": url, "timeout_ms": _TIMEOUT_MS} for name, url in way.urls.items()]
    answer = engine.play(World(), [request(probe=probes, dry_run=True)])[-1].said
    for facts in answer.probes:
        assert isinstance(facts, UrlFacts)
        assert facts.elapsed_ms < 3 * _TIMEOUT_MS
        assert facts.timed_out == (facts.win32_code == 10060)
        assert facts.ok == (facts.layer.value == "none")
    told = {facts["id"]: facts for facts in comparable(answer)["probes"]}
    for facts in told.values():
        facts["win32_code"] = 11001 if facts["win32_code"] in _NAME_UNKNOWN else facts["win32_code"]
    return told


@pytest.mark.pwsh
def test_both_engines_tell_the_same_of_every_url(ways: tuple[Way, ...], pwsh_program: str, tmp_path: Path) -> None:
    for way in ways:
        folder = tmp_path / way.name
        folder.mkdir()
        script = Pwsh(pwsh_program, folder, environment=way.environment)
        try:
            theirs = _facts(script, way)
        finally:
            script.close()
        ours = _facts(Emulated(way.network), way)
        for name in way.urls:
            assert ours[name] == theirs[name], f"{way.name}: {name}"
