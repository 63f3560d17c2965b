"""What lies about on a machine and leads elsewhere: credentials in homes, and the Unix sockets of other servers.

Each is hidden by itself, so that everything else stays usable: /tmp, environments and tools under a home.
"""

from __future__ import annotations

import os
import pwd
import re
import stat
import sys
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import cache
from itertools import chain, islice
from pathlib import Path

IN_A_HOME = (
    ".aws", ".azure", ".boto", ".config/doctl", ".config/gcloud", ".config/gh", ".config/git/credentials",
    ".config/glab-cli", ".config/op", ".config/rclone", ".config/sops", ".databrickscfg", ".docker", ".fly",
    ".git-credentials", ".gnupg", ".kube", ".my.cnf", ".mylogin.cnf", ".netrc", ".oci", ".password-store",
    ".pg_service.conf", ".pgpass", ".postgresql", ".pulumi", ".s3cfg", ".saml2aws", ".snowflake", ".snowsql", ".ssh",
    ".terraform.d", ".terraformrc", ".vault-token",
)
"""Credentials and addresses, as the tools of the field keep them."""
ELSEWHERE = (
    "/etc/boto.cfg", "/etc/kubernetes", "/etc/postgresql-common/pg_service.conf", "/etc/rancher", "/run/containerd",
    "/run/credentials", "/run/crio", "/run/dbus", "/run/docker", "/run/docker.sock", "/run/podman", "/run/postgresql",
    "/run/secrets", "/run/systemd/private", "/var/run/postgresql", "/var/run/secrets",
)
IN_VARIABLES = (
    "AWS_CONFIG_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE", "BOTO_CONFIG", "CLOUDSDK_CONFIG", "DOCKER_CERT_PATH", "DOCKER_CONFIG",
    "GOOGLE_APPLICATION_CREDENTIALS", "KUBECONFIG", "NETRC", "PGPASSFILE", "PGSERVICEFILE", "PGSSLCERT", "PGSSLKEY",
    "PGSYSCONFDIR", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR",
)
"""Variables of ours that name such a file or folder."""
SEARCHED = ("/run", "/tmp", "/var/tmp", "/dev/shm")
"""Folders in which sockets of another network namespace are looked for, as a container has them from its host."""
SOCKETS_MOST = 1_000


def hidden(kept: Collection[str]) -> list[str]:
    """Paths, without symbolic links, of all that is to be hidden from what may use the sockets `kept`."""
    spared = {os.path.realpath(path) for path in kept}
    found: set[str] = set()
    for path in {os.path.realpath(path) for path in (*_credentials(), *_bound_here(), *_bound_elsewhere())}:
        found.update(_sockets_below(path) if any(_is_below(one, path) for one in spared) else (path,))
    return list(_outermost(found - spared))


def _outermost(paths: Collection[str]) -> Iterator[str]:
    """Those that lie in no other."""
    last = None
    for path in sorted(paths, key=lambda path: path.split("/")):
        if last is None or not _is_below(path, last):
            yield path
            last = path


def _credentials() -> Iterator[str]:
    homes = {os.environ.get("HOME", ""), *(entry.pw_dir for entry in pwd.getpwall())}
    yield from (path for home in sorted(homes) for name in IN_A_HOME if _is_there(path := f"{home}/{name}"))
    yield from filter(_is_there, ELSEWHERE)
    needed = [os.path.realpath(path) for path in (os.curdir, os.environ.get("HOME", "/"), sys.prefix, sys.base_prefix)]
    for path in filter(None, map(os.environ.get, IN_VARIABLES)):
        if _is_there(path) and not any(_is_below(one, os.path.realpath(path)) for one in needed):
            yield path


def _bound_here() -> Iterator[str]:
    """Sockets that listen in our own network namespace; what has no path is out of reach in another one."""
    with suppress(OSError), Path("/proc/net/unix").open(encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            path = line.rstrip("\n").split(None, 7)[7:]
            if path and path[0].startswith("/"):
                yield path[0]


@cache
def _bound_elsewhere() -> tuple[str, ...]:
    """Sockets that somebody in another network namespace listens on: a container's host, another container."""
    points = []
    with suppress(OSError), Path("/proc/self/mountinfo").open(encoding="utf-8", errors="surrogateescape") as lines:
        points = [re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), line.split(" ", 5)[4]) for line in lines]
    mounted = (path for path in points if path not in SEARCHED and not path.startswith(("/proc", "/sys", "/dev")))
    found = (_sockets_below(path, depth) for paths, depth in ((mounted, 1), (SEARCHED, 2)) for path in paths)
    return tuple(islice(chain.from_iterable(found), SOCKETS_MOST))


def _sockets_below(path: str, depth: int = 2) -> Iterator[str]:
    """The socket that `path` is, or those in the folder that it is."""
    with suppress(OSError):
        mode = os.lstat(path).st_mode
        if stat.S_ISSOCK(mode):
            yield path
        elif stat.S_ISDIR(mode) and depth:
            with os.scandir(path) as entries:
                for entry in entries:
                    yield from _sockets_below(entry.path, depth - 1)


def _is_there(path: str) -> bool:
    return os.access(path, os.F_OK)


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
