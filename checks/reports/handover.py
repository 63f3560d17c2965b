"""What a run hands over when it ends: its evidence, and to whoever was named the reports, messages and annotations."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from checks.evidence import prepare_output
from postdeploy_checks_entry import option

if TYPE_CHECKING:
    from checks.reports.outputs import Outputs
    from checks.reports.runs import RunRecord
    from checks.reports.web import Link

_OUTPUTS = ("--report", "--ctrf", "--metrics", "--notify")
_ANNOTATES_TOO = "pytest_github_actions_annotate_failures"


class Handover:
    """Made of the options; every part of it is possible once `prepare` has returned."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.runs: list[RunRecord] = []
        """What the evidence says, a target each; empty before the end."""
        self.outputs: Outputs | None = None
        """None where nothing but evidence was asked for."""
        self.said: list[str] = []
        """What is told at the end about what was handed over."""
        self.evidence: Path | None = None
        self.unwritten = False
        """Whether the evidence was asked for, and could not be written."""
        self.monitor: Link | None = None
        """Who is told that a run ended, and how; of a run that ended before it looked, too."""

    def prepare(self) -> None:
        """Reads the options, before anything is looked at.

        Raises:
            UsageError: one of them cannot be met.
        """
        if ping := option(self.config, "--ping"):
            from checks.reports.web import link

            self.monitor = link("--ping", ping, os.environ)
        if evidence := option(self.config, "--evidence"):
            self.evidence = Path(evidence)
            prepare_output("--evidence", self.evidence)
        given = {name: value for name in _OUTPUTS if (value := option(self.config, name))}
        if given:
            from checks.reports.outputs import outputs_of

            self.outputs = outputs_of(given, self.evidence, self._place(), os.environ)

    def hand_over(self, documents: Iterable[Mapping[str, Any]], exit_code: int, several: bool = False,
                  shard: Mapping[str, Any] | None = None) -> None:
        """Writes and sends everything but the heartbeat.

        Args:
            documents: the evidence, a target each.
            exit_code: of the run.
            several: whether the evidence is written as of several targets.
            shard: which part of a run this is.
        """
        suites = [plugin for plugin in self.config.pluginmanager.get_plugins() if hasattr(plugin, "add_global_property")]
        if not (self.evidence or self.outputs or suites or _in_github()):
            return
        from checks.files import write_whole
        from checks.reports.document import as_text, together
        from checks.reports.outputs import publish, suite_properties
        from checks.reports.runs import runs_of

        every = list(documents)
        earlier = self.outputs.earlier() if self.outputs else []
        if self.evidence is not None:
            document = together(every, shard) if several or len(every) != 1 else every[0]
            try:
                write_whole(self.evidence, as_text(document))
            except OSError as error:
                self.unwritten = True
                self.said.append(f"UNVERIFIED: --evidence {self.evidence} could not be written: {error.strerror}. What is "
                                 "told here stands; make room for the file, and run again.")
        self.runs = runs_of(every, "this run")
        for suite in suites:  # of JUnit
            for name, value in suite_properties(self.runs):
                suite.add_global_property(name, value)
        if self.outputs is not None:
            self.said += publish(self.outputs, self.runs, earlier, exit_code, write_whole)

    def heartbeat(self, exit_code: int) -> None:
        """Tells the monitor, where one was named, that a run ended, and how."""
        if self.monitor is not None:
            from checks.reports.fleet.together import in_words
            from checks.reports.web import ping

            told = ", ".join(f"{run.target}: {run.verdict}" for run in self.runs[:20]) or "no claim was asked"
            if len(self.runs) > 20:
                told = f"{len(self.runs):,} targets: {in_words(Counter(run.verdict for run in self.runs))}"
            self.said += filter(None, [ping(self.monitor, exit_code, told)])

    def told(self, closing: Iterator[str]) -> Iterator[str]:
        """The closing lines, and what is said of the handover; for GitHub the annotations too, and no other command."""
        if not _in_github():
            yield from closing
        else:
            from checks.reports.annotations import annotated, unheard

            yield from unheard(closing)
            if not self.config.pluginmanager.has_plugin(_ANNOTATES_TOO):
                yield from annotated(self.runs, self._place())
        yield from self.said

    def _place(self) -> str:
        """The contract, as the repository calls it."""
        root = self.config.rootpath
        given = option(self.config, "--contract")
        file = (self.config.invocation_params.dir / given).resolve() if given else root / "contract.toml"
        return file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name


def _in_github() -> bool:
    return os.environ.get("GITHUB_ACTIONS") == "true"
