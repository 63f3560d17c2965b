"""postdeploy-checks verify | apply | lock | audit | accept | init | report | replay, or the same of python -m checks.

`pytest checks/` verifies too.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import checks
from checks.audits.command import add_audit
from checks.reports.command import add_report
from checks.values import HarnessError, Unverified, UsageError, last_place

USAGE, UNVERIFIED, INTERRUPTED = 4, 6, 2


def main(arguments: Sequence[str] | None = None, prog: str = "python -m checks") -> int:
    """Runs one command; returns its exit code. A user's mistake is one sentence on standard error, exit 4."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["verify"]:
        from postdeploy_checks_entry import verify

        return verify(words[1:])
    options = _parser(prog).parse_args(words)
    try:
        return int(options.act(options))
    except UsageError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return USAGE
    except Unverified as error:
        print(f"UNVERIFIED: {error}", file=sys.stderr)
        return UNVERIFIED
    except HarnessError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return UNVERIFIED
    except BrokenPipeError:  # whoever reads us has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERRUPTED
    except OSError as error:
        print(f"ERROR: {error.filename or 'A file'} cannot be read or written: {error.strerror}. Look at its rights and at "
              "the room on its disk, then run again.", file=sys.stderr)
        return USAGE
    except Exception as error:  # a fault of ours: its traceback would show the values that it stands among
        print(f"UNVERIFIED: {options.command} broke off: {type(error).__name__} in the harness ({last_place(error)}). Run "
              "again; if it stays, report it with the contract.", file=sys.stderr)
        return UNVERIFIED
    except KeyboardInterrupt:
        print("Interrupted. Run the same command again: it starts from what the database shows.", file=sys.stderr)
        return INTERRUPTED


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"ERROR: {message}. See {self.prog} --help\n")


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = _Parser(prog=prog, description=__doc__)
    parser.add_argument("--version", action="version", version=f"postdeploy-checks {checks.__version__}")
    acts = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    acts.add_parser("verify", add_help=False, help="pytest --pyargs checks, with every option of pytest checks/")
    apply = acts.add_parser("apply", help="apply migrations, believe nothing, prove the result")
    apply.add_argument("--target", help="a name in the contract or a postgresql:// URL; default: its default_target")
    apply.add_argument("--through", metavar="VERSION", help="apply up to and with this migration")
    apply.add_argument("versions", nargs="*", metavar="VERSION", help="just these; default: all that is pending")
    apply.set_defaults(act=_apply)
    lock = acts.add_parser("lock", help="write the derived contract beside the contract, for review")
    lock.set_defaults(act=_lock)
    audit = acts.add_parser("audit", help="is this deploy script fooled by a lying Lambda?")
    add_audit(audit)
    accept = acts.add_parser("accept", help="accept broken claims, with a reason, in the contract")
    accept.add_argument("claims", nargs="+", metavar="CLAIM", help="ids of claims, or patterns: 'ledger:*.order'")
    accept.add_argument("--reason", required=True, help="why")
    accept.add_argument("--until", metavar="DATE", help="the last day on which this counts, such as 2027-01-31")
    accept.set_defaults(act=_accept)
    init = acts.add_parser("init", help="write a commented contract.toml for what is found here")
    init.add_argument("--target", metavar="URL", help="a database to look at; it is only read")
    init.add_argument("--migrations", metavar="DIR", help="where the migrations are; default: they are looked for")
    init.set_defaults(act=_init)
    report = acts.add_parser("report", help="a page about many runs, or what changed between two")
    add_report(report)
    again = acts.add_parser("replay", help="ask again what an evidence file tells as not held")
    again.add_argument("evidence", metavar="EVIDENCE", help="of a run in which not every claim was held")
    again.add_argument("--target", metavar="NAME|URL", help="where to ask; default: the evidence's own target")
    again.add_argument("--writes", choices=("never", "scratch"), help="for URL targets, as of pytest checks/")
    again.set_defaults(act=_replay)
    for act in (apply, lock, audit, accept, init, report, again):
        act.add_argument("--contract", default="contract.toml", metavar="FILE", help="default: contract.toml")
    return parser


def _apply(options: argparse.Namespace) -> int:
    from checks.apply import apply
    from checks.contract.reader import read_contract
    from checks.target.target import resolve_target

    contract = read_contract(Path(options.contract))
    target = resolve_target(options.target, contract, through=options.through)
    return apply(target, contract, options.versions, lambda line: print(line, flush=True))


def _accept(options: argparse.Namespace) -> int:
    from checks.adopt.accept import accept, day

    file = Path(options.contract)
    accept(file, options.claims, options.reason, day(options.until) if options.until else None)
    print(f"accepted in {file}: {', '.join(options.claims)}")
    return 0


def _init(options: argparse.Namespace) -> int:
    from checks.adopt.init import init

    file = Path(options.contract)
    root = file.resolve().parent
    folder = Path(options.migrations).resolve() if options.migrations else None
    init(root, file, options.target, folder, lambda line: print(line, flush=True))
    return 0


def _replay(options: argparse.Namespace) -> int:
    from checks.again import replay

    return replay(Path(options.evidence), Path(options.contract), options.target, options.writes,
                  lambda line: print(line, flush=True))


def _lock(options: argparse.Namespace) -> int:
    from checks.contract.reader import read_contract
    from checks.expectation.derive import write_lock
    from checks.target.replay_server import replay_server

    contract = read_contract(Path(options.contract))
    path, derived = write_lock(contract, lambda: replay_server(contract, None, lambda line: print(line, flush=True)))
    for step in derived.steps:
        print(f"{step.version}: {len(step.sets)} objects set, {len(step.drops)} dropped")
        for notice in step.notices:
            print(f"  the server said: {notice}")
    print(f"written: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
