"""English words for a failed test of the servers (case 2). See `wording/__init__.py` for the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.report.wording.entry import Words

TEXTS: Final[Mapping[str, Words]] = {
    "connection.test_failed.dns": Words(
        title="Test failed ({server}): name not found",
        explanation="The workstation finds no address for {host}[ (Winsock {win32_code})]. {nothing_written}",
        next_step="Check its network connection and its DNS server (nslookup {host}).{case_2}",
    ),
    "connection.test_failed.dns_timed_out": Words(
        title="Test failed ({server}): name lookup timed out",
        explanation=(
            "No DNS server told the workstation the address of {host} within {elapsed_ms} ms. {nothing_written}"
        ),
        next_step="Check its network connection and its DNS server (nslookup {host}).{case_2}",
    ),
    "connection.test_failed.tcp_refused": Words(
        title="Test failed ({server}): connection refused",
        explanation="{host} refuses connections on port {port}[ ({addresses})]. {nothing_written}",
        next_step=(
            "Look for a firewall or filter that refuses; try another workstation of the site. If all are "
            "refused, the fault is with the vendor.{case_2}"
        ),
    ),
    "connection.test_failed.tcp_timed_out": Words(
        title="Test failed ({server}): no answer to the connection",
        explanation=(
            "Nothing answers at {host}, port {port}[ ({addresses})], within {elapsed_ms} ms: most often a"
            " firewall drops the connection. {nothing_written}"
        ),
        next_step="Let {host}, port {port}, pass through the firewall of the site and of the workstation.{case_2}",
    ),
    "connection.test_failed.tcp_unreachable": Words(
        title="Test failed ({server}): network unreachable",
        explanation=(
            "The workstation has no route to {host}[ ({addresses})][ (Winsock {win32_code})]. {nothing_written}"
        ),
        next_step="Check its network connection, gateway and VPN.{case_2}",
    ),
    "connection.test_failed.tcp_reset": Words(
        title="Test failed ({server}): connection reset",
        explanation=(
            "The connection to {host}, port {port}, was cut by the server or by something on the way. {nothing_written}"
        ),
        next_step=(
            "Look for a firewall, filter or antivirus that cuts it; try another workstation of the site.{case_2}"
        ),
    ),
    "connection.test_failed.tcp": Words(
        title="Test failed ({server}): no connection",
        explanation="No connection to {host}, port {port}[ (Winsock {win32_code})][: {message}]. {nothing_written}",
        next_step="Check its network connection and the firewall of the site.{case_2}",
    ),
    "connection.test_failed.proxy_authentication": Words(
        title="Test failed ({server}): the proxy wants a logon (407)",
        explanation=(
            "The proxy {proxy} wants a user name and a password before it lets the workstation through to"
            " {host}. {nothing_written}"
        ),
        next_step=(
            "Let {host} pass through the proxy without a logon, or enter the proxy’s account in the "
            "application.{case_2}"
        ),
    ),
    "connection.test_failed.proxy_status": Words(
        title="Test failed ({server}): refused by the proxy ({http_status})",
        explanation="The proxy {proxy} answers {http_status} instead of connecting to {host}. {nothing_written}",
        next_step="Read the log of the proxy; let {host} pass through it.{case_2}",
    ),
    "connection.test_failed.proxy_unreachable": Words(
        title="Test failed ({server}): proxy not reached",
        explanation=(
            "The workstation is set to use the proxy {proxy}, which can’t be reached[ (Winsock "
            "{win32_code})]. {nothing_written}"
        ),
        next_step="Correct the proxy settings of Windows, or bring the proxy back.{case_2}",
    ),
    "connection.test_failed.proxy_timed_out": Words(
        title="Test failed ({server}): proxy does not answer",
        explanation="The proxy {proxy} did not answer within {elapsed_ms} ms. {nothing_written}",
        next_step="Bring the proxy back, or correct the proxy settings of Windows.{case_2}",
    ),
    "connection.test_failed.tls_name_mismatch": Words(
        title="Test failed ({server}): certificate for another name",
        explanation=(
            "The server that answers for {host} shows a certificate for {subject}, issued by {issuer}. "
            "{nothing_written}"
        ),
        next_step=(
            "Somebody else answers in its place: look for a captive portal, a filter or a wrong DNS entry.{case_2}"
        ),
    ),
    "connection.test_failed.tls_expired": Words(
        title="Test failed ({server}): certificate expired",
        explanation=(
            "The certificate {subject}, issued by {issuer}, was valid until {not_after}. The "
            "workstation’s clock says {workstation_time}. {nothing_written}"
        ),
        next_step=(
            "First check date and time of the workstation. If they are right, the certificate has to be "
            "renewed: by the association when the issuer is its own proxy or antivirus, else by the "
            "vendor.{case_2}"
        ),
    ),
    "connection.test_failed.tls_not_yet_valid": Words(
        title="Test failed ({server}): certificate not valid yet",
        explanation=(
            "The certificate {subject}, issued by {issuer}, is valid from {not_before}. The workstation’s"
            " clock says {workstation_time}. {nothing_written}"
        ),
        next_step="Set date and time of the workstation: its clock is most likely slow.{case_2}",
    ),
    "connection.test_failed.tls_unknown_authority": Words(
        title="Test failed ({server}): unknown certificate authority",
        explanation=(
            "The workstation does not trust {issuer}, which issued the certificate for {subject}. {nothing_written}"
        ),
        next_step=(
            "If the issuer is a proxy or an antivirus of the association, exempt {host} from its "
            "inspection or install its authority. Otherwise update the root certificates of Windows. "
            "{case_2}"
        ),
    ),
    "connection.test_failed.tls_revoked": Words(
        title="Test failed ({server}): certificate revoked",
        explanation="The certificate {subject}, issued by {issuer}, has been revoked. {nothing_written}",
        next_step="Try another workstation of the site. If all see it, only the vendor can mend this.{case_2}",
    ),
    "connection.test_failed.tls_handshake": Words(
        title="Test failed ({server}): no secure connection (TLS)",
        explanation="{host} was reached, but no secure connection came about[: {message}]. {nothing_written}",
        next_step="See that TLS 1.2 is on in Windows and that no filter cuts the connection.{case_2}",
    ),
    "connection.test_failed.tls_timed_out": Words(
        title="Test failed ({server}): secure connection timed out",
        explanation=(
            "{host} was reached, but the secure connection was not complete within {elapsed_ms} ms. {nothing_written}"
        ),
        next_step=(
            "Look for a filter or antivirus that looks into secure connections; try another workstation "
            "of the site.{case_2}"
        ),
    ),
    "connection.test_failed.http_status": Words(
        title="Test failed ({server}): HTTP status {http_status}",
        explanation="{host} was reached and answers {http_status} to {url}. {nothing_written}",
        next_step="Check the address. If it is right, the fault is with the vendor: try again later.{case_2}",
    ),
    "connection.test_failed.http_timed_out": Words(
        title="Test failed ({server}): server does not answer",
        explanation="{host} takes the request and gives no answer within {elapsed_ms} ms. {nothing_written}",
        next_step="Try again later.{case_2}",
    ),
    "connection.test_failed.http_no_answer": Words(
        title="Test failed ({server}): no HTTP answer",
        explanation="{host} was reached, but what came back is not HTTP[: {message}]. {nothing_written}",
        next_step="Look for a filter in between; try another workstation of the site.{case_2}",
    ),
    "connection.test_failed.untold": Words(
        title="Test failed ({server}): unknown reason",
        explanation="The workstation says that the test failed, and not why[: {message}]. {nothing_written}",
        next_step="Click « Tester l’accès aux serveurs » on the workstation.{case_2}",
    ),
}
"""By code."""
