"""The faults that a Windows WinRM service answers with: codes and sentences of WsmError.h and [MS-ERREF]."""

from __future__ import annotations

from typing import Final

from iea_fleet.lab.wsman import namespaces as ns
from iea_fleet.lab.wsman.fault import WsmanFault

OPERATION_TIMED_OUT: Final = 0x80338029
UNEXPECTED_SELECTORS: Final = 0x8033805B
MAX_SHELLS: Final = 0x803381A5
MAX_OPERATIONS: Final = 0x803381A6
MAX_COMMANDS_PER_SHELL: Final = 0x803381E9

_CMD_PLUGIN: Final = ("Shell cmd plugin", r"%systemroot%\system32\winrscmd.dll")
_TIMED_OUT_TEXT: Final = (
    "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  "
)
_SELECTORS_TEXT: Final = (
    "The WS-Management service cannot process the request because the request contained invalid selectors for the "
    "resource. "
)


def timed_out() -> WsmanFault:
    """Nothing to say within OperationTimeout."""
    return WsmanFault("w:TimedOut", OPERATION_TIMED_OUT, _TIMED_OUT_TEXT, receiver=True)


def shell_not_found(shell_id: str) -> WsmanFault:
    """No shell of this user has that id."""
    return WsmanFault(
        "w:InvalidSelectors",
        UNEXPECTED_SELECTORS,
        f"The request for the Windows Remote Shell with ShellId {shell_id} failed because the shell was not found on "
        "the server. Possible causes are: the specified ShellId is incorrect or the shell no longer exists on the "
        "server. Provide the correct ShellId or create a new shell and retry the operation. ",
        reason=_SELECTORS_TEXT,
        detail="UnexpectedSelectors",
    )


def no_such_shell() -> WsmanFault:
    """What the shell provider says to a Get of a shell that is not there, other than the shell itself does."""
    return WsmanFault(
        "w:InvalidSelectors",
        UNEXPECTED_SELECTORS,
        _SELECTORS_TEXT,
        detail="UnexpectedSelectors",
        provider=("Shell provider", r"%systemroot%\system32\WsmSvc.dll"),
        nested=True,
    )


def shell_filter_expected() -> WsmanFault:
    """Commands are listed of one shell, and none is named: ERROR_WSMAN_ENUMERATE_SHELLCOMAMNDS_FILTER_EXPECTED."""
    return WsmanFault(
        "n:CannotProcessFilter",
        0x803381C0,
        "The WS-Management service cannot process the request. Commands are listed of one shell only: a selector "
        "filter with its ShellId is missing. ",
        action=ns.ENUMERATION_FAULT_ACTION,
    )


def shell_disconnected() -> WsmanFault:
    """The shell is there, and its client has left it: ERROR_WINRS_SHELL_DISCONNECTED."""
    return WsmanFault(
        "w:InternalError",
        0x803381C4,
        "The Windows Remote Shell cannot process the request because the shell is disconnected. Connect to the shell "
        "and try again. ",
        receiver=True,
    )


def not_disconnected() -> WsmanFault:
    """Reconnect or Connect of a shell that has its client: ERROR_WINRS_SHELL_RECONNECT_OPERATION_NOT_VALID."""
    return WsmanFault(
        "w:InternalError",
        0x803381D0,
        "The Windows Remote Shell cannot process the request because the shell is connected. ",
        receiver=True,
    )


def command_not_found() -> WsmanFault:
    """No command of this shell has that id."""
    return WsmanFault(
        "w:InvalidSelectors",
        UNEXPECTED_SELECTORS,
        "The Windows Remote Shell received a request to perform an operation on a command identifier that does not "
        "exist. Either the command has completed execution or the client specified an invalid command identifier. ",
        reason=_SELECTORS_TEXT,
        detail="UnexpectedSelectors",
    )


def too_many_shells(quota: int) -> WsmanFault:
    """MaxShellsPerUser is reached."""
    return WsmanFault(
        "w:QuotaLimit",
        MAX_SHELLS,
        f"The WS-Management service cannot process the request. This user is allowed a maximum number of {quota} "
        "concurrent shells, which has been exceeded. Close existing shells or raise the quota for this user. ",
        reason="The WS-Management service cannot process the request. The maximum number of concurrent shells for "
        "this user has been exceeded. Close existing shells or raise the quota for this user. ",
        wmi=True,
    )


def too_many_operations(quota: int) -> WsmanFault:
    """MaxConcurrentOperationsPerUser is reached."""
    return WsmanFault(
        "w:QuotaLimit",
        MAX_OPERATIONS,
        f"The WS-Management service cannot process the request. This user is allowed a maximum number of {quota} "
        "concurrent operations, which has been exceeded. Close existing operations for this user, or raise the quota "
        "for this user. ",
        reason="The WS-Management service cannot process the request. The maximum number of concurrent operations "
        "for this user has been exceeded. Close existing operations for this user, or raise the quota for this user. ",
        wmi=True,
    )


def too_many_commands(quota: int) -> WsmanFault:
    """The shell has had all the commands that it may have."""
    return WsmanFault(
        "w:QuotaLimit",
        MAX_COMMANDS_PER_SHELL,
        "The WS-Management service cannot process the request. The maximum number of concurrent commands per shell "
        f"has been exceeded. The quota is {quota}. ",
        wmi=True,
    )


def action_not_supported(action: str) -> WsmanFault:
    """The action URI means nothing to this service."""
    return WsmanFault(
        "a:ActionNotSupported",
        0x80338001,
        "The WS-Management service cannot process the request. The WS-Addressing action URI is invalid. Check the "
        "documentation for information on how to construct an action URI. ",
        reason=f"The action {action} is not supported by the service. ",
        action=ns.ADDRESSING_FAULT_ACTION,
    )


def resource_not_found(resource_uri: str) -> WsmanFault:
    """No plugin serves the resource URI."""
    return WsmanFault(
        "a:DestinationUnreachable",
        0x80338000,
        f"The WS-Management service cannot process the request. The resource URI ({resource_uri}) was not found in "
        "the WS-Management catalog. The catalog contains the metadata that describes resources, or logical endpoints. ",
        detail="InvalidResourceURI",
        action=ns.ADDRESSING_FAULT_ACTION,
    )


def missing_resource_uri() -> WsmanFault:
    """The request names no resource."""
    return WsmanFault(
        "a:DestinationUnreachable",
        0x8033803B,
        "The WS-Management service cannot process the request. The resource URI is missing or it has an incorrect "
        "format. Check the documentation or use the following command for information on how to construct a resource "
        'URI: "winrm help uris". ',
        detail="InvalidResourceURI",
        action=ns.ADDRESSING_FAULT_ACTION,
    )


def invalid_header(what: str) -> WsmanFault:
    """A header is there twice or its value is none; `what` says it in a sentence."""
    return WsmanFault(
        "a:InvalidMessageInformationHeader",
        0x8033800F,
        f"The WS-Management service cannot process the request. {what}",
        reason="The WS-Management service cannot process the request. The request contains one or more invalid SOAP "
        "headers. ",
        action=ns.ADDRESSING_FAULT_ACTION,
    )


def missing_header(header: str) -> WsmanFault:
    """A header that WS-Addressing demands is missing."""
    return WsmanFault(
        "a:MessageInformationHeaderRequired",
        0x80338011,
        f"The WS-Management service cannot process the request. The header {header} is missing. ",
        action=ns.ADDRESSING_FAULT_ACTION,
    )


def not_understood(header: str) -> WsmanFault:
    """A header with mustUnderstand that this service does not know."""
    return WsmanFault(
        None,
        0x80338010,
        "The WS-Management service cannot process a SOAP header in the request that is marked as mustUnderstand by the "
        "client. This could be caused by the use of a version of the protocol which is not supported, or may be an "
        "incompatibility between the client and server implementations. ",
        reason=f"The header {header} was not understood. ",
        soap_code="s:MustUnderstand",
        action=ns.ADDRESSING_FAULT_ACTION,
    )


def schema_validation_error(what: str) -> WsmanFault:
    """The body is not what the action asks for."""
    return WsmanFault(
        "w:SchemaValidationError",
        0x80338041,
        f"The SOAP XML in the message does not match the corresponding XML schema definition. {what} ",
    )


def invalid_xml(why: str) -> WsmanFault:
    """The message is no SOAP envelope at all."""
    return WsmanFault(
        "w:SchemaValidationError",
        0x80338043,
        "The WS-Management service cannot process the request because the XML is invalid. ",
        reason=f"The XML is invalid: {why}. ",
    )


def unsupported_feature(what: str) -> WsmanFault:
    """A feature of the protocol that this endpoint does not have."""
    return WsmanFault(
        "w:UnsupportedFeature",
        0x80338042,
        f"The WS-Management service does not support the specified feature: {what}. Remove the unsupported feature "
        "from the request and retry. ",
    )


def envelope_too_small(minimum: int) -> WsmanFault:
    """The client's MaxEnvelopeSize is below what any answer needs."""
    return WsmanFault(
        "w:EncodingLimit",
        0x80338035,
        "The WS-Management service cannot process the request because the encoding of the request exceeds an internal "
        "encoding limit. Reconfigure the client to send messages which fit the encoding limits of the service. ",
        reason=f"The specified maximum packet size is too small. Increase it to {minimum} or more. ",
        detail="MinimumEnvelopeLimit",
    )


def already_exists() -> WsmanFault:
    """The client chose an id that is taken."""
    return WsmanFault(
        "w:AlreadyExists",
        0x80338033,
        "The WS-Management service cannot create the resource because it already exists. ",
    )


def invalid_enumeration_context() -> WsmanFault:
    """The enumeration context of a Pull or Release is unknown."""
    return WsmanFault(
        "n:InvalidEnumerationContext",
        0x8033801B,
        "The WS-Management service cannot process the request because the enumeration context is not valid. ",
        receiver=True,
        action=ns.ENUMERATION_FAULT_ACTION,
    )


def no_command_named() -> WsmanFault:
    """The cmd plugin is asked to do something with a command, and not with which."""
    return WsmanFault(
        "w:InvalidParameter",
        87,
        "The parameter is incorrect. ",
        detail="InvalidValue",
        provider=_CMD_PLUGIN,
    )


def internal_error(code: int, message: str, *, provider: bool = True) -> WsmanFault:
    """What Windows wraps a Win32 error or HRESULT of the shell plugin in."""
    return WsmanFault(
        "w:InternalError",
        code,
        message,
        receiver=True,
        provider=_CMD_PLUGIN if provider else None,
    )


def host_process_gone() -> WsmanFault:
    """The process that hosts a shell of PowerShell has ended: ERROR_WSMAN_PROVIDER_FAILURE's kin for wsmprovhost."""
    return internal_error(
        0x803381B9,
        "The WSMan provider host process did not return a proper response. A provider in the host process may have "
        "behaved improperly. ",
        provider=False,
    )


def aborted() -> WsmanFault:
    """The service or the shell went away while the request was waiting."""
    return internal_error(
        995,
        "The I/O operation has been aborted because of either a thread exit or an application request. ",
        provider=False,
    )


def access_denied() -> WsmanFault:
    """The user may not use the shell plugin."""
    return WsmanFault("w:AccessDenied", 5, "Access is denied. ")
