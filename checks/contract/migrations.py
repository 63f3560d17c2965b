"""The migrations folder: numbered SQL files, in the order they apply, and the versions they record."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from checks.contract.contract import Contract
from checks.sql.names import nearest
from checks.values import UsageError


@dataclass(frozen=True)
class Migration:
    """One file. Files apply in the order of their names."""

    version: str
    """What the ledger calls it."""
    file: str
    sql: str


def read_migrations(contract: Contract) -> tuple[Migration, ...]:
    """Every migration of the contract's folder.

    Raises:
        UsageError: no such folder, no file in it, unreadable text, or two files with one version.
    """
    folder = contract.migrations
    if folder is None:
        return ()
    if not folder.is_dir():
        raise UsageError(f"The migrations folder {folder} does not exist; set `migrations` in {contract.file.name}.")
    files = contract.tool.files(folder)
    if not files:
        raise UsageError(f"The migrations folder {folder} holds no .sql file; set `migrations` in "
                         f"{contract.file.name}, or remove it to make no claims about the schema.")
    pattern = contract.ledger.version_from if contract.ledger else contract.tool.version_from
    found = tuple(Migration(version_of(path.name, pattern, contract.file.name), path.name, _text(path))
                  for path in files)
    seen: dict[str, str] = {}
    for migration in found:
        if migration.version in seen:
            raise UsageError(f"{seen[migration.version]} and {migration.file} both have the version "
                             f"{migration.version!r}; rename one, or set ledger.version_from in {contract.file.name}.")
        seen[migration.version] = migration.file
    return found


def version_of(name: str, pattern: str, where: str) -> str:
    """The version of the file `name` by `pattern`, which may use {stem}, {name}, {prefix} and {number}.

    `{prefix}` is what stands before the first underscore, `{number}` the first run of digits:
    `V12__add_side.sql` has the stem `V12__add_side`, the prefix `V12` and the number `12`.
    """
    stem = name.removesuffix(".sql")
    digits = re.search(r"\d+", stem)
    words = {"stem": stem, "name": name, "prefix": stem.partition("_")[0],
             "number": digits.group() if digits else stem}
    try:
        return pattern.format_map(words)
    except (KeyError, ValueError, IndexError, AttributeError):
        raise UsageError(f"{where}: ledger.version_from {pattern!r} may use only "
                         f"{', '.join('{' + word + '}' for word in words)}.") from None


def digest(migrations: Sequence[Migration], schemas: Sequence[str], reader_format: str) -> str:
    """The content hash (SHA-256, hex) under which a derived contract is cached and locked.

    Args:
        migrations: the files.
        schemas: which schemas are read.
        reader_format: which format of Snapshot the reader makes.
    """
    content = hashlib.sha256()
    texts = (text for item in migrations for text in (item.version, item.file, item.sql))
    for part in (reader_format, *schemas, *texts):
        content.update(hashlib.sha256(part.encode()).digest())
    return content.hexdigest()


def through(migrations: Sequence[Migration], version: str | None) -> tuple[Migration, ...]:
    """The migrations up to and with `version`; all when None.

    Raises:
        UsageError: there is no such version (nearest named).
    """
    if version is None:
        return tuple(migrations)
    versions = [migration.version for migration in migrations]
    if version not in versions:
        raise UsageError(f"No migration has the version {version!r}.{nearest(version, versions)} "
                         f"Known: {', '.join(versions[-5:])}{' (last five)' if len(versions) > 5 else ''}")
    return tuple(migrations[: versions.index(version) + 1])


def inversions(migrations: Sequence[Migration]) -> tuple[tuple[str, str], ...]:
    """Neighbours in apply order whose numbers run the other way: (`1000_x`, `999_y`)."""
    def natural(name: str) -> list[tuple[int, str]]:
        return [(int(part), "") if part.isdigit() else (-1, part) for part in re.findall(r"\d+|\D+", name)]

    return tuple((a.file, b.file) for a, b in itertools.pairwise(migrations)
                 if natural(a.file) > natural(b.file))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text; save it as UTF-8.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
