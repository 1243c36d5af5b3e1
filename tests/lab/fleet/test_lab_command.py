"""`iea-fleet lab` as people call it: a real process, real sockets, real clients."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import winrm
import yaml

from tests.lab.fleet.conftest import PROGRAM, CommandLine


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    iea = CommandLine(tmp_path_factory.mktemp("opened") / "state")
    iea.up("--hosts", "2", "--auth", "basic,ntlm", "--situation", "right")
    yield iea
    assert iea("lab", "down").code == 0


@pytest.fixture
def lab(opened: CommandLine) -> Iterator[CommandLine]:
    """A lab of two right workstations that is up already, and right again afterwards."""
    yield opened
    assert opened("lab", "mend", "all").code == 0
    assert opened("lab", "break", "all", "right").code == 0


def names(iea: CommandLine) -> list[str]:
    return list(iea.status())


def run(iea: CommandLine, host: str, command: str, transport: str = "ntlm") -> str:
    account = iea.account(host)
    session = winrm.Session(account.url, auth=(account.user, account.password), transport=transport, ca_trust_path=None)
    answer = session.run_cmd(command)
    assert answer.status_code == 0
    return str(answer.std_out.decode().strip())


def test_a_stock_client_reaches_each_workstation_with_the_inventorys_account(lab: CommandLine) -> None:
    for host in names(lab):
        assert run(lab, host, "hostname", "ntlm") == host
        assert run(lab, host, "hostname", "basic") == host
    for seen in lab.status().values():
        assert int(str(seen["requests"])) > 4
        assert seen["last_request"] == "delete"
        assert seen["shells"] == 0


def test_up_tells_where_the_inventory_is_and_what_to_type_next(iea: CommandLine) -> None:
    done = iea("lab", "up", "--detach", "--port", "0", "--hosts", "3", "--sites", "1")
    assert done.code == 0
    assert "The lab is up: 3 workstations in 1 association." in done.stdout
    assert f"iea-fleet push -i {iea.inventory}" in done.stdout
    assert "iea-fleet lab down" in done.stdout
    told = ("what a push would do", "do it", "what stands on each", "let something be wrong")
    lines = done.stdout.split("Next:")[1].splitlines()
    assert len({line.index(text) for line in lines for text in told if text in line}) == 1
    assert iea.inventory.exists()


def test_status_shows_a_table_of_what_is_so(lab: CommandLine) -> None:
    assert lab("lab", "break", "all", "plain_mode").code == 0
    done = lab("lab", "status")
    assert done.code == 0
    assert "plain_mode" in done.stdout
    assert "Standard" in done.stdout


def test_what_is_broken_shows_and_what_is_mended_is_gone(lab: CommandLine) -> None:
    first, second = names(lab)
    for fault in ("settings_malformed", "server_dns", "licence_not_recognised"):
        assert lab("lab", "break", first, fault).code == 0
    assert lab("lab", "break", first, "slow", "delay_s=0.5", "on=create").code == 0
    broken = lab.status()
    assert broken[first]["situations"] == ["right", "settings_malformed", "server_dns", "licence_not_recognised"]
    assert broken[first]["faults"] == ["slow(delay_s=0.5, on=create)"]
    assert broken[first]["right"] is False
    assert broken[second]["right"] is True
    assert lab("lab", "mend", first).code == 0
    mended = lab.status()[first]
    assert (mended["situations"], mended["faults"], mended["right"]) == (["right"], [], True)


def test_mend_leaves_wrong_settings_for_a_push(lab: CommandLine) -> None:
    assert lab("lab", "break", "all", "old_http_urls").code == 0
    assert lab("lab", "mend", "all").code == 0
    assert [host["situations"] for host in lab.status().values()] == [["old_http_urls"]] * 2
    assert not any(host["right"] for host in lab.status().values())


def test_a_transport_fault_meets_a_stock_client_until_it_is_mended(lab: CommandLine) -> None:
    host, _ = names(lab)
    lab("lab", "break", host, "credentials_rejected")
    with pytest.raises(winrm.exceptions.InvalidCredentialsError):
        run(lab, host, "hostname")
    assert int(str(lab.status()[host]["refused_logons"])) >= 1
    lab("lab", "mend", host)
    assert run(lab, host, "hostname") == host


def test_the_list_of_faults_needs_no_lab_and_names_parameters_and_engine(iea: CommandLine) -> None:
    done = iea("lab", "break", "--list")
    assert done.code == 0
    assert "Row" not in done.stdout.splitlines()[0]
    for name in ("server_tls_expired", "shells_quota", "banner", "power_cut"):
        assert name in done.stdout


def test_over_https_a_client_that_trusts_the_lab_authority_is_served(iea: CommandLine) -> None:
    iea.up("--hosts", "1", "--https")
    (host,) = names(iea)
    account = iea.account(host)
    variables = yaml.safe_load(iea.inventory.read_text(encoding="utf-8"))["all"]["vars"]
    session = winrm.Session(
        f"https://{account.host}:{account.port}/wsman",
        auth=(account.user, account.password),
        transport="ntlm",
        server_cert_validation="validate",
        ca_trust_path=variables["ansible_winrm_ca_trust_path"],
    )
    assert session.run_cmd("hostname").std_out.decode().strip() == host


def test_everything_private_is_for_its_owner_only_and_gone_after_down(iea: CommandLine) -> None:
    iea.up("--hosts", "1")
    lab = iea.state / "lab"
    assert stat.S_IMODE(lab.stat().st_mode) == 0o700
    socket_path = Path(json.loads((lab / "lab.json").read_text(encoding="utf-8"))["socket"])
    private = (lab / "lab.json", lab / "inventory" / "group_vars" / "all" / "vault.yml", socket_path)
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}
    assert iea("lab", "down").code == 0
    assert not iea.inventory.exists()
    assert not any(path.exists() for path in private)


def test_nonsense_on_the_socket_is_refused_and_the_lab_goes_on(lab: CommandLine) -> None:
    path = json.loads((lab.state / "lab" / "lab.json").read_text(encoding="utf-8"))["socket"]
    for sent in (
        b"\n",
        b"{}\n",
        b"\xff\x00\n",
        b'{"order":"down","x":1}\n',
        b'"},"order":{"order":"down"\n',
        b"[" * 65_000,
    ):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            assert b"can't be understood" in connection.recv(65_536)
    assert len(lab.status()) == 2


def test_down_twice_is_no_error(iea: CommandLine) -> None:
    iea.up("--hosts", "1")
    assert "closed" in iea("lab", "down").stdout
    done = iea("lab", "down")
    assert (done.code, done.stdout) == (0, "No lab is running.\n")


def test_the_inventory_can_stand_where_the_user_wants_it(iea: CommandLine, tmp_path: Path) -> None:
    inventory = tmp_path / "mine" / "fleet.yml"
    iea.up("--hosts", "1", "--inventory", inventory)
    assert inventory.exists()
    iea("lab", "down")
    assert not (tmp_path / "mine" / "group_vars").exists()


def test_a_second_lab_is_refused_with_the_first_ones_facts(lab: CommandLine) -> None:
    done = lab("lab", "up", "--detach", "--port", "0")
    assert done.code == 6
    assert "already running (workstations: 2, engine: emulated, process: " in done.stderr
    assert len(lab.status()) == 2


def test_a_port_in_use_is_one_sentence_and_leaves_nothing(iea: CommandLine) -> None:
    with socket.socket() as taken:
        taken.bind(("127.87.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = iea("lab", "up", "--detach", "--hosts", "2", "--port", port)
    assert done.code == 6
    assert "the port is in use" in done.stderr.lower() or "port in use" in done.stderr.lower()
    assert done.stderr.count("\n") == 1
    assert not iea.inventory.exists()
    assert iea("lab", "status").code == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("status",), "no lab is running"),
        (("mend", "POSTE-01"), "no lab is running"),
        (("break", "POSTE-01", "slow"), "no lab is running"),
        (("up", "--situation", "server_dsn"), "Did you mean server_dns?"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(iea: CommandLine, arguments: tuple[str, ...], sentence: str) -> None:
    done = iea("lab", *arguments)
    assert done.code == 3
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("up", "--hosts", "0"),
        ("up", "--auth", "digest"),
        ("up", "--logon", "digest"),
        ("up", "--logon", "certificate"),  # which needs --https
        ("up", "--engine", "wine"),
        ("up", "--hosts", "2", "--sites", "3"),
        ("break", "POSTE-01"),
        ("break", "POSTE-01", "slow", "delay_s"),
    ],
)
def test_a_wrong_command_line_is_code_2(iea: CommandLine, arguments: tuple[str, ...]) -> None:
    assert iea("lab", *arguments).code == 2


def test_an_order_that_makes_no_sense_is_refused_and_changes_nothing(lab: CommandLine) -> None:
    def status() -> list[dict[str, object]]:
        return [dict(one) | {"last_request_s": None} for one in lab.status().values()]  # time goes on

    host, _ = names(lab)
    before = status()
    for arguments, sentence in (
        (("break", "NOBODY", "slow"), "the lab has no such host"),
        (("break", host, "slwo"), "Did you mean slow?"),
        (("break", host, "slow", "delay=1"), "it has no parameter delay"),
        (("break", host, "slow", "delay_s=x"), "delay_s can't be 'x'"),
        (("break", host, "server_dns", "x=1"), "has no parameter x"),
        (("break", host, "\x1b[31m"), "no name or value"),
        (("mend", "NOBODY"), "the lab has no such host"),
    ):
        done = lab("lab", *arguments)
        assert (done.code, done.stderr.count("\n")) == (3, 1)
        assert sentence in done.stderr
        assert "\x1b" not in done.stderr
    assert status() == before


def test_engine_pwsh_without_a_powershell_says_what_to_do(iea: CommandLine) -> None:
    done = subprocess.run(
        [PROGRAM, "lab", "up", "--engine", "pwsh", "--detach"],
        env=iea.environment | {"IEA_FLEET_PWSH": "/nowhere/pwsh"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "no PowerShell at /nowhere/pwsh" in done.stderr


def test_a_lab_whose_process_died_is_told_and_cleared_up(iea: CommandLine) -> None:
    iea.up("--hosts", "1")
    record = (iea.state / "lab" / "lab.json").read_text(encoding="utf-8")
    os.kill(int(record.partition('"pid":')[2].partition(",")[0]), signal.SIGKILL)
    done = iea("lab", "status")
    assert done.code == 3
    assert "process has died" in done.stderr
    assert iea("lab", "down").code == 0
    assert not iea.inventory.exists()
    iea.up("--hosts", "1")


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_in_the_foreground_it_closes_cleanly_when_it_is_told_to_end(iea: CommandLine, kind: signal.Signals) -> None:
    with subprocess.Popen(
        [PROGRAM, "lab", "up", "--port", "0", "--hosts", "2"],
        env=iea.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        while "Ctrl-C" not in process.stdout.readline():
            assert process.poll() is None
        assert len(iea.status()) == 2
        process.send_signal(kind)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "The lab is closed" in out
    assert err == ""
    assert not iea.inventory.exists()


def test_a_foreign_inventory_is_left_alone(iea: CommandLine, tmp_path: Path) -> None:
    own = tmp_path / "hosts.yml"
    own.write_text("all: {}\n", encoding="utf-8")
    done = iea("lab", "up", "--detach", "--port", "0", "--inventory", own)
    assert done.code == 3
    assert "is not from the lab" in done.stderr
    assert own.read_text(encoding="utf-8") == "all: {}\n"


def test_a_state_folder_with_a_long_path_works_too(tmp_path: Path) -> None:
    iea = CommandLine(tmp_path / ("deep" * 20) / ("er" * 20))
    iea.up("--hosts", "1")
    assert len(iea.status()) == 1
    assert iea("lab", "down").code == 0


def test_status_tells_what_a_person_sees_in_their_language(iea: CommandLine) -> None:
    iea.up("--hosts", "2", "--sites", "2", "--situation", "right", "--share", "folder")
    first, second = names(iea)
    iea("lab", "break", first, "three_faults")
    iea("lab", "break", second, "assistance_on")
    french, english = iea("lab", "status", "--lang", "fr").stdout, iea("lab", "status", "--lang", "en").stdout
    for text in ("Poste", "●♥ cœur rouge", "◆ scarabée rouge", "restée ouverte", "PC-ACCUEIL", "Mot de passe du jour"):
        assert text in french
    for text in ("Host", "●♥ red heart", "◆ red scarab", "left open", "PC-ACCUEIL", "Password of the day"):
        assert text in english
    # What the application says, it says in French.
    assert "Le serveur virtuel" in french
    assert "Le serveur virtuel" in english
    told = iea.status()
    assert told[first]["desk"]["message_kind"] == "licence"  # type: ignore[index]
    assert told[second]["desk"]["tray"] == "red_scarab"  # type: ignore[index]
    assert len({host["password_of_the_day"] for host in told.values()}) == 1


def test_watching_where_the_output_is_no_terminal_shows_the_table_once(lab: CommandLine) -> None:
    done = lab("lab", "status", "--watch", "--lang", "en")
    assert (done.code, done.stdout.count("blue ball")) == (0, 2)
    assert lab("lab", "status", "--watch", "--json").code == 2


def test_watching_on_a_terminal_goes_on_until_ctrl_c(lab: CommandLine) -> None:
    host, _ = names(lab)
    main, other = pty.openpty()
    watcher = subprocess.Popen(
        [PROGRAM, "lab", "status", "--watch", "--lang", "en", "--state", lab.state],
        stdin=other,
        stdout=other,
        stderr=other,
        env=lab.environment | {"TERM": "xterm"},
        start_new_session=True,
        # Where the tests themselves run in the background the signal is ignored, and that is inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    os.close(other)
    try:
        assert b"blue ball" in _read_until(main, b"blue ball")
        lab("lab", "break", host, "assistance_on")
        assert b"red scarab" in _read_until(main, b"red scarab")
        watcher.send_signal(signal.SIGINT)
        shown = _read_until(main, b"")
        assert watcher.wait(20) == 0
        assert b"Traceback" not in shown
        # Cursor and screen are the person's own again.
        assert b"\x1b[?1049l" in shown
        assert b"\x1b[?25h" in shown
    finally:
        watcher.kill()
        watcher.wait()
        os.close(main)


def _read_until(terminal: int, wanted: bytes) -> bytes:
    """What a terminal shows until `wanted` is among it; empty: until its end."""
    shown, deadline = b"", time.monotonic() + 30
    while not wanted or wanted not in shown:
        if time.monotonic() > deadline or not select.select([terminal], [], [], 20)[0]:
            break
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # the other side was closed
            break
        if not chunk:
            break
        shown += chunk
    return shown
