"""The lab's Kerberos realm: real programs, nothing of the system's touched, no secret where others look."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from iea_fleet.lab import kdc
from iea_fleet.lab.kdc import KdcRefused, Principal, Realm, kdc_is_there
from tests.conftest import KERBEROS_PASSWORD, KERBEROS_USER

needs_kdc = pytest.mark.skipif(
    not kdc_is_there(), reason="no Kerberos KDC on this machine: it needs krb5-kdc and krb5-admin-server"
)
SYSTEM = ("/etc/krb5kdc", "/var/lib/krb5kdc", "/etc/krb5.conf", "/etc/krb5.keytab", "/var/log/krb5kdc.log")


def state_of_the_system() -> dict[str, float]:
    found = [path for name in SYSTEM for path in (Path(name), *Path(name).glob("*")) if path.exists()]
    return {str(path): path.stat().st_mtime for path in found}


def kinit(realm: Realm, user: str, password: str) -> str:
    """What kinit says, "" when it has a ticket."""
    done = subprocess.run(
        ["kinit", user],
        input=f"{password}\n".encode(),
        capture_output=True,
        env={"PATH": "/usr/bin:/bin", **realm.environment},
    )
    return "" if done.returncode == 0 else done.stderr.decode()


@needs_kdc
def test_a_realm_is_whole_in_its_folder_and_gone_when_it_is_closed(tmp_path: Path) -> None:
    before = state_of_the_system()
    with Realm(tmp_path / "kdc", "LAB.EXAMPLE") as realm:
        realm.add_users([Principal(KERBEROS_USER, KERBEROS_PASSWORD)])
        realm.add_hosts(["PC-01.lab.example"])
        assert kinit(realm, KERBEROS_USER, KERBEROS_PASSWORD) == ""
        assert "Password incorrect" in kinit(realm, KERBEROS_USER, "another")
        realm.change_user(KERBEROS_USER, "-allow_tix")
        assert "have been revoked" in kinit(realm, KERBEROS_USER, KERBEROS_PASSWORD)
    assert "Cannot contact any KDC" in kinit(realm, KERBEROS_USER, KERBEROS_PASSWORD)
    assert state_of_the_system() == before
    assert realm.folder.stat().st_mode & 0o077 == 0
    assert realm.keytab.stat().st_mode & 0o077 == 0


@needs_kdc
def test_no_secret_is_an_argument_of_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    truly = subprocess.Popen

    class Watched(truly):  # type: ignore[misc,valid-type]
        def __init__(self, words: list[str], *args: object, **options: object) -> None:
            seen.append(" ".join(map(str, words)))
            super().__init__(words, *args, **options)

    monkeypatch.setattr("subprocess.Popen", Watched)
    with Realm(tmp_path / "kdc", "LAB.EXAMPLE") as realm:
        realm.add_users([Principal("user", "canary-of-the-realm")])
        assert kinit(realm, "user", "canary-of-the-realm") == ""
    assert len(seen) >= 3
    assert not any("canary" in words for words in seen)


@needs_kdc
def test_what_the_kdc_refuses_is_said(tmp_path: Path) -> None:
    with Realm(tmp_path / "kdc", "LAB.EXAMPLE") as realm:
        realm.add_users([Principal("user", "x")])
        with pytest.raises(KdcRefused, match="already exists"):
            realm.add_users([Principal("user", "x")])
        with pytest.raises(KdcRefused, match="line break"):
            realm.add_users([Principal("user2", "x\nquit")])


def test_without_a_kdc_a_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kdc, "_PATH", "/nonexistent")
    with pytest.raises(KdcRefused, match=r"no Kerberos KDC.*Install krb5-kdc and krb5-admin-server"):
        Realm(tmp_path / "kdc", "LAB.EXAMPLE").open()
