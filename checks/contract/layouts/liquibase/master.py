"""A master changelog: the order in which its `include` and `includeAll` bring the files in.

Source: Liquibase documentation, "include" and "includeAll" (files below a folder by their paths). Only these two are looked
at; YAML is read by its lines, as these lists are written.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

_ENDINGS = (".xml", ".yaml", ".yml", ".json")
_ABOVE = 3
"""Folders above the files in which the master changelog may stand."""
_ITEM = re.compile(r"(?P<indent>\s*)-\s+(?P<name>\w+):\s*(?P<rest>.*)")
_PAIR = re.compile(r"[\s{,]*(?P<name>file|path|relativeToChangelogFile)\s*:\s*(?P<value>'[^']*'|\"[^\"]*\"|[^\s,}#]+)")


def included(folder: Path, files: Sequence[Path]) -> tuple[Path, ...]:
    """Those of `files` that the one master changelog in or above `folder` brings in, in its order; empty: there is none, or
    there are several."""
    near = itertools.chain(folder.rglob("*"), *(above.glob("*") for above in folder.resolve().parents[:_ABOVE]))
    lists = {path.resolve(): found for path in near
             if path.suffix in _ENDINGS and path.is_file() and (found := tuple(_includes(path)))}
    wanted = {path.resolve(): path for path in files}
    inner = {each for path, found in lists.items() for each in found if each != path}
    orders = {path: tuple(wanted[each] for each in dict.fromkeys(_reached(path, lists, ())) if each in wanted)
              for path in lists if path not in inner}
    led = [order for order in orders.values() if order]
    return led[0] if len(led) == 1 else ()


def _reached(path: Path, lists: Mapping[Path, Sequence[Path]], above: tuple[Path, ...]) -> Iterator[Path]:
    for each in lists.get(path, ()):
        if each not in above:
            yield each
            yield from _reached(each, lists, (*above, path))


def _includes(changelog: Path) -> Iterator[Path]:
    """The files that a changelog names."""
    text = changelog.read_text(encoding="utf-8", errors="replace")
    if "databaseChangeLog" not in text:
        return
    try:
        items = (_of_xml if changelog.suffix == ".xml" else _of_json if changelog.suffix == ".json" else _of_yaml)(text)
    except (ElementTree.ParseError, ValueError, TypeError, AttributeError, RecursionError):
        return
    for item in items:
        relative = str(item.get("relativeToChangelogFile", "")).casefold() == "true"
        named = str(item.get("file") or item.get("path") or "").removeprefix("classpath:").strip("/")
        roots = [changelog.parent] if relative else [*changelog.parents]
        found = next((root / named for root in roots if named and (root / named).exists()), None)
        if found is not None and "path" in item:
            yield from sorted((path.resolve() for path in found.rglob("*") if path.is_file()
                               and path.suffix in (".sql", *_ENDINGS) and not path.samefile(changelog)), key=Path.as_posix)
        elif found is not None:
            yield found.resolve()


def _of_xml(text: str) -> Sequence[Mapping[str, object]]:
    return [dict(each.attrib) for each in ElementTree.fromstring(text)
            if each.tag.rpartition("}")[2] in ("include", "includeAll")]


def _of_json(text: str) -> Sequence[Mapping[str, object]]:
    return [{name: str(value) for name, value in each[kind].items()} for each in json.loads(text)["databaseChangeLog"]
            for kind in ("include", "includeAll") if kind in each]


def _of_yaml(text: str) -> Sequence[Mapping[str, object]]:
    found: list[dict[str, object]] = []
    indent: int | None = None
    inside = False
    for line in text.splitlines():
        item = _ITEM.fullmatch(line)
        if item is not None and (indent is None or len(item["indent"]) <= indent):
            indent = len(item["indent"])
            inside = item["name"] in ("include", "includeAll")
            line = item["rest"]
            if inside:
                found.append({})
        if inside:
            found[-1].update((pair["name"], pair["value"].strip("'\"")) for pair in _PAIR.finditer(line))
    return found
