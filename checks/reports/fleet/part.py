"""Which part of a run over several machines this is, as its evidence tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RUN_ID = "POSTDEPLOY_RUN_ID"
"""Names the run that parts belong to, where no CI system does."""
_RUNS = (RUN_ID, "GITHUB_RUN_ID", "CI_PIPELINE_ID", "BUILDKITE_BUILD_ID", "CIRCLE_WORKFLOW_ID", "BUILD_BUILDID", "BUILD_TAG",
         "CODEBUILD_BATCH_BUILD_IDENTIFIER")
"""What CI systems call the run that all its jobs belong to."""


def part_told(shard: str, targets: int, names: str, contract: str, environ: Mapping[str, str]) -> Mapping[str, Any]:
    """What evidence says of its part.

    Args:
        shard: `3/8`.
        targets: how many targets there are in all parts.
        names: what tells their lists apart.
        contract: what tells contracts apart.
        environ: the environment, for the run's name in the CI system.
    """
    number, _, of = shard.partition("/")
    run = next((environ[name] for name in _RUNS if environ.get(name)), None)
    return {"number": int(number), "of": int(of), "targets": targets, "list": names, "contract": contract,
            **({"run": run} if run else {})}
