"""The endpoint that an audited deploy script meets: one database without V behind it, and one fault at a time.

Whatever is asked of the query function is answered by PostgreSQL through the reference Lambda, unless that answer is
the fault.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack, suppress
from dataclasses import replace

from checks.audits.faults.deeds import Deeds
from checks.audits.faults.fault import Fault, TwinAnswer
from checks.audits.faults.replies import as_answer, renamed
from checks.audits.prepared import BASE, TWIN, Prepared, WorldRole
from checks.audits.seeds import seed
from checks.claims.ledger import judge_ledger
from checks.contract.contract import TargetSpec
from checks.contract.reply_shape import REFERENCE, ReplyShape
from checks.expectation.settled import Settled
from checks.lambdas.local.endpoint import local_aws
from checks.lambdas.local.request import Invocation, Response
from checks.lambdas.replies.corpus import told_in
from checks.lambdas.replies.reply import Reply, UnreadableError, read_json
from checks.lambdas.replies.specimens import Specimen
from checks.observation.observe import look
from checks.target.open_target import Place
from checks.target.target import Secret, Target
from checks.values import HarnessError, Rejected, Unverified, Verdict

TWIN_QUERY = "audit-twin-query"
"""The query function that answers for a database where V is applied."""


class LyingEndpoint:
    """One endpoint and one database; `reset` begins a run, `settle` ends it."""

    def __init__(self, prepared: Prepared, number: int, stack: ExitStack) -> None:
        self.prepared = prepared
        self.database = f"audit_world_{number}"
        self.dsn = prepared.server.dsn(self.database)
        self.fault: Fault | None = None
        self.asked: set[str] = set()
        """Kinds of functions that this run invoked."""
        self.unknown: set[str] = set()
        """Functions it invoked that no target names."""
        self.spoiled = False
        """Whether a `query` fault was told in this run."""
        self.nonces = False
        """Whether a question carried a nonce in this run."""
        self.reply = ""
        """The lie this run was told last, shortened."""
        self._told = 0
        self._lock = threading.Lock()
        self._later: list[threading.Thread] = []
        self._regions = {prepared.region, *(spec.region for spec in prepared.contract.targets.values() if spec.region)}
        self._deeds = Deeds(prepared.expectation, prepared.server, self.database, BASE)
        self.aws = stack.enter_context(local_aws(prepared.region))
        self._deploy()
        self.aws.intercept = self._serve

    def reset(self, fault: Fault | None) -> None:
        """Begins a run: a fresh copy of the database before V, and `fault` in the way."""
        self.reset_lie(fault)
        self.prepared.server.copy_database(self.database, BASE)
        seed(self.aws, self._regions, self.prepared.seeds, self.dsn)

    def reset_lie(self, fault: Fault | None) -> None:
        """Begins a run on the database as it is, which is enough for a `fault` that leaves it alone."""
        self.fault, self.asked, self.unknown, self.reply = fault, set(), set(), ""
        self.spoiled, self.nonces, self._told = False, False, 0

    def settle(self) -> None:
        """Ends a run: what was accepted for later is done, what was open is rolled back.

        Raises:
            HarnessError: the endpoint failed, so that this run says nothing.
        """
        for thread in self._later:
            thread.join()
        self._later.clear()
        self._deeds.roll_back()
        errors, self.aws.errors = self.aws.errors, []
        for error in errors:
            raise error if isinstance(error, HarnessError) else HarnessError(
                f"The audit's endpoint failed: {type(error).__name__} in the harness.")

    @property
    def lied(self) -> bool:
        """Whether the lie of this run was told at all."""
        return self.spoiled if self.fault is not None and self.fault.kind == "query" else self._told > 0

    def proof(self) -> Verdict:
        """Whether V is applied here, by its row and its effects.

        Raises:
            Unverified: nobody can tell.
        """
        target = Target(TargetSpec("the audited database", dsn="given"), Secret(self.dsn))
        expectation = self.prepared.expectation
        seen = look(Place(target, Secret(self.dsn)), expectation.contract, expectation.objects)
        cases = judge_ledger(Settled(expectation, seen))
        verdict, *_ = next(case.verdicts for case in cases if case.name == self.prepared.version)
        return verdict

    def _deploy(self) -> None:
        prepared = self.prepared
        for name, role in prepared.roles.items():
            deploy = prepared.deploy_query if role.kind == "query" else prepared.deploy_migration
            deploy(self.aws, name, self.database, publish=True)
            if role.qualifier and not role.qualifier.isdigit() and role.qualifier != "$LATEST":
                self.aws.client("lambda").create_alias(FunctionName=name, Name=role.qualifier, FunctionVersion="1")
        prepared.deploy_query(self.aws, TWIN_QUERY, TWIN)

    def _serve(self, invocation: Invocation) -> Response | None:
        role = self.prepared.roles.get(invocation.function)
        if role is None:
            self.unknown.add(invocation.function)
        if role is None or invocation.refused or invocation.kind not in ("RequestResponse", "Event"):
            return None
        with self._lock:
            self.asked.add(role.kind)
            self._told += role.kind == "migration"
            first = role.kind == "migration" and self._told == 1
            self._deeds.roll_back()
        fault = self.fault
        if fault is None or (role.kind == "query" and fault.kind != "query"):
            return self._honestly(invocation, role)
        if first:
            self._do(fault)
        if invocation.kind == "Event" and not refuses(fault):
            answer = Response(202)
        elif role.kind == "migration":
            answer = self._forged(fault, invocation, role)
        else:
            spoiled = self._spoiled(fault, invocation, role)
            if spoiled is None:
                return self._honestly(invocation, role)
            answer, self.spoiled = spoiled, True
        if role.kind == "query" or fault.kind != "query":
            self.reply = shortened(answer)
        return answer

    def _do(self, fault: Fault) -> None:
        try:
            fault.do(self._deeds)
        except Rejected as refusal:
            raise Unverified(f"The audit could not set up {fault.name}: {refusal}.") from None

    def _forged(self, fault: Fault, invocation: Invocation, role: WorldRole) -> Response:
        """What the migration function says under `fault`."""
        if fault.specimen is None:
            payload = fault.says(self.prepared.perfect, self.prepared.version)
            return Response(202) if payload is None else self._said(payload, role)
        if fault.specimen.reply.retries and self._told > 1:
            return self._said(self.prepared.perfect, role)
        specimen = fault.specimen if not fault.specimen.reply.retries else _CUT
        payload = renamed(specimen.reply.payload, specimen.asked, self.prepared.version)
        told = told_in(replace(specimen, reply=replace(specimen.reply, payload=payload)), role.shape)
        return as_answer(specimen, payload if told is None else told.payload, self.prepared.hang_s, invocation.log_tail)

    def _spoiled(self, fault: Fault, invocation: Invocation, role: WorldRole) -> Response | None:
        """What the query function says under `fault`: the twin's answer, spoiled; None when it would not show."""
        twin = self.aws.run(replace(invocation, function=TWIN_QUERY, qualifier=None, region=self.prepared.region,
                                    log_tail=False))
        try:
            account = read_json(read_json(twin.payload)["body"])
            asked = TwinAnswer(str(read_json(invocation.payload)["sql"]), account, self.prepared.known_text,
                               self.prepared.hang_s)
            spoiled = fault.spoil(asked) if fault.spoil and account["success"] is True else None
        except (UnreadableError, KeyError, TypeError):
            return None
        if spoiled is None or not spoiled.payload or spoiled.status != 200:
            return spoiled
        return replace(spoiled, payload=_in_shape(spoiled.payload, "query", role.shape))

    def _honestly(self, invocation: Invocation, role: WorldRole) -> Response:
        """Runs the function for real, and tells its reply in the declared shape."""
        published = invocation.qualifier if invocation.qualifier and invocation.qualifier.isdigit() else None
        there = replace(invocation, region=self.prepared.region, kind="RequestResponse",
                        qualifier=None if published else invocation.qualifier)
        if invocation.kind == "Event":
            later = threading.Thread(target=self.aws.run, args=(there,), daemon=True)
            self._later.append(later)
            later.start()
            return Response(202)
        answer = self.aws.run(there)
        if role.kind == "query" and not self.nonces:
            self.nonces = _has_nonce(invocation, answer, self.prepared.known_text)
        named = {"x-amz-executed-version": published} if published else {}
        payload = answer.payload if answer.status != 200 else _in_shape(answer.payload, role.kind, role.shape)
        return replace(answer, payload=payload, headers={**answer.headers, **named})

    def _said(self, payload: bytes, role: WorldRole) -> Response:
        version = role.qualifier if role.qualifier and role.qualifier.isdigit() else "$LATEST"
        return Response(200, _in_shape(payload, role.kind, role.shape), {"x-amz-executed-version": version})


def refuses(fault: Fault) -> bool:
    """Whether the service does not even accept the invocation, so that asynchronous callers see the lie too."""
    reply = fault.specimen.reply if fault.specimen else None
    return reply is not None and bool(reply.transport_error) and (reply.status is None or reply.status >= 400)


def tellable(fault: Fault, shape: ReplyShape) -> bool:
    """Whether a function whose replies are built like `shape` could tell this lie."""
    if shape == REFERENCE:
        return True
    if fault.specimen is not None:
        return told_in(fault.specimen, shape) is not None
    return all(bool(shape.body) and shape.body_as == "text" if need == "text" else getattr(shape, need)
               for need in fault.needs)


def shortened(answer: Response) -> str:
    """An answer on one line: status, FunctionError, the head and the tail of the payload."""
    if answer.status == 0:
        return f"no answer, cut off after {answer.delay_s:g} s" if answer.delay_s else "no answer, connection closed"
    error = answer.headers.get("x-amz-function-error")
    text = " ".join(answer.payload[:400_000].decode("utf-8", "replace").split())
    text = text if len(text) <= 160 else f"{text[:100]} … {text[-50:]}"
    parts = (str(answer.status), error and f"FunctionError={error}", text or "(empty)")
    return " ".join(part for part in parts if part)


def _in_shape(payload: bytes, function: str, shape: ReplyShape) -> bytes:
    if shape == REFERENCE:
        return payload
    reply = Reply(200, payload=payload)
    told = told_in(Specimen("told", function, (), "succeeded", "", reply), shape)
    return payload if told is None else told.payload


def _has_nonce(invocation: Invocation, answer: Response, known: str) -> bool:
    with suppress(UnreadableError, KeyError, TypeError):
        account = read_json(read_json(answer.payload)["body"])
        return bool(TwinAnswer(str(read_json(invocation.payload)["sql"]), account, known).nonces)
    return False


_CUT = Specimen("cut", "migration", ("F12",), "undecided", "", Reply(None, transport_error="ConnectionClosedError"))
