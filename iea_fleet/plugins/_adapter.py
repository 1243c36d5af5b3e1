"""The HTTP adapter between a WinRM client and a hostile host: nothing is inflated, everything is counted."""

from __future__ import annotations

import base64
import functools
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy, urldefragauth
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ProtocolError, ReadTimeoutError
from urllib3.response import BaseHTTPResponse

from iea_fleet.plugins._watch import (
    CONNECT_TIMEOUT_S,
    BasicInClear,
    EncodedResponse,
    GuardStop,
    LastResponse,
    Redirected,
    Watch,
)

_CHUNK = 65_536
_DEFAULT_READ_S = 30.0
_NTLM_AUTHENTICATE = b"NTLMSSP\0\3"  # [MS-NLMP] 2.2.1.3
_SPNEGO_RESPONSE = b"\xa1"  # NegTokenResp, RFC 4178 section 4.2.2

# A GSS token of the kind KRB-ERROR (RFC 4121 section 4.1) and so much of that as leads to its error-code (RFC 4120
# section 5.9.1): version 5, message type 30, times, [6] INTEGER.
_KRB_ERROR = re.compile(
    rb"\x03\x00\x7e.{1,3}\x30.{1,3}\xa0\x03\x02\x01\x05\xa1\x03\x02\x01\x1e.{0,200}?\xa6\x03\x02\x01(.)", re.DOTALL
)


class GuardedAdapter(HTTPAdapter):
    """Sends by the bounds of a `Watch`; mount it for both schemes before the first request.

    It asks for `Accept-Encoding: identity` and refuses any other encoding, reads bodies piecewise, follows no
    redirection, never retries by itself, and notes status, logon methods, Server and Date of each response.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pools; where a certificate is pinned, urllib3 compares it right after the handshake."""
        super().init_poolmanager(*args, **options, assert_fingerprint=self._watch.pin or None)

    def get_connection_with_tls_context(self, request, verify, proxies=None, cert=None):  # type: ignore[no-untyped-def]
        """The pool for a request, its connections followed by the watch."""
        pool: Any = super().get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
        secure = pool.scheme == "https"
        pool.ConnectionCls = functools.partial(_FollowedHttps if secure else _FollowedHttp, watch=self._watch)
        return pool

    def send(  # noqa: D417 - the other arguments are those of requests
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send one request; the response's body has not been read yet.

        Args:
            timeout: seconds to wait for the next byte, cut to what the round has left.

        Raises: GuardStop, and what requests raises.
        """
        watch = self._watch
        watch.check()
        read_s = timeout[1] if isinstance(timeout, tuple) else timeout
        waits = (min(CONNECT_TIMEOUT_S, watch.remaining_s), min(read_s or _DEFAULT_READ_S, watch.remaining_s))
        request.headers["Accept-Encoding"] = "identity"
        watch.may_connect = not _belongs_to_a_connection(request)
        watch.proxy = _without_credentials(select_proxy(request.url or "", dict(proxies or {})))
        if watch.proxy and _shows_a_password(request):
            raise BasicInClear
        watch.sending(_size(request))
        # A pin takes the place of the other checks: it is stronger than any of them.
        verify = verify if not watch.pin else False
        response = super().send(request, stream=True, timeout=waits, verify=verify, cert=cert, proxies=proxies)
        try:
            self._look_at(response)
        except GuardStop:
            response.close()
            raise
        return response

    def _look_at(self, response: requests.Response) -> None:
        headers, watch = response.headers, self._watch
        head = len(f"HTTP/1.1 {response.status_code} {response.reason}\r\n\r\n")
        head += sum(len(name) + len(value) + 4 for name, value in headers.items())
        watch.last = LastResponse(
            status=response.status_code,
            server=headers.get("Server", ""),
            date=headers.get("Date", ""),
            content_type=headers.get("Content-Type", ""),
        )
        if response.status_code == requests.codes.unauthorized:
            watch.kerberos_error = _kerberos_error(response) or watch.kerberos_error
            watch.offers(tuple(_schemes(response)))
        else:
            watch.accepted()
        watch.receiving(head, head)
        encoding = headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in {"", "identity"}:
            raise EncodedResponse(encoding)
        if response.is_redirect:
            raise Redirected(headers.get("Location", ""))
        # requests would read by way of urllib3's decoders, without a bound.
        response.iter_content = functools.partial(_bounded_body, response, watch, head)  # type: ignore[method-assign]


def _bounded_body(
    response: requests.Response, watch: Watch, so_far: int, chunk_size: int = _CHUNK, decode_unicode: bool = False
) -> Iterator[bytes]:
    """The body of a response as it arrives. Raises: GuardStop, or an exception of requests."""
    del chunk_size, decode_unicode
    raw: BaseHTTPResponse = response.raw
    whole = False
    try:
        while chunk := raw.read1(_CHUNK, decode_content=False):
            so_far += len(chunk)
            watch.receiving(len(chunk), so_far)
            yield chunk
        whole = True
    except ReadTimeoutError as error:
        raise requests.exceptions.ReadTimeout(error) from error
    except ProtocolError as error:
        raise requests.exceptions.ConnectionError(error) from error
    finally:
        if not whole:
            # The rest must not be read by whoever uses the connection next.
            raw.close()
        # requests' own reader sets it; ours takes its place.
        response.__dict__["_content_consumed"] = True


class _FollowedHttp(HTTPConnection):
    """A connection whose socket the watch can end."""

    def __init__(self, *args: object, watch: Watch, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self._watch = watch

    def _new_conn(self) -> socket.socket:
        self._watch.connecting()
        sock = super()._new_conn()
        self._watch.follow(sock)
        return sock


class _FollowedHttps(_FollowedHttp, HTTPSConnection):
    """The same over TLS; the certificate that was accepted is noted."""

    def connect(self) -> None:
        """Connect and shake hands."""
        super().connect()
        if isinstance(self.sock, ssl.SSLSocket):
            self._watch.certificate = self.sock.getpeercert(binary_form=True)


def _belongs_to_a_connection(request: requests.PreparedRequest) -> bool:
    """Whether a request has a meaning on the connection of the one before only.

    So have the second half of an NTLM or SPNEGO logon, and every encrypted message. urllib3 would send them over a new
    connection when the old one was cut, and the host's 401 would read like a wrong password.
    """
    if str(request.headers.get("Content-Type", "")).startswith(("multipart/encrypted", "multipart/x-multi-encrypted")):
        return True
    try:
        token = base64.b64decode(str(request.headers.get("Authorization", "")).partition(" ")[2])
    except ValueError:
        return False
    return token.startswith((_NTLM_AUTHENTICATE, _SPNEGO_RESPONSE))


def _shows_a_password(request: requests.PreparedRequest) -> bool:
    """Whether a request would tell its password to whoever reads along, such as a proxy."""
    basic = str(request.headers.get("Authorization", "")).lower().startswith("basic ")
    return basic and (request.url or "").lower().startswith("http:")


def _size(request: requests.PreparedRequest) -> int:
    """Bytes of a request as HTTP carries it, under TLS and proxies."""
    line = len(f"{request.method} {request.path_url} HTTP/1.1\r\n")
    host = len(f"Host: {urldefragauth(request.url or '').split('/')[2]}\r\n\r\n")
    head = sum(len(name) + len(value) + 4 for name, value in request.headers.items())
    return line + host + head + len(request.body or b"")


def _schemes(response: requests.Response) -> Iterator[str]:
    """The logon methods that a 401 names (RFC 9110 section 11.6.1); Windows sends one header line for each."""
    raw: BaseHTTPResponse = response.raw
    for line in raw.headers.getlist("WWW-Authenticate")[:16]:
        word = line.strip().split(" ", 1)[0].split(",", 1)[0]
        if word.isalnum() and len(word) <= 32:
            yield word


def _kerberos_error(response: requests.Response) -> int | None:
    """The code of the KRB-ERROR in a 401's challenge, as a host sends it that could not take a ticket; `None`: none."""
    raw: BaseHTTPResponse = response.raw
    for line in raw.headers.getlist("WWW-Authenticate")[:16]:
        try:
            token = base64.b64decode(line.partition(" ")[2][:_CHUNK])
        except ValueError:
            continue
        if found := _KRB_ERROR.search(token):
            return found[1][0]
    return None


def _without_credentials(proxy: str | None) -> str:
    """`host:port` of a proxy's URL, "" for none; the user and password that a URL may hold are left out."""
    return "" if not proxy else proxy.split("//", 1)[-1].rsplit("@", 1)[-1].strip("/")
