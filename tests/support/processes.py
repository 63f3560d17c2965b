"""Processes as the whole machine sees them, found by a mark in their command line or environment."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
PATIENCE_S = 30.0


def marked(mark: str) -> dict[int, str]:
    """Process id -> command line of every process with `mark` in it, or in its environment; not of zombies, nor ours."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            line, environment = (place / "cmdline").read_bytes(), (place / "environ").read_bytes()
        except OSError:
            continue
        if mark.encode() in line + environment and int(place.name) != os.getpid():
            found[int(place.name)] = line.decode(errors="replace").replace("\0", " ")
    return found


def left_of(mark: str, within_s: float = 5.0) -> dict[int, str]:
    """What is left of the marked processes, at the latest after that time."""
    deadline = time.monotonic() + within_s
    while (found := marked(mark)) and time.monotonic() < deadline:
        try:
            watched = os.pidfd_open(next(iter(found)))
        except ProcessLookupError:
            continue
        select.select([watched], [], [], max(0.0, deadline - time.monotonic()))
        os.close(watched)
    return found


def seen(look: Callable[[], T], within_s: float = PATIENCE_S) -> T:
    """What `look` sees as soon as it sees something; raises when that takes too long."""
    deadline = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < deadline, "it never came to be"
        select.select([], [], [], 0.002)
    return found
