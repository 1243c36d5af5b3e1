"""The configuration of the service, as a Get or an Enumerate of `winrm/config` tells it ([MS-WSMV] 2.2.4).

Its parts are resources of their own: `winrm/config/service`, `winrm/config/service/auth`, `winrm/config/listener` ...;
each is told in the namespace of its URI.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from iea_fleet.lab.workstation import AuthSettings, Quotas, Workstation
from iea_fleet.lab.wsman import namespaces as ns

LISTENERS: Final = f"{ns.CONFIG}/listener"
"""The resource of the listeners, which are enumerated."""


def render_configuration(workstation: Workstation, resource_uri: str) -> str | None:
    """One part of a workstation's configuration: its own limits and logons, the rest as installed; None: no such part.

    Args:
        workstation: whose.
        resource_uri: the part's, in any case, as Windows takes it.
    """
    part = _PARTS.get(resource_uri.lower())
    if part is None:
        return None
    content = part(workstation)
    root, _, rest = content.partition(">")
    return f'{root} xmlns:cfg="{resource_uri}">{rest}'


def render_listeners(workstation: Workstation) -> str:
    """The workstation's listeners as items."""
    description = workstation.description
    ports = (("HTTP", description.http_port), ("HTTPS", description.https_port))
    return "".join(
        f'<cfg:Listener xmlns:cfg="{LISTENERS}">'
        + _group("Address", "*")
        + _group("Transport", transport)
        + _group("Port", str(port))
        + _group("Hostname", description.name if transport == "HTTPS" else "")
        + _group("Enabled", "true")
        + _group("URLPrefix", "wsman")
        + _group("CertificateThumbprint")
        + _group("ListeningOn", description.address)
        + "</cfg:Listener>"
        for transport, port in ports
        if port is not None
    )


def _group(name: str, *content: str) -> str:
    return f"<cfg:{name}>{''.join(content)}</cfg:{name}>"


def _flag(value: bool) -> str:
    return "true" if value else "false"


_PORTS: Final = _group("DefaultPorts", _group("HTTP", "5985"), _group("HTTPS", "5986"))


def _config(workstation: Workstation) -> str:
    quotas = workstation.quotas
    return _group(
        "Config",
        _group("MaxEnvelopeSizekb", str(quotas.max_envelope_kb)),
        _group("MaxTimeoutms", str(quotas.max_timeout_ms)),
        _group("MaxBatchItems", "32000"),
        _group("MaxProviderRequests", "4294967295"),
        _client(),
        _service(workstation),
        _winrs(quotas),
    )


def _client_auth() -> str:
    ways = ("Basic", "Digest", "Kerberos", "Negotiate", "Certificate")
    return _group("Auth", *(_group(name, "true") for name in ways), _group("CredSSP", "false"))


def _client() -> str:
    return _group(
        "Client",
        _group("NetworkDelayms", "5000"),
        _group("URLPrefix", "wsman"),
        _group("AllowUnencrypted", "false"),
        _client_auth(),
        _PORTS,
        _group("TrustedHosts"),
    )


def _service_auth(auth: AuthSettings) -> str:
    return _group(
        "Auth",
        _group("Basic", _flag(auth.basic)),
        _group("Kerberos", _flag(auth.kerberos)),
        _group("Negotiate", _flag(auth.negotiate)),
        _group("Certificate", _flag(auth.certificate)),
        _group("CredSSP", _flag(auth.credssp)),
        _group("CbtHardeningLevel", auth.cbt.value.capitalize()),
    )


def _service(workstation: Workstation) -> str:
    auth = workstation.auth
    return _group(
        "Service",
        _group("RootSDDL", "O:NSG:BAD:P(A;;GA;;;BA)(A;;GR;;;IU)S:P(AU;FA;GA;;;WD)(AU;SA;GXGW;;;WD)"),
        _group("MaxConcurrentOperations", "4294967295"),
        _group("MaxConcurrentOperationsPerUser", str(workstation.quotas.max_operations_per_user)),
        _group("EnumerationTimeoutms", "240000"),
        _group("MaxConnections", "300"),
        _group("MaxPacketRetrievalTimeSeconds", "120"),
        _group("AllowUnencrypted", _flag(auth.allow_unencrypted)),
        _service_auth(auth),
        _PORTS,
        _group("IPv4Filter", "*"),
        _group("IPv6Filter", "*"),
        _group("EnableCompatibilityHttpListener", "false"),
        _group("EnableCompatibilityHttpsListener", "false"),
        _group("CertificateThumbprint"),
        _group("AllowRemoteAccess", "true"),
    )


def _winrs(quotas: Quotas) -> str:
    return _group(
        "Winrs",
        _group("AllowRemoteShellAccess", "true"),
        _group("IdleTimeout", str(int(quotas.idle_timeout_s * 1000))),
        _group("MaxConcurrentUsers", "2147483647"),
        _group("MaxShellRunTime", "2147483647"),
        _group("MaxProcessesPerShell", str(quotas.max_commands_per_shell)),
        _group("MaxMemoryPerShellMB", str(quotas.max_memory_per_shell_mb)),
        _group("MaxShellsPerUser", str(quotas.max_shells_per_user)),
    )


_PARTS: Final[dict[str, Callable[[Workstation], str]]] = {
    ns.CONFIG: _config,
    f"{ns.CONFIG}/client": lambda _: _client(),
    f"{ns.CONFIG}/client/auth": lambda _: _client_auth(),
    f"{ns.CONFIG}/service": _service,
    f"{ns.CONFIG}/service/auth": lambda workstation: _service_auth(workstation.auth),
    f"{ns.CONFIG}/winrs": lambda workstation: _winrs(workstation.quotas),
}
