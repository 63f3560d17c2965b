"""Why a server refused a connection, in those of its words that cannot hold a part of the DSN. Pure."""

from __future__ import annotations

import re

_NAME = r'"[\w.$-]{1,63}"'
_WORDS = (
    (rf"password authentication failed for user {_NAME}|fe_sendauth: no password supplied",
     "Give the right password in the DSN, PGPASSWORD or ~/.pgpass."),
    (rf"could not translate host name {_NAME}(?: to address)?", "Look at the host name in the DSN."),
    (r"Connection refused|No such file or directory|timeout expired|Connection timed out|Network is unreachable"
     r"|No route to host|server closed the connection unexpectedly|the database system is \w+(?: \w+)?",
     "Look whether the server is up and reachable from here."),
    (rf"database {_NAME} does not exist|permission denied for database {_NAME}|database {_NAME} is not currently "
     "accepting connections", "Look at the database name in the DSN."),
    (rf'role {_NAME} (?:does not exist|is not permitted to log in)', "Look at the user name in the DSN."),
    (r"no pg_hba\.conf entry|server does not support SSL|SSL error|certificate verify failed|SSL connection is required",
     "Look at sslmode in the DSN and at the server's pg_hba.conf."),
    (r"too many (?:clients|connections)|remaining connection slots are reserved", "Wait until connections are free."),
    (r'unrecognized configuration parameter "event_triggers"|permission denied to set parameter "event_triggers"',
     "event_triggers = \"off\" in the contract is a superuser's right on PostgreSQL 17 and later: leave it out."),
)
"""What libpq and servers say of a connection, in words that hold names only, and what to do."""


def why_refused(message: str) -> str:
    """A refused connection: those of its words that cannot hold a part of the DSN, and the remedy."""
    for pattern, remedy in _WORDS:
        found = re.search(pattern, message)
        if found:
            return f"{found[0]}. {remedy}"
    return "it was refused, in words that are not repeated. Look at the DSN and at the server's log."
