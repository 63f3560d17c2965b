"""Many schemas that the same migrations make, on a real server: what is broken is named there, honest ones are held."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from checks import apply, check
from checks.claims.verify import Report
from checks.contract.contract import Contract, TargetSpec
from checks.contract.migrations import read_migrations
from checks.contract.reader import read_contract
from checks.expectation.derived import Derived
from checks.expectation.expectation import Expectation, expect
from checks.expectation.lock import dump, load
from checks.expectation.replay import replay
from checks.reports.terminal import closing
from checks.sql.names import ident
from checks.target.open_target import Place
from checks.target.servers import ScratchServer
from checks.target.session import Session
from checks.target.target import Secret, Target
from checks.values import UsageError, Verdict
from tests.support.sabotage_harness import Bench, session_of

CONTRACT = """migrations = "migrations"
schemas = ["tenant_*", "public"]
[ledger]
table = "schema_migrations"
[enums]
"orders.side" = ["long", "short"]
[dedupe.events]
table = "events"
key = ["event_id"]
"""
FIRST = """
CREATE TABLE schema_migrations (version text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS public.countries (code text PRIMARY KEY);
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN price AS numeric CHECK (VALUE > 0);
CREATE TABLE customers (id serial PRIMARY KEY, name text NOT NULL, mood mood NOT NULL DEFAULT 'ok',
    country text REFERENCES public.countries);
CREATE TABLE events (event_id text PRIMARY KEY);
CREATE TYPE span AS RANGE (subtype = float8);
CREATE COLLATION plain FROM "C";
CREATE FUNCTION order_of(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT pg_catalog.btint4cmp($1, $2)';
CREATE OPERATOR CLASS numbers FOR TYPE int USING btree
    AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 order_of(int, int);
CREATE DOMAIN label AS text COLLATE plain;
CREATE TYPE words AS RANGE (subtype = text, collation = plain);
CREATE TABLE codes (code text COLLATE plain, name text, number int);
CREATE INDEX ix_codes_name ON codes (name COLLATE plain);
CREATE UNIQUE INDEX ix_codes_number ON codes (number numbers);
CREATE TEXT SEARCH DICTIONARY stems (TEMPLATE = simple);
CREATE TEXT SEARCH CONFIGURATION texts (PARSER = "default");
ALTER TEXT SEARCH CONFIGURATION texts ADD MAPPING FOR word WITH stems;
"""
SECOND = """
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT
    AS $$ BEGIN NEW.note := lower(NEW.note); RETURN NEW; END $$;
CREATE FUNCTION good(m mood) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN m = 'ok'::mood;
CREATE TABLE orders (id bigserial PRIMARY KEY, customer int NOT NULL REFERENCES customers (id), side text NOT NULL,
    amount price, mood mood, note text DEFAULT 'tenant_1.orders',
    CONSTRAINT chk_side CHECK (side IN ('long', 'short')),
    CONSTRAINT chk_note CHECK (note <> 'public.orders' AND note <> 'tenant_1'),
    CONSTRAINT chk_mood CHECK (good(mood)));
CREATE INDEX ix_orders_customer ON orders (customer);
CREATE INDEX ix_orders_mood ON orders (customer) WHERE mood = 'ok'::mood;
CREATE TRIGGER trg_touch BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION touch();
CREATE VIEW open_orders AS SELECT o.id, c.name, o.mood FROM orders o JOIN customers c ON c.id = o.customer;
CREATE MATERIALIZED VIEW per_side AS SELECT side, count(*) AS n FROM orders GROUP BY side;
"""
ODD = ("tenant_Ünï code", 'tenant_q"uo', "tenant_o'neil", "tenant_orders", "tenant_user$", "tenant_*", r"tenant_back\slash")
TENANTS = ("tenant_2", "tenant_1", "tenant_3", *ODD)
_numbers = itertools.count()


@dataclass(frozen=True)
class Fleet:
    """A database of tenants to copy, and what it should be."""

    server: ScratchServer
    template: str
    expectation: Expectation

    @contextlib.contextmanager
    def copy(self, *statements: str) -> Iterator[str]:
        """The DSN of a copy on which each of `statements` was run."""
        name = f"fleet_{os.getpid()}_{next(_numbers)}"
        self.server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{self.template}"')
        try:
            for statement in statements:
                self.server.execute(statement, database=name)
            yield self.server.dsn(name)
        finally:
            self.server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def report(self, *statements: str) -> Report:
        """What a copy comes to on which `statements` were run."""
        with self.copy(*statements) as dsn:
            return check.check(Target(TargetSpec("t", dsn="given"), Secret(dsn)), self.expectation)


def _project(folder: Path, contract: str = CONTRACT, **files: str) -> Contract:
    (folder / "migrations").mkdir()
    for name, text in (files or {"0001_init": FIRST, "0002_orders": SECOND}).items():
        (folder / "migrations" / f"{name}.sql").write_text(text)
    (folder / "contract.toml").write_text(contract)
    return read_contract(folder / "contract.toml")


def _make(server: ScratchServer, contract: Contract, tenants: Sequence[str]) -> str:
    name = f"tenants_{os.getpid()}_{next(_numbers)}"
    server.create_database(name)
    for tenant in tenants:
        into = f"CREATE SCHEMA IF NOT EXISTS {ident(tenant)}; SET search_path = {ident(tenant)}, public; "
        for migration in read_migrations(contract):
            server.execute(f"{into}{migration.sql}", database=name)
            server.execute(f"{into}INSERT INTO schema_migrations VALUES ('{migration.version}')", database=name)
    return name


@pytest.fixture(scope="module")
def derived(scratch_server: ScratchServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Contract, Derived]:
    contract = _project(tmp_path_factory.mktemp("tenants"))
    return contract, replay(read_migrations(contract), contract, scratch_server)


@pytest.fixture(scope="module")
def fleet(scratch_server: ScratchServer, derived: tuple[Contract, Derived]) -> Fleet:
    contract, made = derived
    return Fleet(scratch_server, _make(scratch_server, contract, TENANTS), expect(contract, load(dump(made)), None))


def _verdicts(report: Report) -> dict[str, Verdict]:
    assert not report.failure
    found = [verdict for case in report.cases for verdict in case.verdicts]
    assert len({verdict.claim for verdict in found}) == len(found)
    return {verdict.claim: verdict for verdict in found}


def _not_held(report: Report) -> dict[str, Verdict]:
    return {claim: verdict for claim, verdict in _verdicts(report).items() if verdict.verdict != "held"}


SABOTAGES = {
    "constraint lost": ("ALTER TABLE tenant_2.orders DROP CONSTRAINT chk_side", "constraints:tenant_2.orders.chk_side"),
    "a literal that is the schema's name": (
        "ALTER TABLE tenant_2.orders DROP CONSTRAINT chk_note, ADD CONSTRAINT chk_note "
        "CHECK (note <> 'public.orders' AND note <> 'tenant_2')", "constraints:tenant_2.orders.chk_note"),
    "index missing": ("DROP INDEX tenant_2.ix_orders_customer", "drift:tenant_2.orders"),
    "foreign key to another's table": (
        "ALTER TABLE tenant_2.orders DROP CONSTRAINT orders_customer_fkey, ADD CONSTRAINT orders_customer_fkey "
        "FOREIGN KEY (customer) REFERENCES tenant_1.customers (id)", "constraints:tenant_2.orders.orders_customer_fkey"),
    "default from another's sequence": (
        "ALTER TABLE tenant_2.orders ALTER id SET DEFAULT nextval('tenant_1.orders_id_seq')", "drift:tenant_2.orders"),
    "view over another's table": (
        "CREATE OR REPLACE VIEW tenant_2.open_orders AS SELECT o.id, c.name, o.mood FROM tenant_2.orders o "
        "JOIN tenant_1.customers c ON c.id = o.customer", "drift:tenant_2.open_orders"),
    "trigger off": ("ALTER TABLE tenant_2.orders DISABLE TRIGGER trg_touch", "constraints:tenant_2.orders.enforcement"),
    "trigger that runs another's function": (
        "DROP TRIGGER trg_touch ON tenant_2.orders; CREATE TRIGGER trg_touch BEFORE INSERT ON tenant_2.orders "
        "FOR EACH ROW EXECUTE FUNCTION tenant_1.touch()", "constraints:tenant_2.orders.enforcement"),
    "function that works in another's schema": (
        "ALTER FUNCTION tenant_2.touch() SET search_path = tenant_1, public", "drift:tenant_2.touch()"),
    "column type": ("ALTER TABLE tenant_2.events ALTER event_id TYPE varchar(20)", "drift:tenant_2.events"),
    "another's enum": (
        "DROP VIEW tenant_2.open_orders; ALTER TABLE tenant_2.customers ALTER mood DROP DEFAULT, "
        "ALTER mood TYPE tenant_1.mood USING 'ok', ALTER mood SET DEFAULT 'ok'; "
        "CREATE VIEW tenant_2.open_orders AS SELECT o.id, c.name, o.mood FROM tenant_2.orders o "
        "JOIN tenant_2.customers c ON c.id = o.customer", "drift:tenant_2.customers"),
    "enum label": ("ALTER TYPE tenant_2.mood ADD VALUE 'wild'", "drift:tenant_2.mood"),
    "ledger row missing": ("DELETE FROM tenant_2.schema_migrations WHERE version = '0001_init'",
                           "ledger:tenant_2.0001_init"),
    "collation of another's": (
        "ALTER TABLE tenant_2.codes ALTER code TYPE text COLLATE tenant_1.plain", "drift:tenant_2.codes"),
    "index in another's collation": (
        "DROP INDEX tenant_2.ix_codes_name; CREATE INDEX ix_codes_name ON tenant_2.codes (name COLLATE tenant_1.plain)",
        "drift:tenant_2.codes"),
    "index of another's operator class": (
        "DROP INDEX tenant_2.ix_codes_number; "
        "CREATE UNIQUE INDEX ix_codes_number ON tenant_2.codes (number tenant_1.numbers)", "drift:tenant_2.codes"),
    "domain in another's collation": (
        "DROP DOMAIN tenant_2.label; CREATE DOMAIN tenant_2.label AS text COLLATE tenant_1.plain", "drift:tenant_2.label"),
    "operator class of another's family": (
        "DROP INDEX tenant_2.ix_codes_number; DROP OPERATOR FAMILY tenant_2.numbers USING btree CASCADE; "
        "CREATE SCHEMA tenants; CREATE OPERATOR FAMILY tenants.numbers USING btree; "
        "CREATE OPERATOR FAMILY tenant_2.numbers USING btree; "
        "CREATE OPERATOR CLASS tenant_2.numbers FOR TYPE int USING btree FAMILY tenants.numbers AS OPERATOR 1 <, "
        "OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 tenant_2.order_of(int, int); "
        "CREATE UNIQUE INDEX ix_codes_number ON tenant_2.codes (number tenant_2.numbers)",
        "drift:operator class tenant_2.numbers USING btree"),
    "dictionary of another's": (
        "ALTER TEXT SEARCH CONFIGURATION tenant_2.texts ALTER MAPPING REPLACE tenant_2.stems WITH tenant_1.stems",
        "drift:text search configuration tenant_2.texts"),
    "a cast lost": ("DROP TYPE tenant_2.span", "drift:tenant_2.span"),
    "empty": ("DROP SCHEMA tenant_2 CASCADE; CREATE SCHEMA tenant_2", "constraints:tenant_2.orders.enforcement"),
    "behind": ("DROP TABLE tenant_2.orders CASCADE; DROP FUNCTION tenant_2.touch, tenant_2.good; "
               "DELETE FROM tenant_2.schema_migrations WHERE version = '0002_orders'", "ledger:tenant_2.0002_orders"),
    "a table more": ("CREATE TABLE tenant_2.surplus ()", "drift:tenant_2.surplus"),
    "in a schema with an odd name": ("ALTER TABLE \"tenant_q\"\"uo\".orders DROP CONSTRAINT chk_side",
                                     'constraints:"tenant_q""uo".orders.chk_side'),
}


@pytest.mark.parametrize("name", SABOTAGES)
def test_what_is_broken_in_one_schema_is_named_there_and_nowhere_else(name: str, fleet: Fleet) -> None:
    sabotage, claim = SABOTAGES[name]
    found = _not_held(fleet.report(sabotage))
    assert found[claim].verdict == "broken"
    assert {verdict.schema for verdict in found.values()} == {'"tenant_q""uo"' if "odd" in name else "tenant_2"}


def test_honest_schemas_are_held_whatever_their_names_owners_and_order(fleet: Fleet) -> None:
    found = _verdicts(fleet.report(
        "DO $$ BEGIN CREATE ROLE fleet_owner; EXCEPTION WHEN duplicate_object THEN NULL; END $$; "
        "ALTER SCHEMA tenant_3 OWNER TO fleet_owner; ALTER TABLE tenant_3.orders OWNER TO fleet_owner; "
        "SELECT set_config('search_path', '\"tenant_1\",public', false); "
        "ALTER FUNCTION tenant_1.touch() SET search_path FROM CURRENT; RESET search_path; "
        "DROP INDEX tenant_3.ix_orders_customer; CREATE INDEX ix_orders_customer ON tenant_3.orders (customer)",
        "INSERT INTO tenant_1.customers (name) SELECT 'x' FROM generate_series(1, 9)"))
    assert {claim: verdict.detail for claim, verdict in found.items() if verdict.verdict != "held"} == {}
    assert {verdict.schema for verdict in found.values()} >= {"tenant_1", "tenant_user$", '"tenant_Ünï code"', '"tenant_*"'}


def test_what_is_alike_in_all_is_told_once_with_their_count(fleet: Fleet) -> None:
    report = fleet.report("; ".join(f"ALTER TABLE {ident(name)}.orders DROP CONSTRAINT chk_side" for name in TENANTS))
    broken = [claim for claim in _not_held(report) if claim.endswith(".chk_side")]
    told = list(closing([report], {(report.target.name, case.area, case.name) for case in report.cases}, [0.0]))
    assert len(broken) == len(TENANTS)
    assert [line for line in told if line.endswith(f".orders.chk_side (in {len(TENANTS)} schemas)")]
    assert sum(".chk_side" in line for line in told if line.startswith("BROKEN")) == 1
    assert any(line.startswith("  schemas  ") and ", tenant_1, " in line and line.endswith("and 2 more") for line in told)


def test_a_target_without_any_such_schema_is_not_held(fleet: Fleet) -> None:
    found = _not_held(fleet.report(*(f"DROP SCHEMA {ident(name)} CASCADE" for name in TENANTS)))
    assert {verdict.verdict for verdict in found.values()} == {"unverified"}
    assert "No schema here is like 'tenant_*'" in found["ledger:0001_init"].detail


def test_what_all_refer_to_is_judged_once_and_missed_by_each(fleet: Fleet) -> None:
    found = _not_held(fleet.report("DROP TABLE public.countries CASCADE"))
    assert found["drift:countries"].schema == ""
    assert found["constraints:tenant_1.customers.customers_country_fkey"].verdict == "broken"


def test_a_ledger_that_the_role_may_not_read_is_unverified_there(fleet: Fleet, bench: Bench) -> None:
    reader = bench.reader
    with fleet.copy(f"REVOKE pg_read_all_data FROM {reader}; GRANT pg_read_all_data TO {reader}") as dsn:
        report = _by(session_of("direct", bench, bench.as_reader(dsn)), fleet.expectation)
        assert _not_held(report) == {}
    grants = [f"GRANT USAGE ON SCHEMA {ident(name)} TO fleet_reader; GRANT SELECT ON ALL TABLES IN SCHEMA {ident(name)} "
              "TO fleet_reader" for name in TENANTS if name != "tenant_2"]
    role = "DROP ROLE IF EXISTS fleet_reader; CREATE ROLE fleet_reader LOGIN PASSWORD 'reader'"
    with fleet.copy(role, *grants) as dsn:
        found = _not_held(_by(session_of("direct", bench, bench.as_reader(dsn).replace(f"{reader}:", "fleet_reader:")),
                              fleet.expectation))
    fleet.server.execute("DROP ROLE fleet_reader")
    assert {verdict.schema for verdict in found.values()} == {"tenant_2"}
    assert found["ledger:tenant_2.0001_init"].verdict == "unverified"
    assert 'GRANT USAGE ON SCHEMA "tenant_2"' in found["ledger:tenant_2.0001_init"].next_step


def test_a_schema_that_the_role_may_not_use_hides_nothing_of_the_others(fleet: Fleet, bench: Bench) -> None:
    reader = f"fleet_lim_{os.getpid()}"
    role = f"DROP ROLE IF EXISTS {reader}; CREATE ROLE {reader} LOGIN PASSWORD 'reader'"
    grants = [f"GRANT SELECT ON ALL TABLES IN SCHEMA {ident(name)} TO {reader}; "
              f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA {ident(name)} TO {reader}; "
              + (f"GRANT USAGE ON SCHEMA {ident(name)} TO {reader}" if name != "tenant_2" else "") for name in TENANTS]
    late = ("INSERT INTO tenant_1.customers (id, name) VALUES (50, 'late')",
            "INSERT INTO tenant_2.customers (id, name) VALUES (1, 'a')")
    with fleet.copy(role, *grants, *late) as dsn:
        found = _not_held(_by(session_of("direct", bench, bench.as_reader(dsn).replace(f"{bench.reader}:", f"{reader}:")),
                              fleet.expectation))
    fleet.server.execute(f"DROP ROLE {reader}")
    told = {claim: verdict.verdict for claim, verdict in found.items() if claim.endswith(".sequence")}
    assert told == {"constraints:tenant_1.customers.id.sequence": "broken",
                    "constraints:tenant_2.customers.id.sequence": "unverified",
                    "constraints:tenant_2.orders.id.sequence": "unverified"}
    assert "GRANT USAGE ON SCHEMA" in found["constraints:tenant_2.orders.id.sequence"].detail


class _Given(Place):
    """A place with a session of the test's own."""

    def __init__(self, session: Session, target: Target) -> None:
        super().__init__(target, None)
        object.__setattr__(self, "_session", session)

    def session(self) -> Session:
        """See Place."""
        return self._session  # type: ignore[no-any-return,attr-defined]


def _by(session: Session, expectation: Expectation) -> Report:
    target = Target(TargetSpec("t", dsn="given", writes="scratch" if session.can_run else "never"), None)
    return check._Look(_Given(session, target), expectation, (), lambda line: None, None).once()


@pytest.mark.parametrize("route", ["lambda", "scratch"])
def test_every_route_says_the_same(route: str, fleet: Fleet, bench: Bench) -> None:
    with fleet.copy("ALTER TABLE tenant_3.orders DROP CONSTRAINT chk_side") as dsn:
        found = _not_held(_by(session_of(route, bench, dsn), fleet.expectation))
    assert found["constraints:tenant_3.orders.chk_side"].verdict == "broken"
    assert {verdict.schema for verdict in found.values()} == {"tenant_3"}


def test_more_schemas_cost_no_more_statements(fleet: Fleet, derived: tuple[Contract, Derived]) -> None:
    few = replace(fleet, template=_make(fleet.server, derived[0], ["tenant_1"])).report()
    many = fleet.report()
    assert many.cost["statements"] == few.cost["statements"] == 4
    assert many.cost["scans"] == few.cost["scans"]


def test_a_ledger_that_all_share_is_claimed_once(fleet: Fleet, derived: tuple[Contract, Derived]) -> None:
    contract, made = derived
    ledger = contract.ledger
    assert ledger is not None
    shared = replace(contract, ledger=replace(ledger, schema="public"))
    found = _verdicts(replace(fleet, expectation=expect(shared, made, None)).report(
        "CREATE TABLE public.schema_migrations (LIKE tenant_1.schema_migrations INCLUDING ALL); "
        "INSERT INTO public.schema_migrations SELECT * FROM tenant_1.schema_migrations",
        "ALTER TABLE tenant_2.orders DROP CONSTRAINT chk_side"))
    assert found["ledger:tenant_1.0002_orders"].verdict == "held"
    assert found["ledger:tenant_2.0002_orders"].verdict == "broken"
    assert [claim for claim in found if claim.startswith("ledger:") and claim.endswith(".versions")] == [
        "ledger:schema_migrations.versions"]


def test_an_example_that_a_command_makes_stands_for_all(fleet: Fleet, tmp_path: Path) -> None:
    script = ("import os, psycopg2; c = psycopg2.connect(os.environ['DATABASE_URL']); c.autocommit = True; q = c.cursor(); "
              "q.execute('CREATE SCHEMA tenant_demo; SET search_path = tenant_demo, public'); "
              "[q.execute(open(f'migrations/{n}.sql').read()) or q.execute('INSERT INTO schema_migrations VALUES (%s)', [n])"
              " for n in ('0001_init', '0002_orders')]")
    (tmp_path / "make.py").write_text(script)
    contract = _project(tmp_path, CONTRACT.replace('migrations = "migrations"', "").replace(
        "[ledger]", '[migrations]\nbuild = ["PYTHON", "make.py"]\n[ledger]').replace("PYTHON", sys.executable))
    expectation = expect(contract, replay(read_migrations(contract), contract, fleet.server), None)
    made = replace(fleet, expectation=expectation)
    found = _not_held(made.report("ALTER FUNCTION tenant_1.touch() RESET ALL"))
    assert found["drift:tenant_1.touch()"].verdict == "broken"
    assert {verdict.schema for verdict in found.values()} == {"tenant_1"}


def _refused(act: Callable[[], object]) -> str:
    with pytest.raises(UsageError) as caught:
        act()
    return str(caught.value)


def test_what_cannot_be_is_refused_with_a_remedy(scratch_server: ScratchServer, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("two", "elsewhere", "several")]
    for folder in folders:
        folder.mkdir()
    two = _refused(lambda: _project(folders[0], 'schemas = ["a_*", "b_*"]'))
    assert "schemas has 2 patterns (a_*, b_*)" in two
    for schemas, words in (('["pg_*"]', "begins with pg_"), ('["public", ""]', "an empty name")):
        (folders[0] / "contract.toml").write_text(f"schemas = {schemas}")
        assert words in _refused(lambda: read_contract(folders[0] / "contract.toml"))
    elsewhere = _project(folders[1], **{"1": "CREATE TABLE public.a ()"})
    told = _refused(lambda: replay(read_migrations(elsewhere), elsewhere, scratch_server))
    assert "the migrations make no table in a schema like it" in told
    assert "Write names without a schema" in told
    several = _project(folders[2], **{"1": "CREATE SCHEMA tenant_a; CREATE SCHEMA tenant_b"})
    told = _refused(lambda: replay(read_migrations(several), several, scratch_server))
    assert "the migrations make tenant_a, tenant_b" in told
    told = _refused(lambda: apply.apply(Target(TargetSpec("t"), None), elsewhere, (), lambda line: None))
    assert "Apply with it, then look" in told
