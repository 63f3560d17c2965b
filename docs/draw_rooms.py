"""Draws which room of checks/ imports which, into docs/design.md: python docs/draw_rooms.py."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.rooms import MODULES, PACKAGE, rooms, tree  # noqa: E402

DESIGN = ROOT / "docs" / "design.md"
BEGIN, END = "<!-- drawn by docs/draw_rooms.py -->\n", "<!-- end of the drawing -->\n"
Imports = Mapping[str, set[str]]


def drawn(text: str, imports: Imports) -> str:
    """`text` with the picture of `imports` (room -> rooms) between its marks."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return head + BEGIN + "\n".join(["", *_picture(imports), "", *_table(imports), ""]) + "\n" + END + tail


def _picture(imports: Imports) -> Iterator[str]:
    """A room points at those it stands on; what follows from other arrows is left out."""
    yield "```mermaid"
    yield "flowchart TD"
    for name in _from_the_top(imports):
        needless = {below for other in imports[name] for below in _all_below(other, imports)}
        yield from (f"    {name} --> {other}" for other in sorted(imports[name] - needless))
    yield "```"


def _table(imports: Imports) -> Iterator[str]:
    yield "| room | what it is for | imports |"
    yield "|---|---|---|"
    for name in _from_the_top(imports):
        yield f"| `{_shown(name)}` | {_purpose(name)} | {', '.join(sorted(imports[name]))} |"


def _from_the_top(imports: Imports) -> list[str]:
    """Every room before those it imports."""
    return sorted(imports, key=lambda name: (-_height(name, imports), name))


def _height(name: str, imports: Imports) -> int:
    return 1 + max((_height(other, imports) for other in imports[name]), default=0)


def _all_below(name: str, imports: Imports) -> set[str]:
    return imports[name].union(*(_all_below(other, imports) for other in imports[name]))


def _shown(name: str) -> str:
    return f"{name}/" if (PACKAGE / name).is_dir() else f"{name}.py"


def _purpose(name: str) -> str:
    """The first line of the room's docstring."""
    file = MODULES[name]
    return (ast.get_docstring(tree(file)) or "").splitlines()[0].replace("|", "\\|")


if __name__ == "__main__":
    DESIGN.write_text(drawn(DESIGN.read_text(encoding="utf-8"), rooms()), encoding="utf-8")
