"""The schema of a scratch database that stands for all those like the pattern in `schemas`: it is read under that name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from checks.catalog.key import Key
from checks.catalog.objects import Function, Object
from checks.catalog.renamed import standing_in
from checks.catalog.select import schemas_sql
from checks.contract.contract import Contract
from checks.sql.names import ident, literal, text_array
from checks.target.session import Row
from checks.values import UsageError

Run = Callable[[str], list[Row]]


@contextmanager
def standing_for_many(run: Run, contract: Contract) -> Iterator[str | None]:
    """Gives an example that the migrations made themselves, `tenant_demo`, the pattern's name for as long as it is read.

    Yields that example's name. Where the migrations write names without a schema, everything is in the schema of
    the pattern's name already.

    Raises:
        UsageError: they made several.
    """
    pattern = contract.pattern
    example = _example(run, contract, pattern) if pattern is not None else None
    if pattern is None or example is None:
        yield None
        return
    run(f"DROP SCHEMA {ident(pattern)}; ALTER SCHEMA {ident(example)} RENAME TO {ident(pattern)}")
    try:
        yield example
    finally:
        run(f"ALTER SCHEMA {ident(pattern)} RENAME TO {ident(example)}; CREATE SCHEMA {ident(pattern)}")


def working_there(objects: Mapping[Key, Object], example: str, pattern: str) -> dict[Key, Object]:
    """Objects with the pattern in the example's place in each search_path that a function sets: no rename mends that."""
    path = re.compile(rf'(?<=[=\s,])(?:{re.escape(example)}|{re.escape(ident(example))})(?=\s*(?:,|$))')

    def mended(item: Object) -> Object:
        if not isinstance(item, Function) or not item.config:
            return item
        return item._replace(config=tuple(
            path.sub(lambda _: ident(pattern), each) if each.startswith("search_path=") else each for each in item.config))

    return {key: mended(item) for key, item in objects.items()}


def _example(run: Run, contract: Contract, pattern: str) -> str | None:
    named = text_array(contract.schemas)
    made = [str(name) for name, in run(
        f"SELECT n.nspname FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY ({schemas_sql([pattern])}) "
        f"AND n.nspname <> ALL ({named}) ORDER BY 1")]
    if not made:
        return None
    ((filled,),) = run("SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n "
                       f"ON n.oid = c.relnamespace WHERE n.nspname = {literal(pattern)})")
    if len(made) > 1 or filled:
        names = ", ".join(made[:5]) + (" and a schema where names without one lead" if filled else "")
        raise UsageError(f"{contract.file.name}: the migrations make {names}, and schemas has {pattern!r}: what each schema "
                         "like it must be is not one thing. Let the migrations make one example of it, or write names "
                         "without a schema.")
    return made[0]


def refuse_elsewhere(contract: Contract, objects: Iterable[Key]) -> None:
    """Refuses migrations that make nothing in the schema that stands for many.

    Raises:
        UsageError: so it is.
    """
    pattern = contract.pattern or ""
    homes = {standing_in(key) for key in objects if key.kind == "table"}
    if ident(pattern) not in homes:
        others = f" They make tables in {', '.join(sorted(homes))}." if homes else ""
        raise UsageError(f"{contract.file.name}: schemas has {pattern!r}, and the migrations make no table in a schema like "
                         f"it.{others} Write names without a schema, which lead there, or let them make one example of it.")
