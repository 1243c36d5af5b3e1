"""One round with one host: the transaction sent until its answer is there, or until it is clear that none will come."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from iea_fleet import agent
from iea_fleet.diagnosis.licence_findings import spelling_of
from iea_fleet.diagnosis.sheets import Task, build_request, judge
from iea_fleet.diagnosis.transport import Failure, Retry, Stage, TransportFacts, diagnose, judge_transport
from iea_fleet.model.answer import Answer, Status, Step
from iea_fleet.model.finding import Finding
from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.model.request import Request
from iea_fleet.plugins._certificate import certificate_facts, shown_certificate
from iea_fleet.plugins._clients import Attempt, AttemptOver, Connection, end_shell, forget, guarded, hang_up
from iea_fleet.plugins._facts import clock_difference_s, failure_facts, http_date
from iea_fleet.plugins._restart import POLL_S, Return, restart_begun
from iea_fleet.plugins._secrets import LONGEST_BYTES, Secrets
from iea_fleet.plugins._watch import Watch

_EXCERPT = 400
_MOST_ATTEMPTS = 12
_BUSY_TRIES = 5
_BUSY_PAUSE_S = 3.0
_OVERTAKEN_TRIES = 3
_LOCK_VIOLATION = 33
_FINDINGS = 64
_COUNTED_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class _Said:
    """The output of one attempt that ended."""

    exit_code: int
    stdout: bytes
    stderr: bytes


class _OneObject(str):
    """Text that Ansible's psrp sends as one input object, where it would send each line as one: half the bytes."""

    __slots__ = ()

    def splitlines(self, keepends: bool = False) -> list[str]:
        """The whole text as the only line; the loader joins what it gets."""
        del keepends
        return [str(self)]


class Round:
    """One round; make it, call `run` once.

    Args:
        connection: Ansible's connection to the host, not connected yet.
        task: what is asked.
        base: facts known beforehand, see `route.py`; `failure` in it does not matter.
        watch: the bounds.
    """

    def __init__(self, connection: Connection, task: Task, base: TransportFacts, watch: Watch) -> None:
        self._connection = connection
        self._task = task
        self._facts = base
        self._watch = watch
        self._transaction = secrets.token_hex(16)
        self._attempts = 0
        self._first_loss: TransportFacts | None = None
        self._secrets = Secrets(_passwords(connection, task))

    def run(self) -> Outcome:
        """Ask, connect again where that can help, wait for a restart that was begun, and judge."""
        started, retries, busy, overtaken = time.monotonic(), dict[str, int](), 0, 0
        while True:
            answer = self._attempt(self._request())
            if answer is not None:
                if answer.status is Status.BUSY and self._facts.input_sent and busy < _BUSY_TRIES:
                    # Most likely our own earlier attempt, still at work on the workstation.
                    busy += 1
                    if self._attempts < _MOST_ATTEMPTS and self._watch.pause(_BUSY_PAUSE_S):
                        continue
                if _is_overtaken(answer) and overtaken < _OVERTAKEN_TRIES:
                    # Workstations of one site write the same files of the database: another was quicker.
                    overtaken += 1
                    self._transaction = secrets.token_hex(16)
                    if self._watch.pause(random.uniform(0.2, 1.0) * overtaken):  # noqa: S311 - jitter
                        continue
                return self._answered(self._after_restart(answer), started)
            found = diagnose(self._facts)
            tries = retries.get(found.code, 0)
            retries[found.code] = tries + 1
            again = found.retry in {Retry.CONNECTION, Retry.JOURNAL} and tries < found.limit
            pause_s = min(found.pause_s * 2**tries, 10.0) * random.uniform(0.7, 1.3)  # noqa: S311 - jitter
            if not again or self._attempts >= _MOST_ATTEMPTS or not self._watch.pause(pause_s):
                return self._lost(started)

    def _request(self) -> Request:
        # A fresh nonce each time: nobody can have seen it in an answer before.
        return build_request(self._task, transaction=self._transaction, nonce=secrets.token_hex(16))

    def _after_restart(self, answer: Answer) -> Answer:
        """Where a restart was begun, wait for its end; `verify` and `host` are what the workstation says then."""
        request = self._request()
        step = restart_begun(request, answer)
        # Who was asked has said yes; who is told only is given the time.
        given_s = 0 if step is None or step.ask else step.delay_s
        if step is None or not self._watch.pause(min(given_s, self._watch.remaining_s / 2)):
            return answer
        back = Return(answer.host.boot_time)
        nothing: dict[str, Any] = dict.fromkeys(("require", "act", "ensure", "release", "after"), ())
        while self._watch.pause(POLL_S):
            ids = {"transaction": secrets.token_hex(16), "nonce": secrets.token_hex(16)}
            seen = self._attempt(request.model_copy(update={**nothing, **ids, "dry_run": True}))
            if seen is None:
                back.away()
            elif back.answered(seen.host.boot_time, time.monotonic()):
                return answer.model_copy(update={"verify": seen.probes, "host": seen.host})
        return answer

    def _attempt(self, request: Request) -> Answer | None:
        """Ask once; on failure `_facts` tell why."""
        self._attempts += 1
        attempt = Attempt()
        forget(self._connection)
        try:
            with self._watch.timer(), guarded(self._connection, self._watch, attempt):
                said = self._exec(request)
                self._close(attempt)
        except (Exception, AttemptOver) as error:
            self._failed(error, attempt)
            return None
        finally:
            hang_up(attempt)
            forget(self._connection)
        self._facts = replace(self._facts, stage=Stage.ANSWER, input_sent=True, answered_before=True)
        return self._read(said, request)

    def _exec(self, request: Request) -> _Said:
        # The shell plugin makes the command line of a console of it; psrp unpacks that again.
        command = self._connection._shell._encode_script(agent.LOADER, strict_mode=False, preserve_rc=False)  # noqa: SLF001
        payload: Any = agent.payload(request)
        if self._connection.transport == "psrp":
            payload = _OneObject(payload, "ascii")
        return _Said(*self._connection.exec_command(command, in_data=payload, sudoable=False))

    def _close(self, attempt: Attempt) -> None:
        try:
            self._connection.close()
        except (Exception, AttemptOver):
            # The answer is here; that the shell is left on the host is told as a finding.
            self._facts = replace(self._facts, shell_left=True)
            attempt.failure = None

    def _failed(self, error: BaseException, attempt: Attempt) -> None:
        facts = failure_facts(self._facts, error, attempt, self._watch)
        if facts.failure in {Failure.CERTIFICATE, Failure.PIN}:
            facts = certificate_facts(facts, shown_certificate(facts.host, facts.port))
        if attempt.stage not in {Stage.CONNECT, Stage.CREATE}:
            facts = replace(facts, answered_before=True)
            # A shell that still runs a command is ended when nobody will ask again; else its end is awaited.
            if facts.failure in {Failure.DEADLINE, Failure.TOO_LARGE, Failure.COMPRESSED, Failure.MALFORMED}:
                facts = replace(facts, shell_left=not end_shell(self._connection, self._watch, attempt))
        self._note(facts)

    def _note(self, facts: TransportFacts) -> None:
        self._facts = facts = self._secrets.hide_in_facts(facts)
        if facts.input_sent and self._first_loss is None:
            self._first_loss = facts

    def _read(self, said: _Said, request: Request) -> Answer | None:
        facts = replace(
            self._facts,
            failure=Failure.NONE,
            exit_code=said.exit_code,
            stdout=self._excerpt(said.stdout),
            stderr=self._excerpt(said.stderr),
            stderr_bytes=len(said.stderr),
        )
        try:
            answer = agent.parse_answer(said.stdout, request)
        except agent.AnswerRefused as refused:
            refusal = agent.parse_refusal(said.stdout) if said.exit_code == agent.LOADER_REFUSED_EXIT_CODE else None
            self._note(
                replace(
                    facts,
                    failure=Failure.NO_ANSWER,
                    reason=refused.reason.value,
                    refusal_language=refusal.language if refusal else "",
                    refusal_version=refusal.version if refusal else "",
                )
            )
            return None
        extra = len(said.stdout.strip()) - _answer_length(said.stdout, request.nonce)
        facts = replace(facts, stdout_extra_bytes=max(0, extra), undecodable=not _is_utf8(said.stdout))
        self._facts = self._secrets.hide_in_facts(facts)
        return self._secrets.hide_in_answer(answer)

    def _excerpt(self, output: bytes) -> str:
        """The beginning of an output; secrets are hidden before it is cut, or half of one would stay."""
        text = output[: 4 * _EXCERPT + LONGEST_BYTES].decode("utf-8", errors="replace")
        return self._secrets.hide(text).strip()[:_EXCERPT]

    def _answered(self, answer: Answer, started: float) -> Outcome:
        verdict, findings = judge(answer, self._task)
        if answer.status is Status.BUSY and self._first_loss is not None:
            # Most likely our own earlier attempt is what is at work there, and nobody knows how it will end.
            lost, first = judge_transport(self._first_loss)
            verdict, findings = lost if lost is Verdict.UNKNOWN else verdict, (*first, *findings)
        facts, last = self._facts, self._watch.last
        if last is not None:
            facts = replace(facts, date=last.date, clock_difference_s=clock_difference_s(last.date), now=http_date())
        if self._watch.certificate is not None:
            facts = certificate_facts(facts, self._watch.certificate)
        _, oddities = judge_transport(replace(facts, failure=Failure.NONE))
        return self._outcome(verdict, (*findings, *oddities), started, answer=answer)

    def _lost(self, started: float) -> Outcome:
        verdict, findings = judge_transport(self._facts)
        if self._first_loss is not None:
            # What cut the round off comes first; what kept it from being mended comes after.
            lost, first = judge_transport(self._first_loss)
            if lost is Verdict.UNKNOWN and self._facts.failure is not Failure.NO_ANSWER:
                # However a later attempt was turned away, the first may have done its work.
                verdict = lost
            codes = {finding.code for finding in first}
            findings = (*first, *(finding for finding in findings if finding.code not in codes))
        return self._outcome(verdict, findings, started, detail=self._facts.message or self._facts.stderr)

    def _outcome(
        self,
        verdict: Verdict,
        findings: tuple[Finding, ...],
        started: float,
        *,
        answer: Answer | None = None,
        detail: str = "",
    ) -> Outcome:
        return Outcome(
            verdict=verdict,
            transaction=self._transaction,
            findings=findings[:_FINDINGS],
            answer=answer,
            spelling=spelling_of(self._task.profile),
            attempts=min(self._attempts, _COUNTED_ATTEMPTS),
            traffic=self._watch.traffic,
            elapsed_ms=round((time.monotonic() - started) * 1000),
            detail=detail,
        )


def _is_overtaken(answer: Answer) -> bool:
    """Whether nothing was done because somebody else wrote the same file in between."""
    error = answer.error
    if error is None or not error.undone or answer.act:
        return False
    return error.step is Step.WRITE and error.win32_code == _LOCK_VIOLATION


def _passwords(connection: Connection, task: Task) -> Iterator[str]:
    """Whatever a workstation may have been given to know; by Basic and CredSSP it learns the logon's as well."""
    yield str(connection.get_option("remote_password") or "")
    for password in (task.share.password, task.assistance.password):
        if password is not None:
            yield password.get_secret_value()


def _is_utf8(output: bytes) -> bool:
    try:
        output.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _answer_length(stdout: bytes, nonce: str) -> int:
    """Characters from the first opening marker to the last closing one."""
    start, end = b"<<iea-fleet:%s:" % nonce.encode(), b"<<iea-fleet:%s:end>>" % nonce.encode()
    return stdout.rfind(end) + len(end) - stdout.find(start)
