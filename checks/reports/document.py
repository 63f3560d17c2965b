"""Verdicts -> the evidence document, which every other report is made of. Pure."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import Any

from checks.claims.verify import Report
from checks.evidence import utc
from checks.telling import printable
from checks.values import LeftOut, Verdict

SCHEMA = 1
"""Version of the evidence document."""
_IDENTITY = ("server_version", "database", "role", "in_recovery", "system_identifier")
LOGIN_TRIGGERS = "login_triggers"
"""What of the database's own code ran because somebody logged in; told where there is any."""


def verdict_word(verdicts: Iterable[Verdict]) -> str:
    """The worst word, where what was accepted counts as held; a run of nothing is unverified."""
    words = {"held" if verdict.accepted else verdict.verdict for verdict in verdicts}
    return next((word for word in ("broken", "unverified", "held") if word in words), "unverified")


def evidence(report: Report, ran: set[tuple[str, str, str]], started: dt.datetime, finished: dt.datetime,
             known: dict[int, dict[str, Any]] | None = None) -> dict[str, Any]:
    """The evidence document of one target; see docs/evidence.md. It holds no secret and no stored row.

    Args:
        report: what the run came to.
        ran: (target, area, case) of the items that were run.
        started, finished: UTC.
        known: id of a verdict -> how it is told, for verdicts that targets of one run share.
    """
    spec = report.target.spec
    verdicts = [verdict for case in report.cases for verdict in case.verdicts
                if (report.target.name, case.area, case.name) in ran]
    identity = {name: report.identity.get(name) for name in _IDENTITY}
    if report.identity.get("in_recovery"):
        identity["replica"] = dict(report.identity["replica"].as_json())
    if report.identity.get(LOGIN_TRIGGERS):
        identity[LOGIN_TRIGGERS] = list(map(printable, report.identity[LOGIN_TRIGGERS]))
    document = {
        "schema": SCHEMA, "verdict": verdict_word(verdicts),
        "target": {"name": spec.name, "route": spec.route, "writes": spec.writes, "server": spec.server,
                   **{name: printable(value) if isinstance(value, str) else value for name, value in identity.items()},
                   "through": spec.through},
        "started_at": utc(started), "finished_at": utc(finished),
        "duration_s": round((finished - started).total_seconds(), 3),
        "statements": report.cost.get("statements", 0), "scans": report.cost.get("scans", 0),
        "invocations": report.cost.get("invocations", 0),
        "left_out": [_left_out(left) for left in report.left_out],
        "claims": [_told_once(verdict, known) for verdict in verdicts],
    }
    if report.failure:
        document["failure"] = report.failure
    if report.notes:
        document["notes"] = list(report.notes)
    return document


def together(documents: Iterable[Mapping[str, Any]], shard: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The evidence document of several targets.

    Args:
        documents: each one's own.
        shard: which part of a run this is: its number, of how many, and what it is a part of.
    """
    every = list(documents)
    words = {document["verdict"] for document in every}
    worst = next((word for word in ("broken", "unverified", "held") if word in words), "unverified")
    return {"schema": SCHEMA, "verdict": worst, **({"shard": dict(shard)} if shard else {}), "targets": every}


def as_text(document: Mapping[str, Any]) -> str:
    """The evidence document as JSON, one claim a line, so that two runs can be compared line by line."""
    told: dict[int, str] = {}
    if "targets" not in document:
        return _text(document, told) + "\n"
    head = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in document.items() if name != "targets"]
    texts = ",\n".join(_text(each, told) for each in document["targets"])
    return "{\n" + ",\n".join([*head, f' "targets": [\n{texts}\n ]']) + "\n}\n"


def _text(document: Mapping[str, Any], told: dict[int, str]) -> str:
    """One target's; `told` remembers the text of claims that several share."""
    head = {name: value for name, value in document.items() if name != "claims"}
    for claim in document["claims"]:
        if id(claim) not in told:
            told[id(claim)] = json.dumps(claim)
    lines = [*(f" {json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()),
             ' "claims": [\n  ' + ",\n  ".join(told[id(claim)] for claim in document["claims"]) + "\n ]"]
    return "{\n" + ",\n".join(lines) + "\n}"


def _left_out(left: LeftOut) -> dict[str, str]:
    return {"area": left.area, "why": left.why}


def _told_once(verdict: Verdict, known: dict[int, dict[str, Any]] | None) -> dict[str, Any]:
    if known is None:
        return _claim(verdict)
    if id(verdict) not in known:
        known[id(verdict)] = _claim(verdict)
    return known[id(verdict)]


def _claim(verdict: Verdict) -> dict[str, Any]:
    return {"id": verdict.claim, "area": verdict.area, "sentence": verdict.sentence, "verdict": verdict.verdict,
            "evidence": verdict.evidence, "detail": verdict.detail, "witness": verdict.witness,
            "next_step": verdict.next_step, **({"note": verdict.note} if verdict.note else {}),
            **({"cause": verdict.cause} if verdict.cause else {}),
            **({"schema": verdict.schema} if verdict.schema else {}),
            **({"differs": [each._asdict() for each in verdict.differs]} if verdict.differs else {}),
            **({"figures": {each.name: each.value for each in verdict.figures}} if verdict.figures else {}),
            **({"accepted": {"reason": verdict.accepted.reason, "until": verdict.accepted.until or None}}
               if verdict.accepted else {})}
