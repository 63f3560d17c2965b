"""A project of any migration tool, as a database of its own and what the suite says of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from checks.claims.verify import judge
from checks.contract.contract import Contract, TargetSpec
from checks.contract.migrations import read_migrations
from checks.contract.reader import read_contract
from checks.expectation.expectation import Expectation, expect
from checks.expectation.replay import replay
from checks.observation.observe import observe
from checks.target.migrate import bring_up
from checks.target.routes.direct import DirectSession
from checks.target.servers import ScratchServer
from checks.target.target import Secret, Target
from checks.values import Verdict


@dataclass
class Adopted:
    """One project on one server."""

    folder: Path
    server: ScratchServer
    database: str

    @cached_property
    def contract(self) -> Contract:
        """Its contract.toml."""
        return read_contract(self.folder / "contract.toml")

    @cached_property
    def expectation(self) -> Expectation:
        """What its migrations make."""
        return expect(self.contract, replay(read_migrations(self.contract), self.contract, self.server), None)

    @cached_property
    def dsn(self) -> Secret:
        """A database with every migration applied and recorded."""
        dsn = Secret(self.server.create_database(self.database))
        bring_up(dsn, self.contract, self.expectation.migrations)
        return dsn

    def run(self, *statements: str) -> None:
        """Changes the database."""
        assert self.dsn
        self.server.execute(*statements, database=self.database)

    def verdicts(self) -> Mapping[str, Verdict]:
        """Claim id -> what is said of the database as it is."""
        with closing(DirectSession(self.dsn, "the project's database")) as session:
            seen = observe(session, self.contract, self.expectation.objects)
        report = judge(self.expectation, seen, Target(TargetSpec("adopted"), self.dsn), dt.datetime.now(dt.UTC).date())
        return {verdict.claim: verdict for case in report.cases for verdict in case.verdicts}

    def not_held(self) -> dict[str, str]:
        """Claim id -> detail, of those that are not held."""
        return {claim: verdict.detail for claim, verdict in self.verdicts().items() if verdict.verdict != "held"}
