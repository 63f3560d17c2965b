"""A plugin that writes down what pytest tells of each item, without a hook of its own about running items."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

FOLDER = "OVERHEARD"
"""The environment variable that names the folder to write to; a file a process."""


def pytest_configure(config: pytest.Config) -> None:
    """Listens to the calls of hooks from outside."""
    reports: list[dict[str, Any]] = []
    called: list[str] = []

    def before(name: str, _: Sequence[object], arguments: dict[str, Any]) -> None:
        if name == "pytest_runtest_logreport":
            reports.append(told(arguments["report"]))
        elif name == "pytest_pyfunc_call":
            called.append(arguments["pyfuncitem"].nodeid)

    def write() -> None:
        file = Path(os.environ[FOLDER]) / f"{os.environ.get('PYTEST_XDIST_WORKER', 'main')}.json"
        file.write_text(json.dumps({"reports": reports, "called": called}))

    config.add_cleanup(write)
    config.add_cleanup(config.pluginmanager.add_hookcall_monitoring(before, lambda *_: None))


def told(report: pytest.TestReport) -> dict[str, Any]:
    """All of a report but what no two runs have in common."""
    return {"nodeid": report.nodeid, "location": report.location, "when": report.when, "outcome": report.outcome,
            "longrepr": str(report.longrepr), "sections": report.sections, "keywords": sorted(report.keywords),
            "user_properties": report.user_properties, "more": sorted(vars(report))}
