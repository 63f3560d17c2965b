"""Evidence files -> one evidence document of all their targets: the shards of a run, or runs of several targets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from checks.reports.document import together
from checks.reports.fleet.part import RUN_ID
from checks.reports.fleet.together import named
from checks.reports.runs import RunRecord, read_document, records
from checks.values import Say, UsageError

_APART = dt.timedelta(hours=1)
"""Parts of one run begin within this time, unless a CI system says that they are of one."""


class _Part(NamedTuple):
    """One shard, as its file tells of it."""

    file: Path
    number: int
    of: int
    targets: int
    """How many targets there are in all of them."""
    list: str
    """What tells the lists of names apart that parts were made of."""
    contract: str
    """What tells apart the contracts that they were made with; empty: nobody knows."""
    run: str
    """The CI system's name of the run; empty: it has none."""
    began: dt.datetime


def joined(files: Iterable[Path], tell: Say) -> dict[str, Any]:
    """The evidence of all targets in `files`, each as it was seen last, in the order of names.

    Where a shard is missing, or parts are not of one list, the verdict is at best unverified, and the document says so.

    Args:
        files: evidence files, and folders of them.
        tell: takes a sentence about each file that is left out, and about what is missing.

    Raises:
        UsageError: none of them is evidence.
    """
    several = [file for each in files for file in (sorted(each.glob("*.json")) if each.is_dir() else [each])]
    parts: list[_Part] = []
    found: dict[str, RunRecord] = {}
    for file in several:
        try:
            document = read_document(file)
            runs = list(records(document, str(file)))
        except UsageError as error:
            tell(f"left out: {error}")
            continue
        parts += _part(document, file, min(run.at for run in runs))
        twins = [run.target for run in runs if run.target in found]
        found |= {run.target: run for run in runs if run.target not in found or found[run.target].at < run.at}
        if twins:
            tell(f"{named(twins)} in {file}: in another file too; what was seen last counts.")
    if not found:
        raise UsageError(f"None of {len(several)} files is evidence. `pytest checks/ --evidence FILE` writes it.")
    wrong = list(_wrong(parts, len(found), tell))
    for sentence in wrong:
        tell(sentence)
    document = together(found[name].document for name in sorted(found))
    if wrong:
        worst = "broken" if document["verdict"] == "broken" else "unverified"
        document = {"schema": document["schema"], "verdict": worst, "missing": wrong, "targets": document["targets"]}
    return document


def _part(document: Mapping[str, Any], file: Path, began: dt.datetime) -> Sequence[_Part]:
    told = document.get("shard")
    if told is None:
        return []
    if not isinstance(told, dict) or not isinstance(told.get("list"), str) \
            or not all(isinstance(told.get(name), int) for name in ("number", "of", "targets")):
        raise UsageError(f"{file} tells of a shard, and not which.")
    return [_Part(file, told["number"], told["of"], told["targets"], told["list"], str(told.get("contract") or ""),
                  str(told.get("run") or ""), began)]


def _wrong(parts: Sequence[_Part], targets: int, tell: Say) -> Sequence[str]:
    """What keeps `parts` from being one whole."""
    if not parts:
        return []
    first, *others = parts
    apart = _of_different_runs(parts)
    if apart:
        return [apart]
    if any(part.contract != first.contract for part in others):
        return ["The parts were made with different contracts or migrations, so they say different things. Run them again, "
                "from one checkout."]
    told: list[str] = []
    seen: dict[int, _Part] = {}
    for part in parts:
        twin = seen.setdefault(part.number, part)
        if twin is not part:
            tell(f"Shard {part.number}/{part.of} is there twice: {twin.file} and {part.file}.")
    missing = [number for number in range(1, first.of + 1) if number not in seen]
    if missing:
        those = named([f"{number}/{first.of}" for number in missing], 8)
        are, them = ("are", "them") if len(missing) > 1 else ("is", "it")
        known = (f"{targets:,} of {first.targets:,} targets are here, and nobody knows of the others"
                 if targets < first.targets else f"nobody knows whether the targets of {them} are among those here")
        told.append(f"Shard {those} {are} missing: {known}.")
    elif len({part.list for part in parts}) > 1:
        told.append("The shards were made of different lists of targets, as where one came or went meanwhile, so one may be "
                    "in none of them. Run them again.")
    return told


def _of_different_runs(parts: Sequence[_Part]) -> str:
    """How it shows that `parts` are not of one run; empty: it does not."""
    first = parts[0]
    if any((part.of, part.run) != (first.of, first.run) for part in parts):
        those = ", ".join(f"{part.number}/{part.of} ({part.file})" for part in parts[:8])
        return f"These are parts of different runs: {those}. Join the parts of one."
    early, late = (choose(parts, key=lambda part: part.began) for choose in (min, max))
    if not first.run and late.began - early.began > _APART:
        return (f"These are parts of different runs, or a part is old: {early.file} began {early.began:%Y-%m-%d %H:%M} UTC, "
                f"{late.file} {late.began:%Y-%m-%d %H:%M}. Give the parts of one run one {RUN_ID}, or run them at once.")
    return ""
