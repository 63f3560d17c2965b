"""How often an answer was right, wrong or withheld."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Tally:
    """Of one sort of answers."""

    name: str
    tried: int = 0
    undecided: int = 0
    """Answers withheld: unverified."""
    wrong: list[str] = field(default_factory=list)
    """What PostgreSQL refutes, in words that say how to get it again."""

    def __str__(self) -> str:
        share = 100 * self.undecided / self.tried if self.tried else 0.0
        return (f"{self.name:10} {self.tried:7} tried  {len(self.wrong):4} wrong  "
                f"{self.undecided:6} unverified ({share:.1f} %)")
