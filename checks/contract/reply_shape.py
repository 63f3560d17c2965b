"""How a Lambda's reply is built, as a contract declares it: never guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from checks.contract.toml_table import TomlTable
from checks.values import UsageError


@dataclass(frozen=True, slots=True)
class ReplyShape:
    """How a function's reply is built, never guessed: `[target.NAME.reply]` and `[target.NAME.query_reply]`.

    An empty string says that the function has no such key. The defaults are the reference Lambdas'.
    """

    body: str = "body"
    """Key of the payload that wraps the account; "" when the payload is the account itself."""
    body_as: str = "text"
    """"text": the body is a string of JSON; "object": it is an object."""
    status: str = "statusCode"
    """Key of the payload that holds the integer 200."""
    success: str = "success"
    """Key of the account that holds true; when "" the lists (or the rows) alone are the proof."""
    applied: str = "migrations_applied"
    skipped: str = "migrations_skipped"
    errors: tuple[str, ...] = ("error", "errors", "errorMessage", "errorType", "exception", "failed",
                               "failures", "migrations_failed")
    """Keys that tell of an error at any level, case and separators aside; Lambda's own are added."""
    rows: str = "rows"
    count: str = "count"

    @staticmethod
    def from_table(table: Mapping[str, Any], where: str) -> ReplyShape:
        """The shape a table of contract.toml describes; `where` is its file and key path, for messages.

        Raises:
            UsageError: unknown key (nearest named), wrong type, or one key with two meanings.
        """
        read, default = TomlTable(table, "", where), ReplyShape()
        names = [f.name for f in fields(ReplyShape) if f.name not in ("body_as", "errors")]
        texts = {name: read.text(name, getattr(default, name)) for name in names}
        body_as = read.choice("body_as", ("text", "object"), default.body_as)
        errors = read.take("errors", list, list(default.errors))
        if not all(isinstance(key, str) and key for key in errors):
            raise read.error("errors", "must be a list of non-empty strings")
        read.finish()
        _one_meaning_each({**texts, **{f"errors[{n}]": key for n, key in enumerate(errors)}}, where)
        return ReplyShape(**texts, body_as=body_as, errors=tuple(errors))


def _one_meaning_each(keys: Mapping[str, str], where: str) -> None:
    meaning: dict[str, str] = {}
    for name, key in keys.items():
        other = meaning.setdefault(plain(key), name) if key else name
        if other != name:
            raise UsageError(f"{where}: {other} and {name} both name the reply's key {key!r}; "
                             "give each its own, or \"\" for what the function does not send")


def plain(key: str) -> str:
    """`key` without case and separators: errorMessage, error_message and Error-Message are one."""
    return _SEPARATORS.sub("", key).casefold()


_SEPARATORS = re.compile(r"[^0-9A-Za-z]+")


REFERENCE = ReplyShape()
"""The shape of the reference Lambdas' replies."""
