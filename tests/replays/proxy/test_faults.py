"""What each fault of the proxy leaves behind on the server."""

from __future__ import annotations

import psycopg2
import psycopg2.extensions
import pytest

from checks.replays.proxy import framing
from checks.replays.proxy.gate import CUT, Fail
from checks.replays.proxy.proxy import Proxy
from tests.replays.proxy.client import SERIALIZATION, SYNC, Raw, Script, kinds, others, rows, run, url


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
