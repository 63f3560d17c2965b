"""The published JSON schemas: the contract's knows just the keys that the reader asks for; evidence fits its own."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from checks.contract import toml_table
from checks.contract.reader import read_contract
from checks.resources import PACKAGE
from checks.values import UsageError
from tests.support import ROOT
from tests.support.running import verify

CONTRACT = json.loads((PACKAGE / "schemas" / "contract.schema.json").read_text())
EVIDENCE = json.loads((PACKAGE / "schemas" / "evidence.schema.json").read_text())
EVERYTHING = """
migrations = { folder = "migrations" }
[ledger]
table = "t"
[replay]
server = "embedded"
[target.a]
server = "embedded"
[target.a.reply]
success = "ok"
[fleet.t]
command = ["x"]
[enums]
"a.b" = { values = ["x"], null = "rejected" }
[access]
app = { select = "*", insert = ["t"] }
[constraints]
stored_rows = "report"
[dedupe.d]
table = "t"
key = ["a"]
effects = [{ table = "t", key = ["k"] }]
volatile = ["x"]
[service.s]
min_running = 2
[function.f]
function = "x"
[logs.l]
group = "/x"
count = { at_most = 3 }
[freshness.f]
evidence = "*.json"
every = "26h"
[rollback]
released = "1"
[[drift.ignore]]
object = "table:x"
reason = "r"
[[accept]]
claim = "drift:x"
reason = "r"
[audit.a]
command = ["x"]
"""
PLACES = {
    "migrations": "migrations.oneOf.1", "ledger": "ledger", "replay": "replay", "target.a": "target.additionalProperties",
    "fleet.t": "fleet.additionalProperties",
    "enums.a.b": "enums.additionalProperties.oneOf.1", "constraints": "constraints", "drift": "drift",
    "dedupe.d": "dedupe.additionalProperties", "dedupe.d.effects[0]": "dedupe.additionalProperties.properties.effects.items",
    "service.s": "service.additionalProperties", "function.f": "function.additionalProperties",
    "logs.l": "logs.additionalProperties", "logs.l.count": "logs.additionalProperties.properties.count",
    "freshness.f": "freshness.additionalProperties", "rollback": "rollback",
    "access.app": "access.additionalProperties",
    "audit.a": "audit.additionalProperties", "drift.ignore[0]": "drift.properties.ignore.items", "accept[0]": "accept.items",
}
"""Path of a table that the reader reads -> where the schema has it."""


def part(path: str) -> Any:
    found: Any = CONTRACT["properties"]
    for step in path.split("."):
        found = found[int(step)] if step.isdigit() else found[step]
    return found


def test_the_schema_knows_the_keys_that_the_reader_asks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, set[str]] = {}
    finish = toml_table.TomlTable.finish

    def noted(self: toml_table.TomlTable) -> None:
        asked.setdefault(self.path, set()).update(self._asked)
        finish(self)

    monkeypatch.setattr(toml_table.TomlTable, "finish", noted)
    (tmp_path / "contract.toml").write_text(EVERYTHING)
    read_contract(tmp_path / "contract.toml")
    shape = part("target.additionalProperties.properties.reply.properties")
    assert set(shape) <= asked[""]  # a reply's table has no path of its own
    assert asked.pop("") - set(shape) == set(CONTRACT["properties"])
    assert {path: set(part(place)["properties"]) for path, place in PLACES.items()} == {
        **asked, "enums.a.b": {"values", "null"}, "dedupe.d": asked["dedupe.d"] | {"volatile"}}


@pytest.mark.parametrize("file", [ROOT / "contract.toml", *sorted((ROOT / "tests" / "projects").glob("*/contract.toml")),
                                  *sorted((ROOT / "fixtures").rglob("contract.toml"))], ids=lambda file: file.parent.name)
def test_contracts_that_are_read_fit_the_schema(file: Path) -> None:
    read_contract(file)
    written = tomllib.loads(file.read_text(encoding="utf-8"))
    assert [error.message for error in jsonschema.Draft202012Validator(CONTRACT).iter_errors(written)] == []


@pytest.mark.parametrize("text", [
    "[ledgers]\na = 1\n", "schemas = 3\n", "[enums]\n", '[migrations]\ntool = "flywya"\n', '[[accept]]\nclaim = "x"\n',
    '[replay]\nserver = "docker"\n', '[ledger]\none_row = "yes"\n', '[target.x]\nwrites = "sometimes"\n'])
def test_what_the_reader_refuses_the_schema_refuses_too(text: str, tmp_path: Path) -> None:
    (tmp_path / "contract.toml").write_text(text)
    with pytest.raises(UsageError):
        read_contract(tmp_path / "contract.toml")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(text), CONTRACT)


def test_the_evidence_of_a_run_fits_its_schema(migrated: str, tmp_path: Path) -> None:
    for dsn in (migrated, "postgresql://nobody@127.0.0.1:1/x"):
        ran = verify(dsn, evidence=tmp_path / "evidence.json")
        jsonschema.validate(ran.evidence, EVIDENCE)
        assert ran.evidence["claims"]
