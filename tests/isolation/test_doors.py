"""What was given is reached through the walls, both ways and to the end; its neighbour is not."""

from __future__ import annotations

import errno
import os
import socket
import sys
import tempfile

import pytest

from checks.isolation.doors import Doors
from checks.isolation.walls import NoWalls, Walls
from tests.support.processes import seen
from tests.support.walls import free_port, needs_walls, run_behind

pytestmark = needs_walls
ASK = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10) as server:
    server.sendall(sys.argv[2].encode())
    server.shutdown(socket.SHUT_WR)
    print(server.makefile().read())
"""
ASK_OFTEN = """
import socket, sys
opened = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(50)]
for number, one in enumerate(opened):
    one.sendall(str(number).encode())
for one in opened:
    one.shutdown(socket.SHUT_WR)
print(sum(int(one.makefile().read()) for one in opened))
"""
HOLD = """
import socket, sys, time
server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
time.sleep(600)
"""
CONNECT = "import socket, sys; print(socket.socket(socket.AF_UNIX).connect_ex(sys.argv[1]))"


@pytest.mark.parametrize("text", ["hello", "", "x" * 100_000], ids=["some", "nothing", "much"])
def test_a_door_carries_both_ways_and_the_end_of_each(text: str, echo: int) -> None:
    assert run_behind(sys.executable, "-c", ASK, str(echo), text, given=Walls((echo,))) == (0, f"{text or 'bye'}\n")


def test_many_connections_are_carried_at_once(echo: int) -> None:
    assert run_behind(sys.executable, "-c", ASK_OFTEN, str(echo), given=Walls((echo,))) == (0, f"{sum(range(50))}\n")


def test_without_a_door_the_same_server_is_out_of_reach(echo: int) -> None:
    status, said = run_behind(sys.executable, "-c", ASK, str(echo), "hello", given=Walls((free_port(),)))
    assert (status, said.strip().endswith("Connection refused")) == (1, True)


def test_behind_a_door_where_nobody_listens_nobody_answers() -> None:
    port = free_port()
    said = run_behind(sys.executable, "-c", ASK, str(port), "hello", given=Walls((port,)))[1]
    assert "hello" not in said
    assert "Connection refused" not in said


def test_a_server_learns_that_the_caller_is_gone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        process = Walls((port,)).start([sys.executable, "-c", HOLD, str(port)], env=os.environ)
        connection, _ = server.accept()
        with connection:
            process.end()
            connection.settimeout(5)
            assert connection.recv(1) == b""


def test_doors_close_once_however_often_they_are_closed() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    doors = Doors([listener])
    doors.close()
    doors.close()
    assert seen(lambda: listener.fileno() == -1)


@pytest.mark.parametrize(("url", "wanted"), [
    ("http://127.0.0.1:5000", Walls((5000,))), ("http://localhost:5000/x", Walls((5000,))),
    ("postgresql://u:p@127.0.0.1/db", Walls((5432,))), ("postgresql://u@localhost:6000/db?sslmode=off", Walls((6000,))),
    ("postgresql://postgres:@/db?host=/dev/shm/x", Walls((), ("/dev/shm/x/.s.PGSQL.5432",))),
    ("postgresql:///db?host=/run/x&port=1", Walls((), ("/run/x/.s.PGSQL.1",))),
    ("postgresql://%2Frun%2Fx:1/db", Walls((), ("/run/x/.s.PGSQL.1",))),
])
def test_a_url_is_a_door(url: str, wanted: Walls) -> None:
    assert Walls.open_to(url) == wanted


@pytest.mark.parametrize("url", ["http://10.0.0.1:5000", "postgresql://db.prod/x", "postgresql:///x"])
def test_there_is_no_door_to_another_machine(url: str) -> None:
    with pytest.raises(NoWalls, match="this machine only"):
        Walls.open_to(url)


def test_a_socket_that_was_given_is_reached_and_its_neighbour_is_not() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        listening = []
        for name in ("ours", "other"):
            one = socket.socket(socket.AF_UNIX)
            one.bind(f"{folder}/{name}")
            one.listen()
            listening.append(one)
        given = Walls((), (f"{folder}/ours",))
        said = [run_behind(sys.executable, "-c", CONNECT, f"{folder}/{name}", given=given)[1] for name in ("ours", "other")]
        for one in listening:
            one.close()
    assert said == ["0\n", f"{errno.ECONNREFUSED}\n"]
