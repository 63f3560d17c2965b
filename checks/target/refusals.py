"""Why a server refused a connection, in those of its words that cannot hold a part of the DSN. Pure."""

from __future__ import annotations

import re

NO_DSN = ("The DSN of {place} is not one that libpq understands. Write it as postgresql://user:…@host:5432/database, odd "
          "characters percent-encoded.")
"""With the place that it is to lead to."""
_NAME = r'"[\w.$-]{1,63}"'
_WORDS = (
    (rf"PAM authentication failed for user {_NAME}",
     "A token of RDS counts for 15 minutes, for this host and user: look whether the role has rds_iam, and whether its "
     "policy allows rds-db:connect."),
    (rf"password authentication failed for user {_NAME}|fe_sendauth: no password supplied|SASL authentication failed",
     "Give the right password in the DSN, PGPASSWORD or ~/.pgpass."),
    (rf"could not translate host name {_NAME}(?: to address)?", "Look at the host name in the DSN."),
    (rf"could not translate host name(?! {_NAME})",
     "Look at the host name in the DSN; odd characters of a user name or password are percent-encoded (@ is %40)."),
    (r'invalid port number|connection option "\w{1,40}"|invalid (?!integer)\w{1,40} value'
     r'|could not match \d+ [\w ]{4,16} to \d+ hosts?',
     "Look at that in the DSN; odd characters of a user name or password are percent-encoded (@ is %40)."),
    (rf"definition of service {_NAME} not found",
     "Look at the service in ~/.pg_service.conf, or in the file that PGSERVICEFILE names."),
    (r"session is read-only|session is not read-only|server is in hot standby mode|server is not in hot standby mode",
     "None of the hosts is what target_session_attrs asks for."),
    (r'root certificate file "[\w./ ~-]{1,200}" does not exist|certificate verify failed'
     r'|server certificate for "[\w.*:-]{1,253}"(?: \(and \d+ other names?\))? does not match host name "[\w.:-]{1,253}"',
     "Give the certificates of the server's authority: sslrootcert in the contract (of RDS: global-bundle.pem), and look "
     "whether the host is the one that the certificate names."),
    (r"no pg_hba\.conf entry|server does not support SSL|SSL error(?!: certificate)|SSL connection is required|SSL required",
     "Look at sslmode in the DSN and at the server's pg_hba.conf."),
    (r"Connection refused|No such file or directory|timeout expired|Connection timed out|Network is unreachable"
     r"|No route to host|server closed the connection unexpectedly|Connection reset by peer"
     r"|the database system is \w+(?: \w+)?",
     "Look whether the server is up and reachable from here."),
    (r"expected authentication request from server|received invalid (?:protocol|response)"
     r"|invalid response to SSL negotiation",
     "Something answers there that is no PostgreSQL server: look at host and port in the DSN."),
    (rf"database {_NAME} does not exist|no such database: [\w.$-]{{1,63}}"
     rf"|database {_NAME} is not currently accepting connections", "Look at the database name in the DSN."),
    (rf"permission denied for database {_NAME}", "Let the role in: GRANT CONNECT ON DATABASE … TO the role."),
    (rf'role {_NAME} (?:does not exist|is not permitted to log in)|no such user', "Look at the user name in the DSN."),
    (r"too many (?:clients|connections)|remaining connection slots are reserved|no more connections allowed"
     r"|query_wait_timeout", "Wait until connections are free."),
    (r"unsupported startup parameter(?: in options)?: [\w.]{1,63}",
     "A pooler stands in between: let it ignore that parameter (PgBouncer: ignore_startup_parameters), or leave it out."),
    (r'(?:unrecognized configuration parameter|permission denied to set parameter|invalid value for parameter)'
     r' "(?!event_triggers")[\w.]{1,63}"', "Look at options in the DSN, and at PGOPTIONS."),
    (r'unrecognized configuration parameter "event_triggers"|permission denied to set parameter "event_triggers"',
     "event_triggers = \"off\" in the contract is a superuser's right on PostgreSQL 17 and later: leave it out."),
)
"""What libpq and servers say of a connection, in words that hold names only, and what to do."""


def why_refused(message: str) -> str:
    """A refused connection: the first of its words that cannot hold a part of the DSN, and the remedy."""
    found = [(match.start(), match[0], remedy) for pattern, remedy in _WORDS if (match := re.search(pattern, message))]
    if not found:
        return "it was refused, in words that are not repeated. Look at the DSN and at the server's log."
    _, words, remedy = min(found)  # libpq tells of several hosts, and of TLS and then none, in the order of its attempts
    return f"{words}. {remedy}"
