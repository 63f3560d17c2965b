"""What is pinned before a question is parsed, so that nothing in it can mean an object of the target's.

A name in SQL means what search_path says at the moment it is parsed, and operators are looked up even where every name
is qualified (IN, simple CASE, NULLIF, LIKE, USING, deparsed text). So no part of a question may be parsed earlier.
Over a connection of ours a BEGIN goes ahead. Through a query function one SELECT is all there is: `late` sends a thin
wrapper, free of operators and with every name qualified, which pins and only then has the question parsed.
"""

from __future__ import annotations

import checks
from checks.contract.way.spec import USUAL_TIMEOUTS, Timeouts
from checks.sql.names import literal

SETTINGS = {
    "search_path": "pg_catalog, pg_temp",
    "standard_conforming_strings": "on",
    "row_security": "off",  # where a policy would filter for this role, a query is refused instead of running it
    "constraint_exclusion": "off",  # the planner would work out CHECKs, and the functions in them
    "synchronize_seqscans": "off",  # rows of a large catalogue would come in another order for each page
    "jit": "off",  # the questions are long and run once: compiling them takes seconds
}
"""Setting -> its value for one transaction, however the session has it."""
SESSION_PATH = "postdeploy.search_path"
"""The setting that keeps the search_path as the session had it: what it shadows is a claim of its own."""
APPLICATION = f"postdeploy-checks/{checks.__version__}"
"""What we are called in pg_stat_activity and in the server's log."""


def begin(timeouts: Timeouts) -> str:
    """One simple query that begins and pins, so that a transaction pooler keeps it; its statements are parsed one by one."""
    return "; ".join((
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        f"SELECT pg_catalog.set_config('{SESSION_PATH}', pg_catalog.current_setting('search_path'), true)",
        *(f"SET LOCAL {name} = {value if name == 'search_path' else literal(value)}" for name, value in SETTINGS.items()),
        *bounds(timeouts)))


def bounds(timeouts: Timeouts) -> tuple[str, ...]:
    """Statements that bound what is left of a transaction, and end it soon after its client is gone."""
    return (
        f"SET LOCAL lock_timeout = {timeouts.lock_ms}",
        f"SET LOCAL statement_timeout = {timeouts.statement_ms}",
        f"SET LOCAL idle_in_transaction_session_timeout = {timeouts.idle_ms}",
        WATCHFUL.format(local="true"))


WATCHFUL = ("SELECT pg_catalog.set_config('client_connection_check_interval', '1s', {local}) "
            "WHERE pg_catalog.textlike(pg_catalog.version(), '%linux%')")
"""Has the server end a statement whose client is gone, and undo it; `local`: for the transaction, not the session."""


CHUNK = 255
"""Characters of a piece: the most that a regular expression counts to, and far below a lexeme's 2,046 bytes."""
_NUMBER = "000000"


def late(question: str, nonce: str, timeouts: Timeouts = USUAL_TIMEOUTS) -> str:
    """A SELECT of `page`, what `question` answers, and `nonce`; the question is parsed once everything is pinned.

    ts_stat is the built-in function that takes SQL as text and is there on every build (query_to_xml needs libxml): the
    answer travels as numbered lexemes. What it is given it runs read-only. search_path is put back when all is read, for
    functions that leave their transaction open. A statement cannot set its own statement_timeout: that is the role's.

    Args:
        question: a SELECT of one row with one text column `doc`.
        nonce: what the answer must echo.
        timeouts: of which the one for locks can be set here.
    """
    pieces = (f"SELECT array_to_tsvector(ARRAY[to_char(p.n, 'FM{_NUMBER}') || p.piece[1]]) "
              f"FROM ({question}) w, LATERAL regexp_matches(w.doc, '.{{1,{CHUNK}}}', 'g') WITH ORDINALITY p(piece, n) "
              "ORDER BY hashint8(p.n)")  # in disorder, since ts_stat keeps them in a tree that it does not balance
    pins = " AND ".join((_set(SESSION_PATH, "pg_catalog.current_setting('search_path')"), *(
        _set(name, literal(value)) for name, value in {
            **SETTINGS, "lock_timeout": f"{timeouts.lock_ms}ms", "application_name": APPLICATION,
            "transaction_read_only": "on"}.items())))
    back = _set("search_path", f"pg_catalog.current_setting('{SESSION_PATH}')")
    return (f"SELECT CASE WHEN {back} THEN pg_catalog.string_agg(pg_catalog.substr(a.word, {len(_NUMBER) + 1}), '' "
            f'ORDER BY a.word COLLATE pg_catalog."C") END AS page, {literal(nonce)} AS nonce '
            f"FROM (SELECT CASE WHEN {pins} THEN {literal(pieces)} END AS question) q, pg_catalog.ts_stat(q.question) a")


def _set(name: str, value: str) -> str:
    return f"pg_catalog.set_config('{name}', {value}, true) IS NOT NULL"
