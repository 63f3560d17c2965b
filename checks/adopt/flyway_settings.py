"""What a repository says of Flyway's schemas: in flyway.toml, flyway.conf, or the settings of Spring or Quarkus."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_FILES = ("flyway.toml", "flyway.conf", "conf/flyway.toml", "conf/flyway.conf", "application*.properties",
          "application*.yml", "application*.yaml")
_SETTING = re.compile(r"^[ \t]*(?:[\w.-]+\.)?(?P<name>default-?schema|schemas)\s*[:=]\s*(?P<value>[^#\n]+)",
                      re.IGNORECASE | re.MULTILINE)


class FlywaySettings(NamedTuple):
    """Where Flyway works."""

    schemas: tuple[str, ...]
    ledger: str
    """Its table, where it is not in `public`; else empty."""


def flyway_settings(root: Path, folder: Path) -> FlywaySettings:
    """What the files beside `folder` and above it, up to `root`, say; the innermost first."""
    said: dict[str, tuple[str, ...]] = {}
    for file in _settings(root, folder):
        text = file.read_text(encoding="utf-8", errors="replace")
        for match in _SETTING.finditer(text[text.casefold().find("flyway"):] if "flyway" in text.casefold() else ""):
            names = tuple(re.findall(r"[\w$]+", re.sub(r"\$\{[^}]*\}", "", match["value"])))
            if names:
                said.setdefault(match["name"].casefold().replace("-", ""), names)
    schemas = said.get("schemas") or said.get("defaultschema") or ("public",)
    home, *_ = said.get("defaultschema") or schemas
    return FlywaySettings(schemas, "" if home == "public" else f"{home}.flyway_schema_history")


def _settings(root: Path, folder: Path) -> Iterator[Path]:
    for place in (folder, *folder.parents):
        for pattern in _FILES:
            yield from sorted(place.glob(pattern))
        if place == root:
            return
