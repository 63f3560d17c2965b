"""Many targets in one command: looked at together, told together, split over machines and joined again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest

from checks.target.servers import ScratchServer
from tests.contract.test_schemas import EVIDENCE
from tests.support import ROOT
from tests.support.running import Ran, run, verify

ODD = 'od"d tenant/ü?%2F'
LOST = "ALTER TABLE active_positions DROP CONSTRAINT chk_active_positions_side"


class Fleet(NamedTuple):
    """A server with some tenants, of which two lost the same constraint and one lets nobody in."""

    contract: Path
    dsn: str

    def verify(self, *options: str, target: str = "tenants", **more: Any) -> Ran:
        """`pytest checks/ --target tenants`."""
        return verify(target, "--contract", str(self.contract), *options, environment={"FLEET_DSN": self.dsn}, **more)


@pytest.fixture(scope="module")
def fleet(scratch_server: ScratchServer, migrated_template: str) -> Iterator[Fleet]:
    names = [f"fl{os.getpid()}_{name}" for name in ("a", "b", "c", "d", ODD)]
    for name in names:
        quoted = name.replace('"', '""')
        scratch_server.execute(f'CREATE DATABASE "{quoted}" TEMPLATE "{migrated_template}"')
    for name in names[:2]:
        scratch_server.execute(LOST, database=name)
    scratch_server.execute(f'ALTER DATABASE "{names[3]}" ALLOW_CONNECTIONS false')
    contract = ROOT / f"contract.fleet-{os.getpid()}.toml"
    contract.write_text((ROOT / "contract.toml").read_text() + (
        '[fleet.tenants]\ndsn = "env:FLEET_DSN"\ndatabases = """SELECT datname FROM pg_database -- each tenant\n'
        f'WHERE datname LIKE \'fl{os.getpid()}%\'"""\n'))
    yield Fleet(contract, scratch_server.dsn("postgres"))
    contract.unlink()
    for name in names:
        quoted = name.replace('"', '""')
        scratch_server.execute(f'DROP DATABASE "{quoted}" WITH (FORCE)')


def as_seen(document: dict[str, Any]) -> list[Any]:
    """What a document tells of each target, without times."""
    told = [{name: value for name, value in each.items() if name not in ("started_at", "finished_at", "duration_s")}
            for each in document["targets"]]
    return sorted(told, key=lambda each: str(each["target"]["name"]))


def test_a_fleet_is_one_run_told_once_for_all_that_are_alike(fleet: Fleet, tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("r.html", "r.md", "r.sarif", "c.json", "m.prom", "j.xml")}
    reports = [word for name in ("r.html", "r.md", "r.sarif") for word in ("--report", str(files[name]))]
    ran = fleet.verify(*reports, "--ctrf", str(files["c.json"]), "--metrics", str(files["m.prom"]),
                       "--junitxml", str(files["j.xml"]), evidence=tmp_path / "e.json")
    assert ran.code == 1, ran.out
    jsonschema.validate(ran.evidence, EVIDENCE)
    words = [each["verdict"] for each in ran.evidence["targets"]]
    assert (ran.evidence["verdict"], words) == ("broken", ["broken", "broken", "held", "unverified", "held"])
    assert all(each["statements"] == 4 for each in ran.evidence["targets"] if "failure" not in each)
    table = [line.split()[:2] for line in ran.out.splitlines() if line.startswith("  tenants/")]
    assert [line[-1] for line in table if line[-1] in words] == ["broken", "broken", "unverified", "held"]
    assert "5 targets: 2 broken, 1 unverified, 2 held" in ran.out
    assert ran.out.count("BROKEN constraints:active_positions.chk_active_positions_side") == 1
    assert f"on       2 of 5 targets: tenants/fl{os.getpid()}_a, tenants/fl{os.getpid()}_b" in ran.out
    assert ran.out.count("not currently accepting connections") == 1
    assert "5 targets" in files["r.md"].read_text()
    assert "chk_active_positions_side</b> on 2 of 5" in files["r.html"].read_text()
    assert len(json.loads(files["r.sarif"].read_text())["runs"]) == 5
    assert files["m.prom"].read_text().count('verdict="unverified"} 1.0') >= 1
    assert json.loads(files["c.json"].read_text())["results"]["summary"]["failed"] > 0
    assert "ü?%2F" in files["j.xml"].read_text()


def test_shards_joined_are_the_whole_and_what_is_missing_is_said(fleet: Fleet, tmp_path: Path) -> None:
    whole = fleet.verify(evidence=tmp_path / "whole.json").evidence
    parts = [tmp_path / f"shard{number}.json" for number in (1, 2, 3)]
    for number, file in enumerate(parts, 1):
        fleet.verify("--shard", f"{number}/3", evidence=file)
    joined = tmp_path / "joined.json"
    assert run("-m", "checks", "report", *map(str, parts), "-o", str(joined)).code == 0
    document = json.loads(joined.read_text())
    jsonschema.validate(document, EVIDENCE)
    assert as_seen(document) == as_seen(whole)
    assert (document["verdict"], "missing" in document) == ("broken", False)
    short = run("-m", "checks", "report", str(parts[0]), str(parts[0]), str(parts[2]), "-o", str(joined))
    assert short.code == 6
    assert "Shard 2/3 is missing" in short.out
    assert "not whole, so at best unverified" in short.out
    assert "Shard 1/3 is there twice" in short.out
    assert json.loads(joined.read_text())["missing"]
    assert run("-m", "checks", "report", str(tmp_path / "whole.json"), "-o", str(tmp_path / "p.html"), "--target",
               f"tenants/fl{os.getpid()}_{ODD}").code == 0
    again = run("-m", "checks", "replay", str(parts[0]), "--contract", str(fleet.contract),
                environment={"FLEET_DSN": fleet.dsn})
    assert (again.code, "STILL BROKEN" in again.out) == (1, True), again.out


def test_patterns_workers_and_a_part_of_a_fleet(fleet: Fleet, tmp_path: Path) -> None:
    ran = fleet.verify("--target", f"tenants/fl{os.getpid()}_c", "--target", "tenants/*_b", "-n", "2", "--looks", "1",
                       target="tenants/*_[ac]", evidence=tmp_path / "e.json")
    names = [each["target"]["name"].rpartition("_")[2] for each in ran.evidence["targets"]]
    assert (ran.code, names) == (1, ["a", "c", "b"]), ran.out
    kept = fleet.verify("-k", f"fl{os.getpid()}_c", evidence=tmp_path / "kept.json")
    assert (kept.code, kept.evidence["verdict"]) == (0, "held"), kept.out
    assert [each["target"]["name"] for each in kept.evidence["targets"]] == [f"tenants/fl{os.getpid()}_c"]
    one = fleet.verify(target=f"tenants/*{ODD[:5]}*", evidence=tmp_path / "one.json")
    assert (one.code, one.evidence["target"]["database"]) == (0, f"fl{os.getpid()}_{ODD}"), one.out


@pytest.mark.parametrize("options, words", [
    (("--target", "tennants"), "Did you mean 'tenants'?"), (("--target", "tenents/*"), "Did you mean 'tenants'?"),
    (("--shard", "6/6"), "there are only 5 targets"), (("--shard", "0/2"), "write K/N"),
    (("--looks", "many"), "1 to 256")])
def test_what_was_typed_wrong_is_one_sentence(options: tuple[str, ...], words: str, fleet: Fleet) -> None:
    ran = fleet.verify(*options)
    assert ran.code == 4
    assert words in ran.sentence()
