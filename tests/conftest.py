"""Settings of all tests: how slow the machine is makes no test fail. A Kerberos realm for those that want one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from iea_fleet.lab.http.kerberos import kerberos_is_there
from iea_fleet.lab.kdc import Principal, Realm, kdc_is_there
from tests.leftovers import ended_with_this_run

# Both count wall time, which says nothing on a machine that does something else as well.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")

KERBEROS_USER, KERBEROS_PASSWORD = "hélène.naïm", 'pâss:w"örd 1'


@pytest.fixture(scope="session", autouse=True)
def _ended_with_this_run() -> Iterator[None]:
    with ended_with_this_run():
        yield


@pytest.fixture(scope="session")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    """The realm ASSO.EXAMPLE with a user, a locked one, one whose password has ended, and the keys of two hosts."""
    if not kdc_is_there():
        pytest.skip("no Kerberos KDC on this machine: it needs the Debian packages krb5-kdc and krb5-admin-server")
    if not kerberos_is_there():
        pytest.skip("the lab has no Kerberos here: it needs the extra kerberos")
    with Realm(tmp_path_factory.mktemp("realm") / "kdc", "ASSO.EXAMPLE") as opened:
        opened.add_users(
            [
                Principal(KERBEROS_USER, KERBEROS_PASSWORD),
                Principal("stranger", "Stranger-1"),
                Principal("locked", "Locked-11", ("-allow_tix",)),
                Principal("ended", "Ended-111", ("-pwexpire", "yesterday")),
                Principal("gone", "Gone-1111", ("-expire", "yesterday")),
            ]
        )
        opened.add_hosts(["POSTE-01.asso.example", "POSTE-02.asso.example", "PC-TEST-01.asso.example"])
        yield opened


@pytest.fixture
def kerberos(realm: Realm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Realm:
    """The realm as what this process and its children see, with tickets of the test's own."""
    if shutil.which("kinit") is None:
        pytest.skip("no kinit on this machine: it needs the Debian package krb5-user")
    pytest.importorskip("kerberos", reason="pywinrm has no Kerberos here: it needs the package pykerberos")
    for name, value in realm.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{tmp_path / 'tickets'}")
    return realm
