"""Each way into a database, for real where a real part runs here: services, secrets, tokens, TLS, tunnels, several hosts."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from psycopg2.extensions import parse_dsn

from checks.contract.contract import TargetSpec
from checks.contract.way.spec import WaySpec
from checks.lambdas.local.endpoint import LocalAws
from checks.target.routes.direct import DirectSession
from checks.target.servers import ScratchServer
from checks.target.target import Secret, Target
from checks.target.ways.opened import way_in
from checks.values import HarnessError, Unreachable, Unverified, UsageError
from tests.support import ROOT
from tests.support.pooler import pooled
from tests.support.relay import Relay, certificates, relayed
from tests.support.standby import standby_of

IDENTITY = "SELECT format('%s %s %s', current_database(), current_user, current_setting('application_name'))"
PINNED = "SELECT format('%s %s', current_setting('search_path'), current_setting('statement_timeout'))"
OURS = "postdeploy-checks/"
RDS = {"username": "postgres", "password": "hunter2", "engine": "postgres", "host": "127.0.0.1", "port": 1, "dbname": "x"}
FORWARD = """
import socket, sys, threading
listening = socket.create_server(("127.0.0.1", int(sys.argv[1])))
def passed(a, b):
    while piece := a.recv(65536):
        b.sendall(piece)
    b.shutdown(socket.SHUT_WR)
while True:
    here, _ = listening.accept()
    there = socket.create_connection((sys.argv[2], int(sys.argv[3])))
    for pair in ((here, there), (there, here)):
        threading.Thread(target=passed, args=pair, daemon=True).start()
"""
TUNNEL = (sys.executable, "-c", FORWARD, "{local_port}", "{host}", "{port}")


@pytest.fixture
def relay(migrated: str) -> Iterator[Relay]:
    with relayed(migrated) as found:
        yield found


@pytest.fixture
def name(migrated: str) -> str:
    """The database that the relay leads to."""
    return parse_dsn(migrated)["dbname"]


@pytest.fixture
def account(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Callable[..., TargetSpec]:
    """Makes specs that ask the local endpoint, with credentials in the environment."""
    for variable, value in {"AWS_ACCESS_KEY_ID": "AKIATESTING", "AWS_SECRET_ACCESS_KEY": "testing"}.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return lambda **way: TargetSpec("prod", region="us-west-2", way=WaySpec(endpoint_url=aws.endpoint_url, **way))


def asked(spec: TargetSpec, dsn: str | None = None) -> str:
    """What a session by this way says of itself."""
    with way_in(Target(spec, Secret(dsn) if dsn is not None else None)) as way:
        assert way is not None
        with closing(DirectSession(way, f"target {spec.name!r}")) as session:
            told = session.ask(f"{IDENTITY} AS doc")[0][0]
            session.rest()
    return str(told)


def refused(spec: TargetSpec, dsn: str | None = None, kind: type[HarnessError] = Unverified) -> str:
    with pytest.raises(kind) as caught:
        asked(spec, dsn)
    return str(caught.value)


def stored(aws: LocalAws, secret: Any, *, parameter: str = "") -> None:
    manager, name = aws.client("secretsmanager"), "db/prod"
    text = secret if isinstance(secret, str) else json.dumps(secret)
    if name in [each["Name"] for each in manager.list_secrets()["SecretList"]]:
        manager.put_secret_value(SecretId=name, SecretString=text)
    else:
        manager.create_secret(Name=name, SecretString=text)
    if parameter:
        aws.client("ssm").put_parameter(Name="/db/host", Value=parameter, Type="SecureString", Overwrite=True)


def test_a_service_is_read_as_libpq_reads_it(relay: Relay, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                             ) -> None:
    spec = TargetSpec("prod", way=WaySpec(service="prod"))
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    (tmp_path / "services").write_text(f"[prod]\nhost=127.0.0.1\nport={relay.port}\nuser=postgres\n")
    monkeypatch.setenv("PGDATABASE", name)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "passwords"))
    (tmp_path / "passwords").write_text(f"127.0.0.1:{relay.port}:{name}:postgres:from-the-file\n")
    (tmp_path / "passwords").chmod(0o600)
    relay.passwords = []
    assert asked(spec).startswith(f"{name} postgres {OURS}")
    assert relay.passwords == ["from-the-file"]
    told = refused(replace(spec, way=WaySpec(service="prd")), kind=Unreachable)
    assert told == ("Cannot reach target 'prod': definition of service \"prd\" not found. Look at the service in "
                    "~/.pg_service.conf, or in the file that PGSERVICEFILE names.")


def test_a_dsn_that_says_nothing_is_read_from_the_environment(relay: Relay, name: str, monkeypatch: pytest.MonkeyPatch,
                                                              ) -> None:
    said = {"PGHOST": "127.0.0.1", "PGPORT": str(relay.port), "PGUSER": "postgres", "PGDATABASE": name}
    for variable, value in said.items():
        monkeypatch.setenv(variable, value)
    assert asked(TargetSpec("prod"), "postgresql://").startswith(f"{name} postgres {OURS}")


@pytest.mark.parametrize(("dsn", "secret", "parameter"), [
    (None, {**RDS, "port": "{port}", "dbname": "{name}"}, ""),
    ("dbname={name}", {**RDS, "host": "nowhere.invalid"}, "127.0.0.1:{port}"),
], ids=["all from the secret", "host from the parameter, and what the dsn says counts first"])
def test_a_secret_as_rds_writes_it(dsn: str | None, secret: dict[str, Any], parameter: str, relay: Relay, name: str,
                                   aws: LocalAws, account: Any) -> None:
    def filled(text: Any) -> Any:
        return text.format(port=relay.port, name=name) if isinstance(text, str) else text

    stored(aws, {key: filled(value) for key, value in secret.items()}, parameter=filled(parameter))
    relay.passwords = []
    spec = account(secret="db/prod", host_parameter="/db/host" if parameter else "")
    assert asked(spec, filled(dsn)).startswith(f"{name} postgres {OURS}")
    assert relay.passwords == ["hunter2"]


@pytest.mark.parametrize(("secret", "words"), [
    ("hunter2", "username and password are not there, or not text. It must be a JSON object as RDS writes it"),
    ("[1, 2]", "username and password are not there"), ({**RDS, "password": 3}, "password is not there, or not text"),
    ({**RDS, "port": "hunter2"}, "port is not there"), ({**RDS, "username": ""}, "username is not there"),
    ({"user": "postgres", "password": "hunter2"}, "username is not there"),
])
def test_a_secret_of_another_shape_is_told_by_its_keys(secret: Any, words: str, aws: LocalAws, account: Any) -> None:
    stored(aws, secret)
    told = refused(account(secret="db/prod"))
    assert told.startswith("The secret db/prod of target 'prod' has another shape than expected: ")
    assert words in told
    assert "hunter2" not in told


def test_what_aws_does_not_have_is_named_with_the_remedy(aws: LocalAws, account: Any) -> None:
    aws.client("ssm").put_parameter(Name="/no/host", Value="postgresql://u:hunter2@h", Type="String", Overwrite=True)
    assert refused(account(secret="db/none"), kind=Unreachable) == (
        "The secret db/none of target 'prod' cannot be read: AWS says ResourceNotFoundException. Look at the name, and at "
        "region and profile in the contract.")
    assert refused(account(host_parameter="/none"), kind=Unreachable) == (
        "The parameter /none of target 'prod' cannot be read: AWS says ParameterNotFound. Look at the name, and at "
        "region and profile in the contract.")
    assert refused(account(host_parameter="/no/host")) == (
        "The parameter /no/host of target 'prod' holds no host: it must be `host` or `host:port`.")


def test_without_credentials_region_or_answer_the_remedy_is_said(account: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = account(secret="db/prod")
    assert "EndpointConnectionError. Look at region and endpoint_url in the contract and at the network." in refused(
        replace(spec, way=replace(spec.way, endpoint_url="http://127.0.0.1:1")))
    assert "could not be found. Set region (and profile) in the contract" in refused(replace(spec, profile="nobody"))
    assert refused(replace(spec, region="not a region"), kind=UsageError).endswith(
        "Look at region in the contract, or AWS_REGION.")
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(variable)
    for variable in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(variable, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert refused(spec) == ("The secret db/prod of target 'prod' cannot be read: NoCredentialsError. Give credentials: "
                             "AWS_PROFILE, or profile in the contract.")


def test_a_token_is_made_anew_for_each_connection_and_goes_over_tls_only(relay: Relay, name: str, account: Any,
                                                                         tmp_path: Path) -> None:
    roots, relay.tls = certificates(tmp_path, "127.0.0.1")
    relay.passwords = []
    spec, dsn = account(iam_auth=True, sslmode="verify-full", sslrootcert=str(roots)), f"dbname={name} user=postgres"
    dsn = f"{dsn} host=127.0.0.1 port={relay.port}"
    for _ in range(2):
        assert asked(spec, dsn).startswith(f"{name} postgres {OURS}")
    first, second = relay.passwords
    assert first.startswith(f"127.0.0.1:{relay.port}/?Action=connect&DBUser=postgres&X-Amz-Algorithm=AWS4-HMAC-SHA256")
    assert second.startswith(first[:60])
    assert "sslmode=disable: RDS takes a token over TLS only" in refused(account(iam_auth=True), f"{dsn} sslmode=disable",
                                                                         kind=UsageError)
    assert "iam_auth needs one user" in refused(account(iam_auth=True), "host=h", kind=UsageError)
    relay.tls = None
    assert "server does not support SSL" in refused(account(iam_auth=True), dsn, kind=Unreachable)


def test_a_role_is_taken_on_wherever_aws_is_asked(relay: Relay, name: str, account: Any,
                                                  tmp_path: Path) -> None:
    _, relay.tls = certificates(tmp_path, "127.0.0.1")
    relay.passwords = []
    spec = account(iam_auth=True, assume_role="arn:aws:iam::123456789012:role/reader")
    assert asked(spec, f"host=127.0.0.1 port={relay.port} user=postgres dbname={name}").startswith(name)
    assert "X-Amz-Security-Token" in relay.passwords[0]


def test_tls_is_verified_against_the_roots_of_the_contract(relay: Relay, name: str, tmp_path: Path) -> None:
    roots, relay.tls = certificates(tmp_path, "127.0.0.1")
    dsn = f"host=127.0.0.1 port={relay.port} user=postgres dbname={name} sslmode=disable"
    full = WaySpec(sslmode="verify-full", sslrootcert=str(roots))
    assert asked(TargetSpec("prod", way=full), dsn).startswith(name)
    assert refused(TargetSpec("prod", way=full), dsn.replace("127.0.0.1", "localhost"), kind=Unreachable).startswith(
        "Cannot reach target 'prod': server certificate for \"127.0.0.1\" (and 1 other name) does not match host name "
        "\"localhost\". Give the certificates of the server's authority: sslrootcert in the contract")
    (tmp_path / "others").mkdir()
    others, _ = certificates(tmp_path / "others", "127.0.0.1")
    assert "certificate verify failed. Give the certificates" in refused(
        TargetSpec("prod", way=replace(full, sslrootcert=str(others))), dsn, kind=Unreachable)
    assert "prod.sslrootcert names /none.pem, which is not there." in refused(
        TargetSpec("prod", way=replace(full, sslrootcert="/none.pem")), dsn, kind=UsageError)


def test_of_several_hosts_the_one_that_is_asked_for_is_taken(scratch_server: ScratchServer) -> None:
    with standby_of(scratch_server) as standby:
        primary, second = parse_dsn(scratch_server.uri), parse_dsn(standby.uri)
        dsn = (f"host={second['host']},{primary['host']},127.0.0.1 port={second['port']},{primary['port']},1 user=postgres "
               "dbname=postgres")
        for wanted, state in (("primary", "f"), ("standby", "t"), ("read-write", "f"), ("any", "t")):
            with way_in(Target(TargetSpec("prod", way=WaySpec(target_session_attrs=wanted)), Secret(dsn))) as way:
                assert way is not None
                with closing(DirectSession(way, "it")) as session:
                    assert session.ask("SELECT format('%s', pg_is_in_recovery())") == [(state,)], wanted
        alone = dsn.replace(f"{second['host']},", "").replace(f"{second['port']},", "")
        assert "None of the hosts is what target_session_attrs asks for." in refused(
            TargetSpec("prod", way=WaySpec(target_session_attrs="standby")), alone, kind=Unreachable)


def test_a_tunnel_ends_with_the_look(relay: Relay, name: str, tmp_path: Path) -> None:
    roots, relay.tls = certificates(tmp_path, "db.internal", "localhost")
    way = WaySpec(tunnel=TUNNEL, sslmode="verify-full", sslrootcert=str(roots))
    dsn = f"host=localhost port={relay.port} user=postgres dbname={name}"
    with way_in(Target(TargetSpec("prod", way=way), Secret(dsn))) as opened:
        assert opened is not None
        said = parse_dsn(opened.reveal())
        assert (said["host"], said["hostaddr"], said["port"] != str(relay.port)) == ("localhost", "127.0.0.1", True)
        with closing(DirectSession(opened, "it")) as session:
            assert session.ask(f"{IDENTITY} AS doc")[0][0].startswith(name)
    with pytest.raises(Unreachable, match="Connection refused"):
        DirectSession(opened, "it")


HELD = """
import signal, sys
from checks.contract.contract import TargetSpec
from checks.contract.way.spec import WaySpec
from checks.target.target import Secret, Target
from checks.target.ways.opened import way_in
from psycopg2.extensions import parse_dsn
with way_in(Target(TargetSpec("prod", way=WaySpec(tunnel=tuple(sys.argv[2:]))), Secret(sys.argv[1]))) as way:
    print(parse_dsn(way.reveal())["port"], flush=True)
    signal.pause()
"""


def test_a_tunnel_does_not_outlive_a_run_that_was_killed(relay: Relay) -> None:
    run = subprocess.Popen([sys.executable, "-c", HELD, f"host=127.0.0.1 port={relay.port}", *TUNNEL], cwd=ROOT,
                           env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    port, start = int(run.stdout.readline()), time.monotonic()
    socket.create_connection(("127.0.0.1", port), timeout=5).close()
    run.kill()
    run.wait()
    run.stdout.close()
    with pytest.raises(ConnectionRefusedError):
        while time.monotonic() < start + 5:
            with suppress(ConnectionResetError):  # it is being ended
                socket.create_connection(("127.0.0.1", port), timeout=5).close()


@pytest.mark.parametrize(("command", "kind", "words"), [
    (("no-such-program", "{local_port}"), UsageError,
     "cannot be run: No such file or directory: no-such-program. Install it, or name it by its path."),
    ((sys.executable, "-c", "import sys; sys.exit('bastion: Permission denied (publickey).')", "{local_port}"), Unreachable,
     "ended with 1 before anything listened on 127.0.0.1:"),
])
def test_a_tunnel_that_does_not_open_says_why(command: tuple[str, ...], kind: type[HarnessError], words: str) -> None:
    told = refused(TargetSpec("prod", way=WaySpec(tunnel=command)), "host=h dbname=x", kind=kind)
    assert told.startswith("target.prod.tunnel (`")
    assert words in told
    assert ("bastion: Permission denied (publickey). Run the command by itself" in told) == (kind is Unreachable)


def test_a_pooler_in_transaction_mode_keeps_what_is_pinned(scratch_server: ScratchServer, migrated: str, tmp_path: Path,
                                                           ) -> None:
    """One server connection for all clients, over TLS, with scram: what one transaction pins no other has."""
    with pooled(scratch_server, tmp_path) as (dsn, roots):
        dsn = f"{dsn} dbname={parse_dsn(migrated)['dbname']}"
        way = WaySpec(sslmode="verify-full", sslrootcert=str(roots))
        with way_in(Target(TargetSpec("prod", way=way), Secret(dsn))) as opened:
            assert opened is not None
            with closing(DirectSession(opened, "it")) as one, closing(DirectSession(opened, "it")) as other:
                for session in (one, other, one):
                    assert session.ask(PINNED) == [
                        ("pg_catalog, pg_temp 30s",)]
                    session.rest()
        assert "authentication failed. Give the right password" in refused(
            TargetSpec("prod", way=way), dsn.replace("password=the", "password=not-the"), kind=Unreachable)
