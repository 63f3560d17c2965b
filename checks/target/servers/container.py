"""A PostgreSQL in Docker, through testcontainers; gone at exit, also when this process is killed."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from checks.resources import CONTAINER_WATCHER
from checks.target.servers.scratch import ScratchServer, last_line
from checks.values import LOCAL_EXTRA, Unverified, UsageError


@contextmanager
def container(image: str = "postgres:16", command: Sequence[str] = ()) -> Iterator[ScratchServer]:
    """A container of `image`.

    Args:
        image: one that takes POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB, as the official ones do.
        command: what it runs instead of its own command; empty: that one.

    Raises:
        UsageError: the `local` extra is not installed.
        Unverified: no Docker engine answers, or the image cannot be had.
    """
    try:
        from testcontainers.community.postgres import PostgresContainer
    except ImportError:
        raise UsageError(f"The container server needs testcontainers; {LOCAL_EXTRA}") from None
    name = f"postdeploy-{secrets.token_hex(6)}"
    watcher = subprocess.Popen([sys.executable, str(CONTAINER_WATCHER), name], stdin=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    box, gone = None, b""
    try:
        try:
            box = PostgresContainer(image, driver=None).with_name(name)
            if command:
                box = box.with_command(list(command))
            box.start()
        except Exception as error:
            raise Unverified(f"No container of {image} could be started: {_why(error)}, or use server = \"embedded\", "
                             "which needs none.") from None
        yield ScratchServer(box.get_connection_url())
    finally:
        if box is not None:
            with suppress(Exception):  # it never was; whatever there is of it the watcher removes
                box.stop()
                gone = b"gone"
        watcher.communicate(gone, timeout=30)


def _why(error: Exception) -> str:
    """What stopped the container, and the beginning of the remedy."""
    import docker.errors

    if isinstance(error, docker.errors.APIError):
        return f"the engine says {last_line(error).rstrip('.')}. Look at image in the contract and at the registry"
    if isinstance(error, docker.errors.DockerException):
        return "no Docker engine answers. Start Docker (or set DOCKER_HOST)"
    return f"{last_line(error).rstrip('.')}. Look at image and command in the contract"
