"""The evidence files of earlier runs: when one of them last looked at a target. Anything else among them is passed over."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST_FILES = 200
"""The newest of them, by the times of the file system."""
MOST_BYTES = 100_000_000


@dataclass(frozen=True)
class EvidenceSeen:
    """What a pattern for evidence files found."""

    newest: dt.datetime | None = None
    """When the last run ended that looked at the target, UTC; none after now counts."""
    files: int = 0
    """How many there are."""
    unreadable: int = 0
    """Half written, or no evidence at all."""
    foreign: int = 0
    """Of other targets."""
    blind: int = 0
    """Of runs that could not look."""
    ahead: int = 0
    """That say they end in the future."""


def see_evidence(root: Path, pattern: str, target: str, now: dt.datetime, slack: dt.timedelta) -> EvidenceSeen:
    """Reads the newest evidence files.

    Args:
        root: the folder that `pattern` starts from.
        pattern: as `pathlib.Path.glob` takes it, or an absolute one.
        target: the name of the target whose evidence counts.
        now: UTC.
        slack: how far in the future an end may be: clocks differ.
    """
    place = Path(pattern)
    folder, rest = (Path(place.anchor), str(place.relative_to(place.anchor))) if place.is_absolute() else (root, pattern)
    files = sorted((file for file in folder.glob(rest) if file.is_file()), key=_written, reverse=True)
    newest: dt.datetime | None = None
    counts = dict.fromkeys(("unreadable", "foreign", "blind", "ahead"), 0)
    for file in files[:MOST_FILES]:
        document = _document(file, target)
        ended = None if document is None else _ended(document)
        if document is None or ended is None:
            counts["unreadable"] += 1
        elif document["target"]["name"] != target:
            counts["foreign"] += 1
        elif document.get("failure") or all(claim.get("verdict") == "unverified" for claim in document["claims"]):
            counts["blind"] += 1
        elif ended > now + slack:
            counts["ahead"] += 1
        else:
            newest = max(newest or ended, ended)
    return EvidenceSeen(newest, len(files), **counts)


def _written(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def _document(file: Path, target: str) -> Mapping[str, Any] | None:
    """An evidence document, of several that of `target` where it is among them; None: it is none."""
    try:
        if file.stat().st_size > MOST_BYTES:
            return None
        found = json.loads(file.read_text(encoding="utf-8"))
        if "targets" in found:
            every = found["targets"]
            found = next((each for each in every if each["target"]["name"] == target), every[0])
        whole = (isinstance(found["target"]["name"], str) and found["schema"] == 1
                 and all(isinstance(claim, dict) for claim in found["claims"]))
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError):
        return None
    return found if whole else None


def _ended(document: Mapping[str, Any]) -> dt.datetime | None:
    try:
        ended = dt.datetime.fromisoformat(document["finished_at"])
    except (KeyError, TypeError, ValueError):
        return None
    return ended.astimezone(dt.UTC) if ended.tzinfo else None
