"""Runs -> SARIF 2.1.0, for code scanning: a result for each claim that is not held. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import checks
from checks.reports.fleet.together import Alike, alike, unseen, worst_first
from checks.reports.runs import Claim, RunRecord, word

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MOST_RUNS = 20
"""GitHub, "SARIF support for code scanning": runs per file."""
_LEVELS = {"broken": "error", "accepted": "error", "unverified": "warning"}
_ABOUT: Mapping[str, str] = {
    "ledger": "Each migration is recorded once, and what it did is there",
    "constraints": "Constraints are there, enforced, and mean what the migrations say",
    "enums": "Declared values are accepted, and no other",
    "dedupe": "An event has one effect, however often it is delivered",
    "false-success": "Nothing that did not happen is taken for a success",
    "access": "Roles can do what they should, and no more",
    "deployment": "Services, functions and the way back are what the deploy made them",
    "drift": "What is there is what the migrations make",
    "own": "A claim of the project's own",
}
"""What the claims of each area come to; each area is a rule."""


def sarif(runs: Sequence[RunRecord], place: str) -> str:
    """The log; a run a target, or, past what GitHub takes, one run in which what is told alike of many is one result.

    Args:
        runs: one a target.
        place: the file that results are shown at, relative to the repository: the contract.
    """
    told = [_run(run, place) for run in runs] if len(runs) <= MOST_RUNS else [_of_many(runs, place)]
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": told}, indent=1) + "\n"


def _of_many(runs: Sequence[RunRecord], place: str) -> dict[str, Any]:
    areas = [*_ABOUT]
    one = {**_run(runs[0], place), "automationDetails": {"id": "postdeploy-checks/targets/"}}
    results = [_told_of(each, runs[0], areas, place) for each in alike(runs, accepted=True)]
    results += [_told_of(Alike({"id": f"look:{targets[0]}", "area": "own", "verdict": "unverified", "detail": why,
                                "sentence": "the target is looked at"}, targets), runs[0], areas, place)
                for why, targets in unseen(runs)]
    rules = [{"id": area, "shortDescription": {"text": text}, "defaultConfiguration": {"level": "error"}}
             for area, text in _ABOUT.items()]
    return {**one, "tool": {"driver": {**one["tool"]["driver"], "rules": rules}}, "results": results,
            "invocations": [{"executionSuccessful": not any(run.failure for run in runs),
                             "startTimeUtc": min(run.document["started_at"] for run in runs),
                             "endTimeUtc": max(run.document["finished_at"] for run in runs)}],
            "properties": {"verdict": worst_first(runs)[0].verdict, "targets": len(runs)}}


def _told_of(each: Alike, run: RunRecord, areas: Sequence[str], place: str) -> dict[str, Any]:
    """One result for all targets of which a claim is told alike; its fingerprint goes by what is told, not by whom."""
    found = _result(each.claim, run, areas, place)
    text = found["message"]["text"].replace(f" on {run.target}:", f" on {len(each.targets):,} targets ({each.named}):", 1)
    mark = json.dumps([each.claim["id"], word(each.claim), each.claim.get("witness")])
    return {**found, "message": {"text": text}, "partialFingerprints": {
        "claim/v1": hashlib.sha256(mark.encode()).hexdigest()}, "properties": {
        **found["properties"], "targets": list(each.targets[:1000])}}


def _run(run: RunRecord, place: str) -> dict[str, Any]:
    told = [claim for claim in run.document["claims"] if word(claim) != "held"]
    areas = list(dict.fromkeys(claim["area"] for claim in run.document["claims"]))
    return {
        "tool": {"driver": {
            "name": "postdeploy-checks", "version": checks.__version__, "rules": [
                {"id": area, "shortDescription": {"text": _ABOUT.get(area, area)},
                 "defaultConfiguration": {"level": "error"}} for area in areas]}},
        "automationDetails": {"id": f"postdeploy-checks/{run.target}/"},
        "invocations": [{"executionSuccessful": not run.failure, "startTimeUtc": run.document["started_at"],
                         "endTimeUtc": run.document["finished_at"]}],
        "columnKind": "unicodeCodePoints",
        "results": [_result(claim, run, areas, place) for claim in told],
        "properties": {"verdict": run.verdict, "target": run.document["target"]},
    }


def _result(claim: Claim, run: RunRecord, areas: Sequence[str], place: str) -> dict[str, Any]:
    parts = [f"{claim['id']} is {claim['verdict']} on {run.target}: {claim.get('sentence') or ''}."] + [
        f"{name}: {claim[field]}" for name, field in (("Found", "detail"), ("Witness", "witness"), ("Next", "next_step"))
        if claim.get(field)]
    accepted = claim.get("accepted") or {}
    return {
        "ruleId": claim["area"], "ruleIndex": areas.index(claim["area"]), "level": _LEVELS[word(claim)],
        "message": {"text": "\n".join(parts)},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": quote(place)}, "region": {"startLine": 1}},
                       "logicalLocations": [{"fullyQualifiedName": claim["id"], "kind": "object"}]}],
        "partialFingerprints": {"claim/v1": hashlib.sha256(f"{run.target}\n{claim['id']}".encode()).hexdigest()},
        "properties": {"claim": claim["id"], "verdict": claim["verdict"], "evidence": claim.get("evidence")},
        **({"suppressions": [{"kind": "external", "justification": str(accepted.get("reason") or "accepted")}]}
           if word(claim) == "accepted" else {}),
    }
