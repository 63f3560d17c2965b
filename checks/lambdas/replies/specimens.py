"""Lambda replies as files: what each is, what it must be called, and why."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import get_args

from checks.contract.reply_shape import REFERENCE, ReplyShape
from checks.contract.toml_table import TomlTable
from checks.lambdas.replies.endings import OutcomeWord
from checks.lambdas.replies.outcome import Outcome, classify_apply, classify_query
from checks.lambdas.replies.reply import Reply
from checks.values import UsageError

FUNCTIONS = ("migration", "query")


@dataclass(frozen=True, slots=True)
class Specimen:
    """One reply, with what it must be called."""

    name: str
    """The file's name without its ending."""
    function: str
    """Which function is said to have sent it: one of FUNCTIONS."""
    faults: tuple[str, ...]
    """Faults of the catalogue in README.md (F1 … F13, F15, P2); empty for an honest reply."""
    must_be: OutcomeWord
    why: str
    """One sentence: what in the reply decides."""
    reply: Reply
    asked: tuple[str, ...] = ()
    """The versions asked for, of a migration function."""
    nonce: str | None = None
    """The nonce that a query's rows must echo."""
    expected_version: str | None = None
    """The function version that must have run."""
    shape: ReplyShape = REFERENCE
    needs: tuple[str, ...] = ()
    """Fields of ReplyShape without which this reply is not possible; `text`: a body that is a string."""

    def judged(self, reply: Reply | None = None, shape: ReplyShape | None = None) -> Outcome:
        """What outcome.py makes of it, or of `reply`, in its own shape or in `shape`."""
        told, built = reply or self.reply, shape or self.shape
        if self.function == "query":
            return classify_query(told, self.nonce, built)
        return classify_apply(told, self.asked, built, self.expected_version)


def load(folder: Path) -> tuple[Specimen, ...]:
    """Every specimen under `folder` (`*.json`, at any depth), by name.

    Raises:
        UsageError: the folder holds none, or a file is not as fixtures/payloads/README.md says.
    """
    files = sorted(folder.rglob("*.json"), key=lambda file: file.stem)
    if not files:
        raise UsageError(f"{folder} holds no *.json; it should be the folder of reply specimens")
    specimens = tuple(_read(file) for file in files)
    twice = {one.name for one, other in pairwise(specimens) if one.name == other.name}
    if twice:
        raise UsageError(f"{folder} holds two specimens named {min(twice)!r}; rename one")
    return specimens


def _read(file: Path) -> Specimen:
    try:
        data = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read as JSON: {error}") from None
    if not isinstance(data, dict):
        raise UsageError(f"{file} must hold one JSON object; fixtures/payloads/README.md describes it")
    table = TomlTable({key: value for key, value in data.items() if value is not None}, "", str(file))
    shape = table.take("shape", dict)
    specimen = Specimen(
        name=table.text("name"), function=table.choice("function", FUNCTIONS, ""), why=table.text("why"),
        faults=tuple(table.take("faults", list, [])), must_be=_word(table), reply=_reply(table),
        asked=tuple(table.take("asked", list, [])), nonce=table.take("nonce", str),
        expected_version=table.take("expected_version", str), needs=tuple(table.take("needs", list, [])),
        shape=REFERENCE if shape is None else ReplyShape.from_table(shape, f"{file}: shape"))
    table.finish()
    if specimen.name != file.stem:
        raise table.error("name", f"must be the file's own, {file.stem!r}, not {specimen.name!r}")
    return specimen


def _word(table: TomlTable) -> OutcomeWord:
    word: OutcomeWord = table.choice("must_be", get_args(OutcomeWord), "")  # type: ignore[assignment]
    return word


def _reply(table: TomlTable) -> Reply:
    return Reply(status=table.take("status", int), function_error=table.take("function_error", str),
                 executed_version=table.take("executed_version", str), log_tail=table.text("log_tail", ""),
                 payload=_payload(table), transport_error=table.take("transport_error", str),
                 retries=table.take("retries", int, 0))


def _payload(table: TomlTable) -> bytes:
    text, encoded = table.take("payload", str), table.take("payload_base64", str)
    repeat = table.table("payload_repeat")
    if [text, encoded, repeat].count(None) != 2:
        raise table.error("payload", "must be given once: as payload, payload_base64 or payload_repeat")
    if repeat is not None:
        unit, times = repeat.text("unit"), repeat.take("times", int, 0)
        whole = repeat.text("before", "") + unit * times + repeat.text("after", "")
        repeat.finish()
        return str(whole).encode()
    if encoded is not None:
        try:
            return base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise table.error("payload_base64", f"is not base64: {error}") from None
    return str(text).encode("utf-8", "surrogatepass")
