"""What the tests of several rooms share, and where the repository's files are."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = sorted((ROOT / "migrations").glob("*.sql"))
OTHER_MAJORS = os.environ.get("POSTDEPLOY_MATRIX", "").split() or [pytest.param("", marks=pytest.mark.skip(
    "set POSTDEPLOY_MATRIX to the URLs of servers of other majors, such as postgresql://postgres@host:5432/postgres"))]
"""The servers of the matrix, to be destroyed, as parameters of a test."""
