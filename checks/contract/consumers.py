"""`consumer = { … }` of `[dedupe.NAME]`: the kinds of consumer that a contract can name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from checks.contract.toml_table import TomlTable


@dataclass(frozen=True)
class PythonConsumer:
    """A function, called as `FUNCTION(event, database_url)`."""

    FORM: ClassVar[str] = '{ python = "PATH.py:FUNCTION" }'
    """As it is written in the contract."""
    WARM: ClassVar[bool] = True
    """Whether one process takes delivery after delivery, so that a delivery costs little."""

    file: str
    """A path from the contract's folder."""
    function: str
    batch: int = 0
    """How many events it is handed at once, as the records of an SQS event source; 0: one, as it is."""

    def __str__(self) -> str:
        return f"{self.file}:{self.function}"

    @classmethod
    def read(cls, table: TomlTable) -> PythonConsumer:
        """Takes its keys off `table`."""
        file, _, function = table.text("python").rpartition(":")
        if not file or not function.isidentifier():
            raise table.error("python", "must be \"PATH.py:FUNCTION\"")
        return cls(file, function, _batch(table))


@dataclass(frozen=True)
class CommandConsumer:
    """A command: DATABASE_URL is set, an event on stdin, exit 0 acknowledges."""

    FORM: ClassVar[str] = "{ command = [...] }"
    WARM: ClassVar[bool] = False
    batch: ClassVar[int] = 0
    """It gives no reply, in which it could name records that failed."""

    argv: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(self.argv)

    @classmethod
    def read(cls, table: TomlTable) -> CommandConsumer:
        """Takes its keys off `table`."""
        return cls(table.texts("command"))


@dataclass(frozen=True)
class LambdaConsumer:
    """A Lambda: the event is the payload; DATABASE_URL is in its environment."""

    FORM: ClassVar[str] = '{ lambda = "NAME", source = ["FOLDER"] }'
    WARM: ClassVar[bool] = False

    function: str
    source: tuple[str, ...] = ()
    """Its code, from the contract's folder: a folder and more files, deployed to a local endpoint for the replay."""
    batch: int = 0
    """As of a PythonConsumer."""

    def __str__(self) -> str:
        return f"lambda {self.function}"

    @classmethod
    def read(cls, table: TomlTable) -> LambdaConsumer:
        """Takes its keys off `table`."""
        return cls(table.text("lambda"), table.texts("source", ()), _batch(table))


Consumer = PythonConsumer | CommandConsumer | LambdaConsumer
CONSUMERS: Mapping[str, type[PythonConsumer] | type[CommandConsumer] | type[LambdaConsumer]] = {
    "python": PythonConsumer,
    "command": CommandConsumer,
    "lambda": LambdaConsumer,
}
"""Every kind by the key that names it; how each is run is a file of checks/replays/consumers."""


def _batch(table: TomlTable) -> int:
    records: int | None = table.take("batch", int)
    if records is not None and records < 1:
        raise table.error("batch", f"must be how many records it is handed at once, at least 1, not {records}")
    return records or 0


def read_consumer(table: TomlTable) -> Consumer:
    """The consumer that a table describes.

    Raises:
        UsageError: it describes none, or more than one.
    """
    kinds = [CONSUMERS[key] for key in table.left() if key in CONSUMERS]
    if len(kinds) != 1:
        raise table.error("", f"must be one of {', '.join(kind.FORM for kind in CONSUMERS.values())}")
    (kind,) = kinds
    found = kind.read(table)
    table.finish()
    return found
