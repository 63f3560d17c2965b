"""The claims about a query function: it cannot write, it answers what it was asked, and it admits failure.

One question tells all of the first two: what its role may do, among rows that are known beforehand. Nothing is written
to find out, and transaction_read_only is not believed: `SELECT 1; COMMIT; BEGIN READ WRITE; …` gets past it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from checks.contract.contract import TargetSpec
from checks.contract.reply_shape import ReplyShape
from checks.kinds import Finding, claim
from checks.lambdas.replies.outcome import Outcome, classify_query
from checks.lambdas.replies.reply import Reply, UnreadableError, read_json
from checks.sql.names import ident, literal
from checks.target.routes.pinned import late
from checks.values import Verdict

LISTED = 40
"""Objects told of each kind at most."""
KNOWN_ROWS = ("postdeploy", "known", "rows")
"""Rows of the question that do not depend on the database."""
POWERS = "powers"
"""The kind of the row that holds all that does, as JSON."""
_DANGEROUS = ("pg_write_all_data", "pg_write_server_files", "pg_execute_server_program", "pg_signal_backend",
              "pg_maintain", "pg_create_subscription")
_USERS = ("n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') "
          "AND n.nspname !~ '^pg_(temp|toast_temp)_'")

_POWERS = f"""
    SELECT 'attribute' AS kind, 'role ' || r.rolname || ' is ' || a.word AS name, 1 AS n
    FROM mine r, LATERAL (VALUES ('superuser', r.rolsuper), ('createrole', r.rolcreaterole),
        ('createdb', r.rolcreatedb), ('replication', r.rolreplication)) a(word, held) WHERE a.held
    UNION ALL
    SELECT 'membership', r.rolname, 1 FROM mine r WHERE r.rolname = ANY (ARRAY[{', '.join(map(literal, _DANGEROUS))}])
    UNION ALL
    SELECT 'ownership', 'database ' || d.datname, 1 FROM pg_catalog.pg_database d JOIN mine r ON r.oid = d.datdba
    WHERE d.datname = pg_catalog.current_database()
    UNION ALL
    SELECT 'ownership', 'schema ' || n.nspname, 1 FROM pg_catalog.pg_namespace n JOIN mine r ON r.oid = n.nspowner
    WHERE {_USERS}
    UNION ALL
    SELECT 'ownership', n.nspname || '.' || c.relname, pg_catalog.row_number() OVER (ORDER BY n.nspname, c.relname)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN mine r ON r.oid = c.relowner WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND {_USERS}
    UNION ALL
    SELECT 'privilege', t.privilege || ' on ' || t.nspname || '.' || t.relname,
        pg_catalog.row_number() OVER (ORDER BY t.nspname, t.relname, t.privilege)
    FROM (SELECT DISTINCT n.nspname, c.relname, p.privilege
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        CROSS JOIN mine r
        CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')) p(privilege)
        WHERE c.relkind IN ('r', 'p', 'v', 'f') AND {_USERS}
          AND (pg_catalog.has_table_privilege(r.oid, c.oid, p.privilege)
               OR (p.privilege IN ('INSERT', 'UPDATE')
                   AND pg_catalog.has_any_column_privilege(r.oid, c.oid, p.privilege)))
        UNION ALL
        SELECT DISTINCT n.nspname, c.relname, p.privilege
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        CROSS JOIN mine r CROSS JOIN (VALUES ('USAGE'), ('UPDATE')) p(privilege)
        WHERE CASE WHEN c.relkind = 'S' THEN pg_catalog.has_sequence_privilege(r.oid, c.oid, p.privilege) END
          AND {_USERS}) t
    UNION ALL
    SELECT DISTINCT 'creation', 'CREATE on schema ' || n.nspname, 1 FROM pg_catalog.pg_namespace n CROSS JOIN mine r
    WHERE {_USERS} AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE')
    UNION ALL
    SELECT DISTINCT 'creation', 'CREATE on database ' || d.datname, 1 FROM pg_catalog.pg_database d CROSS JOIN mine r
    WHERE d.datname = pg_catalog.current_database() AND pg_catalog.has_database_privilege(r.oid, d.oid, 'CREATE')
    UNION ALL
    SELECT DISTINCT 'definer', pg_catalog.format('%s', p.oid::pg_catalog.regprocedure), 1
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace CROSS JOIN mine r
    WHERE p.prosecdef AND p.provolatile = 'v' AND {_USERS}
      AND pg_catalog.has_function_privilege(r.oid, p.oid, 'EXECUTE')
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                      AND e.objid = p.oid AND e.deptype = 'e')"""
"""What a role that can write can do, by kind. Source: PostgreSQL manual, "Privileges" and "Predefined Roles"."""


def question(nonce: str) -> str:
    """The one SELECT: known rows, and in a row of its own the role and each power to write; all echo `nonce`."""
    known = ", ".join(f"('known', {literal(word)})" for word in KNOWN_ROWS)
    mine = ("SELECT r.* FROM pg_catalog.pg_roles r WHERE pg_catalog.pg_has_role(current_user, r.oid, 'MEMBER') "
            "AND (r.rolname = current_user OR NOT (SELECT s.rolsuper FROM pg_catalog.pg_roles s "
            "WHERE s.rolname = current_user))")
    powers = (f"SELECT format('%s', json_agg(json_build_array(q.kind, q.name) ORDER BY q.kind, q.n, q.name)) AS doc "
              f"FROM (WITH mine AS ({mine}) SELECT 'role' AS kind, current_user::text AS name, 1 AS n "
              f"UNION ALL SELECT w.kind, w.name::text, w.n FROM ({_POWERS}) w) q WHERE q.n <= {LISTED}")
    return (f"SELECT k.kind, k.name, {literal(nonce)} AS nonce FROM (VALUES {known}) k(kind, name) "
            f"UNION ALL SELECT {literal(POWERS)}, p.page, p.nonce FROM ({late(powers, nonce)}) p")


class Line(NamedTuple):
    """One thing that the answer to `question` tells."""

    kind: str
    """`known`, `role`, or a kind of power."""
    name: str


class Probe(NamedTuple):
    """A question that must fail."""

    sql: str
    what: str
    """What is wrong with it."""


@dataclass(frozen=True)
class Told:
    """What came back from `question`."""

    outcome: Outcome
    lines: tuple[Line, ...]
    admitted: bool
    """Where it failed: whether nothing came, or the failure is told plainly, with no rows beside it. That is no lie."""

    @property
    def whole(self) -> bool:
        """Whether it succeeded and the rows that are known beforehand came back."""
        known = sorted(line.name for line in self.lines if line.kind == "known")
        return self.outcome.word == "succeeded" and known == sorted(KNOWN_ROWS) and self.role is not None

    @property
    def role(self) -> str | None:
        """Whom the function asks as."""
        return next((line.name for line in self.lines if line.kind == "role"), None)


def judge_query(spec: TargetSpec, name: str, ask: Callable[[str], Reply], *, probes: bool,
                own_role: bool) -> Iterator[Verdict]:
    """The claims about one query function.

    Args:
        spec: with the declared reply shape.
        name: what claims call the function.
        ask: sends SQL to it, once.
        probes: whether failing questions may be asked.
        own_role: whether this suite made the role that it asks as: then it would only be told about itself.
    """
    nonce = secrets.token_hex(8)
    reply = ask(question(nonce))
    outcome = classify_query(reply, nonce, spec.query_reply)
    lines = tuple(line for row in outcome.rows or () for line in _lines(row))
    told = Told(outcome, lines, _admitted(reply, spec.query_reply))
    yield answers(name, told)
    if not own_role:
        yield read_only(name, told)
    if probes:
        yield admits_failure(name, _probed(spec, ask, nonce))


@claim("false-success:{function}.answers", evidence=("observed",),
       breaks="rows are left out, are another question's, or come from a question that failed")
def answers(function: str, told: Told) -> Finding:
    """{function} answers the question it was asked, with all of its rows"""
    outcome = told.outcome
    if told.whole:
        return Finding("held", f"{len(told.lines)} rows, every one with the nonce of this question")
    if outcome.word == "succeeded":
        return Finding("broken", "It says that these are all of the rows, and leaves out some.",
                       f"{len(told.lines)} rows", "Let the function send every row, or say success: false.")
    detail = f"{outcome.reason} ({outcome.place})"
    if told.admitted:
        return Finding("unverified", detail, next_step="Look at the function's log, and let its role read pg_catalog.")
    return Finding("broken", detail, outcome.place,
                   "Let the function run the SQL it is sent and answer with its rows and their count; or describe its "
                   "replies in the contract: [target.NAME.query_reply].")


@claim("false-success:{function}.read-only",
       breaks="its role has a power to write: by an attribute, a membership, as an owner, by a privilege, or through a "
              "function of somebody else's")
def read_only(function: str, told: Told) -> Finding:
    """the role that {function} asks as can write nothing"""
    role = told.role
    if not told.whole or role is None:
        return Finding("unverified", f"It did not tell what its role may do: {told.outcome.reason}",
                       next_step="Mend its answer first.")
    powers = [_WORDS[line.kind] + (line.name.removeprefix("public.") if line.kind == "definer" else line.name)
              for line in told.lines if line.kind in _WORDS]
    if not powers:
        return Finding("held", f"role {role}")
    more = f"; and {len(powers) - 8} more" if len(powers) > 8 else ""
    remedy = ("Let the function log in as a role that may only read (CREATE ROLE reader LOGIN; GRANT pg_read_all_data "
              f"TO reader;), or take this from {ident(role)}.")
    if "CREATE on schema public" in powers:
        remedy = "REVOKE CREATE ON SCHEMA public FROM PUBLIC; (the default before PostgreSQL 15) " + remedy
    return Finding("broken", f"Role {role} can write: {'; '.join(powers[:8])}{more}.", powers[0], remedy)


@claim("false-success:{function}.admits-failure", evidence=("observed",),
       breaks="a question that must fail is called a success")
def admits_failure(function: str, probed: Mapping[Probe, Outcome]) -> Finding:
    """{function} admits it when a question fails"""
    for probe, outcome in probed.items():
        if outcome.word == "succeeded":
            return Finding("broken", f"It calls {probe.what} a success: {probe.sql}", probe.what,
                           "Let the function answer success: false with the error, whatever the statement.")
    for probe, outcome in probed.items():
        if outcome.word == "undecided" or outcome.place == "transport":
            return Finding("unverified", f"{probe.what}: {outcome.reason}",
                           next_step="Look at the function's log, then run again.")
    return Finding("held", "tried with " + ", ".join(probe.what for probe in probed))


_WORDS = {"attribute": "", "membership": "member of ", "ownership": "owns ", "privilege": "", "creation": "",
          "definer": "may call the SECURITY DEFINER function "}
_PROBES = (
    Probe("SELECT 1 OPERATOR(pg_catalog./) 0", "a division by zero"),
    Probe("SELECT * FROM postdeploy_no_such_table_…", "a table that does not exist"),
    Probe("SHOW server_version", "a statement that is no SELECT"),
)
"""In the place of … goes a nonce."""


def _probed(spec: TargetSpec, ask: Callable[[str], Reply], nonce: str) -> Mapping[Probe, Outcome]:
    """What became of the probes, up to the first that is called a success."""
    found: dict[Probe, Outcome] = {}
    for probe in _PROBES:
        found[probe] = classify_query(ask(probe.sql.replace("…", nonce)), None, spec.query_reply)
        if found[probe].word == "succeeded":
            break
    return found


def _lines(row: Any) -> Iterator[Line]:
    """What one row of the answer tells."""
    if isinstance(row, dict):
        row = [row.get("kind"), row.get("name")]
    kind, name = row[:2] if isinstance(row, list) and len(row) > 1 else ("", "")
    if kind != POWERS:
        yield Line(str(kind), str(name))
        return
    try:
        yield from [Line(str(power[0]), str(power[1])) for power in read_json(name)]
    except (UnreadableError, TypeError, KeyError, IndexError):
        return  # then the role is missing, and the answer is not whole


def _admitted(reply: Reply, shape: ReplyShape) -> bool:
    if reply.status != 200 or reply.transport_error or reply.function_error:
        return not reply.payload or b'"' + shape.rows.encode() not in reply.payload
    try:
        payload = read_json(reply.payload)
        account = payload[shape.body] if shape.body else payload
        account = read_json(account) if shape.body and shape.body_as == "text" else account
        told = account.get(shape.success) if shape.success else None
        return told is False and not account.get(shape.rows)
    except (UnreadableError, KeyError, TypeError, AttributeError):
        return False
