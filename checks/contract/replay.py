"""`[replay]`: where the migrations are replayed to learn what they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from checks.contract.toml_table import TomlTable
from checks.sql.names import nearest

SERVERS = ("embedded", "container")
"""Servers that are started for a replay, each a file of checks/target/servers."""
IMAGE = "postgres:16"


@dataclass(frozen=True)
class ReplaySpec:
    """Where the migrations are replayed, and upon what."""

    server: str = "embedded"
    """One of `SERVERS`; not used where `dsn` or `target` stands."""
    image: str = IMAGE
    """The container's image."""
    dsn: str = field(default="", repr=False)
    """A server on which databases may be made and dropped: `env:NAME`, or a URL."""
    target: str | None = None
    """The name of a target with writes = "scratch", whose server is used."""
    prelude: tuple[Path, ...] = ()
    """SQL files that a platform would have run before the first migration."""
    stub_extensions: tuple[str, ...] = ()
    """Extensions that the embedded server lacks, and gets inert stand-ins for."""

    @property
    def place(self) -> str:
        """Which server it is: another may be of another major, and spell what it holds in another way."""
        image = self.image if self.server == "container" else ""
        return self.dsn or (f"target {self.target}" if self.target else f"{self.server} {image}")


def read_replay(table: TomlTable | None, root: Path, scratch: Mapping[str, bool]) -> ReplaySpec:
    """`[replay]`; `scratch` says of each target whether it may be destroyed.

    Raises:
        UsageError: with the key path and the remedy.
    """
    if table is None:
        return ReplaySpec()
    places = [key for key in ("server", "dsn", "target") if key in table]
    if len(places) > 1:
        raise table.error(places[1], f"does not go with {places[0]}: a replay runs at one place, server, dsn or target")
    spec = ReplaySpec(
        server=table.choice("server", SERVERS, "embedded"), image=table.text("image", IMAGE), dsn=table.text("dsn", ""),
        target=table.take("target", str), prelude=tuple(root / name for name in table.texts("prelude", ())),
        stub_extensions=table.texts("stub_extensions", ()))
    if spec.target is not None and not scratch.get(spec.target, False):
        why = "is one that may not be destroyed; a replay needs one with writes = \"scratch\"" if spec.target in scratch \
            else f"is no [target.…].{nearest(spec.target, scratch)} Known: {', '.join(scratch)}"
        raise table.error("target", f"names {spec.target!r}, which {why}")
    if spec.stub_extensions and (spec.server != "embedded" or spec.dsn or spec.target):
        raise table.error("stub_extensions", "goes with server = \"embedded\" only; another server brings its own")
    for file in spec.prelude:
        if not file.is_file():
            raise table.error("prelude", f"names {file.relative_to(root)}, which is not there")
    table.finish()
    return spec
