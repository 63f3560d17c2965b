"""Compares two evidence files, or two folders of them, field by field. Run by hand, before and after a change.

    python benchmarks/compare_evidence.py BEFORE AFTER

What two runs of the same code may tell differently is left out: times, which server and database it was, and how much
a replay got done in its time. Prints each difference; exits 0 when there is none, 1 when there is one, 2 when there is
nothing to compare.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

TIMES = {"started_at", "finished_at", "duration_s"}
IDENTITY = {"target.server_version", "target.database", "target.system_identifier"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ")
NUMBER = re.compile(r"\d[\d.,]*")
STOPPED = re.compile(r", stopped after [\d.]+ s")


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Each field of two evidence documents that is not the same, as `field: 'this' became 'that'`."""
    first, second = dict(_fields(before)), dict(_fields(after))
    found = [f"{field}: {_shown(first, field)} became {_shown(second, field)}" for field in {**first, **second}
             if _shown(first, field) != _shown(second, field)]
    if not found and list(first) != list(second):
        found.append("the claims are told in another order")
    return found


def _fields(document: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    database = document["target"]["database"]
    told: Counter[str] = Counter()
    for name, value in document.items():
        if name == "claims":
            for claim in value:
                told[claim["id"]] += 1
                again = f" ({told[claim['id']]})" if told[claim["id"]] > 1 else ""
                yield from ((f"{claim['id']}{again} {part}", _lasting(claim, part, database)) for part in claim)
        elif name == "target":
            yield from ((f"target.{part}", word) for part, word in value.items() if f"target.{part}" not in IDENTITY)
        elif name not in TIMES:
            yield name, value


def _lasting(claim: Mapping[str, Any], part: str, database: str | None) -> object:
    """What a field of a claim says, without the moment, the database's own name and a replay's counts."""
    value = claim[part]
    if not isinstance(value, str):
        return value
    value = MOMENT.sub("…", value)
    if database:
        value = re.sub(rf"(?<!\w){re.escape(database)}(?!\w)", "…", value)
    return NUMBER.sub("…", STOPPED.sub("", value)) if part == "detail" and ".replay." in claim["id"] else value


def _shown(fields: Mapping[str, object], field: str) -> str:
    return repr(fields[field]) if field in fields else "nothing"


def pairs(before: Path, after: Path) -> Iterator[tuple[str, Path, Path]]:
    """(name, file, file) of what stands on either side; a single file on each side is one pair."""
    if before.is_dir() and after.is_dir():
        names = sorted({file.relative_to(folder) for folder in (before, after) for file in folder.rglob("*.json")})
        yield from ((str(name), before / name, after / name) for name in names)
    else:
        yield after.name, before, after


def compared(before: Path, after: Path) -> Iterator[str]:
    """The differences of one pair of files."""
    wrong = [f"{file} {why}" for file in (before, after) if (why := _unreadable(file))]
    if wrong:
        yield from wrong
    else:
        yield from differences(*(json.loads(file.read_text(encoding="utf-8")) for file in (before, after)))


def _unreadable(file: Path) -> str:
    """Why `file` is no evidence, or nothing."""
    if not file.is_file():
        return "is not there"
    try:
        json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return "is no JSON"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, metavar="BEFORE")
    parser.add_argument("after", type=Path, metavar="AFTER")
    given = parser.parse_args()
    files = list(pairs(given.before, given.after))
    if not files or not given.before.exists() or not given.after.exists():
        print(f"There is no evidence in {given.before} or {given.after}; write some with benchmarks/write_evidence.py.")
        return 2
    found = [f"{name}: {line}" for name, before, after in files for line in compared(before, after)]
    print("\n".join([*found, f"{len(files)} files, {len(found)} differences"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
