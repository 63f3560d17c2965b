"""What `pg_dump -s` tells of a database, compared with what it told of another, line by line.

    python dump_diff.py URL EXPECTED.sql PG_DUMP [--write]
"""

from __future__ import annotations

import difflib
import re
import subprocess
import sys
from pathlib import Path


def dumped(url: str, pg_dump: str) -> str:
    """The dump of schema public, without the key that is new in every one, and the ledger's rows."""
    whole = [pg_dump, "--schema-only", "--schema=public", url]
    rows = [pg_dump, "--data-only", "--inserts", "--table=public.schema_migrations", url]
    told = "".join(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
                   for command in (whole, rows))
    told = re.sub(r"^\\(un)?restrict .*$", "", told, flags=re.MULTILINE)
    return re.sub(r"(INSERT INTO \S+ VALUES \('[^']*').*", r"\1", told)


def main(url: str, expected: str, pg_dump: str, *write: str) -> int:
    found, file = dumped(url, pg_dump), Path(expected)
    if write:
        file.write_text(found, encoding="utf-8")
        return 0
    before = file.read_text(encoding="utf-8")
    if before != found:
        sys.stdout.writelines(difflib.unified_diff(before.splitlines(True), found.splitlines(True), "expected", "found"))
    print(f"{before.count(';' + chr(10))} claims")
    return 0 if before == found else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
