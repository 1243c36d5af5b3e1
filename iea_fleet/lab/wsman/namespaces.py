"""Namespaces, actions and URIs of [MS-WSMV] 2.2.1 and 3.1.4, under the prefixes that Windows answers with."""

from __future__ import annotations

from typing import Final

SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
TRANSFER: Final = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
ENUMERATION: Final = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
EVENTING: Final = "http://schemas.xmlsoap.org/ws/2004/08/eventing"
WSMAN: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
MS_WSMAN: Final = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
SHELL: Final = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
WSMAN_FAULT: Final = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
IDENTITY: Final = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
CONFIG: Final = "http://schemas.microsoft.com/wbem/wsman/1/config"
XML: Final = "http://www.w3.org/XML/1998/namespace"

ANONYMOUS: Final = f"{ADDRESSING}/role/anonymous"
CMD_RESOURCE: Final = f"{SHELL}/cmd"
SHELL_RESOURCE: Final = SHELL
COMMAND_RESOURCE: Final = f"{SHELL}/Command"

CREATE: Final = f"{TRANSFER}/Create"
DELETE: Final = f"{TRANSFER}/Delete"
GET: Final = f"{TRANSFER}/Get"
ENUMERATE: Final = f"{ENUMERATION}/Enumerate"
PULL: Final = f"{ENUMERATION}/Pull"
RELEASE: Final = f"{ENUMERATION}/Release"
COMMAND: Final = f"{SHELL}/Command"
SEND: Final = f"{SHELL}/Send"
RECEIVE: Final = f"{SHELL}/Receive"
SIGNAL: Final = f"{SHELL}/Signal"
CONNECT: Final = f"{SHELL}/Connect"
DISCONNECT: Final = f"{SHELL}/Disconnect"
RECONNECT: Final = f"{SHELL}/Reconnect"

FAULT_ACTION: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
ADDRESSING_FAULT_ACTION: Final = f"{ADDRESSING}/fault"
ENUMERATION_FAULT_ACTION: Final = f"{ENUMERATION}/fault"

FAULT_DETAIL: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail"

# Short names by which a fault of the lab says at which request it strikes, and by which requests are counted.
ACTION_NAMES: Final = {
    CREATE: "create",
    DELETE: "delete",
    GET: "get",
    ENUMERATE: "enumerate",
    PULL: "pull",
    RELEASE: "release",
    COMMAND: "command",
    SEND: "send",
    RECEIVE: "receive",
    SIGNAL: "signal",
    CONNECT: "connect",
    DISCONNECT: "disconnect",
    RECONNECT: "reconnect",
}


def qualified(namespace: str, local: str) -> str:
    """The name of an element or attribute as this package writes it: `{namespace}local`."""
    return f"{{{namespace}}}{local}"
