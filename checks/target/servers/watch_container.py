"""Removes a container once the process that started it is gone, however it went.

Run as a script: `watch_container.py NAME`, with a pipe as standard input whose other end the parent holds. The container may
still be about to be made then: it is looked for a little longer.
"""

import contextlib
import sys
import time

PATIENCE_S = 3.0


def remove(name: str) -> None:
    """Removes the container `name`, and its volumes, as soon as it is there; nothing where no engine answers."""
    import docker
    from docker.errors import DockerException, NotFound

    deadline = time.monotonic() + PATIENCE_S
    with contextlib.suppress(DockerException, OSError):
        engine = docker.from_env()
        engine.ping()
        while time.monotonic() < deadline:
            try:
                engine.containers.get(name).remove(force=True, v=True)
                return
            except NotFound:
                time.sleep(0.1)


if __name__ == "__main__":
    if sys.stdin.buffer.read() != b"gone":
        remove(sys.argv[1])
