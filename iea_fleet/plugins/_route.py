"""Where a connection goes and as whom, told before it is opened."""

from __future__ import annotations

from typing import Any

from iea_fleet.diagnosis.transport import Failure, TransportFacts
from iea_fleet.plugins._clients import Connection

SUPPORTED = ("winrm", "psrp")
"""Ansible's connections that the action works with."""


def route(connection: Connection, deadline_s: int) -> TransportFacts:
    """What is known about a connection from its options alone.

    Raises: what the plugin raises when its options can't be used.
    """
    plugin: Any = connection
    if connection.transport == "winrm":
        plugin._build_winrm_kwargs()  # noqa: SLF001 - the plugin's own way to settle scheme, port and logon method
        methods = tuple(str(method) for method in plugin._winrm_transport)  # noqa: SLF001
        extras = connection.get_option("_extras") or {}
        return TransportFacts(
            failure=Failure.NONE,
            connection="winrm",
            host=str(plugin._winrm_host),  # noqa: SLF001
            port=int(plugin._winrm_port),  # noqa: SLF001
            scheme=str(plugin._winrm_scheme),  # noqa: SLF001
            methods=methods,
            account=str(plugin._winrm_user or ""),  # noqa: SLF001
            certificate_ignored=extras.get("ansible_winrm_server_cert_validation") == "ignore",
            delegates="credssp" in methods or _is_true(extras.get("ansible_winrm_kerberos_delegation")),
            deadline_s=deadline_s,
        )
    plugin._build_kwargs()  # noqa: SLF001 - the same of the other plugin
    return TransportFacts(
        failure=Failure.NONE,
        connection="psrp",
        host=str(plugin._psrp_host),  # noqa: SLF001
        port=int(plugin._psrp_port),  # noqa: SLF001
        scheme="https" if plugin._psrp_conn_kwargs["ssl"] else "http",  # noqa: SLF001
        methods=(str(plugin._psrp_auth),),  # noqa: SLF001
        account=str(plugin._psrp_user or ""),  # noqa: SLF001
        certificate_ignored=not plugin._psrp_conn_kwargs["cert_validation"],  # noqa: SLF001
        delegates=plugin._psrp_auth == "credssp" or bool(plugin._psrp_conn_kwargs["negotiate_delegate"]),  # noqa: SLF001
        deadline_s=deadline_s,
    )


def password_is_empty(connection: Connection, methods: tuple[str, ...]) -> bool:
    """Whether the inventory gives an empty password to a logon that needs one.

    So does `lookup('env', ...)` of a variable that is not set. Windows lets nobody log on over the network without a
    password (LimitBlankPasswordUse), and each try would count as a wrong one.
    """
    return connection.get_option("remote_password") == "" and not {"kerberos", "certificate"} & {*methods}


def _is_true(value: object) -> bool:
    """How pywinrm reads its own switch."""
    return str(value).lower() in {"true", "t", "yes", "y", "on", "1"}
