"""`python -m checks accept CLAIM… --reason …`: writes `[[accept]]` entries into contract.toml, whose comments stay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from checks.contract.reader import read_contract
from checks.explain import all_kinds
from checks.files import write_whole
from checks.kinds import kinds_of
from checks.sql.names import nearest
from checks.values import AREAS, UsageError


def accept(file: Path, claims: Sequence[str], reason: str, until: dt.date | None) -> None:
    """Adds an entry for each of `claims`, or gives the one that is there the new reason and end.

    Raises:
        UsageError: no such claim can be, no reason, or the contract cannot be read or written.
    """
    import tomlkit
    from tomlkit.items import AoT

    for claim in claims:
        _check(claim)
    if not reason.strip():
        raise UsageError("--reason must say why this is accepted: who reads the contract next year wants to know.")
    read_contract(file)
    document: Any = tomlkit.parse(file.read_text(encoding="utf-8-sig"))
    entries = document.setdefault("accept", AoT([]))
    for claim in claims:
        entry = next((each for each in entries if each.get("claim") == claim), None)
        if entry is None:
            entry = tomlkit.table()
            entry["claim"] = claim
            entries.append(entry)
        entry["reason"] = reason
        if until is not None:
            entry["until"] = until
        elif "until" in entry:
            del entry["until"]
    try:
        write_whole(file, tomlkit.dumps(document))
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}.") from None
    read_contract(file)


def _check(claim: str) -> None:
    """Looks whether there may be such a claim."""
    if claim.partition(":")[0] not in AREAS or not claim.partition(":")[2]:
        raise UsageError(f"{claim!r} is no claim's id, nor a pattern of one: it begins with an area, as in ledger:*.order. "
                         f"Areas: {', '.join(AREAS)}.{nearest(claim.partition(':')[0], AREAS)}")
    if not set("*?[") & set(claim) and not kinds_of(claim, all_kinds()):
        raise UsageError(f"No claim is called {claim!r}. Copy its id from a run, or from --evidence FILE.")


def day(text: str) -> dt.date:
    """The date that `--until` names.

    Raises:
        UsageError: it names none, or a past one.
    """
    try:
        found = dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--until must be a date such as 2027-01-31, not {text!r}.") from None
    if found < dt.datetime.now(dt.UTC).date():
        raise UsageError(f"--until {text} is past, so it would accept nothing.")
    return found
