"""What a role can do: its privileges on tables, its attributes, the functions that it can execute. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from checks.catalog.key import Key
from checks.catalog.objects import Access
from checks.catalog.snapshot import Snapshot
from checks.claims.access.role import Amiss, Role, function_written, kept_columns, of_columns, on_columns, routine, told
from checks.claims.causes import about_all_of
from checks.expectation.expectation import Expectation
from checks.kinds import Finding, claim
from checks.sql.names import shown
from checks.sql.written import own_written, rewritten, written
from checks.values import Subject

_ALL = Finding("held", "A superuser can do everything.")


@claim("access:{role.name}.attributes",
       breaks="the role is gone, a superuser, bypasses row security or owns tables, and nothing says that it should")
def attributes(role: Role, expectation: Expectation, found: Snapshot) -> Finding:
    """{role.name} is there, and no superuser, past no row security and owner of no table unless it is said to be"""
    if role.key not in found.objects:
        return _no_role(role)
    return told(_attributes(role, expectation.head, found))


def _no_role(role: Role) -> Finding:
    return Finding("broken", f"There is no role {role.name}.", f"no role {role.name}",
                   "Make it as this environment makes its roles; then let what grants to it run again.",
                   about=(about_all_of(role.key),))


def _attributes(role: Role, expected: Snapshot, found: Snapshot) -> Iterator[Amiss]:
    about = about_all_of(role.key)
    if role.attribute("superuser", found) == "yes" and role.attribute("superuser", expected) != "yes":
        yield Amiss("it is a superuser: nothing is refused to it, and row security does not bind it",
                    f"ALTER ROLE {written(role.name)} NOSUPERUSER;", about)
        return
    if role.attribute("bypassrls", found) == "yes" and role.attribute("bypassrls", expected) != "yes" \
            and not role.spec.bypassrls:
        yield Amiss("it bypasses row security", f"ALTER ROLE {written(role.name)} NOBYPASSRLS;", about)
    owned = [table for table in role.tables if role.on(table, found).owner and not role.on(table, expected).owner]
    if owned and not role.spec.owner:
        yield Amiss(f"it owns {', '.join(owned[:5])}{' and others' if len(owned) > 5 else ''}, and can alter and drop that",
                    "Give its tables to the role that migrates, or say owner = true in [access].")


@claim("access:{role.name}.{privilege}",
       breaks="it lost the privilege on a table, its schema or a sequence that a default draws from, or has it elsewhere")
def privilege(role: Role, privilege: str, verb: str, listed: str, expectation: Expectation, found: Snapshot) -> Finding:
    """{role.name} can {verb} {listed}"""
    if role.key not in found.objects:
        return _no_role(role)
    if role.attribute("superuser", found) == "yes":
        return _ALL
    must = frozenset(role.must(privilege))
    amiss: list[Amiss] = []
    for table in role.tables:
        if table in must:
            amiss += _lacks(role, privilege, verb, table, found)
        else:
            amiss += _lacks_columns(role, privilege, verb, table, found)
            if not _pending(table, role, privilege, expectation):
                amiss += _exceeds(role, privilege, verb, table, found)
    return told(amiss)


def _lacks(role: Role, privilege: str, verb: str, table: str, found: Snapshot) -> Iterator[Amiss]:
    access, home = role.on(table, found), shown(Key.table(table).home)
    cannot, about = f"it cannot {verb} {table}", Subject(str(Key("access", table, role.own)), "privileges")
    if found.relation(table) is None:
        yield Amiss(f"there is no {table}", "Apply the migrations.", about_all_of(Key.table(table)))
    elif Key("locked schema", "", f"{home} for {role.own}") in found.objects:
        yield Amiss(f"{cannot}: it may not use the schema {home}",
                    f"GRANT USAGE ON SCHEMA {own_written(home)} TO {written(role.name)};", about)
    elif privilege not in access.privileges:
        yield Amiss(cannot, f"GRANT {privilege.upper()} ON {rewritten(table)} TO {written(role.name)};", about)
    elif privilege == "insert" and access.locked_sequences:
        yield Amiss(f"{cannot}: a default draws from {', '.join(access.locked_sequences)}, which it may not use",
                    " ".join(f"GRANT USAGE ON SEQUENCE {each} TO {written(role.name)};" for each in access.locked_sequences))


def _exceeds(role: Role, privilege: str, verb: str, table: str, found: Snapshot) -> Iterator[Amiss]:
    access, made = role.on(table, found), role.granted.get(table, Access())
    if access.owner:
        return  # that is told once
    whole = privilege in access.privileges
    columns = sorted(access.columns(privilege) - made.columns(privilege))
    if not whole and not columns:
        return
    what = f"{verb} {table if whole else on_columns(columns, table)}"
    revoked = f"REVOKE {privilege.upper() if whole else of_columns(privilege, columns)} ON {rewritten(table)} FROM"
    again = kept_columns(made, privilege, table, written(role.name)) if whole else ""
    everybody = found.objects.get(Key("access", table, "public"))
    if isinstance(everybody, Access) and (privilege in everybody.privileges or (
            not whole and everybody.columns(privilege) >= {*columns})):
        yield Amiss(f"it can {what}, as everybody can", f"{revoked} PUBLIC;",
                    Subject(str(Key("access", table, "public")), "privileges"))
        return
    yield Amiss(f"it can {what}", f"{revoked} {written(role.name)};{again} (or from the role through which it has that)")


def _lacks_columns(role: Role, privilege: str, verb: str, table: str, found: Snapshot) -> Iterator[Amiss]:
    """What the migrations let it do on some columns, and it cannot."""
    access = role.on(table, found)
    must = role.granted.get(table, Access()).columns(privilege)
    lost = sorted(must - access.columns(privilege)) if privilege not in access.privileges else []
    if not lost:
        return
    if found.relation(table) is None:
        yield Amiss(f"there is no {table}", "Apply the migrations.", about_all_of(Key.table(table)))
        return
    home = shown(Key.table(table).home)
    cannot, about = f"it cannot {verb} {on_columns(lost, table)}", Subject(str(Key("access", table, role.own)), "privileges")
    if Key("locked schema", "", f"{home} for {role.own}") in found.objects:
        yield Amiss(f"{cannot}: it may not use the schema {home}",
                    f"GRANT USAGE ON SCHEMA {own_written(home)} TO {written(role.name)};", about)
    else:
        yield Amiss(cannot, f"GRANT {of_columns(privilege, lost)} ON {rewritten(table)} TO {written(role.name)};", about)


def _pending(table: str, role: Role, privilege: str, expectation: Expectation) -> bool:
    """Whether a migration that is pending grants it."""
    return any(isinstance(item, Access) and (privilege in item.privileges or item.columns(privilege))
               for item in expectation.later(Key("access", table, role.own)))


@claim("access:{role.name}.execute", breaks="it cannot execute a function that the migrations open to it, or the reverse")
def functions(role: Role, expectation: Expectation, found: Snapshot) -> Finding:
    """{role.name} can execute the functions that the migrations let it execute, and no other"""
    if role.key not in found.objects:
        return _no_role(role)
    return _ALL if role.attribute("superuser", found) == "yes" else told(_functions(role, expectation, found))


def _functions(role: Role, expectation: Expectation, found: Snapshot) -> Iterator[Amiss]:
    for key, function in expectation.functions.items():
        denied = Key("denied function", "", f"{key.own} for {role.own}") in found.objects
        if key not in found.objects or not expectation.judges(key) or denied == _kept_from(key, role, expectation):
            continue
        name = f"{routine(function)} {function_written(key)}"
        if denied:
            yield Amiss(f"it cannot execute {key.own}", f"GRANT EXECUTE ON {name} TO {written(role.name)};")
        else:
            yield Amiss(f"it can execute {key.own}", f"REVOKE EXECUTE ON {name} FROM PUBLIC, {written(role.name)};")


def _kept_from(key: Key, role: Role, expectation: Expectation) -> bool:
    """Whether the migrations keep a function from a role; from one that they do not speak of, if they do from anybody."""
    if role.key in expectation.objects:
        return Key("denied function", "", f"{key.own} for {role.own}") in expectation.objects
    return any(other.kind == "denied function" and other.own.startswith(f"{key.own} for ") for other in expectation.objects)
