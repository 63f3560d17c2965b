"""Evidence files -> Runs: what is no evidence, was cut, or is of another target, is told in one sentence and left out."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from checks.reports.document import SCHEMA
from checks.sql.names import nearest
from checks.telling import printable
from checks.values import Say, UsageError

WORDS = ("broken", "unverified", "accepted", "held")
"""What a claim came to, the worst first; `accepted` is broken, and somebody said that it may be."""
_MOST_BYTES = 256 * 2**20
"""A larger file is no evidence."""
MOST_EARLIER = 400
"""So many of the newest evidence files in a folder are a run's past."""
_SIDES = {"object", "field", "expected", "found"}
Claim = Mapping[str, Any]
"""One entry of `claims` in an evidence document."""


@dataclass(frozen=True)
class RunRecord:
    """One evidence document that was found to be one."""

    source: str
    """Where it stands, for sentences about it."""
    document: Mapping[str, Any]

    @cached_property
    def target(self) -> str:
        """The target's name."""
        return str(self.document["target"]["name"])

    @cached_property
    def at(self) -> dt.datetime:
        """When it began, in UTC."""
        return _moment(self.document["started_at"])

    @cached_property
    def claims(self) -> dict[str, Claim]:
        """Claim id -> claim."""
        return {claim["id"]: claim for claim in self.document["claims"]}

    @cached_property
    def counts(self) -> Counter[str]:
        """Each of WORDS -> number of claims."""
        return Counter(map(word, self.document["claims"]))

    @property
    def verdict(self) -> str:
        """The worst of its claims; `unverified` where there is none."""
        return str(self.document["verdict"])

    @property
    def failure(self) -> str:
        """Why the target could not be looked at; empty when it could."""
        return str(self.document.get("failure") or "")

    @property
    def place(self) -> tuple[object, object]:
        """Database and system identifier: what makes two targets of one name two databases."""
        return self.document["target"].get("database"), self.document["target"].get("system_identifier")

    def figure(self, name: str) -> float:
        """A number of the document's head; NaN where there is none."""
        return number(self.document.get(name))

    def told_of(self, others: Iterable[Claim]) -> dict[str, Claim]:
        """Claim id -> claim; a run that could not look at all says so of each of `others`, and names no claim itself."""
        if not self.failure:
            return self.claims
        return {claim["id"]: {**claim, "verdict": "unverified", "detail": self.failure, "witness": "", "next_step": "",
                              "differs": [], "figures": {}, "accepted": None} for claim in others} or self.claims

    def not_held(self) -> list[Claim]:
        """The broken claims, then those that nobody could look at."""
        claims = self.document["claims"]
        return [claim for wanted in WORDS[:2] for claim in claims if word(claim) == wanted]


def word(claim: Claim) -> str:
    """One of WORDS."""
    return "accepted" if claim.get("accepted") and claim["verdict"] == "broken" else str(claim["verdict"])


def number(value: object) -> float:
    """`value` where it is a number, else NaN."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan


def read_runs(files: Iterable[Path], tell: Say, target: str | None = None) -> list[RunRecord]:
    """The runs of one target, the oldest first.

    Args:
        files: evidence files, and folders of them.
        tell: takes a sentence about each file that is left out.
        target: whose runs; None: that which most of the files are of.

    Raises:
        UsageError: none is left.
    """
    runs: dict[tuple[str, dt.datetime], RunRecord] = {}
    several = [file for each in files for file in (sorted(each.glob("*.json")) if each.is_dir() else [each])]
    for file in several:
        try:
            found = read_every(file)
        except UsageError as error:
            tell(f"left out: {error}")
            continue
        if target is not None and len(found) > 1:
            found = [run for run in found if run.target == target]
        twins = [twin.source for run in found if (twin := runs.setdefault((run.target, run.at), run)) is not run]
        if twins:
            tell(f"left out: {file} tells of the same run as {twins[0]}.")
    names = Counter(run.target for run in runs.values())
    if target is not None and target not in names and names:
        raise UsageError(f"None of these files is evidence of target {target!r}. They are of: {', '.join(names)}.")
    if not names:
        raise UsageError(f"None of {len(several)} files is evidence. `pytest checks/ --evidence FILE` writes it.")
    kept = target or max(names, key=lambda name: names[name])
    for run in runs.values():
        if run.target != kept:
            tell(f"left out: {run.source} is of target {run.target}, and this is about {kept}; --target chooses.")
    return sorted((run for run in runs.values() if run.target == kept), key=lambda run: run.at)


def read_run(file: Path, target: str | None = None) -> RunRecord:
    """The run that an evidence file tells of: of `target`, where it tells of several.

    Raises:
        UsageError: it cannot be read, was cut, is no evidence, or is of several, or of another.
    """
    found = read_every(file)
    kept = [run for run in found if target is None or run.target == target]
    if len(kept) == 1:
        return kept[0]
    names = [run.target for run in found]
    if kept:
        raise UsageError(f"{file} is of {len(names):,} targets; --target NAME says of which you want to know, such as "
                         f"{names[0]}.")
    raise UsageError(f"{file} is no evidence of target {target!r}.{nearest(str(target), names)}")


def read_every(file: Path) -> list[RunRecord]:
    """The runs that an evidence file tells of, a target each.

    Raises:
        UsageError: it cannot be read, was cut, or is no evidence.
    """
    return list(records(read_document(file), str(file)))


def read_document(file: Path) -> Mapping[str, Any]:
    """The JSON object in an evidence file, which may be of several targets and is not looked at further.

    Raises:
        UsageError: it cannot be read, was cut, or is no evidence.
    """
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{file} is no evidence file: it is larger than one is.")
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file} is no evidence file: it is no text in UTF-8.") from None
    if not text.strip():
        raise UsageError(f"{file} is empty: its run was cut off, or has not ended.")
    try:
        document = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        whole = "was cut off or is half written" if text.lstrip().startswith("{") else "is no evidence file"
        where = f" (no JSON from line {error.lineno} on)" if isinstance(error, json.JSONDecodeError) else ""
        raise UsageError(f"{file} {whole}{where}.") from None
    if not isinstance(document, dict):
        raise UsageError(f"{file} is no evidence file of postdeploy-checks.")
    return document


def records(document: Mapping[str, Any], source: str) -> Iterator[RunRecord]:
    """The runs in one document, a target each.

    Raises:
        UsageError: it is no evidence document, or one that this version does not read.
    """
    every = document.get("targets")
    if not isinstance(every, list):
        yield run_of(document, source)
        return
    if document.get("schema") != SCHEMA:
        raise UsageError(f"{source} is evidence of schema {str(document.get('schema'))[:20]}; this version reads {SCHEMA}.")
    if not every:
        raise UsageError(f"{source} is evidence of no target.")
    for each in every:
        yield run_of(each, source)


def runs_of(documents: Sequence[Mapping[str, Any]], source: str) -> list[RunRecord]:
    """Documents of this run as RunRecords; claims that they share stay shared."""
    shown: dict[int, Any] = {}

    def claim(value: Any) -> Any:
        if id(value) not in shown:
            shown[id(value)] = _shown(value)
        return shown[id(value)]

    return [RunRecord(source, {name: list(map(claim, value)) if name == "claims" else _shown(value, name)
                               for name, value in document.items()}) for document in documents]


def run_of(document: object, source: str) -> RunRecord:
    """`document` as a RunRecord, every text in it fit to be shown.

    Raises:
        UsageError: it is no evidence document, or one that this version does not read.
    """
    if not isinstance(document, dict) or not isinstance(document.get("claims"), list):
        raise UsageError(f"{source} is no evidence file of postdeploy-checks.")
    if document.get("schema") != SCHEMA:
        raise UsageError(f"{source} is evidence of schema {str(document.get('schema'))[:20]}; this version reads {SCHEMA}.")
    wrong = next(_wrong(document), "")
    if wrong:
        raise UsageError(f"{source} is no evidence file of postdeploy-checks: {wrong}.")
    return RunRecord(source, _shown(document))


def _wrong(document: Mapping[str, Any]) -> Iterator[str]:
    """What is not as an evidence document has it, of all that reports rest on."""
    target = document.get("target")
    if not isinstance(target, dict) or not isinstance(target.get("name"), str):
        yield "its target has no name"
    if document.get("verdict") not in ("held", "broken", "unverified"):
        yield "its verdict is none"
    for name in ("started_at", "finished_at"):
        try:
            _moment(document.get(name))
        except (TypeError, ValueError):
            yield f"its {name} is no time"
    for name in ("left_out", "notes"):
        if not isinstance(document.get(name, []), list):
            yield f"its {name} is no list"
    for claim in document["claims"]:
        if not isinstance(claim, dict) or not all(isinstance(claim.get(name), str) for name in ("id", "area")) \
                or claim.get("verdict") not in ("held", "broken", "unverified"):
            yield "one of its claims has no id, area or verdict"
        elif not all(isinstance(each, dict) and each.keys() >= _SIDES for each in _listed(claim.get("differs", []))):
            yield f"the differences of {claim['id'][:80]!r} have no two sides"


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [None]


def _moment(text: Any) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment.astimezone(dt.UTC)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no JSON")


def _shown(value: Any, key: str = "") -> Any:
    """`value` with every text in it printable, line ends in a detail kept."""
    if isinstance(value, str):
        return printable(value, lines=key == "detail")
    if isinstance(value, dict):
        return {printable(name): _shown(each, name) for name, each in value.items()}
    return [_shown(each) for each in value] if isinstance(value, list) else value


def earlier_runs(folder: Path, most: int = MOST_EARLIER) -> list[RunRecord]:
    """The runs that the newest `most` evidence files of `folder` tell of, whatever the target, the oldest first.

    Other files there are nobody's mistake, and are passed over in silence.
    """
    files = sorted(filter(_looks_like_evidence, folder.glob("*.json")), key=lambda file: file.stat().st_mtime)
    found: dict[tuple[str, dt.datetime], RunRecord] = {}
    room = _MOST_BYTES
    for file in files[:-most - 1:-1]:
        room -= file.stat().st_size
        if room < 0:
            break
        with contextlib.suppress(UsageError):
            for run in read_every(file):
                found.setdefault((run.target, run.at), run)
    return sorted(found.values(), key=lambda run: run.at)


def tell_of_several(files: Sequence[Path]) -> bool:
    """Whether one of `files`, or of those in a folder among them, is evidence of several targets."""
    every = [file for each in files for file in (each.glob("*.json") if each.is_dir() else [each])]
    return any(map(_is_of_several, filter(_looks_like_evidence, every)))


def _is_of_several(file: Path) -> bool:
    with contextlib.suppress(OSError), file.open("rb") as opened:
        head = opened.read(4096)
        return b'\n "targets": [' in head and b'\n "target": ' not in head.partition(b'\n "targets": [')[0]
    return False


def _looks_like_evidence(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return b'"schema": 1,' in opened.read(64)
    except OSError:
        return False
