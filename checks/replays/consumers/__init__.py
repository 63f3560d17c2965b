"""The user's consumers, a file for each kind, and how an event is delivered to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from checks.contract.consumers import CommandConsumer, Consumer, LambdaConsumer, PythonConsumer
from checks.replays.consumers.command import CommandRunner
from checks.replays.consumers.lambda_function import LambdaRunner
from checks.replays.consumers.python import PythonRunner
from checks.replays.consumers.running import Running, Surroundings

RUNNERS: Mapping[type, Callable[[Any, Surroundings], Running]] = {
    PythonConsumer: PythonRunner,
    CommandConsumer: CommandRunner,
    LambdaConsumer: LambdaRunner,
}
"""A consumer as the contract names it -> how it is run."""


def start(spec: Consumer, url: str, root: Path, endpoint_url: str | None = None) -> Running:
    """The consumer `spec` names, with `url` as its database.

    Raises:
        UsageError: no such file or command.
        Unverified: it cannot be imported, or no endpoint of ours runs the Lambda.
    """
    return RUNNERS[type(spec)](spec, Surroundings(url, root, endpoint_url))
