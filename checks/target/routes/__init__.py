"""How SQL travels to a target, a file each: straight to the database, or through a query function."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from checks.target.routes import direct, through_lambda
from checks.target.session import Session
from checks.target.target import Secret, Target

ROUTES: Mapping[str, Callable[[Target, Secret | None, str | None], Session]] = {
    "direct": direct.open_session,
    "lambda": through_lambda.open_session,
}
"""Name -> opens a session by that route. Given: the target, its database's DSN and the local endpoint's URL, if any."""
