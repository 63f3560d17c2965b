"""Schemas drawn at random: tables with columns, CHECKs, keys, indexes, views, triggers, sequences, domains and enums."""

from __future__ import annotations

from random import Random

TYPES = {"integer": ("1", "7"), "bigint": ("0",), "text": ("'a'", "'none'"), "varchar(20)": ("'x'",),
         "numeric(10,2)": ("0",),
         "boolean": ("false",), "date": ("'2026-01-01'",), "timestamptz": ("now()",), "uuid": (), "jsonb": ("'{}'",)}
CHECKS = {"integer": ("{} > 0", "{} BETWEEN 1 AND 9", "{} IN (1, 2, 3)"), "bigint": ("{} >= 0",),
          "text": ("{} IN ('a', 'b')", "{} ~ '^[a-z]+$'", "length({}) < 9", "{} <> ''"),
          "varchar(20)": ("{} = ANY ('{{x,y}}')",),
          "numeric(10,2)": ("{} >= 0", "{} < 1000 OR {} IS NULL"), "date": ("{} > '2020-01-01'",)}


def random_schema(random: Random) -> str:
    """The statements that make one, in an order in which they can be run."""
    parts = ["CREATE TYPE mood AS ENUM ('sad', 'ok')", "CREATE DOMAIN amount AS numeric CHECK (VALUE >= 0)",
             "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
             "CREATE SEQUENCE numbers START 10"]
    for number in range(random.randint(3, 6)):
        parts += _table(random, number)
    return ";\n".join(parts) + ";\n"


def _table(random: Random, number: int) -> list[str]:
    name = f"t{number}"
    columns = {f"c{n}": random.choice([*TYPES, "mood", "amount"]) for n in range(random.randint(2, 7))}
    lines = [random.choice(("id integer PRIMARY KEY", "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
                            "id bigserial PRIMARY KEY"))]
    lines += [_column(random, column, kind) for column, kind in columns.items()]
    for n, (column, kind) in enumerate(columns.items()):
        if kind in CHECKS and random.random() < 0.6:
            lines.append(f"CONSTRAINT {name}_check{n} CHECK ({random.choice(CHECKS[kind]).replace('{}', column)})".replace(
                "{{", "{").replace("}}", "}"))
    if number and random.random() < 0.7:
        lines.append(f"owner_id bigint CONSTRAINT {name}_owner REFERENCES t{number - 1} (id)" if random.random() < 0.5 else
                     f"owner_id bigint CONSTRAINT {name}_owner REFERENCES t{number - 1} (id) ON DELETE SET NULL")
    parts = [f"CREATE TABLE {name} (\n    " + ",\n    ".join(lines) + ")"]
    first = next(iter(columns))
    indexed = [column for column, kind in columns.items() if kind != "jsonb"]
    for n, column in enumerate(random.sample(indexed, min(2, len(indexed)))):
        unique, where = random.choice(("", "UNIQUE ")), random.choice(("", "", f" WHERE {column} IS NOT NULL"))
        parts.append(f"CREATE {unique}INDEX {name}_i{n} ON {name} ({column}){where}")
    if random.random() < 0.5:
        parts.append(f"CREATE VIEW v{number} AS SELECT id, {first} FROM {name} WHERE id > {number}")
    if random.random() < 0.5:
        parts.append(f"CREATE TRIGGER {name}_stamped BEFORE {random.choice(('INSERT', 'UPDATE', 'INSERT OR UPDATE'))} "
                     f"ON {name} FOR EACH ROW EXECUTE FUNCTION stamp()")
    if random.random() < 0.4:
        parts += [f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
                  f"CREATE POLICY {name}_few ON {name} FOR SELECT USING (id > 0)"]
    return parts


def _column(random: Random, name: str, kind: str) -> str:
    defaults = TYPES.get(kind, ())
    default = f" DEFAULT {random.choice(defaults)}" if defaults and random.random() < 0.4 else ""
    return f"{name} {kind}{default}{' NOT NULL' if random.random() < 0.4 else ''}"
