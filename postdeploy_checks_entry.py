"""What pytest and the console script load where postdeploy-checks is installed. PYTEST_DONT_REWRITE

A project may have a package `checks` of its own, or a plugin with an option `--target`. So this module imports nothing of
`checks` before a run names it, and registers its options last, each only where it is free.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

PACKAGE = Path(__file__).resolve().parent / "checks"
"""The claims; a package of this name that stands elsewhere is somebody else's."""
PLUGIN = "checks.plugin"
OPTIONS: dict[str, dict[str, Any]] = {
    "--target": {"action": "append", "metavar": "NAME|URL",
                 "help": "where to look: a name in contract.toml, a fleet, a pattern such as 'tenant-*', or a postgresql:// "
                         "URL; repeatable"},
    "--contract": {"metavar": "FILE", "help": "default: contract.toml in the rootdir"},
    "--writes": {"choices": ("never", "scratch"),
                 "help": "for URL targets: scratch says that this database may be destroyed (default: never)"},
    "--through": {"metavar": "VERSION",
                  "help": "the migration this target should have reached; later files are pending"},
    "--looks": {"metavar": "N", "help": "so many targets are looked at at a time (default: 16)"},
    "--shard": {"metavar": "K/N", "help": "only the K-th of N parts of the targets; `report` joins their evidence"},
    "--evidence": {"metavar": "FILE", "help": "write the evidence JSON"},
    "--report": {"action": "append", "metavar": "FILE",
                 "help": "write a report, by its suffix: .html, .sarif, or .md for a job summary; repeatable"},
    "--ctrf": {"metavar": "FILE", "help": "write a report in the Common Test Report Format"},
    "--metrics": {"metavar": "FILE", "help": "write a Prometheus textfile"},
    "--notify": {"metavar": "URL", "help": "a webhook, as Slack's, that is told where a verdict changed since the evidence "
                                           "before; env:NAME takes it from the environment"},
    "--ping": {"metavar": "URL", "help": "a heartbeat monitor that is told the exit code, as URL/0; or env:NAME"},
    "--since": {"metavar": "TIME",
                "help": "when the deploy began, 2026-02-02T10:00Z or a file that says it: what is read is of this deploy"},
    "--wait": {"metavar": "DURATION",
               "help": "look again for so long (10m) while something is unverified because it is still moving"},
    "--isolation": {"choices": ("namespaces", "environment"),
                    "help": "of audited scripts: environment, where the system has no namespaces for them"},
    "--explain": {"metavar": "CLAIM", "help": "what a claim says, how it is proven and what breaks it; asks no target"},
}
"""Each takes one value."""


def add_options(parser: pytest.Parser) -> None:
    """Registers each option that is free; those that are not, `taken` tells."""
    group = parser.getgroup("postdeploy-checks")
    for name, attributes in OPTIONS.items():
        if _is_free(name, parser):
            group.addoption(name, dest=_destination(name), default=None, **attributes)


def _is_free(name: str, parser: pytest.Parser) -> bool:
    try:
        return name in parser.parse_known_and_unknown_args([name])[1]
    except pytest.UsageError:  # it is known, and wants a value
        return False


def _destination(name: str) -> str:
    return f"postdeploy_{name[2:]}"


def option(config: pytest.Config, name: str) -> Any:
    """The value of one of OPTIONS; None when it was not given, or is another plugin's."""
    return getattr(config.option, _destination(name), None)


def taken(config: pytest.Config) -> tuple[str, ...]:
    """The options that another plugin has, so that the claims do without them."""
    return tuple(name for name in OPTIONS if not hasattr(config.option, _destination(name)))


def typed(config: pytest.Config) -> tuple[str, ...]:
    """The options that stand on the command line, whoever has them."""
    words = {argument.partition("=")[0] for argument in config.invocation_params.args if isinstance(argument, str)}
    return tuple(name for name in OPTIONS if name in words)


def named(config: pytest.Config) -> bool:
    """Whether an argument names the claims: the folder they stand in, a file there, or `--pyargs checks`."""
    return any(PACKAGE in (place, *place.parents) for place in _places(config))


def _places(config: pytest.Config) -> Iterator[Path]:
    """What each argument means, as pytest will read it."""
    for argument in config.args:
        name = argument.partition("::")[0]
        if config.option.pyargs and name.partition(".")[0] == "checks" and (package := _found()) is not None:
            yield package.joinpath(*name.split(".")[1:])
        else:
            yield (config.invocation_params.dir / name).resolve()


def _found() -> Path | None:
    """The folder of the package that `import checks` would give."""
    spec = find_spec("checks")
    return Path(spec.origin).resolve().parent if spec is not None and spec.origin else None


@pytest.hookimpl(trylast=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser) -> None:
    """Registers the options, now that every other plugin and conftest has its own."""
    if not early_config.pluginmanager.has_plugin(PLUGIN):
        add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """`--explain CLAIM`: tells of the claim and looks at nothing."""
    claim = option(config, "--explain")
    if claim is None:
        return None
    if _found() != PACKAGE:
        raise pytest.UsageError(_elsewhere(config))
    from checks.explain import explain
    from checks.values import UsageError

    try:
        print("\n".join(explain(claim)))
    except UsageError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return int(pytest.ExitCode.USAGE_ERROR)
    return 0


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Loads the claims' plugin into a run that names the claims, and into no other."""
    if config.pluginmanager.has_plugin(PLUGIN):
        return
    if "postdeploy_checks" in getattr(config, "workerinput", ()):
        _put_first()
    if named(config) and _found() == PACKAGE:
        finder = _AsItStands()
        sys.meta_path.insert(0, finder)
        config.add_cleanup(partial(sys.meta_path.remove, finder))
        config.pluginmanager.import_plugin(PLUGIN)
    elif named(config) or (_says_checks(config) and set(typed(config)) - set(taken(config))):
        raise pytest.UsageError(_elsewhere(config))


class _AsItStands:
    """Imports the library without pytest's rewriting of asserts, which takes longer than a look where no bytecode is kept.

    pytest rewrites all that is installed together with an entry point; of ours only the claims themselves assert.
    """

    def find_spec(self, name: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        """Finds modules of `checks`, but for the claims."""
        claims = name.startswith("checks.test_")
        return PathFinder.find_spec(name, path) if name.partition(".")[0] == "checks" and not claims else None


def _says_checks(config: pytest.Config) -> bool:
    names = [Path(argument.partition("::")[0]).parts[:1] for argument in config.args]
    return any(name[0].partition(".")[0] == "checks" for name in names if name)


def _elsewhere(config: pytest.Config) -> str:
    other = [place for place in (_found(), config.invocation_params.dir / "checks")
             if place is not None and place != PACKAGE and place.exists()]
    what = f"`checks` is {other[0]} here, and hides the claims of postdeploy-checks" if other \
        else "There is no folder `checks` here: the claims of postdeploy-checks are an installed package"
    return f"{what}. Run: postdeploy-checks verify, with the same options."


def verify(arguments: Sequence[str]) -> int:
    """`pytest --pyargs checks ARGUMENTS`, also where a folder is named checks; returns the exit code."""
    own = Path("checks")
    theirs = own.exists() and own.resolve() != PACKAGE
    return int(pytest.main(["-p", __name__, "--pyargs", "checks", *(["--noconftest"] if theirs else []),
                            *_joined(arguments)]))


def _joined(arguments: Sequence[str]) -> Iterator[str]:
    """`--contract=FILE` for `--contract FILE`: pytest looks for its own settings beside a file that stands alone."""
    rest = iter(arguments)
    for argument in rest:
        value = next(rest, None) if argument in OPTIONS else None
        yield argument if value is None else f"{argument}={value}"


def _put_first() -> None:
    """Makes `import checks` give ours, where another comes first on the path."""
    if _found() != PACKAGE:
        sys.path.insert(0, str(PACKAGE.parent))


def main() -> int:
    """The console script `postdeploy-checks`: `python -m checks`, also where another `checks` comes first on the path."""
    _put_first()
    from checks.__main__ import main

    return main(sys.argv[1:], prog="postdeploy-checks")
