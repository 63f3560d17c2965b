"""What passes the proxy unchanged."""

from __future__ import annotations

import io
import socket
import subprocess
from pathlib import Path

import psycopg2
import psycopg2.extensions
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.replays.proxy import framing
from checks.replays.proxy.proxy import Proxy, Upstream
from tests.replays.proxy.client import FLUSH, SYNC, Raw, Script, bind, kinds, parse, rows, run, url
from tests.support import program


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
    return str(program("pgbench"))


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
