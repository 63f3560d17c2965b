"""The false worlds: the migration function says that all is well, and this is what happened instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from checks.audits.faults.deeds import Deeds, before, droppable
from checks.audits.faults.fault import Fault
from checks.catalog.key import Key
from checks.expectation.expectation import Expectation
from checks.sql.syntax.statements import commits

ANOTHER = "_draft"
"""What makes the name of another version of V's."""
MOST_LEFT_OUT = 6
"""Objects of V's that are left out, one in each world, at most."""


def _one_object_only(expectation: Expectation) -> str:
    if len(droppable(expectation)) >= 2:
        return ""
    return f"{_file(expectation)} does not make two objects of which one could be missing"


def _makes_the_ledger(expectation: Expectation) -> str:
    ledger = expectation.contract.ledger
    if ledger is not None and Key.table(ledger.shown) in before(expectation):
        return ""
    return f"{_file(expectation)} makes the ledger itself"


def _changes_nothing(expectation: Expectation) -> str:
    migration = expectation.migrations[-1]
    if expectation.effects.get(migration.version):
        return _makes_the_ledger(expectation)
    return f"{migration.file} changes nothing that a catalogue shows"


def _commits(expectation: Expectation) -> str:
    migration = expectation.migrations[-1]
    return f"{migration.file} commits by itself" if commits(migration.sql) else ""


def _file(expectation: Expectation) -> str:
    return expectation.migrations[-1].file


def _first_half(deeds: Deeds) -> None:
    deeds.apply_all_but(deeds.droppable[len(deeds.droppable) // 2:])


def _other_half(deeds: Deeds) -> None:
    deeds.apply_all_but(deeds.droppable[:len(deeds.droppable) // 2])


def _lookalikes(deeds: Deeds) -> None:
    version = deeds.version
    deeds.record(version + ANOTHER, "draft_" + version, version.replace("_", "-", 1) + "-")


def _of_another(perfect: bytes, version: str) -> bytes:
    return perfect.replace(version.encode(), (version + ANOTHER).encode())


WORLDS = (
    Fault("world.did-nothing", "world", "It says applied, and did nothing.",
          "Do not believe the reply: look at the database for the row and for what the migration makes."),
    Fault("world.did-half", "world", "It did the first half of the DDL, recorded the row and says applied.",
          "Look for every object that the migration makes, not for some of them.",
          do=_first_half, impossible=_one_object_only),
    Fault("world.did-other-half", "world", "It did the second half of the DDL, recorded the row and says applied.",
          "Look for every object that the migration makes, not for some of them.",
          do=_other_half, impossible=_one_object_only),
    Fault("world.rolled-back", "world", "It says applied, and its transaction is rolled back after that.",
          "Look at the database through a session of your own, after the reply.",
          do=Deeds.apply_uncommitted, impossible=_commits),
    Fault("world.row-without-ddl", "world", "It recorded the row and did none of the DDL.",
          "A row in the ledger proves nothing: look for what the migration makes.",
          do=lambda deeds: deeds.record(deeds.version), impossible=_changes_nothing),
    Fault("world.ddl-without-row", "world", "It did the DDL and recorded nothing.",
          "Look for the row too: without it the next run applies the migration again.", do=Deeds.apply_unrecorded),
    Fault("world.other-version", "world", "It applied another version, recorded that one, and says so.",
          "Compare the version exactly, in the reply and in the ledger: no LIKE, no prefix.",
          do=lambda deeds: deeds.record(deeds.version + ANOTHER), says=_of_another, impossible=_makes_the_ledger),
    Fault("world.lookalike-rows", "world",
          "The ledger has rows of versions with similar names, and the reply says applied.",
          "Compare the version in the ledger with =; in LIKE every _ stands for any character.",
          do=_lookalikes, impossible=_makes_the_ledger),
    Fault("world.other-database", "world", "It applied the version to another database and says applied.",
          "Look at the database that the application uses, by the application's own route.", do=Deeds.apply_elsewhere),
    Fault("world.accepted", "world", "It answers 202: accepted, to be run later, which never happens.",
          "Invoke with RequestResponse, take only StatusCode 200, and look at the database.",
          says=lambda perfect, version: None),
)


def left_out(made: Sequence[Key]) -> tuple[Fault, ...]:
    """A `world.left-out.N` for each of some of the objects `made` by V."""
    step = max(1, -(-len(made) // MOST_LEFT_OUT))
    return tuple(Fault(f"world.left-out.{number}", "world",
                       f"It did all but {key.kind} {key.path}, recorded the row and says applied.",
                       f"Look for every object that the migration makes: {key.kind} {key.path} too.", do=_all_but(key))
                 for number, key in enumerate(made[::step], 1))


def _all_but(key: Key) -> Callable[[Deeds], None]:
    return lambda deeds: deeds.apply_all_but([key])
