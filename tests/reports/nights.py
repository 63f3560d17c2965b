"""Evidence documents of made-up nights, and what is hostile in them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from checks.reports.runs import RunRecord, run_of

FIRST = dt.datetime(2026, 1, 1, 2, 0, tzinfo=dt.UTC)
DIFFERS = [{"object": "column orders.side", "field": "type", "expected": "character varying(10)", "found": "text"},
           {"object": "index orders_side", "field": "", "expected": "btree (side)", "found": ""}]
HOSTILE = (
    "\"><img src=x onerror=alert(1)>", "</script><script>alert(2)</script>", "{{7*7}}{% x %}",
    "a`b|c*d_e\n::error::f", "&lt;b&gt;", "a\u202eb\u0000c\ud800", "' onmouseover='alert(3)", "javascript:alert(4)",
    "é漢字 %0A%25")
"""Names of tables; PostgreSQL allows all of them but for the two that no text of its can hold."""


def claim(id: str, verdict: str = "held", **more: Any) -> dict[str, Any]:
    """One claim; not held, it has a detail and a next step."""
    told = {} if verdict == "held" else {"detail": f"changed {id}: expected a, found b", "witness": "side = 'banana'",
                                         "next_step": "Bring it back."}
    return {"id": id, "area": id.partition(":")[0], "sentence": f"{id} is as it should be", "verdict": verdict,
            "evidence": "catalog", "detail": "", "witness": "", "next_step": "", **told, **more}


def night(number: int, claims: Sequence[Mapping[str, Any]], *, target: str = "prod", **more: Any) -> dict[str, Any]:
    """The evidence of night `number`; `more` goes to its head, and `place` to its target."""
    at = FIRST + dt.timedelta(days=number)
    words = {"held" if each.get("accepted") else each["verdict"] for each in claims}
    place = more.pop("place", {})
    return {"schema": 1, "verdict": next((word for word in ("broken", "unverified", "held") if word in words), "unverified"),
            "target": {"name": target, "route": "direct", "writes": "never", "server": "given", "server_version": "18.1",
                       "database": "trading", "role": "app", "in_recovery": False, "system_identifier": "7", "through": None,
                       **place},
            "started_at": f"{at:%Y-%m-%dT%H:%M:%S}Z", "finished_at": f"{at + dt.timedelta(seconds=2):%Y-%m-%dT%H:%M:%S}Z",
            "duration_s": 2.0 + number, "statements": 4, "scans": number % 3, "invocations": 0,
            "left_out": [{"area": "access", "why": "no [access]"}], "claims": list(claims), **more}


def runs(*nights: Sequence[Mapping[str, Any]], **more: Any) -> list[RunRecord]:
    """One run a night, of these claims."""
    return [run_of(night(number, claims, **more), f"{number}.json") for number, claims in enumerate(nights)]


def written(folder: Path, documents: Sequence[Mapping[str, Any]]) -> list[Path]:
    """The documents as files, 0.json and on."""
    files = [folder / f"{number}.json" for number in range(len(documents))]
    for file, document in zip(files, documents, strict=True):
        file.write_text(json.dumps(document))
    return files


def many(nights: int, claims: int) -> Iterator[list[dict[str, Any]]]:
    """Claims over many nights; each is broken or unverified now and then, and the last fifth of the nights in part."""
    for number in range(nights):
        yield [claim(f"{('drift', 'enums', 'ledger')[each % 3]}:table{each:04d}.side", (
            "broken" if (each * 7 + number // 5) % 97 == 0 else "unverified" if (each + number // 3) % 89 == 0 else "held"))
            for each in range(claims)]
