"""A workstation's steps over SMB, for real: session, share, folder, file, read, write, and the Win32 code of each."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from smbprotocol.connection import Connection
from smbprotocol.exceptions import SMBConnectionClosed, SMBException, SMBResponseException
from smbprotocol.open import (
    CreateDisposition,
    CreateOptions,
    DirectoryAccessMask,
    FilePipePrinterAccessMask,
    ImpersonationLevel,
    Open,
    ShareAccess,
)
from smbprotocol.session import Session
from smbprotocol.tree import TreeConnect

from iea_fleet.lab.share.ntstatus import UNEXPECTED_NETWORK_ERROR, win32_code
from iea_fleet.lab.share.visit import OPENED, Credential, Reached
from iea_fleet.model.answer import ShareLayer

CONNECTION_REFUSED, TIMED_OUT, NETNAME_DELETED = 10061, 10060, 64
_FILE_NOT_FOUND, _PATH_NOT_FOUND = 2, 3
_PATIENCE_S = 10.0
_EVERYBODY = ShareAccess.FILE_SHARE_READ | ShareAccess.FILE_SHARE_WRITE | ShareAccess.FILE_SHARE_DELETE


@dataclass(frozen=True, slots=True)
class Target:
    """A share behind an address, and what to open there.

    Args:
        address: where the server listens.
        port: there.
        share: its name.
        folder: below the share; empty: its root.
        file: in the folder; None: the folder alone.
        scratch: a file to make in the folder and to remove again; None: nothing is written.
        stale: the session is one that the server has ended since.
    """

    address: str
    port: int
    share: str
    folder: str
    file: str | None = None
    scratch: str | None = None
    stale: bool = False


class _Stopped(Exception):
    """A step failed."""

    def __init__(self, reached: Reached) -> None:
        super().__init__(reached)
        self.reached = reached


def open_on(target: Target, credential: Credential, timeout_ms: int) -> Reached:
    """Take every step; the first that fails ends it.

    Args:
        target: what to open, where.
        credential: who logs on.
        timeout_ms: bounds the connection and its negotiation.
    """
    try:
        with _tree(target, credential, timeout_ms) as tree:
            _steps(tree, target)
    except _Stopped as stopped:
        return stopped.reached
    return OPENED


@contextlib.contextmanager
def hold(target: Target, credential: Credential, timeout_ms: int) -> Iterator[None]:
    """Keep the target's file open for oneself alone, as a program that shares it with nobody.

    Where that fails nothing is held: whoever opens the file next meets what is wrong with the server as well.
    """
    with contextlib.ExitStack() as held:
        with contextlib.suppress(_Stopped, SMBException):
            tree = held.enter_context(_tree(target, credential, timeout_ms))
            handle = Open(tree, rf"{target.folder}\{target.file}")
            access = FilePipePrinterAccessMask.GENERIC_READ | FilePipePrinterAccessMask.GENERIC_WRITE
            impersonation = ImpersonationLevel.Impersonation
            handle.create(
                impersonation, access, 0, 0, CreateDisposition.FILE_OPEN, CreateOptions.FILE_NON_DIRECTORY_FILE
            )
        yield


@contextlib.contextmanager
def _tree(target: Target, credential: Credential, timeout_ms: int) -> Iterator[TreeConnect]:
    connection = Connection(uuid.uuid4(), target.address, target.port)
    patience = threading.Timer(_PATIENCE_S, lambda: connection.transport.close())
    patience.daemon = True
    try:
        with _step(ShareLayer.TCP):
            connection.connect(timeout=max(timeout_ms / 1000, 0.001))
        # smbprotocol waits for an answer without a bound; a closed connection ends the wait, with code 64.
        patience.start()
        with _step(ShareLayer.SHARE):
            # The lab's server is on loopback and knows NTLM alone.
            session = Session(
                connection, credential.name, credential.password, require_encryption=False, auth_protocol="ntlm"
            )
            session.connect()
            tree = TreeConnect(session, rf"\\{target.address}\{target.share}")
            tree.connect()
        yield tree
    finally:
        with contextlib.suppress(SMBException, OSError):
            connection.disconnect(close=True, timeout=1)
        patience.cancel()


def _steps(tree: TreeConnect, target: Target) -> None:
    with _step(ShareLayer.SHARE):
        if target.stale:
            # The server forgets the connection to the share while the workstation still believes in it.
            stale_id = tree.tree_connect_id
            tree.disconnect()
            tree.tree_connect_id = stale_id
            tree.session.tree_connect_table[stale_id] = tree
        _open(tree, "", DirectoryAccessMask.FILE_LIST_DIRECTORY, CreateOptions.FILE_DIRECTORY_FILE).close()
    if target.folder:
        with _step(ShareLayer.PATH):
            access = DirectoryAccessMask.FILE_LIST_DIRECTORY
            _open(tree, target.folder, access, CreateOptions.FILE_DIRECTORY_FILE).close()
    if target.file is not None:
        path = rf"{target.folder}\{target.file}".lstrip("\\")
        with _step(ShareLayer.FILE):
            _open(tree, path, FilePipePrinterAccessMask.FILE_READ_ATTRIBUTES, 0).close()
        with _step(ShareLayer.READ):
            handle = _open(tree, path, FilePipePrinterAccessMask.GENERIC_READ, 0)
            try:
                if handle.end_of_file:
                    handle.read(0, 1)
            finally:
                handle.close()
    if target.scratch is not None:
        path = rf"{target.folder}\{target.scratch}".lstrip("\\")
        with _step(ShareLayer.WRITE):
            _write(tree, path)


def _write(tree: TreeConnect, path: str) -> None:
    handle = Open(tree, path)
    handle.create(
        ImpersonationLevel.Impersonation,
        FilePipePrinterAccessMask.GENERIC_WRITE | FilePipePrinterAccessMask.DELETE,
        0,
        0,
        CreateDisposition.FILE_CREATE,
        CreateOptions.FILE_NON_DIRECTORY_FILE | CreateOptions.FILE_DELETE_ON_CLOSE,
    )
    try:
        handle.write(b"iea-fleet\r\n", 0)
    finally:
        handle.close()


def _open(tree: TreeConnect, path: str, access: int, options: int) -> Open:
    handle = Open(tree, path)
    handle.create(ImpersonationLevel.Impersonation, access, 0, _EVERYBODY, CreateDisposition.FILE_OPEN, options)
    return handle


@contextlib.contextmanager
def _step(layer: ShareLayer) -> Iterator[None]:
    """Turn what smbprotocol raises into the code that Windows gives at this step."""
    try:
        yield
    except SMBResponseException as error:
        code = win32_code(error.status)
        # A folder is looked into, and Windows says of one that is not there that the path is not found.
        if layer is ShareLayer.PATH and code == _FILE_NOT_FOUND:
            code = _PATH_NOT_FOUND
        raise _Stopped(Reached(layer, code)) from error
    except SMBException as error:
        if layer is ShareLayer.TCP:
            # The port is open; it is the negotiation, the beginning of a session, that came to nothing.
            raise _Stopped(Reached(ShareLayer.SHARE, NETNAME_DELETED)) from error
        closed = isinstance(error, SMBConnectionClosed)
        raise _Stopped(Reached(layer, NETNAME_DELETED if closed else UNEXPECTED_NETWORK_ERROR)) from error
    except (OSError, ValueError) as error:
        if layer is ShareLayer.TCP:
            # smbprotocol wraps the socket's error into a ValueError.
            refused = isinstance(error.__cause__, ConnectionRefusedError)
            raise _Stopped(Reached(layer, CONNECTION_REFUSED if refused else TIMED_OUT)) from error
        raise _Stopped(Reached(layer, NETNAME_DELETED)) from error
