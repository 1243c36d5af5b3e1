"""Checks this machine: Python and packages, locale, state folder and ledger, playbooks."""

from __future__ import annotations

import locale
import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

from iea_fleet.doctor.checks import check
from iea_fleet.ledger.records import RunKind
from iea_fleet.ledger.state import StateFolder, open_state_folder
from iea_fleet.ledger.store import Ledger
from iea_fleet.model.errors import FleetError
from iea_fleet.model.finding import Finding
from iea_fleet.model.phrase import Phrase, Translate
from iea_fleet.rollout.content import ENVIRONMENT_NAME as CONTENT_VARIABLE
from iea_fleet.rollout.content import find_content

PACKAGE: Final = "iea-fleet"
_LEAST_PYTHON: Final = (3, 11)
_SHOWN: Final = ("ansible-core", "ansible-runner", "pywinrm", "pypsrp")
_OPTIONAL: Final = ("pykerberos", "krb5", "gssapi", "requests-credssp", "keyring", "psycopg")
_SQLITE: Final = "sqlite:///"


def check_controller(state: Path | None, ledger: str, translate: Translate = str) -> tuple[Finding, ...]:
    """Everything about this machine that needs no inventory.

    Args:
        state: the state folder as named; `None`: the usual one.
        ledger: its URL as named; "": the state folder's own.
        translate: what failures say, into the language of whoever reads them.
    """
    return (*_python(), *_packages(), *_locale(), *_state(state, ledger, translate), *_content(translate))


def lacking(distribution: str, extra: str = "") -> tuple[Requirement, ...]:
    """What an installed package asks for and does not have, or has too old; with `extra` only what that asks for.

    Raises: PackageNotFoundError when the package itself is not installed.
    """
    asked = (Requirement(line) for line in requires(distribution) or ())
    wanted = (one for one in asked if _concerns(one, extra))
    return tuple(one for one in wanted if not _is_met(one))


def _concerns(requirement: Requirement, extra: str) -> bool:
    marker = requirement.marker
    if marker is None:
        return not extra
    return marker.evaluate({"extra": extra}) and not (extra and marker.evaluate({"extra": ""}))


def _is_met(requirement: Requirement) -> bool:
    try:
        return requirement.specifier.contains(version(requirement.name), prereleases=True)
    except PackageNotFoundError:
        return False


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _python() -> Iterator[Finding]:
    running = ".".join(str(part) for part in sys.version_info[:3])
    least = ".".join(str(part) for part in _LEAST_PYTHON)
    good = sys.version_info[:2] >= _LEAST_PYTHON
    yield check("doctor.python" if good else "doctor.python_old", version=running, needed=least, path=sys.executable)


def _packages() -> Iterator[Finding]:
    try:
        missing = lacking(PACKAGE)
    except PackageNotFoundError:
        yield check("doctor.package_missing", package=PACKAGE, needed="")
        return
    for requirement in missing:
        found = _installed(requirement.name)
        code = "doctor.package_missing" if found is None else "doctor.package_old"
        yield check(code, package=requirement.name, version=found, needed=str(requirement.specifier))
    if not missing:
        yield check("doctor.packages", packages=_list(_SHOWN))
    optional = _list(_OPTIONAL)
    if optional:
        yield check("doctor.extras", packages=optional)


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(f"{name} {found}" for name in names if (found := _installed(name)) is not None)


def _locale() -> Iterator[Finding]:
    named = next((os.environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if os.environ.get(name)), "")
    before = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, "")
        known = True
    except locale.Error:
        known = False
    finally:
        locale.setlocale(locale.LC_ALL, before)
    encoding = locale.getpreferredencoding(False)
    if not known:
        yield check("doctor.locale_unknown", locale=_missing_locale() or named)
    elif encoding.lower().replace("-", "") != "utf8":
        yield check("doctor.locale_not_utf8", locale=named or None, encoding=encoding)
    else:
        yield check("doctor.locale", locale=named or None, encoding=encoding)


def _missing_locale() -> str | None:
    """The first locale of the environment that this system lacks; Python adds an LC_CTYPE of its own (PEP 538)."""
    names = ("LC_ALL", "LANG", *sorted(name for name in os.environ if name.startswith("LC_")))
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in names:
            if os.environ.get(name):
                try:
                    locale.setlocale(locale.LC_CTYPE, os.environ[name])
                except locale.Error:
                    return os.environ[name]
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    return None


def _state(named: Path | None, url: str, translate: Translate) -> Iterator[Finding]:
    try:
        folder = open_state_folder(named)
        folder.require_space()
    except FleetError as error:
        yield unusable("doctor.machine", error, translate)
        return
    free = shutil.disk_usage(folder.path).free // 1_000_000
    yield check("doctor.state_folder", path=str(folder.path), free_mb=free)
    mode = stat.S_IMODE(folder.path.stat().st_mode)
    if mode & 0o077:
        yield check("doctor.state_folder_readable", path=str(folder.path), mode=f"{mode:04o}")
    yield from _ledger(folder, url, translate)


def _ledger(folder: StateFolder, named: str, translate: Translate) -> Iterator[Finding]:
    url = named or folder.ledger_url
    path = Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None
    if path is not None and not path.exists():
        yield check("doctor.ledger_new", path=str(path))
        return
    if path is not None:
        problem = _damage(path)
        if problem is not None:
            yield check("doctor.ledger_damaged", path=str(path), message=problem)
            return
    try:
        ledger = Ledger(url)
        try:
            runs = len(ledger.latest(1000))
        finally:
            ledger.close()
    except FleetError as error:
        yield unusable("doctor.machine", error, translate)
        return
    yield check("doctor.ledger", path=str(path) if path is not None else url.partition("@")[2], runs=runs)


def _damage(path: Path) -> str | None:
    """What SQLite says is wrong with a database; `None`: nothing. Another process at work in it is no damage."""
    try:
        with closing(sqlite3.connect(f"file:{path.absolute().as_posix()}?mode=ro", uri=True, timeout=5)) as connection:
            (told,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return None if isinstance(error, sqlite3.OperationalError) and "locked" in str(error) else str(error)[:300]
    return None if told == "ok" else str(told)[:300]


def _content(translate: Translate) -> Iterator[Finding]:
    try:
        content = find_content()
        for kind in RunKind:
            content.playbook(kind.value)
    except FleetError as error:
        yield unusable("doctor.machine", error, translate)
        return
    for path in (content.folder / "roles" / "iea_report", content.plugins / "action" / "iea_workstation.py"):
        if not path.exists():
            yield check("doctor.machine", path=str(path), message=Phrase("it is missing").told(translate))
            return
    if os.environ.get(CONTENT_VARIABLE):
        yield check("doctor.content_elsewhere", path=str(content.folder))
    else:
        yield check("doctor.content", path=str(content.folder))


def unusable(code: str, error: FleetError, translate: Translate) -> Finding:
    """The check that a failure gives, with its words in a language."""
    where, what, mend = error.parts(translate)
    return check(code, path=where, message=what, mend=mend)
