"""Files that are written whole or not at all, in folders that are there or belong to the working tree."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def prepare(path: Path) -> None:
    """Makes sure that `write_whole` can write `path`, and leaves no file. Folders are made below the working directory only.

    Raises:
        OSError: it cannot be written; `strerror` says why.
    """
    if path.is_dir():
        raise IsADirectoryError(None, "it is a folder", str(path))
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(None, "Permission denied", str(path))
    if path.exists() and not path.is_file():
        return
    folder, here = path.parent.resolve(), Path.cwd()
    if folder == here or here in folder.parents:
        folder.mkdir(parents=True, exist_ok=True)
    if not folder.is_dir():
        raise FileNotFoundError(None, f"there is no folder {folder}, and none is made outside {here}", str(path))
    with tempfile.TemporaryFile(dir=folder):
        pass


def write_whole(path: Path, text: str) -> None:
    """Writes `path` so that whoever reads it finds the old text or all of the new one.

    Raises:
        OSError: it cannot be written, and is what it was.
    """
    if path.exists() and not path.is_file():  # a pipe or a terminal cannot be put in another's place
        path.write_text(text, encoding="utf-8")
        return
    path = path.resolve()  # a link stays one
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
