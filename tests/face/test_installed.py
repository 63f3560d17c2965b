"""The wheel as a user installs it: in an empty folder, beside a package of the same name, among plugins that took words."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

import checks
from tests.support import ROOT
from tests.support.installed import Installed
from tests.support.running import run

UNUSED = "postgresql://me@127.0.0.1:1/x"


@pytest.fixture
def contract(tmp_path: Path) -> str:
    """A contract with its migrations, in a folder of its own."""
    folder = tmp_path / "contract"
    folder.mkdir()
    shutil.copy(ROOT / "contract.toml", folder)
    for name in ("migrations", "fixtures"):
        shutil.copytree(ROOT / name, folder / name)
    return str(folder / "contract.toml")


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A project that has a package `checks`, with tests in it and beside it, and an option of its conftest's."""
    folder = tmp_path / "own"
    for name, text in {
        "conftest.py": "import checks.of_mine\n"
                       "def pytest_addoption(parser): parser.addoption('--through', help='the tunnel')\n",
        "checks/__init__.py": "",
        "checks/of_mine.py": "VALUE = 3\n",
        "checks/test_of_mine.py": "from checks.of_mine import VALUE\n"
                                  "def test_mine(pytestconfig):\n"
                                  "    assert (VALUE, pytestconfig.getoption('--through')) == (3, 'a wall')\n",
        "tests/test_more.py": "import checks.of_mine\ndef test_more(): assert checks.of_mine.VALUE == 3\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


VERIFY = {
    "pytest": ("python", "-P", "-m", "pytest", "--pyargs", "checks"),
    "python -m pytest": ("python", "-m", "pytest", "--pyargs", "checks"),
    "postdeploy-checks": ("postdeploy-checks", "verify"),
    "python -m checks": ("python", "-m", "checks", "verify"),
}


@pytest.mark.parametrize("command", VERIFY.values(), ids=VERIFY.keys())
def test_an_empty_folder_verifies_an_honest_database(command: tuple[str, ...], migrated: str, contract: str, empty: Path,
                                                     installed: Installed) -> None:
    ran = installed.run(*command, "--target", migrated, "--contract", contract, "--evidence", "e.json", cwd=empty)
    assert ran.code == 0, ran.out
    assert "warning" not in ran.out
    evidence = json.loads((empty / "e.json").read_text())
    assert evidence["verdict"] == "held"
    assert len(evidence["claims"]) > 20


def test_a_broken_database_is_exit_1_and_workers_know_the_claims(partly_broken: str, contract: str, empty: Path,
                                                                installed: Installed) -> None:
    ran = installed.run("postdeploy-checks", "verify", "--target", partly_broken, "--contract", contract, "-n", "2",
                        cwd=empty)
    assert ran.code == 1
    assert "BROKEN enums:active_positions.side" in ran.out


def test_one_area_is_named_by_its_module(migrated: str, contract: str, empty: Path, installed: Installed) -> None:
    ran = installed.pytest("--pyargs", "checks.test_enums", "--target", migrated, "--contract", contract, "--evidence",
                           "e.json", cwd=empty)
    assert ran.code == 0, ran.out
    assert {claim["area"] for claim in json.loads((empty / "e.json").read_text())["claims"]} == {"enums"}


def test_the_script_has_the_commands_of_the_module(contract: str, empty: Path, installed: Installed) -> None:
    told = installed.run("postdeploy-checks", "--version", cwd=empty)
    assert (told.code, told.out.strip()) == (0, f"postdeploy-checks {checks.__version__}")
    assert installed.run("python", "-m", "checks", "--version", cwd=empty).out == told.out
    text = installed.run("postdeploy-checks", "--help", cwd=empty).out
    assert all(re.search(rf"^ +{act} ", text, re.MULTILINE) for act in ("verify", "apply", "lock", "audit"))
    refused = installed.run("postdeploy-checks", "apply", "--target", "nowhere", "--contract", contract, cwd=empty)
    assert (refused.code, refused.sentence()) == (4, run("-m", "checks", "apply", "--target", "nowhere").sentence())
    for program, command in (("postdeploy-checks", ()), ("python -m checks", ("-m", "checks"))):
        wrong = installed.run(program.split()[0], *command, "aply", cwd=empty)
        assert (wrong.code, wrong.sentence().endswith(f"See {program} --help")) == (4, True)


@pytest.mark.parametrize("program", ["pytest", "python -m pytest"])
@pytest.mark.parametrize("place", [(), ("checks",), ("--pyargs", "checks")], ids=["all", "checks", "--pyargs checks"])
def test_a_project_with_its_own_checks_is_untouched(program: str, place: tuple[str, ...], own: Path, installed: Installed,
                                                    ) -> None:
    start = VERIFY[program][:-2]
    ran = installed.run(*start, *place, "--through", "a wall", cwd=own)
    without = installed.run(*start, *place, "--through", "a wall", "-p", "no:postdeploy_checks_entry", cwd=own)
    assert ran.code == 0, ran.out
    assert re.search(r"\b[12] passed", ran.out)
    assert told(ran.out) == told(without.out)


def told(out: str) -> list[str]:
    """A run's lines without what two runs never have in common."""
    return [re.sub(r"in \d+\.\d+s", "", line) for line in out.splitlines() if not line.startswith("plugins: ")]


@pytest.mark.parametrize("command", [VERIFY["python -m pytest"], ("python", "-P", "-m", "pytest", "checks/")],
                         ids=["--pyargs checks", "checks/"])
def test_a_package_of_the_same_name_is_said_to_hide_the_claims(command: tuple[str, ...], own: Path, installed: Installed,
                                                               ) -> None:
    ran = installed.run(*command, "--target", UNUSED, cwd=own)
    assert ran.code == 4
    assert f"`checks` is {own / 'checks'} here, and hides the claims" in ran.sentence()
    assert "postdeploy-checks verify" in ran.sentence()


def test_a_folder_that_is_not_there_is_said_to_be_an_installed_package(empty: Path, installed: Installed) -> None:
    ran = installed.pytest("checks/", "--target", UNUSED, cwd=empty)
    assert ran.code == 4
    assert "There is no folder `checks` here" in ran.sentence()


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["one process", "two workers"])
@pytest.mark.parametrize("path", ["", "on PYTHONPATH", "in pytest.ini"])
def test_the_script_verifies_beside_a_package_of_the_same_name(path: str, options: tuple[str, ...], migrated: str,
                                                               contract: str, own: Path, installed: Installed) -> None:
    if path == "in pytest.ini":
        (own / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    environment = {"PYTHONPATH": "."} if path == "on PYTHONPATH" else {}
    ran = installed.run("postdeploy-checks", "verify", "--target", migrated, "--contract", contract, *options, cwd=own,
                        **environment)
    assert ran.code == 0, ran.out
    assert "23 passed" in ran.out


TAKES = """
def pytest_addoption(parser):
    parser.addoption("{name}", help="mine")

def pytest_terminal_summary(terminalreporter):
    terminalreporter.line("mine is " + str(terminalreporter.config.getoption("{name}")))
"""


@pytest.mark.parametrize("as_plugin", [True, False], ids=["plugin", "conftest"])
def test_an_option_that_another_plugin_took_is_left_out(as_plugin: bool, migrated: str, contract: str, empty: Path,
                                                        installed: Installed) -> None:
    (empty / ("taker.py" if as_plugin else "conftest.py")).write_text(TAKES.format(name="--evidence"))
    plugin = ("-p", "taker") if as_plugin else ()
    ran = installed.pytest(*plugin, "-q", "--pyargs", "checks", "--target", migrated, f"--contract={contract}",
                           "--evidence", "e.json", cwd=empty, PYTHONPATH=str(empty))
    assert ran.code == 0, ran.out
    assert "--evidence is another plugin's here" in ran.out
    assert "mine is e.json" in ran.out
    assert not (empty / "e.json").exists()


def test_a_run_that_was_not_told_where_to_look_does_not_look(contract: str, empty: Path, installed: Installed) -> None:
    (empty / "conftest.py").write_text(TAKES.format(name="--target"))
    ran = installed.pytest("--pyargs", "checks", "--target", UNUSED, f"--contract={contract}", cwd=empty)
    assert ran.code == 4
    assert "--target went to another plugin" in ran.sentence()


LOADERS = """
import sys

def pytest_sessionfinish():
    for name in ("checks.check", "checks.test_enums"):
        print(name, type(sys.modules[name].__loader__).__name__)
"""


def test_pytest_rewrites_the_claims_and_leaves_the_library_as_it_stands(migrated: str, contract: str, empty: Path,
                                                                        installed: Installed) -> None:
    (empty / "loaders.py").write_text(LOADERS)
    ran = installed.pytest("-s", "-p", "loaders", "--pyargs", "checks", "--target", migrated, "--contract", contract,
                           cwd=empty, PYTHONPATH=str(empty))
    assert ran.code == 0, ran.out
    assert "checks.check SourceFileLoader" in ran.out
    assert "checks.test_enums AssertionRewritingHook" in ran.out


def test_other_runs_know_the_options_and_nothing_else(empty: Path, installed: Installed) -> None:
    (empty / "test_it.py").write_text("import sys\ndef test_it(): assert 'checks' not in sys.modules\n")
    ran = installed.pytest("-v", cwd=empty)
    assert ran.code == 0, ran.out
    assert "1 passed" in ran.out
    assert "target" not in ran.out
    assert "--contract=FILE" in installed.pytest("--help", cwd=empty).out
