"""The commands by which a project brings a database to the head: run in the contract's folder, upon a scratch database."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from checks.contract.contract import Contract
from checks.target.extensions import lacking_in, lacking_told
from checks.values import UsageError

TIMEOUT_S = 900
LAST_LINES = 12
"""Of the output of a command that failed, so many are told."""


def run_command(command: Sequence[str], key: str, contract: Contract, url: str, version: str = "") -> list[str]:
    """Runs one command of `[migrations]`; `{url}` and `{version}` in it are replaced.

    Args:
        command: as the contract writes it.
        key: its key there.
        contract: whose folder it runs in.
        url: of the scratch database.
        version: which migration.

    Returns:
        The lines of its standard output.

    Raises:
        UsageError: it is not there, fails, or does not end.
    """
    words = [word.replace("{url}", url).replace("{version}", version) for word in command]
    where = f"{contract.file.name}: migrations.{key} (`{' '.join(command)}`)"
    try:
        done = subprocess.run(words, cwd=contract.root, env=environment(url), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, errors="replace", timeout=TIMEOUT_S, check=False)
    except (FileNotFoundError, PermissionError) as error:
        raise UsageError(f"{where} cannot be run: {error.strerror}: {words[0]}. Install it, or name it by its path."
                         ) from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"{where} did not end within {TIMEOUT_S} s.") from None
    if done.returncode != 0:
        raise UsageError(_told(where, done, url, contract, key))
    return done.stdout.splitlines()


def environment(url: str) -> Mapping[str, str]:
    """The environment of a command: the shell's, with every way to name a database naming the scratch one."""
    from psycopg2.extensions import parse_dsn

    said = parse_dsn(url)
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password", "PGDATABASE": "dbname"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, **{name: unquote(said[key]) for name, key in names.items() if said.get(key)}, "DATABASE_URL": url}


def _told(where: str, done: subprocess.CompletedProcess[str], url: str, contract: Contract, key: str) -> str:
    output = (done.stdout + done.stderr).replace(url, "$DATABASE_URL")
    lines = [line for line in output.splitlines() if line.strip()][-LAST_LINES:]
    lacking = lacking_in(output)
    remedy = f"\n  {lacking_told({lacking: f'migrations.{key}'}, contract.file.name)}" if lacking else ""
    return "\n  ".join([f"{where} ended with {done.returncode} upon the scratch database:", *lines]) + remedy
