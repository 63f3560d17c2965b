"""What migra would change in a database so that it is as another one.

    python migra_diff.py URL EXPECTED_URL
"""

from __future__ import annotations

import sys

from migra import Migration
from sqlbag import S

KINDS = ("selectables", "indexes", "constraints", "enums", "sequences", "triggers", "rlspolicies", "privileges")


def main(url: str, expected: str) -> int:
    with S(url) as found, S(expected) as wanted:
        migration = Migration(found, wanted, schema="public")
        migration.set_safety(False)
        migration.add_all_changes(privileges=True)
        print(migration.sql)
        inspected = migration.changes.i_target
        print(f"{sum(len(getattr(inspected, kind)) for kind in KINDS)} claims")
    return 1 if migration.sql else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
