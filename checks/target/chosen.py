"""What `--target` names, repeatable and with patterns, and `--shard` -> the targets of a run, each once."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import NamedTuple

from checks.contract.contract import Contract
from checks.contract.way.fleet import BETWEEN, GLOB
from checks.target.fleet import fleet_targets
from checks.target.target import Target, redacted, resolve_target, unknown
from checks.values import Unverified, UsageError


class Shard(NamedTuple):
    """One of the parts that a run is split into, over several machines."""

    number: int
    """From 1."""
    of: int


@dataclass(frozen=True)
class Chosen:
    """The targets of a run, in order."""

    targets: tuple[Target, ...]
    unlisted: Mapping[str, str] = field(default_factory=dict)
    """Name of each that cannot be looked at -> why: a fleet that nobody could list, a row that names no database."""
    several: bool = False
    """Whether this tells of several, or of a part of several: also where one is left."""
    every: tuple[str, ...] = ()
    """The names of all of them, those of other shards too, in order of names."""

    @property
    def digest(self) -> str:
        """What tells two lists of names apart."""
        return sha256("\0".join(self.every).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def read_shard(text: str) -> Shard:
    """`3/8`.

    Raises:
        UsageError: it is no such thing.
    """
    found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise UsageError(f"--shard {text[:40]}: write K/N, the K-th of N parts, such as 3/8.")
    return Shard(int(found[1]), int(found[2]))


def chosen_targets(wanted: Sequence[str | None], contract: Contract, *, writes: str | None = None,
                   through: str | None = None, shard: Shard | None = None, environ: Mapping[str, str] | None = None,
                   ) -> Chosen:
    """The targets that `wanted` names, each once, in the order in which they are named.

    Args:
        wanted: names, DSNs, fleets, and patterns over the names of targets; None: the contract's default.
        writes, through: as `resolve_target` takes them.
        shard: which part of them; every target is in exactly one, whatever the order in which they are named.
        environ: the environment, `os.environ` unless given.

    Raises:
        UsageError: a name or a pattern that is none, or a shard without a target.
    """
    fleets = _Fleets(contract, through, os.environ if environ is None else environ)
    found: dict[str, Target] = {}
    for name in wanted:
        for target in _named(contract.default_target if name is None else name, contract, fleets, writes, through):
            _add(found, target)
    names = sorted(found)
    if shard is not None:
        kept = set(names[shard.number - 1::shard.of])
        if not kept:
            raise UsageError(f"--shard {shard.number}/{shard.of}: there are only {len(names)} targets, so this part is "
                             f"empty. Split them into {len(names)} parts or fewer.")
        found = {name: target for name, target in found.items() if name in kept}
    return Chosen(tuple(found.values()), {name: why for name, why in fleets.unlisted.items() if name in found},
                  shard is not None or len(found) > 1, tuple(names))


def _add(found: dict[str, Target], target: Target) -> None:
    """Two DSNs that look the same without their secrets are two targets; the same one twice is one."""
    known, number = found.get(target.name), 1
    while known is not None and known.dsn is not None and target.dsn is not None and target.spec.dsn == "url" \
            and known.dsn.reveal() != target.dsn.reveal():
        number += 1
        name = f"{target.name} ({number})"
        known = found.get(name)
        if known is None or known.dsn is None or known.dsn.reveal() == target.dsn.reveal():
            target = replace(target, spec=replace(target.spec, name=name))
            break
    found.setdefault(target.name, target)


class _Fleets:
    """The fleets of a contract, each listed once, when somebody asks."""

    def __init__(self, contract: Contract, through: str | None, environ: Mapping[str, str]) -> None:
        self.contract, self.through, self.environ = contract, through, environ
        self.unlisted: dict[str, str] = {}
        self._known: dict[str, tuple[Target, ...]] = {}

    def of(self, name: str) -> tuple[Target, ...]:
        """The targets of the fleet `name`; itself where nobody could list them."""
        if name not in self._known:
            fleet = self.contract.fleets[name]
            try:
                listed = fleet_targets(fleet, self.contract, self.through, self.environ)
                self._known[name] = listed.targets
                self.unlisted |= listed.unknown
            except Unverified as error:
                self.unlisted[name] = str(error)
                self._known[name] = (Target(replace(fleet.spec, through=self.through or fleet.spec.through), None),)
        return self._known[name]


def _named(name: str, contract: Contract, fleets: _Fleets, writes: str | None, through: str | None) -> Sequence[Target]:
    """The targets that one `--target` names."""
    if name in contract.targets or (name not in contract.fleets and redacted(name) is not None):
        return [resolve_target(name, contract, writes=writes, through=through, environ=fleets.environ)]
    whole = name in contract.fleets
    found = list(fleets.of(name)) if whole else list(_members(name, contract, fleets))
    if not whole and set(GLOB) & set(name):
        found = [resolve_target(each, contract, writes=writes, through=through, environ=fleets.environ)
                 for each in contract.targets if fnmatchcase(each, name)] + found
    if found and writes is not None:
        raise UsageError(f"--writes is for postgresql:// URLs, and {name!r} is none; a fleet is only read.")
    if not found:
        asked = name.partition(BETWEEN)[0]
        members = (target.name for fleet in contract.fleets if fnmatchcase(fleet, asked) for target in fleets.of(fleet))
        raise UsageError(unknown(name, contract, members))
    return found


def _members(name: str, contract: Contract, fleets: _Fleets) -> Iterator[Target]:
    """The targets of fleets that `name`, as it stands or as a pattern, means."""
    for fleet in contract.fleets:
        if fnmatchcase(fleet, name):
            yield from fleets.of(fleet)
        elif BETWEEN in name and (fnmatchcase(fleet, name.partition(BETWEEN)[0])):
            members = fleets.of(fleet)
            exact = [target for target in members if target.name == name]
            yield from exact or [target for target in members
                                 if fnmatchcase(target.name, name) or target.name in fleets.unlisted]
