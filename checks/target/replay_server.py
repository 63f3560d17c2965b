"""`[replay]` -> a server on which migrations can be replayed, and never the one that is verified."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

from checks.contract.contract import Contract, TargetSpec
from checks.target.routes import ROUTES
from checks.target.servers import SCRATCH, ScratchServer, borrowed
from checks.target.servers.given import given_dsn
from checks.target.target import Secret, Target
from checks.target.ways.opened import way_in
from checks.values import Say, UsageError

_IDENTIFIER = "SELECT pg_catalog.format('%s', system_identifier) AS doc FROM pg_catalog.pg_control_system()"


@contextmanager
def replay_server(contract: Contract, target: Target | None, say: Say,
                  environ: Mapping[str, str] | None = None) -> Iterator[ScratchServer]:
    """The server that `[replay]` names.

    Args:
        contract: with `[replay]`.
        target: what is going to be verified; None: nothing is.
        say: takes a line about what stays behind.
        environ: the environment, `os.environ` unless given.

    Raises:
        UsageError: the server is the target's own, the variable with its DSN is not set, or an extra is not installed.
        Unverified: it does not start, or does not answer.
    """
    spec = contract.replay
    place = contract.targets[spec.target] if spec.target is not None else TargetSpec(
        "replay", server="given" if spec.dsn else spec.server, dsn=spec.dsn, image=spec.image)
    if place.server != "given":
        with SCRATCH[place.server](place, spec.stub_extensions) as server:
            yield server
        return
    name = f"[replay] {'target' if spec.target else 'dsn'}"
    dsn = place.dsn and given_dsn(place, contract.file.name,
                                  lambda variable: (os.environ if environ is None else environ).get(variable))
    with way_in(Target(place, Secret(dsn) if dsn else None)) as way, \
            borrowed(way.reveal() if way else "", name, say) as server:
        if target is not None and not target.ours and spec.target != target.name:
            _refuse_the_targets_own(server, target, name)
        yield server


def _refuse_the_targets_own(server: ScratchServer, target: Target, name: str) -> None:
    """Roles are cluster-wide: a replay beside the verified database could change who may do what there."""
    with way_in(target) as dsn, closing(ROUTES[target.spec.route](target, dsn, None)) as session:
        told = [value for value, *_ in session.ask(_IDENTIFIER)]
        session.rest()
    if told == [value for value, in server.rows(_IDENTIFIER)]:
        raise UsageError(f"{name} leads to the server of target {target.name!r} itself. Roles are shared by all databases "
                         "of a server, so migrations are not replayed there; name another server, or server = \"embedded\".")

