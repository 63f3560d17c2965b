"""What AWS knows of the way to a database: a secret as RDS writes it, a parameter with the host, a token as password."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from checks.contract.contract import TargetSpec
from checks.lambdas.aws import aws_client, telling
from checks.target.target import Secret
from checks.values import Unverified

_HOST = re.compile(r"(?P<host>[\w.-]{1,253}|\[[0-9a-fA-F:.]+\])(?::(?P<port>\d{1,5}))?")
_SHAPE = ("It must be a JSON object as RDS writes it: {\"username\": …, \"password\": …, \"host\": …, \"port\": …, "
          "\"dbname\": …}, of which host, port and dbname may stand in dsn or host_parameter instead.")


def parts_from(spec: TargetSpec) -> tuple[dict[str, str], Secret]:
    """What `secret` holds: user, host, port and dbname, as far as they are there, and the password.

    Source: AWS Secrets Manager user guide, "JSON structure of AWS Secrets Manager database credential secrets".

    Raises:
        Unverified: there is none, it may not be read, or it has another shape.
    """
    name = spec.way.secret
    what = f"The secret {name} of target {spec.name!r} cannot be read"
    client = aws_client("secretsmanager", spec)
    with telling(what, "secretsmanager:GetSecretValue"):
        told = _object(client.get_secret_value(SecretId=name).get("SecretString"))
    client.close()
    wrong = [key for key in ("username", "password") if not isinstance(told.get(key), str) or not told[key]]
    wrong += [key for key in ("host", "dbname") if not isinstance(told.get(key, ""), str)]
    wrong += [key for key in ("port",) if not re.fullmatch(r"\d{1,5}", str(told.get(key, "5432")))]
    if wrong:
        raise Unverified(f"The secret {name} of target {spec.name!r} has another shape than expected: "
                         f"{' and '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} not there, or not text. {_SHAPE}")
    names = {"username": "user", "host": "host", "port": "port", "dbname": "dbname"}
    return {ours: str(told[key]) for key, ours in names.items() if told.get(key)}, Secret(told["password"])


def _object(text: Any) -> Mapping[str, Any]:
    """The JSON object that `text` is; an empty one when it is none."""
    try:
        found = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def host_from(spec: TargetSpec) -> dict[str, str]:
    """What `host_parameter` holds: the host, and the port if it says so.

    Raises:
        Unverified: there is none, it may not be read, or it holds something else.
    """
    name = spec.way.host_parameter
    client = aws_client("ssm", spec)
    with telling(f"The parameter {name} of target {spec.name!r} cannot be read", "ssm:GetParameter"):
        value = client.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    client.close()
    found = _HOST.fullmatch(value.strip())
    if found is None:
        raise Unverified(f"The parameter {name} of target {spec.name!r} holds no host: it must be `host` or `host:port`.")
    return {key: text.strip("[]") for key, text in found.groupdict().items() if text}


def token(spec: TargetSpec, host: str, port: str, user: str) -> str:
    """A token that RDS takes as the password for 15 minutes; made here, no request goes out.

    Source: Amazon RDS user guide, "IAM database authentication".

    Raises:
        Unreachable: there are no credentials, or no region.
    """
    client = aws_client("rds", spec)
    with telling(f"No token for target {spec.name!r} can be made", "rds-db:connect"):
        return str(client.generate_db_auth_token(DBHostname=host, Port=int(port), DBUsername=user))
