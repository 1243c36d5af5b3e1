"""The program started without the second that its imports take: forked from a process that has them already.

`warm_program()` is a command for `subprocess` like `python -c "from iea_fleet.cli import main; main()"`: with its own
folder, environment, streams, signals and exit code. Where how it starts is what is tested, or it is killed, or it needs
a terminal to itself, the plain command is the one to take.
"""

from __future__ import annotations

# Few imports: each start of the program begins with this file, too.
import atexit
import contextlib
import json
import locale
import os
import select
import signal
import socket
import sys
import threading
from functools import cache

_Start = tuple[list[int], list[str], str, dict[str, str], int]
"""Streams, arguments, folder, environment and umask of one start."""


@cache
def warm_program() -> tuple[str, ...]:
    """The command. The first call starts the process that it is forked from, one for each test run."""
    import subprocess
    import tempfile

    folder = tempfile.mkdtemp(prefix="iea-warm-")
    path = f"{folder}/socket"
    server = subprocess.Popen([sys.executable, __file__, "serve", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    atexit.register(server.communicate)
    assert server.stdout is not None
    assert server.stdout.readline(), "the process that has the imports did not start"
    return (sys.executable, "-I", "-S", __file__, path)


def _send(path: str, arguments: list[str]) -> int:
    """Have the program run with this process's streams; its exit status."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        umask = os.umask(0)
        order = [arguments, os.getcwd(), dict(os.environ), umask]  # noqa: PTH109 (pathlib is a slow import)
        socket.send_fds(connection, [b"s"], [0, 1, 2])
        connection.sendall(json.dumps(order).encode() + b"\n")
        with connection.makefile("rb") as told:
            child = int(told.readline())
            for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(each, lambda number, _: os.kill(child, number))
            status = int(told.readline())
    if os.WIFSIGNALED(status):
        signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    return os.waitstatus_to_exitcode(status)


def _serve(path: str) -> _Start | None:
    """Fork the program for whoever connects, until standard input is closed. In a program: what it starts with."""
    # What the commands load when they are called, but nothing of Ansible's, which looks at the environment then.
    import gc

    import sqlalchemy.dialects.sqlite  # noqa: F401

    import iea_fleet.cli.app
    import iea_fleet.cli.doctor_text
    import iea_fleet.cli.fix_session
    import iea_fleet.cli.lab_status
    import iea_fleet.cli.lab_text
    import iea_fleet.cli.outbox_text
    import iea_fleet.cli.present
    import iea_fleet.cli.run_list
    import iea_fleet.lab.control  # noqa: F401

    gc.freeze()  # pages that no collection touches are shared with what is forked
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    waiting: dict[int, socket.socket] = {}
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        os.write(1, b"\n")
        while True:
            ready, _, _ = select.select([0, listener.fileno(), woken], [], [])
            if woken in ready:
                os.read(woken, 1 << 16)
                _reap(waiting)
            if 0 in ready:
                return None
            if listener.fileno() in ready:
                connection = listener.accept()[0]
                _, streams, _, _ = socket.recv_fds(connection, 1, 3)
                with connection.makefile("rb") as told:
                    order = json.loads(told.readline())
                child = os.fork()
                if not child:
                    signal.set_wakeup_fd(-1)
                    for each in (connection, *waiting.values()):
                        each.close()
                    os.close(woken)
                    os.close(wakes)
                    return (streams, *order)
                for descriptor in streams:
                    os.close(descriptor)
                connection.sendall(b"%d\n" % child)
                waiting[child] = connection


def _reap(waiting: dict[int, socket.socket]) -> None:
    while waiting:
        child, status = os.waitpid(-1, os.WNOHANG)
        if not child:
            return
        # Who started the program may have been killed before it ended.
        with waiting.pop(child) as connection, contextlib.suppress(BrokenPipeError):
            connection.sendall(b"%d\n" % status)


def _become(streams: list[int], arguments: list[str], folder: str, environment: dict[str, str], umask: int) -> None:
    """The program's own start, as the interpreter would make it."""
    for target, descriptor in enumerate(streams):
        os.dup2(descriptor, target)
        os.close(descriptor)
    os.chdir(folder)
    os.umask(umask)
    os.environ.clear()
    os.environ.update(environment)
    for each in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    locale.setlocale(locale.LC_CTYPE, "")
    sys.argv = ["-c", *arguments]
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False, errors="backslashreplace", buffering=1)
    from iea_fleet.cli import main

    try:
        main()
    except SystemExit as end:
        # As at an interpreter's end, but for taking every module apart.
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else 0 if end.code is None else 1)


if __name__ == "__main__":
    if sys.argv[1] != "serve":
        sys.exit(_send(sys.argv[1], sys.argv[2:]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's is for the run, which closes standard input then
    forked = _serve(sys.argv[2])
    if forked is not None:
        _become(*forked)
    os.unlink(sys.argv[2])  # noqa: PTH108
    os.rmdir(os.path.dirname(sys.argv[2]))  # noqa: PTH106, PTH120
