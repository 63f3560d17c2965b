"""What the proxy refuses."""

from __future__ import annotations

import socket
import ssl
import struct

import psycopg2
import psycopg2.extensions
import pytest

from checks.replays.proxy import framing
from checks.replays.proxy.proxy import Proxy, Upstream
from tests.replays.proxy.client import url


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
