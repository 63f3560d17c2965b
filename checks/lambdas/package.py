"""Deployment packages: zips whose bytes depend on nothing but what is in them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from checks.values import UsageError


def pack(folder: Path, extra: Mapping[str, bytes] | None = None) -> bytes:
    """A zip of `folder` and of `extra` (path in the zip -> content).

    Raises:
        UsageError: there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(f"Nothing to pack: {folder} is no folder; name the one that holds app.py.")
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*")
             if path.is_file() and "__pycache__" not in path.parts}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted({**files, **(extra or {})}.items()):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def bundle(migrations: Mapping[str, str]) -> bytes:
    """The source of `migrations_bundle.py`: MIGRATIONS, a dict of version -> SQL, in the order given."""
    lines = [f"    {version!r}: {sql!r},\n" for version, sql in migrations.items()]
    return ("MIGRATIONS = {\n" + "".join(lines) + "}\n").encode()
