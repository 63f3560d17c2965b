"""Databases as a user meets them."""

from __future__ import annotations

import psycopg2.extensions
import pytest


@pytest.fixture
def partly_broken(migrated: str) -> str:
    """The DSN of a migrated database that lost one constraint: claims of three areas are broken, all others held."""
    connection = psycopg2.connect(migrated)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE active_positions DROP CONSTRAINT chk_active_positions_side")
    connection.close()
    return migrated
