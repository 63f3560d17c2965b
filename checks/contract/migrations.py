"""The migrations that a contract names, in the order they apply, and the versions they record."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from checks.contract.contract import Contract, MigrationsSpec
from checks.contract.layouts import LAYOUTS
from checks.contract.layouts.source import Source, natural
from checks.contract.listing import files_in, listed_in
from checks.contract.migration import Migration
from checks.sql.names import nearest
from checks.values import UsageError


def read_migrations(contract: Contract) -> tuple[Migration, ...]:
    """Every migration of the contract's folder, as the tool that it names would apply them.

    Raises:
        UsageError: no such folder, nothing in it that fits the tool's layout, unreadable text, or two of one version.
    """
    spec = contract.migrations
    if spec is not None and spec.build:
        return _named(contract, spec)
    if spec is None or spec.folder is None:
        return ()
    if not spec.folder.is_dir():
        raise UsageError(f"The migrations folder {spec.folder} does not exist; set `migrations` in {contract.file.name}.")
    source, layout = source_of(contract, spec), LAYOUTS[spec.tool]
    other = _goes_down(source) if spec.tool == "plain" else None
    if other is not None:
        raise UsageError(f"The migrations folder {spec.folder} holds migrations that go down too, and would be applied; say "
                         f"whose they are in {contract.file.name}: "
                         f'[migrations] folder = "{spec.folder.name}", tool = {other}.')
    found = tuple(layout.read(source))
    if not found:
        raise UsageError(_empty(contract, spec, source))
    if contract.ledger is not None and contract.ledger.version_from is not None:
        pattern = contract.ledger.version_from
        found = tuple(replace(item, version=version_of(item.file.rpartition("/")[2], pattern, contract.file.name),
                              title="" if spec.tool == "plain" else item.title) for item in found)
    seen: dict[str, str] = {}
    for migration in found:
        if migration.version in seen:
            raise UsageError(f"{seen[migration.version]} and {migration.file} both have the version "
                             f"{migration.version!r}; rename one, or set ledger.version_from in {contract.file.name}.")
        seen[migration.version] = migration.file
    return found


def _named(contract: Contract, spec: MigrationsSpec) -> tuple[Migration, ...]:
    """The migrations that commands apply, as far as files tell which there are and in what order."""
    folder = spec.versions if isinstance(spec.versions, Path) else spec.folder
    if folder is None:
        return ()
    if not folder.is_dir():
        raise UsageError(f"The migrations folder {folder} does not exist; set [migrations] folder in {contract.file.name}.")
    found = listed_in(folder, contract.ledger.tool if contract.ledger else spec.tool)
    if found or not isinstance(spec.versions, Path):
        return found
    pattern = contract.ledger.version_from if contract.ledger else None
    return tuple(Migration(version_of(name, pattern or "{stem}", contract.file.name), name, "") for name in files_in(folder))


def _goes_down(source: Source) -> str | None:
    """The tool, as the contract writes it, whose down-migrations would be taken for plain files."""
    if source.files("*.down.sql"):
        return '"golang-migrate" or "sqlx"'
    if source.files("*.rollback.sql"):
        return '"yoyo"'
    marked = ("dbmate", "goose", "sql-migrate", "node-pg-migrate")
    return next((f'"{name}"' for name in marked if LAYOUTS[name].recognises(source)), None)


def source_of(contract: Contract, spec: MigrationsSpec) -> Source:
    """The folder of `spec`, as layouts read it.

    Raises:
        UsageError: it names none.
    """
    if spec.folder is None:
        raise UsageError(f"{contract.file.name} names no migrations folder.")
    return Source(spec.folder, contract.file.name, spec.placeholders, contract.schemas[0],
                  contract.ledger.table if contract.ledger else "")


def _empty(contract: Contract, spec: MigrationsSpec, source: Source) -> str:
    if spec.tool == "plain":
        near = [name for name, layout in LAYOUTS.items() if name != "plain" and layout.recognises(source)]
        if near:
            return (f"The migrations folder {spec.folder} holds no .sql file of its own, but {' or '.join(near)} files; "
                    f'say so in {contract.file.name}: [migrations] folder = "{source.folder.name}", tool = "{near[0]}".')
        return (f"The migrations folder {spec.folder} holds no .sql file; set `migrations` in "
                f"{contract.file.name}, or remove it to make no claims about the schema.")
    there = sorted(path.name for path in source.folder.iterdir())
    return (f"The migrations folder {spec.folder} holds no migration of {spec.tool}, whose files are called "
            f"{LAYOUTS[spec.tool].FORM}; it holds {', '.join(there[:5]) or 'nothing'}{' …' * (len(there) > 5)}. "
            f"Set [migrations] folder or tool in {contract.file.name}.")


def version_of(name: str, pattern: str, where: str) -> str:
    """The version of the file `name` by `pattern`, which may use {stem}, {name}, {prefix}, {number} and {integer}.

    `{prefix}` is what stands before the first underscore, `{number}` the first run of digits, `{integer}` the same without
    its zeros: `V012__add_side.sql` has the stem `V012__add_side`, the prefix `V012`, the number `012` and the integer `12`.
    """
    stem = name.removesuffix(".sql")
    digits = re.search(r"\d+", stem)
    words = {"stem": stem, "name": name, "prefix": stem.partition("_")[0],
             "number": digits.group() if digits else stem, "integer": str(int(digits.group())) if digits else stem}
    try:
        return pattern.format_map(words)
    except (KeyError, ValueError, IndexError, AttributeError):
        raise UsageError(f"{where}: ledger.version_from {pattern!r} may use only "
                         f"{', '.join('{' + word + '}' for word in words)}.") from None


def digest(migrations: Sequence[Migration], schemas: Sequence[str], reader_format: str) -> str:
    """The content hash (SHA-256, hex) under which a derived contract is cached and locked.

    Args:
        migrations: the files.
        schemas: which schemas are read, and whatever else what is derived depends on.
        reader_format: which format of Snapshot the reader makes.
    """
    content = hashlib.sha256()
    texts = (text for item in migrations for text in (item.version, item.file, item.sql))
    for part in (reader_format, *schemas, *texts):
        content.update(hashlib.sha256(part.encode()).digest())
    return content.hexdigest()


def contract_digest(contract: Contract) -> str:
    """16 hexadecimal digits that differ where the contract's file differs, or a migration's name or text.

    Raises:
        UsageError: the migrations cannot be read.
    """
    return digest(read_migrations(contract), [contract.file.read_bytes().hex()], "")[:16]


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


def sorted_by_name(contract: Contract) -> bool:
    """Whether the tool applies its migrations in the order of their names, whatever numbers stand in them."""
    spec = contract.migrations
    return spec is not None and spec.tool in ("plain", "dbmate", "diesel", "prisma", "yoyo")


def inversions(migrations: Sequence[Migration]) -> tuple[tuple[str, str], ...]:
    """Neighbours in apply order whose numbers run the other way: (`1000_x`, `999_y`); a day and an hour of it do not."""
    return tuple((a.file, b.file) for a, b in itertools.pairwise(migrations)
                 if natural(_to_the_second(a.file)) > natural(_to_the_second(b.file)))


def _to_the_second(name: str) -> str:
    """`name` with the day, or the minute, that begins it written to the second."""
    return re.sub(r"^(?:19|20)\d{6}(?:\d\d){0,3}(?!\d)", lambda match: match[0].ljust(14, "0"), name)
