"""Lambda functions of the account that look like those which query and migrate the database, where credentials allow."""

from __future__ import annotations

import re
from typing import NamedTuple

TIMEOUT_S = 5
MOST_LISTED = 1000
"""Functions of a region that are looked at."""
_QUERY, _MIGRATION = re.compile(r"quer(?:y|ies)|select", re.IGNORECASE), re.compile(r"migrat", re.IGNORECASE)


class FoundFunctions(NamedTuple):
    """What a region has, by name."""

    region: str
    query: tuple[str, ...]
    migration: tuple[str, ...]


def find_functions() -> FoundFunctions | None:
    """The functions of the shell's region; None: no region or credentials are set, nothing fits, or listing is not allowed.

    Reads only, and asks nobody where neither the environment nor the profile names a region.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        session = boto3.Session()
        if not session.region_name or session.get_credentials() is None:
            return None
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=TIMEOUT_S, read_timeout=TIMEOUT_S)
        pages = session.client("lambda", config=config).get_paginator("list_functions").paginate(
            PaginationConfig={"MaxItems": MOST_LISTED})
        names = sorted(each["FunctionName"] for page in pages for each in page["Functions"])
    except (BotoCoreError, ClientError):
        return None
    migration = tuple(name for name in names if _MIGRATION.search(name))
    query = tuple(name for name in names if _QUERY.search(name) and name not in migration)
    return FoundFunctions(session.region_name, query, migration) if query or migration else None
