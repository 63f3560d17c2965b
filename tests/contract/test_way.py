"""The way's keys of a target: what is written wrong is told by its key's path, with the remedy."""

from __future__ import annotations

import tomllib
from pathlib import Path

import jsonschema
import pytest

from checks.contract.contract import TargetSpec
from checks.contract.reader import read_contract
from checks.contract.way.spec import SYSTEM_ROOTS, Timeouts, WaySpec
from checks.values import UsageError
from tests.contract.test_schemas import CONTRACT

DSN = 'dsn = "env:X"\n'
LAMBDA = 'route = "lambda"\nquery_function = "q"\n'


def read(text: str, folder: Path) -> TargetSpec:
    file = folder / "contract.toml"
    file.write_text(f"[target.x]\n{text}")
    return read_contract(file).targets["x"]


def test_every_key_is_read(tmp_path: Path) -> None:
    text = ('secret = "s"\nhost_parameter = "/h"\niam_auth = true\nsslmode = "verify-full"\nsslrootcert = "certs/rds.pem"\n'
            'target_session_attrs = "primary"\ntunnel = ["ssh", "-L", "{local_port}:{host}:{port}"]\nservice = "p"\n'
            'assume_role = "arn:aws:iam::123456789012:role/reader"\nendpoint_url = "https://x"\n'
            'statement_timeout = "2min"\nlock_timeout = "500ms"\nidle_timeout = "90 s"\n')
    spec = read(text, tmp_path)
    assert spec.way == WaySpec("p", "s", "/h", True, "verify-full", str(tmp_path / "certs/rds.pem"), "primary",
                               ("ssh", "-L", "{local_port}:{host}:{port}"), "arn:aws:iam::123456789012:role/reader",
                               "https://x")
    assert spec.timeouts == Timeouts(120_000, 500, 90_000)
    assert read(f'{DSN}sslrootcert = "system"\n', tmp_path).way.sslrootcert == SYSTEM_ROOTS
    box = read('server = "container"\nimage = "postgis/postgis:16-3.4"\ncommand = ["postgres", "-c", "jit=off"]\n', tmp_path)
    assert (box.image, box.command) == ("postgis/postgis:16-3.4", ("postgres", "-c", "jit=off"))
    jsonschema.validate(tomllib.loads(f"[target.x]\n{text}"), CONTRACT)


@pytest.mark.parametrize(("text", "told"), [
    ('writes = "never"\n', 'target.x.dsn is missing; write dsn = "env:NAME", service, secret or host_parameter, or route'),
    (f'{DSN}sslmode = "verify"\n', "target.x.sslmode must be one of 'disable', 'allow', 'prefer', 'require', 'verify-ca', "
                                   "'verify-full', not 'verify'. Did you mean 'verify-ca'?"),
    (f'{DSN}sslmod = "require"\n', "target.x.sslmod is not known here. Did you mean 'sslmode'?"),
    (f'{DSN}iam_auth = "yes"\n', "target.x.iam_auth must be true or false, not 'yes'"),
    (f'{DSN}iam_auth = true\nsslmode = "prefer"\n',
     "target.x.sslmode cannot be 'prefer' with iam_auth = true: RDS takes a token over TLS only. Write \"verify-full\", "
     "with sslrootcert, or \"require\""),
    (f'{DSN}target_session_attrs = "master"\n', "target.x.target_session_attrs must be one of 'any', "),
    (f'{DSN}tunnel = "ssh -N bastion"\n', "target.x.tunnel must be a list, not 'ssh -N bastion'"),
    (f'{DSN}statement_timeout = "30"\n',
     "target.x.statement_timeout must be a length of time with its unit, such as \"500ms\", \"30s\" or \"2min\", above 0 "
     "and at most 24 hours, not '30'"),
    (f"{DSN}lock_timeout = 3\n", "target.x.lock_timeout must be a length of time with its unit"),
    (f'{DSN}idle_timeout = "0s"\n', "target.x.idle_timeout must be a length of time with its unit"),
    (f'{LAMBDA}secret = "s"\n', "target.x.secret does not go with route = 'lambda': the function logs in, not we"),
    (f'{LAMBDA}tunnel = ["x"]\n', "target.x.tunnel needs endpoint_url with route = 'lambda': the port that it opens here"),
    (f'{LAMBDA}assume_role = "reader"\n', "target.x.assume_role must be the role's ARN, such as arn:aws:iam::"),
    (f'{LAMBDA}endpoint_url = "localhost"\n', "target.x.endpoint_url must be a URL, such as https://"),
    ('server = "embedded"\nservice = "p"\n', "target.x.service does not go with server = 'embedded', which lends its own"),
    ('server = "embedded"\ncommand = ["p"]\n', "target.x.command goes with server = 'container' only"),
])
def test_what_is_written_wrong_is_told_by_its_path(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read(text, tmp_path)
    assert str(caught.value).startswith(f"contract.toml: {told}")
