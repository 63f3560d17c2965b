"""Which migrations a deployed zip holds, and with which body. Pure: a zip's bytes in, names out."""

from __future__ import annotations

import ast
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from checks.contract.migration import Migration
from checks.values import Unverified

MEMBER_BYTES, TOTAL_BYTES = 20_000_000, 300_000_000
"""Of one member and of all that are read; Lambda takes 250 MB unzipped."""
_TEXTS = (".sql", ".py", ".json", ".js", ".mjs", ".cjs", ".ts", ".txt", ".yaml", ".yml", ".toml", ".rb", ".java")


@dataclass(frozen=True)
class Held:
    """What a zip holds of some migrations."""

    whole: tuple[str, ...]
    """Versions whose file is in there with the same body."""
    other_body: tuple[str, ...]
    """Versions that are named there, with another body."""
    missing: tuple[str, ...]


def held_in(code: bytes, migrations: Sequence[Migration]) -> Held:
    """Looks for each migration's body in the members of a zip: as a file, or as a string in source or JSON.

    Raises:
        Unverified: this is no zip that can be read.
    """
    bodies = {m.version: _plain(m.sql) for m in migrations}
    found: set[str] = set()
    named: set[str] = set()
    for name, text in _members(code):
        named |= {version for version in bodies if version in name or version in text}
        left = {version: body for version, body in bodies.items() if version not in found}
        if not left:
            break
        found |= {version for version, body in left.items() if body in _plain(text)}
        left = {version: body for version, body in left.items() if version not in found}
        if left and any(_mark(body) in text for body in left.values()):
            texts = [_plain(each) for each in _strings(name, text)]
            found |= {version for version, body in left.items() if any(body in each for each in texts)}
    order = [m.version for m in migrations]
    return Held(tuple(v for v in order if v in found), tuple(v for v in order if v in named - found),
                tuple(v for v in order if v not in named | found))


def _plain(text: str) -> str:
    """Without what editors and packers change: line ends, blanks at the end of lines."""
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").strip().split("\n"))


def _mark(body: str) -> str:
    """The longest run of plain characters in a body, which no escaping changes."""
    return max(re.findall(r"[A-Za-z0-9_ ,.()=]+", body), key=len, default="")


def _members(code: bytes) -> Iterator[tuple[str, str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(code)) as archive:
            total = 0
            for info in archive.infolist():
                if info.is_dir() or not info.filename.endswith(_TEXTS) or info.file_size > MEMBER_BYTES:
                    continue
                total += info.file_size
                if total > TOTAL_BYTES:
                    raise Unverified("The function's code is too large to be searched for the migrations.")
                with archive.open(info) as member:
                    yield info.filename, member.read(MEMBER_BYTES).decode("utf-8", "replace")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise Unverified(f"The function's code is no zip that can be read: {error}.") from None


def _strings(name: str, text: str) -> Iterable[str]:
    """Every string that a source file or a JSON file holds, unescaped."""
    try:
        if name.endswith(".py"):
            return [node.value for node in ast.walk(ast.parse(text))
                    if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        if name.endswith(".json"):
            return list(_leaves(json.loads(text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return [_unescaped(found) for found in re.findall(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'', text, re.DOTALL)]


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)


def _unescaped(quoted: str) -> str:
    simple = {"n": "\n", "t": "\t", "r": "\r"}
    return re.sub(r"\\(.)", lambda found: simple.get(found[1], found[1]), quoted[1:-1], flags=re.DOTALL)
