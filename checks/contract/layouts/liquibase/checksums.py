"""What Liquibase keeps of a change set's content in `databasechangelog.md5sum`: `8:…` until 4.21, `9:…` since 4.22. Pure.

Sources: AbstractSQLChange (NormalizingStream), ChangeSet.generateCheckSum and CheckSum of Liquibase 4.3 and 4.29; held
against the sums that these two wrote, see fixtures/README.md.
"""

from __future__ import annotations

import hashlib
import re

from checks.contract.layouts.liquibase.change_sets import ChangeSet

_BLANKS = " \n\r\t"
_TRIMMED = "".join(map(chr, range(33)))
"""What Java's trim takes away."""
_OTHER_ENDS = re.compile("[\x85\u2028\u2029]")
"""Ends of lines to a regular expression of Java, not to its reader."""


def checksums(found: ChangeSet) -> tuple[str, ...]:
    """The sums, a version each, by which the ledger may know `found`.

    Only those that every release of that version makes alike. Where what is hashed depends on more than the file, on
    properties (`${…}`) or on a `validCheckSum` that lets others pass, there are none.
    """
    sql = found.sql.strip(_TRIMMED)
    if not sql or found.marks & {"validCheckSum", "rollback"} or "${" in sql + found.attributes or _OTHER_ENDS.search(sql):
        return ()
    nine = _of_change_set(9, sql.translate(dict.fromkeys(map(ord, _BLANKS))))
    unsure = found.marks or not sql.isascii() or re.search(r"rollback\w+:|runWith", found.attributes, re.IGNORECASE)
    return (nine,) if unsure else (_of_change_set(8, _header(found, sql) + re.sub(f"[{_BLANKS}]+", " ", sql)), nine)


def _header(found: ChangeSet, sql: str) -> str:
    delimiter = found.said("endDelimiter")
    if delimiter is None and found.last and sql.endswith("\n/"):
        delimiter = "\n/$"
    split, strip = (str(found.said(name) in (None, "true")).lower() for name in ("splitStatements", "stripComments"))
    return f"{'null' if delimiter is None else delimiter}:{split}:{strip}:"


def _of_change_set(version: int, change: str) -> str:
    """The sum of a change set whose one change is hashed as `change`."""
    return f"{version}:{_md5(f'{version}:{_md5(change)}:')}"


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
