"""What SQLAlchemy reflects of a database, compared with what it reflected of another.

    python reflection.py URL EXPECTED.json [--write]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from sqlalchemy import create_engine, inspect
from sqlalchemy.engine.reflection import ObjectKind


def reflected(url: str) -> dict[str, object]:
    """`columns book_0001` -> what there is to say of it, for all that SQLAlchemy's inspector reads at once."""
    inspector = inspect(create_engine(url))
    kinds = {"columns": inspector.get_multi_columns, "primary key": inspector.get_multi_pk_constraint,
             "foreign keys": inspector.get_multi_foreign_keys, "indexes": inspector.get_multi_indexes,
             "unique": inspector.get_multi_unique_constraints, "checks": inspector.get_multi_check_constraints}
    found = {f"{kind} {table}": said for kind, read in kinds.items()
             for (_, table), said in read(schema="public", kind=ObjectKind.ANY).items()}
    found |= {f"enum {enum['name']}": enum for enum in inspector.get_enums("public")}
    found |= {f"view {name}": inspector.get_view_definition(name, "public") for name in inspector.get_view_names("public")}
    found["sequences"] = inspector.get_sequence_names("public")
    return {name: json.loads(json.dumps(_sorted(said), default=repr)) for name, said in found.items()}


def _sorted(said: object) -> object:
    return sorted(said, key=lambda each: str(each["name"])) if said and isinstance(said, list) and isinstance(
        said[0], dict) else said


def main(url: str, expected: str, *write: str) -> int:
    found, file = reflected(url), Path(expected)
    if write:
        file.write_text(json.dumps(found), encoding="utf-8")
        return 0
    before = json.loads(file.read_text(encoding="utf-8"))
    different = [name for name in {**before, **found} if before.get(name) != found.get(name)]
    print(*different, sep="\n")
    facts = sum(len(said) if isinstance(said, list) else 1 for said in before.values())
    print(f"{facts} claims")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
