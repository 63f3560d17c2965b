"""Files are written whole or not at all, and folders are made below the working directory only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from checks import files
from checks.evidence import prepare_output
from checks.files import prepare, write_whole
from checks.values import UsageError


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_whole(path, "one")
    path.chmod(0o640)
    write_whole(path, "two")
    assert path.read_text() == "two"
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_what_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    write_whole(path, "one")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, "two")
    assert path.read_text() == "one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_whole(tmp_path / "link", "one")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "one"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    prepare(tmp_path / "pipe")
    write_whole(tmp_path / "pipe", "one")
    assert os.read(reader, 10) == b"one"
    os.close(reader)


@pytest.mark.parametrize("where", ["elsewhere/new/a.json", "here/../elsewhere/new/a.json", "here/out/new/a.json"])
def test_no_folder_is_made_outside(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "here" / "out").symlink_to(tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path / "here")
    relative = Path(os.path.relpath(tmp_path / where))
    for act in (lambda: prepare_output("--evidence", tmp_path / where), lambda: prepare_output("--evidence", relative)):
        with pytest.raises(UsageError, match="none is made outside"):
            act()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_folder_below_is_made_and_no_file_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    prepare_output("--evidence", Path("new/folder/a.json"))
    assert list((tmp_path / "new" / "folder").iterdir()) == []


def test_a_folder_that_is_there_outside_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    prepare_output("--evidence", tmp_path / "a.json")
    assert not (tmp_path / "a.json").exists()
    with pytest.raises(UsageError, match="it is a folder"):
        prepare_output("--evidence", tmp_path)
