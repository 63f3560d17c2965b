"""Everything that is asked of a deploy beside its database: Target -> DeploymentSeen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from checks.contract.contract import Contract
from checks.contract.deployment.sections import FunctionSpec
from checks.contract.migration import Migration
from checks.deployment.aws import looked, reading_client, time_of
from checks.deployment.deployed_code import FunctionSeen, Published, published, see_function
from checks.deployment.evidence_files import EvidenceSeen, see_evidence
from checks.deployment.logs import LogsSeen, see_logs
from checks.deployment.services import ServiceSeen, see_service
from checks.target.open_target import Place
from checks.values import Unreachable, Unverified

SLACK = dt.timedelta(minutes=1)
"""How far this machine's clock may be from AWS's before times that both told are not compared."""


@dataclass(frozen=True)
class DeploymentSeen:
    """What was asked, and answered, by the names of the contract's sections."""

    now: dt.datetime
    """This machine's clock, UTC."""
    since: dt.datetime | None = None
    """When the deploy began, UTC; None: nobody said."""
    services: Mapping[str, ServiceSeen] = field(default_factory=dict)
    functions: Mapping[str, FunctionSeen] = field(default_factory=dict)
    published: Mapping[str, tuple[Published, ...] | Unverified] = field(default_factory=dict)
    logs: Mapping[str, LogsSeen | Unverified] = field(default_factory=dict)
    evidence: Mapping[str, EvidenceSeen] = field(default_factory=dict)
    skew: dt.timedelta = dt.timedelta()
    """How far this machine's clock is ahead of AWS's, as far as AWS told."""

    @property
    def clocks_agree(self) -> bool:
        """Whether times of this machine and of AWS may be compared."""
        return abs(self.skew) <= SLACK


def see_deployment(place: Place, contract: Contract, migrations: Sequence[Migration], since: dt.datetime | None,
                   now: dt.datetime) -> DeploymentSeen:
    """Asks all that the target's `deployment` names.

    Args:
        place: the target.
        contract: the sections.
        migrations: what the code of a function should hold, where its section says so.
        since: when the deploy began, UTC.
        now: this machine's clock, UTC.

    Raises:
        UsageError: the target's region is no name of one.
    """
    spec, known = place.target.spec, contract.deployment
    named = [name.partition(".") for name in spec.deployment]
    of = {kind: [name for found, _, name in named if found == kind] for kind in ("service", "function", "logs", "freshness")}
    clients = _Clients(place)
    services = {name: clients.ask("ecs", lambda client, name=name: see_service(client, known.services[name]))
                for name in of["service"]}
    functions = {name: clients.ask("lambda", lambda client, name=name: _function(
        client, contract, known.functions[name], migrations)) for name in of["function"]}
    rollback = of["function"] if "rollback" in spec.deployment else ()
    logs = {name: clients.ask("logs", lambda client, name=name: see_logs(
        client, known.logs[name], since or now - known.logs[name].window, now + dt.timedelta(minutes=5)))
        for name in of["logs"]}
    return DeploymentSeen(
        now, since, {name: ServiceSeen(seen) if isinstance(seen, Unverified) else seen for name, seen in services.items()},
        {name: FunctionSeen(known.functions[name].function, known.functions[name].qualifier, seen)
         if isinstance(seen, Unverified) else seen for name, seen in functions.items()},
        {name: clients.ask("lambda", lambda client, name=name: published(client, known.functions[name].function))
         for name in rollback},
        logs, {name: see_evidence(contract.root, known.freshness[name].evidence or "", spec.name, now, SLACK)
               for name in of["freshness"] if known.freshness[name].evidence},
        clients.skew)


def _function(client: Any, contract: Contract, spec: FunctionSpec, migrations: Sequence[Migration]) -> FunctionSeen:
    bundle = contract.root / spec.bundle if spec.bundle else None
    return see_function(client, spec.function, spec.qualifier, bundle, migrations if spec.migrations else None)


class _Clients:
    """A client a service, made when it is first asked for."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._made: dict[str, Any] = {}
        self._times: list[dt.timedelta] = []
        self._silent: dict[str, Unreachable] = {}

    def ask(self, service: str, look: Any) -> Any:
        """What `look` sees through the client, or why it could not; who does not answer is asked once."""
        if service in self._silent:
            return self._silent[service]
        found = looked(lambda: look(self._client(service)))
        if isinstance(found, Unreachable):
            self._silent[service] = found
        return found

    @property
    def skew(self) -> dt.timedelta:
        """How far this machine's clock was ahead of AWS's at the last answer."""
        return self._times[-1] if self._times else dt.timedelta()

    def _client(self, service: str) -> Any:
        if service not in self._made:
            client = reading_client(service, self._place.target.spec, self._place.endpoint_url)
            client.meta.events.register("after-call", self._answered, unique_id=f"postdeploy-{id(self)}")
            self._made[service] = client
        return self._made[service]

    def _answered(self, parsed: Mapping[str, Any], **_: Any) -> None:
        told = time_of(parsed)
        if told is not None:
            self._times.append(dt.datetime.now(dt.UTC) - told)
