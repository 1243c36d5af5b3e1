"""Ansible's two WinRM connections with our bounds on them, before they send their first request.

Both plugins make their client from a class that their module names: `Protocol` of pywinrm, `WSMan` of pypsrp. For one
attempt that name stands for a subclass that mounts the guarded adapter, notes how far the conversation came, and keeps
the first failure as it was raised: the plugins turn it into text or into another class.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol
from urllib.parse import urlsplit
from xml.etree import ElementTree

import requests
import winrm.protocol
from pypsrp.exceptions import WinRMTransportError
from pypsrp.exceptions import WSManFaultError as PsrpFault
from pypsrp.wsman import WSMan
from winrm.exceptions import WinRMOperationTimeoutError, WSManFaultError

from iea_fleet.diagnosis.transport import Stage
from iea_fleet.plugins._adapter import GuardedAdapter
from iea_fleet.plugins._watch import BasicInClear, Watch

_OPERATION_TIMED_OUT = 2150858793
_BUSY = 170
_INPUT_CLOSED = frozenset({109, 232})  # ERROR_BROKEN_PIPE, ERROR_NO_DATA, [MS-ERREF] 2.2
_BUSY_TRIES = 3
_UNUSED_PREFIXES = ("xsd", "xsi", "b", "n", "x", "cfg")  # pywinrm declares them in each message, 350 bytes for nothing
_BUSY_PAUSE_S = 5.0
_CLEANUP_S = 5.0
_ACTION = re.compile(r"<(?:\w+:)?Action\b[^>]*>[^<]*/(\w+)</")
_BASIC = frozenset({"basic", "plaintext", "ssl"})
"""pywinrm's names for Basic; `ssl` is Basic over HTTPS, or a client certificate."""


class Connection(Protocol):
    """What a round needs of an Ansible connection plugin."""

    transport: str
    _shell: Any
    _connected: bool

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Run a command and give its exit code, standard output and standard error."""

    def get_option(self, option: str) -> Any:
        """The value of one of the plugin's options."""

    def close(self) -> None:
        """End the shell on the host."""


class AttemptOver(BaseException):
    """An attempt failed; `Attempt.failure` says how. Not an `Exception`, so that no handler of the plugins between here
    and the round takes it for something to recover from, or prints what the host wrote.
    """


@dataclass(slots=True)
class Attempt:
    """How far one attempt came; the guarded client writes it."""

    stage: Stage = Stage.CONNECT
    input_sent: bool = False
    failure: Exception | None = None
    client: Any = field(default=None, repr=False)
    """The guarded client, which holds the credentials."""

    def begins(self, action: str) -> None:
        """A message is about to be sent. Raises: AttemptOver after a failure."""
        if self.failure is not None:
            raise AttemptOver
        if not (action == "Receive" and self.stage is Stage.CREATE):
            # A runspace is opened by its Create and what is received of the shell itself, [MS-PSRP] 3.1.5.3.1.
            self.stage = _STAGES.get(action, self.stage)
        self.input_sent = self.input_sent or self.stage is Stage.SEND

    def failed(self, error: Exception) -> NoReturn:
        """The message failed. Raises: AttemptOver."""
        self.failure = error
        raise AttemptOver from error


_STAGES = {
    "Create": Stage.CREATE,
    "Command": Stage.COMMAND,
    "Send": Stage.SEND,
    "Receive": Stage.RECEIVE,
    "Signal": Stage.CLOSE,
    "Delete": Stage.CLOSE,
}


@contextlib.contextmanager
def guarded(connection: Connection, watch: Watch, attempt: Attempt) -> Iterator[None]:
    """While inside, `connection` makes guarded clients. It must have no client yet."""
    module = sys.modules[type(connection).__module__]
    name, client = ("WSMan", _psrp_client) if connection.transport == "psrp" else ("Protocol", _winrm_client)
    original = getattr(module, name)
    setattr(module, name, client(watch, attempt))
    try:
        yield
    finally:
        setattr(module, name, original)


def forget(connection: Connection) -> None:
    """Make the plugin forget its client without a word to the host; its next use connects anew."""
    for name in ("protocol", "shell_id", "runspace", "_last_pipeline"):
        if hasattr(connection, name):
            setattr(connection, name, None)
    connection._connected = False  # noqa: SLF001 - what the plugins' own close() does


def hang_up(attempt: Attempt) -> None:
    """Close the connections of an attempt."""
    session = attempt.client.transport.session if attempt.client is not None else None
    if session is not None:
        session.close()


def end_shell(connection: Connection, watch: Watch, attempt: Attempt) -> bool:
    """End the shell of an attempt that failed, over a new connection and logon, in at most a few seconds.

    Returns: whether the host said that it did.
    """
    client, attempt.failure = attempt.client, None
    if client is None:
        return False
    watch.grant(_CLEANUP_S)
    hang_up(attempt)
    transport = client.transport
    # The old session's encryption belongs to a connection that was cut.
    transport.session = transport.encryption = None
    try:
        with watch.timer():
            connection.close()
    except (Exception, AttemptOver):
        return False
    return True


def _winrm_client(watch: Watch, attempt: Attempt) -> type:
    class GuardedProtocol(winrm.protocol.Protocol):  # type: ignore[misc]
        """pywinrm's client within the bounds."""

        def build_wsman_header(self, *args: Any, **options: Any) -> Any:
            """The header of a message, whose operation timeout ends before the round does."""
            configured: int = self.operation_timeout_sec  # type: ignore[has-type]
            self.operation_timeout_sec = max(1, min(configured, int(watch.remaining_s) - 1))
            try:
                envelope = super().build_wsman_header(*args, **options)
            finally:
                self.operation_timeout_sec = configured
            for prefix in _UNUSED_PREFIXES:
                envelope.pop(f"@xmlns:{prefix}", None)
            return envelope

        # The name by which Ansible's plugin calls it.
        _get_soap_header = build_wsman_header

        def send_message(self, message: str) -> Any:
            """Send one message; a host that is busy with the last piece of input is asked again."""
            attempt.client = self
            action = _ACTION.search(message)
            attempt.begins(action[1] if action else "")
            try:
                watch.check()
                _refuse_basic_in_clear(self.transport.endpoint, self.transport.auth_method)
                _mount(self.transport, watch)
                for tries in range(_BUSY_TRIES + 1):
                    try:
                        answer = super().send_message(message)
                        break
                    except WSManFaultError as fault:
                        if attempt.stage is Stage.SEND and fault.wsman_fault_code in _INPUT_CLOSED:
                            # The command has ended without reading all of its input; its output says why.
                            return b""
                        busy = attempt.stage is Stage.SEND and fault.wsman_fault_code == _BUSY
                        if not busy or tries == _BUSY_TRIES or not watch.pause(_BUSY_PAUSE_S):
                            raise
            except WinRMOperationTimeoutError as error:
                # Nothing to say yet ([MS-WSMV] 3.1.4.14), or an overloaded host that took the input all the same.
                if attempt.stage in {Stage.SEND, Stage.RECEIVE}:
                    raise
                attempt.failed(error)
            except Exception as error:
                attempt.failed(error)
            return answer

        def cleanup_command(self, shell_id: str, command_id: str) -> None:
            """Nothing: the shell is deleted next, and its commands end with it. Saves a request a host."""

    return GuardedProtocol


def _psrp_client(watch: Watch, attempt: Attempt) -> type:
    class GuardedWSMan(WSMan):
        """pypsrp's client within the bounds."""

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            build = self.transport._build_session  # noqa: SLF001

            def build_guarded() -> requests.Session:
                return _with_adapter(build(), watch)

            self.transport._build_session = build_guarded  # type: ignore[method-assign]  # noqa: SLF001

        def invoke(self, action: str, *args: Any, **options: Any) -> Any:
            """Send one message."""
            attempt.client = self
            attempt.begins(action.rsplit("/", 1)[-1])
            try:
                watch.check()
                if not self.transport.wrap_required:
                    _refuse_basic_in_clear(self.transport.endpoint, self.transport.auth)
                for tries in range(_BUSY_TRIES + 1):
                    try:
                        answer = super().invoke(action, *args, **options)
                        break
                    except PsrpFault as fault:
                        busy = attempt.stage is Stage.SEND and fault.code == _BUSY
                        if not busy or tries == _BUSY_TRIES or not watch.pause(_BUSY_PAUSE_S):
                            raise
            except PsrpFault as fault:
                if fault.code == _OPERATION_TIMED_OUT and attempt.stage is Stage.RECEIVE:
                    raise
                if fault.code == _OPERATION_TIMED_OUT and attempt.stage is Stage.SEND:
                    # An overloaded host that took the input all the same; pypsrp does not look at the answer.
                    return ElementTree.Element("SendResponse")
                # A page of another service is read as a fault without a code.
                page = fault.__context__ if fault.code is None else None
                attempt.failed(page if isinstance(page, WinRMTransportError) else fault)
            except Exception as error:
                attempt.failed(error)
            return answer

    return GuardedWSMan


def _mount(transport: Any, watch: Watch) -> None:
    """Mount the adapter on pywinrm's session before anything is sent: with encryption, building it already sends."""
    if transport.session is not None:
        return
    set_up = type(transport).setup_encryption

    def set_up_guarded(session: requests.Session) -> None:
        set_up(transport, _with_adapter(session, watch))

    transport.setup_encryption = set_up_guarded
    _with_adapter(transport.build_session(), watch)


def _with_adapter(session: requests.Session, watch: Watch) -> requests.Session:
    for scheme in ("http://", "https://"):
        if not isinstance(session.adapters.get(scheme), GuardedAdapter):
            session.mount(scheme, GuardedAdapter(watch))
    return session


def is_basic_in_clear(endpoint: str, method: str) -> bool:
    """Whether a password would leave this machine unencrypted."""
    parts = urlsplit(endpoint)
    return parts.scheme == "http" and method in _BASIC and not _is_loopback(parts.hostname or "")


def _refuse_basic_in_clear(endpoint: str, method: str) -> None:
    """Raises: BasicInClear when a password would leave this machine unencrypted."""
    if is_basic_in_clear(endpoint, method):
        raise BasicInClear


def _is_loopback(host: str) -> bool:
    """Whether a host is this machine; a name other than localhost is not, wherever it may point."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
