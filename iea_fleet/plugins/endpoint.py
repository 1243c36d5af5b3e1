"""A look at a workstation's WinRM endpoint without any logon: name, port, certificate, Identify, logons, clock."""

from __future__ import annotations

import functools
import re
import socket
import time
from dataclasses import dataclass, replace
from typing import Any, Final

import requests

from iea_fleet.diagnosis.endpoint import Endpoint
from iea_fleet.diagnosis.transport import Failure, TransportFacts
from iea_fleet.plugins._certificate import certificate_facts, shown_certificate
from iea_fleet.plugins._clients import Attempt, Connection, is_basic_in_clear
from iea_fleet.plugins._facts import clock_difference_s, failure_facts, http_date
from iea_fleet.plugins._route import SUPPORTED, route
from iea_fleet.plugins._watch import GuardStop, Watch

_CONNECT_S: Final = 5.0
_ANSWER_S: Final = 8.0
_LOOK_S: Final = 25.0
_ADDRESSES: Final = 8
_BODY_CHARACTERS: Final = 20_000
_IDENTIFY: Final = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"><s:Header/><s:Body><i:Identify/></s:Body>'
    "</s:Envelope>"
)
"""DSP0226 section 11: the one question that a service answers without a logon."""
_SOAP: Final = {"Content-Type": "application/soap+xml;charset=UTF-8"}
_PYWINRM_TIMEOUTS: Final = (20, 30)
"""Operation and read timeout of pywinrm where the inventory says nothing, in seconds."""


@dataclass(frozen=True, slots=True)
class _Client:
    """How the connection would go, beside what `route` tells: pywinrm's and pypsrp's settings in requests' terms."""

    path: str
    verify: bool | str | None
    proxies: dict[str, str]
    operation_timeout_s: int
    read_timeout_s: int


def look_at(connection: Connection, *, pin: str, computer_name: str) -> Endpoint:
    """Look at the endpoint that a connection would go to; no user name and no password is sent.

    Args:
        connection: Ansible's connection to the host, with its options; it is not opened.
        pin: SHA-256 of the only certificate to accept, in hexadecimal digits; "": the usual checks.
        computer_name: that the inventory expects, for the judgement.

    Returns: always something; what failed is in its facts.
    """
    if connection.transport not in SUPPORTED:
        message = f"the connection {connection.transport} can't carry the script; use winrm or psrp"
        return Endpoint(TransportFacts(Failure.CLIENT, message=message))
    try:
        base = route(connection, round(_LOOK_S))
        client = _client(connection)
    except Exception as error:  # whatever the plugin says of options that it can't use
        return Endpoint(TransportFacts(Failure.CLIENT, message=str(error)[:500]))
    base = replace(base, certificate_ignored=base.certificate_ignored and not pin)
    watch = Watch(_LOOK_S, pin=pin.replace(":", "").lower())
    seen = Endpoint(
        base,
        operation_timeout_s=client.operation_timeout_s,
        read_timeout_s=client.read_timeout_s,
        computer_name=computer_name,
        pinned=bool(pin),
        basic_in_clear=any(is_basic_in_clear(_url(base, client), method) for method in base.methods),
    )
    seen = _reach(seen, watch)
    return seen if seen.facts.failure is not Failure.NONE else _converse(seen, client, watch)


def _client(connection: Connection) -> _Client:
    plugin: Any = connection
    if connection.transport == "winrm":
        options: dict[str, Any] = plugin._winrm_kwargs  # noqa: SLF001 - made by `route`
        both = plugin._winrm_connection_timeout  # noqa: SLF001
        operation_s = int(both or options.get("operation_timeout_sec", _PYWINRM_TIMEOUTS[0]))
        read_s = operation_s + 10 if both else int(options.get("read_timeout_sec", _PYWINRM_TIMEOUTS[1]))
        proxy = options.get("proxy", "legacy_requests")
        proxies = {"no_proxy": "*"} if proxy is None else {} if proxy == "legacy_requests" else _both(str(proxy))
        trusted = options.get("ca_trust_path", "legacy_requests")
        trust = str(trusted) if trusted and trusted != "legacy_requests" else None
        ignored = options.get("server_cert_validation") == "ignore"
        return _Client(str(plugin._winrm_path), False if ignored else trust, proxies, operation_s, read_s)  # noqa: SLF001
    options = plugin._psrp_conn_kwargs  # noqa: SLF001
    proxies = {"no_proxy": "*"} if options["no_proxy"] else {}
    return _Client(
        path=f"/{str(options['path']).lstrip('/')}",
        verify=None if options["cert_validation"] is True else options["cert_validation"],
        proxies=_both(str(options["proxy"])) if options["proxy"] else proxies,
        operation_timeout_s=int(options["operation_timeout"]),
        read_timeout_s=int(options["read_timeout"]),
    )


def _both(proxy: str) -> dict[str, str]:
    return {"http": proxy, "https": proxy}


def _reach(seen: Endpoint, watch: Watch) -> Endpoint:
    """Name and port."""
    facts = seen.facts
    try:
        found = socket.getaddrinfo(facts.host, facts.port, type=socket.SOCK_STREAM)
        addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))[:_ADDRESSES]
        seen = replace(seen, addresses=addresses)
        started = time.monotonic()
        with socket.create_connection((facts.host, facts.port), timeout=_CONNECT_S):
            return replace(seen, connect_ms=round((time.monotonic() - started) * 1000))
    except (OSError, UnicodeError) as error:
        cause = socket.gaierror(str(error)) if isinstance(error, UnicodeError) else error  # a name that IDNA refuses
        return replace(seen, facts=failure_facts(facts, cause, Attempt(), watch))


def _converse(seen: Endpoint, client: _Client, watch: Watch) -> Endpoint:
    """Certificate, Identify, and what a request without a logon is told."""
    from iea_fleet.plugins._adapter import GuardedAdapter

    facts = seen.facts
    with requests.Session() as session, watch.timer():
        session.mount("http://", GuardedAdapter(watch))
        session.mount("https://", GuardedAdapter(watch))
        session.auth = _nobody  # else requests takes what ~/.netrc has for this host
        session.proxies = client.proxies
        # Per request, because the session's own `verify` gives way to the environment.
        send = functools.partial(session.post, verify=client.verify, timeout=_ANSWER_S)
        url = _url(facts, client)
        try:
            answer = send(url, _IDENTIFY, headers={**_SOAP, "WSMANIDENTIFY": "unauthenticated"})
            body = answer.content[:_BODY_CHARACTERS].decode("utf-8", errors="replace")
            if answer.status_code == requests.codes.ok and "IdentifyResponse" in body:
                seen = replace(seen, identified=True, product=_product(body))
            elif answer.status_code != requests.codes.unauthorized:
                good = answer.status_code == requests.codes.ok
                failure = Failure.MALFORMED if good else Failure.HTTP
                return replace(seen, facts=_facts(replace(facts, failure=failure, empty_body=not body), watch))
            send(url, b"", headers=_SOAP).close()
        except (OSError, ValueError, GuardStop, requests.RequestException) as error:
            return replace(seen, facts=_failed(facts, error, watch))
    return replace(seen, facts=_facts(facts, watch))


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _failed(base: TransportFacts, error: Exception, watch: Watch) -> TransportFacts:
    facts = failure_facts(base, error, Attempt(), watch)
    if facts.failure in {Failure.CERTIFICATE, Failure.PIN}:
        return certificate_facts(facts, shown_certificate(facts.host, facts.port))
    return certificate_facts(facts, watch.certificate)


def _facts(facts: TransportFacts, watch: Watch) -> TransportFacts:
    """Put in what the watch noted."""
    facts = replace(certificate_facts(facts, watch.certificate), offered=watch.offered, proxy=watch.proxy)
    if watch.last is None:
        return facts
    return replace(
        facts,
        http_status=watch.last.status,
        server=watch.last.server[:200],
        date=watch.last.date[:200],
        content_type=watch.last.content_type[:200],
        now=http_date(),
        clock_difference_s=clock_difference_s(watch.last.date),
    )


def _product(body: str) -> str:
    found = (re.search(rf"<(?:\w+:)?{name}>([^<]{{1,120}})</", body) for name in ("ProductVendor", "ProductVersion"))
    return ", ".join(match[1].strip() for match in found if match)


def _url(facts: TransportFacts, client: _Client) -> str:
    host = f"[{facts.host}]" if ":" in facts.host else facts.host
    return f"{facts.scheme}://{host}:{facts.port}{client.path}"
