"""One call of Ansible through ansible-runner: its events as they come, nothing secret on disk, an end in any case."""

from __future__ import annotations

import os
import shlex
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from ansible_runner.config.runner import RunnerConfig
from ansible_runner.runner import Runner

from iea_fleet.model.errors import LocalFailure
from iea_fleet.model.phrase import system_said
from iea_fleet.rollout.content import NOT_FOR_ANSIBLE
from iea_fleet.rollout.vault import Vault

_POLL_S = 0.5
"""How often the runner looks up from Ansible's output to ask whether to go on."""

_VAULT_PROMPT = r"Vault password:\s*?$"
_VARIABLES = "variables"
_TEXT = "tag:yaml.org,2002:str"


@dataclass(frozen=True, slots=True)
class PlaybookCall:
    """What to run.

    Args:
        playbook: its file.
        inventory: sources, as the user gave them.
        hosts: names of the hosts to ask.
        forks: how many at once.
        check, diff: Ansible's modes of these names.
        vault: opens what is encrypted in the inventory.
        environment: variables for Ansible, beside the user's own.
        variables: the playbook's, above those of the inventory (`--extra-vars`); secrets may be among them.
    """

    playbook: Path
    inventory: Sequence[str]
    hosts: Sequence[str]
    forks: int
    check: bool
    diff: bool
    vault: Vault
    environment: Mapping[str, str]
    variables: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class PlaybookEnd:
    """How it ended.

    Args:
        exit_code: Ansible's own; -1: it could not be started.
    """

    exit_code: int


def run_playbook(
    call: PlaybookCall, folder: Path, on_event: Callable[[Mapping[str, Any]], None], wants_end: Callable[[], bool]
) -> PlaybookEnd:
    """Run it, and return when Ansible has ended.

    Args:
        call: what to run.
        folder: a private folder for ansible-runner's files, made here and removed before returning.
        on_event: called with each event in this thread. What it raises ends Ansible and is raised again from here.
        wants_end: asked about twice a second; `True` kills Ansible.
    Raises: LocalFailure when this machine's disk stands in the way.
    """
    failures: list[Exception] = []

    def handle(event: dict[str, Any]) -> bool:
        # An exception in the handler would pass through the middle of pexpect's reading: it is kept, and ends the run.
        try:
            on_event(event)
        except Exception as error:
            failures.append(error)
        return False  # do not write the event to disk

    try:
        folder.mkdir(mode=0o700)
        config = _config(call, folder)
        _keep_environment_off_disk(Path(config.artifact_dir))
        runner = Runner(config, event_handler=handle, cancel_callback=lambda: bool(failures) or wants_end())
        with _handed_over(call.variables, folder / _VARIABLES):
            _, exit_code = runner.run()
    except OSError as error:
        raise LocalFailure(
            str(folder), "Ansible's files can't be written ({said})", "Mend that and run again", said=system_said(error)
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if failures:
        raise failures[0]
    return PlaybookEnd(exit_code=int(exit_code))


def _config(call: PlaybookCall, folder: Path) -> RunnerConfig:
    # A file, because the names of thousands of hosts are longer than an argument may be.
    limit = folder / "hosts"
    limit.write_text("".join(f"{name}\n" for name in call.hosts), encoding="utf-8")
    arguments = ["--check"] if call.check else []
    arguments += ["--diff"] if call.diff else []
    arguments += ["--extra-vars", f"@{folder / _VARIABLES}"] if call.variables else []
    passwords = {}
    if call.vault.file is not None:
        arguments += ["--vault-password-file", str(call.vault.file.absolute())]
    elif call.vault.password is not None:
        # ansible-runner types it into Ansible's prompt; handed to the class itself, it is written nowhere.
        arguments += ["--ask-vault-pass"]
        passwords[_VAULT_PROMPT] = call.vault.password
    config = RunnerConfig(
        private_data_dir=str(folder),
        playbook=str(call.playbook),
        inventory=[source if "," in source else str(Path(source).absolute()) for source in call.inventory],
        limit=f"@{limit}",
        forks=call.forks,
        cmdline=shlex.join(arguments) if arguments else None,
        envvars=dict(call.environment),
        passwords=passwords,
        quiet=True,
        suppress_output_file=True,
        suppress_ansible_output=True,
    )
    config.prepare()
    # prepare() forgets these three, because there is no file with settings.
    config.suppress_output_file = True
    config.suppress_ansible_output = True
    config.pexpect_timeout = _POLL_S
    for name in NOT_FOR_ANSIBLE:
        config.env.pop(name, None)
    config.cwd = str(Path.cwd())  # so that the user's ansible.cfg counts, and relative paths in it
    return config


class _PlainTexts(yaml.SafeDumper):
    """Writes YAML whose texts Ansible takes as they are: it fills in templates in the variables of its command line,
    and these hold what a workstation told (names of licences, of people) and passwords.
    """


def _plain_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # Ansible reads a tagged `yes` as a boolean, quotes or not; what is no text to YAML is no template either.
    kind = dumper.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return dumper.represent_scalar("!unsafe" if kind == _TEXT else _TEXT, text, style='"')


_PlainTexts.add_representer(str, _plain_text)


@contextmanager
def _handed_over(variables: Mapping[str, object], pipe: Path) -> Iterator[None]:
    """Give variables to Ansible through a pipe: they are in no argument, no environment and no file."""
    if not variables:
        yield
        return
    os.mkfifo(pipe, 0o600)
    content = yaml.dump(dict(variables), Dumper=_PlainTexts, allow_unicode=False).encode()
    writer = threading.Thread(target=_write_once, args=(pipe, content), name="variables", daemon=True)
    writer.start()
    try:
        yield
    finally:
        # An Ansible that ended before it read them leaves the writer waiting: nobody reads, so its write fails.
        os.close(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK))
        writer.join()


def _write_once(pipe: Path, content: bytes) -> None:
    with suppress(BrokenPipeError):
        pipe.write_bytes(content)


def _keep_environment_off_disk(artifacts: Path) -> None:
    """Let ansible-runner write its file `command`, which holds the whole environment, into a pipe that nobody keeps."""
    pipe = artifacts / "command"
    os.mkfifo(pipe, 0o600)
    threading.Thread(target=pipe.read_bytes, name="drain", daemon=True).start()
