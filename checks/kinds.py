"""A kind of claim as data: a function whose docstring's first line is the claim, as a sentence with blanks.

    @claim("ledger:{version}", breaks="the row is lost, or what the migration did")
    def migration(version: str, rows: Rows, settled: Settled) -> Finding:
        '''{version} is recorded exactly once, and what it did is there'''

Id and sentence are filled in from the arguments of the call, which gives a Verdict. The docs' table of claims,
`--explain` and the law that every kind has a saboteur are made of the same values.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Generic, ParamSpec

from checks.values import Differs, Evidence, Figure, HarnessError, Subject, Verdict, VerdictWord, broke_off

P = ParamSpec("P")
_BLANK = re.compile(r"\{(\w+)(?:\.(\w+))?[^{}]*\}")
_NAMES = ("shown", "path", "own")
"""Attributes that are just the name of what they belong to."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a claim's function found; the kind adds the claim's id and sentence."""

    word: VerdictWord
    detail: str = ""
    witness: str = ""
    next_step: str = ""
    evidence: Evidence | None = None
    """None: the kind's usual one."""
    note: str = ""
    """For a held claim: see Verdict."""
    about: tuple[Subject, ...] = ()
    """For a broken claim: see Verdict."""
    foremost: bool = False
    differs: tuple[Differs, ...] = ()
    figures: tuple[Figure, ...] = ()
    moving: bool = False
    """For a claim that is unverified: see Verdict."""


@dataclass(frozen=True)
class Kind(Generic[P]):
    """One kind of claim. Called, it judges one claim of this kind."""

    judge: Callable[P, Finding]
    id: str
    """`area:object[.part]`, with blanks that name parameters of `judge`."""
    evidence: tuple[Evidence, ...]
    """What it may rest on; the usual kind of evidence first."""
    breaks: str
    """What breaks it, in words; empty when nothing does: it is only claimed where nobody could look."""

    @cached_property
    def name(self) -> str:
        """The function's name."""
        return self.judge.__name__

    @cached_property
    def sentence(self) -> str:
        """The claim as a sentence that holds when all is well; blanks as in `id`."""
        return (self.judge.__doc__ or "").strip().splitlines()[0]

    @cached_property
    def area(self) -> str:
        """The part of the id before the colon, one of `AREAS`."""
        return self.id.partition(":")[0]

    @cached_property
    def key(self) -> str:
        """Names this kind among all: `enums.accepted_values`."""
        return f"{self.area}.{self.name}"

    @cached_property
    def broken(self) -> str:
        """When it is broken, in words: `when its row is lost`."""
        return f"when {self.breaks}" if self.breaks else "never: it is only claimed where nobody could look"

    @cached_property
    def readable(self) -> str:
        """The sentence for people: its blanks named by their parameters."""
        return _BLANK.sub(_blank, self.sentence)

    @cached_property
    def pattern(self) -> str:
        """The id for people: `constraints:{constraint}`."""
        return _BLANK.sub(_blank, self.id)

    @cached_property
    def _parameters(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.judge).parameters)

    @cached_property
    def _shape(self) -> re.Pattern[str]:
        parts = re.split(r"\{[^{}]*\}", self.id)
        return re.compile(".+".join(map(re.escape, parts)), re.DOTALL)

    def fits(self, claim: str) -> bool:
        """Whether `claim` may be the id of a claim of this kind."""
        return self._shape.fullmatch(claim) is not None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Verdict:
        """Judges the claim about these arguments. A judge that breaks off proves nothing, and ends no other's work."""
        try:
            finding = self.judge(*args, **kwargs)
        except HarnessError:
            raise
        except Exception as error:
            finding = Finding("unverified", broke_off(error), "", "Run again; if it stays, report it with the contract.")
        blanks = dict(zip(self._parameters, args, strict=False))
        blanks.update(kwargs)
        return Verdict(self.id.format_map(blanks), self.sentence.format_map(blanks), finding.word,
                       finding.evidence or self.evidence[0], finding.detail, finding.witness,
                       "" if finding.word == "held" else finding.next_step,
                       finding.note if finding.word == "held" else "", about=finding.about, foremost=finding.foremost,
                       differs=finding.differs, figures=finding.figures,
                       moving=finding.moving and finding.word == "unverified")


def _blank(found: re.Match[str]) -> str:
    whose, attribute = found[1], found[2]
    return "{" + (whose if attribute is None or attribute in _NAMES else attribute) + "}"


def claim(id: str, *, breaks: str, evidence: tuple[Evidence, ...] = ("catalog",),
          ) -> Callable[[Callable[P, Finding]], Kind[P]]:
    """Makes a Kind of the function below it.

    Args:
        id: the ids of such claims; see Kind.
        breaks: what breaks such a claim, in words.
        evidence: what such a claim may rest on.
    """
    return lambda judge: Kind(judge, id, evidence, breaks)


def kinds_in(modules: Iterable[ModuleType]) -> tuple[Kind[...], ...]:
    """Every kind that one of `modules` defines, in the order they stand there."""
    return tuple(value for module in modules for value in vars(module).values()
                 if isinstance(value, Kind) and value.judge.__module__ == module.__name__)


def kinds_of(claim_id: str, kinds: Iterable[Kind[...]]) -> tuple[Kind[...], ...]:
    """The kinds that `claim_id` may be of: of all that fit, those whose ids say the most."""
    said = {kind: len(re.sub(r"\{[^{}]*\}|\W", "", kind.id)) for kind in kinds if kind.fits(claim_id)}
    return tuple(kind for kind, words in said.items() if words == max(said.values()))
