"""The SELECT-only role on a server of ours that local query functions log in as."""

from __future__ import annotations

from checks.target.servers import ScratchServer
from checks.target.target import Secret

READER = "postdeploy_reader"
PASSWORD = "reader"
"""No secret: the server is ours, on this machine, and gone at exit."""


def make_reader(server: ScratchServer, dsn: Secret) -> Secret:
    """Makes the role, where it is not there yet, and returns the DSN with which it reaches the same database."""
    if not server.has_role(READER):
        server.execute(f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'", f"GRANT pg_read_all_data TO {READER}")
    scheme, _, rest = dsn.reveal().partition("://")
    _, _, place = rest.partition("@")
    return Secret(f"{scheme}://{READER}:{PASSWORD}@{place}")
