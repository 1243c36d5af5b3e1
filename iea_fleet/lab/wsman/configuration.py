"""The configuration of the service as a Get of `winrm/config` tells it ([MS-WSMV] 2.2.4.3 and what it contains)."""

from __future__ import annotations

from iea_fleet.lab.workstation import Workstation
from iea_fleet.lab.wsman import namespaces as ns


def render_configuration(workstation: Workstation) -> str:
    """The `cfg:Config` element of a workstation: its own limits and logons, the rest as installed."""
    quotas, auth = workstation.quotas, workstation.description.auth

    def flag(value: bool) -> str:
        return "true" if value else "false"

    def group(name: str, *content: str) -> str:
        return f"<cfg:{name}>{''.join(content)}</cfg:{name}>"

    ports = group("DefaultPorts", group("HTTP", "5985"), group("HTTPS", "5986"))
    client = group(
        "Client",
        group("NetworkDelayms", "5000"),
        group("URLPrefix", "wsman"),
        group("AllowUnencrypted", "false"),
        group(
            "Auth",
            *(group(name, "true") for name in ("Basic", "Digest", "Kerberos", "Negotiate", "Certificate")),
            group("CredSSP", "false"),
        ),
        ports,
        group("TrustedHosts"),
    )
    service = group(
        "Service",
        group("RootSDDL", "O:NSG:BAD:P(A;;GA;;;BA)(A;;GR;;;IU)S:P(AU;FA;GA;;;WD)(AU;SA;GXGW;;;WD)"),
        group("MaxConcurrentOperations", "4294967295"),
        group("MaxConcurrentOperationsPerUser", str(quotas.max_operations_per_user)),
        group("EnumerationTimeoutms", "240000"),
        group("MaxConnections", "300"),
        group("MaxPacketRetrievalTimeSeconds", "120"),
        group("AllowUnencrypted", flag(auth.allow_unencrypted)),
        group(
            "Auth",
            group("Basic", flag(auth.basic)),
            group("Kerberos", "false"),
            group("Negotiate", flag(auth.negotiate)),
            group("Certificate", "false"),
            group("CredSSP", "false"),
            group("CbtHardeningLevel", auth.cbt.value.capitalize()),
        ),
        ports,
        group("IPv4Filter", "*"),
        group("IPv6Filter", "*"),
        group("EnableCompatibilityHttpListener", "false"),
        group("EnableCompatibilityHttpsListener", "false"),
        group("CertificateThumbprint"),
        group("AllowRemoteAccess", "true"),
    )
    winrs = group(
        "Winrs",
        group("AllowRemoteShellAccess", "true"),
        group("IdleTimeout", str(int(quotas.idle_timeout_s * 1000))),
        group("MaxConcurrentUsers", "2147483647"),
        group("MaxShellRunTime", "2147483647"),
        group("MaxProcessesPerShell", str(quotas.max_commands_per_shell)),
        group("MaxMemoryPerShellMB", str(quotas.max_memory_per_shell_mb)),
        group("MaxShellsPerUser", str(quotas.max_shells_per_user)),
    )
    return (
        f'<cfg:Config xmlns:cfg="{ns.CONFIG}">'
        + group("MaxEnvelopeSizekb", str(quotas.max_envelope_kb))
        + group("MaxTimeoutms", str(quotas.max_timeout_ms))
        + group("MaxBatchItems", "32000")
        + group("MaxProviderRequests", "4294967295")
        + client
        + service
        + winrs
        + "</cfg:Config>"
    )
