"""The way into a target, as `[target.NAME]` writes it: where its DSN comes from, how AWS is asked, how long we may wait."""

from __future__ import annotations

from dataclasses import dataclass

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
"""libpq's, see "SSL Support" in the PostgreSQL manual; the first three may send everything in the clear."""
ENCRYPTED = SSL_MODES[3:]
SESSION_ATTRS = ("any", "read-write", "read-only", "primary", "standby", "prefer-standby")
"""libpq's target_session_attrs: which of several hosts is taken."""
LOCAL_PORT = "{local_port}"
"""In a tunnel's command, the free port of this machine that it shall listen on."""
SYSTEM_ROOTS = "system"
"""libpq's word for the certificates that the operating system trusts."""


@dataclass(frozen=True)
class Timeouts:
    """After how many milliseconds the server ends what we do there."""

    statement_ms: int = 30_000
    """Of one statement, all of its waiting included."""
    lock_ms: int = 3_000
    """Of waiting for one lock."""
    idle_ms: int = 60_000
    """Of an open transaction in which nothing is asked."""


@dataclass(frozen=True)
class WaySpec:
    """How the DSN of a given target is come by. What the target's `dsn` says itself counts before all of it."""

    service: str = ""
    """A section of pg_service.conf."""
    secret: str = ""
    """Name or ARN of a secret in Secrets Manager that holds a JSON object as RDS writes it."""
    host_parameter: str = ""
    """Name of an SSM parameter that holds `host` or `host:port`."""
    iam_auth: bool = False
    """Whether the password is a token of RDS, made anew for each connection."""
    sslmode: str = ""
    sslrootcert: str = ""
    """A file, absolute, or `SYSTEM_ROOTS`."""
    target_session_attrs: str = ""
    tunnel: tuple[str, ...] = ()
    """A command that forwards a port of this machine for as long as it runs."""
    assume_role: str | None = None
    """ARN of the role whose rights are taken on wherever AWS is asked."""
    endpoint_url: str | None = None
    """Where AWS is asked instead of its own endpoints."""

    @property
    def leads(self) -> bool:
        """Whether this alone names a database."""
        return bool(self.service or self.secret or self.host_parameter)

    @property
    def asks_aws(self) -> bool:
        """Whether AWS is asked on the way."""
        return bool(self.secret or self.host_parameter or self.iam_auth)


NO_DETOUR = WaySpec()
"""The target's `dsn` is all there is."""
USUAL_TIMEOUTS = Timeouts()
