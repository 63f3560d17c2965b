"""A PostgreSQL in Docker, through testcontainers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from checks.target.servers.scratch import ScratchServer, last_line
from checks.values import LOCAL_EXTRA, Unverified, UsageError


@contextmanager
def container(image: str = "postgres:16") -> Iterator[ScratchServer]:
    """A container of `image`.

    Raises:
        UsageError: the `local` extra is not installed.
        Unverified: no Docker engine answers, or the image cannot be had.
    """
    try:
        from testcontainers.community.postgres import PostgresContainer
    except ImportError:
        raise UsageError(f"The container server needs testcontainers; {LOCAL_EXTRA}") from None
    try:
        box = PostgresContainer(image, driver=None).start()
    except Exception as error:
        raise Unverified(f"No container of {image} could be started: {last_line(error)}. "
                         "Start Docker, or use server = \"embedded\", which needs none.") from None
    try:
        yield ScratchServer(box.get_connection_url())
    finally:
        box.stop()
