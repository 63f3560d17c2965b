"""Table of contents of the self-tests' fixtures; each stands where what it is made of stands."""

from __future__ import annotations

from tests.audits.lying import prepared, world
from tests.claims.functions.live import behind, bundled, deployed, functions_reader
from tests.deployment.stage import stage
from tests.face.projects import partly_broken
from tests.isolation.watched import echo, mark
from tests.replays.consumers.driven import lane, nothing_left_running, started, written
from tests.replays.proxy.client import database, proxy
from tests.reports.listening import listener
from tests.support.installed import installed
from tests.support.servers import aws, bench, fresh_database, gate, migrated, migrated_template, other_major, scratch_server

collect_ignore = ["projects"]
"""Projects to be looked at, some with tests of their own."""

__all__ = [
    "aws", "behind", "bench", "bundled", "database", "deployed", "echo", "fresh_database", "functions_reader", "gate",
    "installed", "lane", "listener", "mark", "migrated", "migrated_template", "nothing_left_running", "other_major",
    "partly_broken", "prepared", "proxy", "scratch_server", "stage", "started", "world", "written",
]
