"""The environment that a script is given: names that are known to be harmless, and no address in any of them."""

from __future__ import annotations

import pytest

from checks.isolation.variables import harmless, is_address

ADDRESSES = (
    "postgresql://u:p@db/x", "postgres://db", " postgres://db", "postgresql+psycopg2://u:p@db/x", "postgresql+asyncpg://db/x",
    "jdbc:postgresql://db/x?user=u&password=p", "jdbc:oracle:thin:u/p@db:1521/x", "JDBC:sqlserver://db;databaseName=x",
    "host=db dbname=x user=u password=p", "dbname = x host = db", "service=prod", "hostaddr=10.0.0.1", "user=u",
    "redis://:p@cache:6379/0", "rediss://cache", "amqp://u:p@mq//", "mongodb+srv://u:p@cluster/x", "mysql://u:p@db/x",
    "http://u:p@proxy:3128", "https://hooks.slack.com/services/T/B/x", "s3://bucket", "unix:///var/run/docker.sock",
    "tcp://10.0.0.1:2376", "ssh://git@host/x", "sqlite:////tmp/x.db", "kafka://b1:9092,b2:9092", "snowflake://u:p@account/db",
    "Server=db;Database=x;User Id=u;Password=p", "Data Source=db;Initial Catalog=x",
    "Driver={PostgreSQL};Server=db;Uid=u;Pwd=p",
    "u:p@tcp(db:3306)/x", "u:p@db/x", "scott/tiger@//db:1521/x", "scott/tiger@db",
    '{"url": "postgresql://u:p@db/x"}', "-Durl=jdbc:postgresql://db/x",
)
HARMLESS = (
    "", "/usr/bin:/bin:/opt/homebrew/opt/python@3.12/bin", "/home/me", "en_GB.UTF-8", "xterm-256color", "1",
    "bin:/opt/x", "/opt/node@20/bin:/bin", "UTC", "a:b", "/usr/local/lib:/opt/lib",
)


@pytest.mark.parametrize("value", ADDRESSES)
def test_an_address_is_known_in_every_shape(value: str) -> None:
    assert is_address(value)
    assert harmless({"PATH": "/bin", "EDITOR": value, "SOMETHING": value}) == {"PATH": "/bin"}


@pytest.mark.parametrize("value", HARMLESS)
def test_what_is_none_is_kept(value: str) -> None:
    assert harmless({"PATH": value}) == {"PATH": value}


@pytest.mark.parametrize("name", ["AWS_PROFILE", "AWS_SESSION_TOKEN", "PGHOST", "PGPASSWORD", "DATABASE_URL", "HTTPS_PROXY",
                                  "http_proxy", "GITHUB_TOKEN", "SSH_AUTH_SOCK", "DOCKER_HOST", "BASH_ENV", "ENV",
                                  "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "KUBECONFIG", "MY_OWN", "path"])
def test_a_name_that_is_not_known_is_not_handed_on(name: str) -> None:
    assert harmless({name: "x"}) == {}


@pytest.mark.parametrize("name", ["PATH", "HOME", "LC_ALL", "PYTHONPATH", "VIRTUAL_ENV", "TMPDIR", "TZ", "CI"])
def test_what_programs_need_is(name: str) -> None:
    assert harmless({name: "x"}) == {name: "x"}
