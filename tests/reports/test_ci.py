"""What a team copies into its pipelines: valid, with options that there are, and the action's own script really run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from postdeploy_checks_entry import OPTIONS
from tests.support import ROOT

CI = ROOT / "docs" / "ci"
KNOWN = {"action.yml": "vendor.github-actions", "docs/ci/github.yml": "vendor.github-workflows",
         "docs/ci/gitlab-ci.yml": "vendor.gitlab-ci"}
OTHERS = {"--junitxml", "--quiet", "--no-cache-dir", "--target", "--rm", "--from"}
"""Options of pytest, pip, aws and docker."""


@pytest.mark.parametrize("file", KNOWN)
def test_each_pipeline_is_valid(file: str) -> None:
    done = subprocess.run([sys.executable, "-m", "check_jsonschema", "--builtin-schema", KNOWN[file], str(ROOT / file)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", ["action.yml", "docs/ci/gitlab-ci.yml", "docs/ci/buildspec.yml", "docs/ci/Dockerfile"])
def test_every_option_that_is_shown_is_one(file: str) -> None:
    shown = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", (ROOT / file).read_text(encoding="utf-8")))
    assert shown <= {*OPTIONS, *OTHERS}
    assert shown


def test_the_build_of_codebuild_is_a_document_with_every_phase() -> None:
    spec = yaml.safe_load((CI / "buildspec.yml").read_text())
    assert list(spec["phases"]) == ["install", "pre_build", "build", "post_build"]
    assert spec["reports"]["postdeploy"]["file-format"] == "JUNITXML"


def test_no_input_is_written_into_a_script_of_the_action() -> None:
    steps = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    assert [step["name"] for step in steps if "${{" in step["run"]] == []


@pytest.mark.parametrize("code", [0, 6])
def test_the_action_hands_on_the_exit_code_the_summary_and_every_input_as_one_word(code: int, tmp_path: Path) -> None:
    """Its second step under bash as a runner starts it; the suite is played by a script that writes its arguments."""
    step: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"][1]
    suite = tmp_path / "postdeploy-checks" / "bin" / "postdeploy-checks"
    suite.parent.mkdir(parents=True)
    suite.write_text(f'#!/bin/bash\nprintf "%s\\n" "$@" > "{tmp_path}/words"\necho told > p/summary.md\nexit {code}\n')
    suite.chmod(0o755)
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]], cwd=tmp_path, check=False,
        env={"PATH": "/usr/bin:/bin", "RUNNER_TEMP": str(tmp_path), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
             "GITHUB_OUTPUT": str(tmp_path / "output"), "TARGET": "prod; touch x", "CONTRACT": "my contract.toml",
             "FOLDER": "p", "NOTIFY": "https://hooks/SECRET", "PING": "", "OPTIONS": "--through\n$(touch y)\n"})
    assert done.returncode == code
    words = (tmp_path / "words").read_text().splitlines()
    assert words[:3] == ["verify", "--contract", "my contract.toml"]
    assert words[-6:] == ["--target", "prod; touch x", "--notify", "env:NOTIFY", "--through", "$(touch y)"]
    assert (tmp_path / "summary").read_text() == "told\n"
    assert f"exit-code={code}\n" in (tmp_path / "output").read_text()
    assert not (tmp_path / "x").exists()
    assert not (tmp_path / "y").exists()
