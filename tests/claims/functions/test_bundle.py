"""Which migrations a deployed zip holds, however it is packed."""

from __future__ import annotations

import json

import pytest

from checks.deployment.bundle import held_in
from checks.values import Unverified
from tests.claims.functions.live import MIGRATIONS, migration_zip


def zip_of(**members: str) -> bytes:
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), text)
    return buffer.getvalue()


BODY = MIGRATIONS[-1].sql
VERSION = MIGRATIONS[-1].version
WAYS = {
    "as-a-file": zip_of(**{f"migrations__{VERSION}_dot_sql": BODY}),
    "with-other-line-ends": zip_of(**{f"migrations__{VERSION}_dot_sql": BODY.replace("\n", "\r\n")}),
    "in-a-python-module": zip_of(bundle_dot_py=f"MIGRATIONS = {{{VERSION!r}: {BODY!r}}}\n"),
    "in-triple-quotes": zip_of(bundle_dot_py=f'MIGRATIONS = {{"{VERSION}": """{BODY}"""}}\n'),
    "in-json": zip_of(migrations_dot_json=json.dumps({VERSION: BODY})),
    "in-javascript": zip_of(index_dot_js=f"exports.migrations = {json.dumps({VERSION: BODY})};\n"),
    "in-a-template-literal": zip_of(index_dot_mjs=f"export const m = {{'{VERSION}': `{BODY}`}};\n"),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_migration_is_found_however_it_is_packed(way: str) -> None:
    assert held_in(WAYS[way], MIGRATIONS[-1:]).whole == (VERSION,)


def test_the_real_packing_is_found() -> None:
    assert held_in(migration_zip(), MIGRATIONS).whole == tuple(m.version for m in MIGRATIONS)


def test_another_body_under_the_same_name_is_told() -> None:
    changed = BODY.replace("'conservative'", "'reckless'")
    found = held_in(zip_of(bundle_dot_py=f"M = {{{VERSION!r}: {changed!r}}}\n"), MIGRATIONS[-1:])
    assert (found.whole, found.other_body, found.missing) == ((), (VERSION,), ())
    found = held_in(zip_of(app_dot_py="print(1)"), MIGRATIONS[-1:])
    assert (found.whole, found.other_body, found.missing) == ((), (), (VERSION,))


def test_what_is_no_zip_is_unverified() -> None:
    with pytest.raises(Unverified, match="no zip"):
        held_in(b"PK\x03\x04 broken", MIGRATIONS)
