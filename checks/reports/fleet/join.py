"""Evidence files -> one evidence document of all their targets: the shards of a run, or runs of several targets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from checks.reports.document import together
from checks.reports.fleet.together import named
from checks.reports.runs import RunRecord, read_document, records
from checks.values import Say, UsageError


class _Part(NamedTuple):
    """One shard, as its file tells of it."""

    file: Path
    number: int
    of: int
    targets: int
    """How many targets there are in all of them."""
    list: str
    """What tells the lists of names apart that parts were made of."""


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
        parts += _part(document, file)
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


def _part(document: Mapping[str, Any], file: Path) -> Sequence[_Part]:
    told = document.get("shard")
    if told is None:
        return []
    if not isinstance(told, dict) or not isinstance(told.get("list"), str) \
            or not all(isinstance(told.get(name), int) for name in ("number", "of", "targets")):
        raise UsageError(f"{file} tells of a shard, and not which.")
    return [_Part(file, told["number"], told["of"], told["targets"], told["list"])]


def _wrong(parts: Sequence[_Part], targets: int, tell: Say) -> Sequence[str]:
    """What keeps `parts` from being one whole."""
    if not parts:
        return []
    first, *others = parts
    if any(part.of != first.of for part in others):
        those = ", ".join(f"{part.number}/{part.of} ({part.file})" for part in parts[:8])
        return [f"These are parts of different runs: {those}. Join the parts of one."]
    told: list[str] = []
    seen: dict[int, _Part] = {}
    for part in parts:
        twin = seen.setdefault(part.number, part)
        if twin is not part:
            tell(f"Shard {part.number}/{part.of} is there twice: {twin.file} and {part.file}.")
    missing = [number for number in range(1, first.of + 1) if number not in seen]
    if missing:
        those = named([f"{number}/{first.of}" for number in missing], 8)
        told.append(f"Shard {those} {'are' if len(missing) > 1 else 'is'} missing: {targets:,} of {first.targets:,} "
                    "targets are here, and nobody knows of the others.")
    elif len({part.list for part in parts}) > 1:
        told.append("The shards were made of different lists of targets, as where one came or went meanwhile, so one may be "
                    "in none of them. Run them again.")
    return told
