"""A broken replay as a story: the deliveries, then each table before, after, and as it should be. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from checks.harness.replays.scratch import Row, State, text_of

ROWS, COLUMNS, WIDTH = 6, 6, 60


def story(lines: Sequence[str], before: State, after: State, plain: State,
          keys: Mapping[str, Collection[str]], volatile: Mapping[str, Collection[str]]) -> str:
    """The whole story. `keys` names the tables to show, with the columns that name a row there."""
    parts = list(lines)
    for table, named in keys.items():
        hidden = set(volatile.get(table, ())) - set(named)
        columns = _columns([*before[table], *after[table], *plain[table]], named, hidden)
        parts.append(f"{table} ({', '.join(columns)})")
        for title, state in (("before", before), ("after", after), ("each once in order", plain)):
            parts += _rows(title, state[table], columns)
    return "\n".join(parts)


def _columns(rows: Sequence[Row], named: Collection[str], hidden: Collection[str]) -> list[str]:
    """The key, then columns whose values differ between rows, then others that hold something."""
    names = list(dict.fromkeys(column for row in rows for column in row))
    values = {name: {text_of(row.get(name)) for row in rows} for name in names}
    told = [name for name in names if name not in named and name not in hidden and values[name] != {"NULL"}]
    told.sort(key=lambda name: len(values[name]) == 1)
    return [*named, *told][:max(COLUMNS, len(named))]


def _rows(title: str, rows: Sequence[Row], columns: Sequence[str]) -> list[str]:
    shown = sorted(" | ".join(text_of(row.get(column))[:WIDTH] for column in columns) for row in rows)
    more = [f"  {'':>18}  … and {len(shown) - ROWS} more"] if len(shown) > ROWS else []
    lines = [f"  {title if number == 0 else '':>18}: {line}" for number, line in enumerate(shown[:ROWS])]
    return lines + more or [f"  {title:>18}: no rows"]
