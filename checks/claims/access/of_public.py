"""What everybody can do: on tables and schemas, with the rights of functions' owners, with what is yet to be made. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checks.catalog.key import Key
from checks.catalog.objects import Access, Other
from checks.catalog.snapshot import Snapshot
from checks.claims.access.role import (
    VERBS,
    Amiss,
    function_written,
    kept_columns,
    of_columns,
    on_columns,
    role_names,
    routine,
    told,
)
from checks.expectation.expectation import Expectation
from checks.kinds import Finding, claim
from checks.sql.names import shown
from checks.sql.written import own_written, rewritten
from checks.values import Subject

_OPEN_PUBLIC = Key("open schema", "", "public")


@claim("access:{public}.tables",
       breaks="everybody can read or write a table, or make objects in a schema, and no migration says so")
def public_tables(public: str, expectation: Expectation, found: Snapshot) -> Finding:
    """PUBLIC can do nothing on tables and schemas beyond what the migrations let it"""
    usual = _OPEN_PUBLIC in found.objects and _OPEN_PUBLIC not in expectation.objects and _before_15(found)
    return told((*_of_tables(expectation, found), *_of_schemas(expectation, found)), foremost=True, note=(
        "everybody can make objects in the schema public, as in every database before PostgreSQL 15" if usual else ""))


def _of_tables(expectation: Expectation, found: Snapshot) -> Iterator[Amiss]:
    for key, item in found.objects.items():
        if not isinstance(item, Access) or key.own != "public" or Key.table(key.relation) not in expectation.objects \
                or not expectation.judges(key):
            continue
        expected = expectation.objects.get(key)
        allowed = expected if isinstance(expected, Access) else Access()
        more = [word for word in item.privileges if word not in allowed.privileges]
        if more:
            yield Amiss(f"it can {' and '.join(VERBS[word] for word in more)} {key.relation}",
                        f"REVOKE {', '.join(map(str.upper, more))} ON {rewritten(key.relation)} FROM PUBLIC;"
                        + "".join(kept_columns(allowed, word, key.relation, "PUBLIC") for word in more),
                        Subject(str(key), "privileges"))
        for word, columns in item.partly:
            those = sorted({*columns} - allowed.columns(word)) if word not in allowed.privileges else []
            if those:
                yield Amiss(f"it can {VERBS[word]} {on_columns(those, key.relation)}",
                            f"REVOKE {of_columns(word, those)} ON {rewritten(key.relation)} FROM PUBLIC;",
                            Subject(str(key), "privileges"))


def _of_schemas(expectation: Expectation, found: Snapshot) -> Iterator[Amiss]:
    for key in filter(expectation.judges, found.objects):
        if key.kind == "open schema" and key not in expectation.objects and not (key == _OPEN_PUBLIC and _before_15(found)):
            yield Amiss(f"it can make objects in the schema {key.own}",
                        f"REVOKE CREATE ON SCHEMA {own_written(key.own)} FROM PUBLIC;")


def _before_15(found: Snapshot) -> bool:
    return int(found.identity["server_version_num"]) < 150_000


@claim("access:{public}.execute",
       breaks="everybody can execute a function that runs with its owner's rights, and no migration leaves it so")
def public_code(public: str, expectation: Expectation, found: Snapshot) -> Finding:
    """PUBLIC can execute no SECURITY DEFINER function, unless the migrations leave it so"""
    open_to_all = [key for key in found.objects if key.kind == "open definer" and expectation.judges(key)]
    left = ", ".join(key.own for key in open_to_all if key in expectation.objects)
    return told([_opened(key.own, expectation, found) for key in open_to_all if key not in expectation.objects],
                note=f"everybody can execute {left} with its owner's rights" if left else "")


def _opened(name: str, expectation: Expectation, found: Snapshot) -> Amiss:
    """That everybody can execute `name`: because it was opened, or because it came to run with its owner's rights."""
    key, what = Key("function", "", name), f"it can execute {name}, which runs with its owner's rights"
    kind, function, meant = routine(found.functions[key]), function_written(key), expectation.functions.get(key)
    if meant is not None and not meant.security_definer:
        return Amiss(what, f"ALTER {kind} {function} SECURITY INVOKER;", Subject(str(key), "security_definer"))
    return Amiss(what, f"REVOKE EXECUTE ON {kind} {function} FROM PUBLIC;")


@claim("access:{public}.defaults",
       breaks="what ALTER DEFAULT PRIVILEGES said is lost, or it opens more to PUBLIC or to a role of ours")
def default_privileges(public: str, expectation: Expectation, found: Snapshot) -> Finding:
    """what is made from now on is open to those to whom the migrations open it"""
    return told(_defaults(expectation, found))


def _defaults(expectation: Expectation, found: Snapshot) -> Iterator[Amiss]:
    ours = {"public", *(shown(name) for name in role_names(expectation, ours=False))}
    again = "Say it with ALTER DEFAULT PRIVILEGES, as the role that makes the objects."
    expected, there = _given(expectation, expectation.objects), _given(expectation, found.objects)
    for (what, role), privileges in expected.items():
        if there.get((what, role)) != privileges:
            yield Amiss(f"new {what} should give {privileges} to {role}", again)
    for (what, role), privileges in there.items():
        if (what, role) not in expected and role in ours:
            yield Amiss(f"new {what} give {privileges} to {role}, and no migration says so", again)


def _given(expectation: Expectation, objects: Mapping[Key, object]) -> dict[tuple[str, str], str]:
    """(what is made, role) -> the default privileges among `objects`."""
    found = {}
    for key, item in objects.items():
        if key.kind == "default privileges" and isinstance(item, Other) and expectation.judges(key):
            what, _, role = key.own.rpartition(" for ")
            found[what, role] = dict(item.attributes)["privileges"]
    return found
