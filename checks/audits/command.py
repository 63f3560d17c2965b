"""The command `python -m checks audit`: its options, and what it prints, writes and returns."""

from __future__ import annotations

import argparse
import datetime as dt
import json
from pathlib import Path
from typing import get_args

from checks.contract.contract import AuditSpec, Isolation
from checks.evidence import prepare_output
from checks.files import write_whole


def add_audit(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `audit` to its parser."""
    parser.add_argument("--version", metavar="V", help="the migration the script applies; default: the last file")
    parser.add_argument("--success-text", nargs="+", action="extend", default=[], metavar="REGEX",
                        help="a line of its output that matches says success too, whatever its exit code")
    parser.add_argument("--hang-s", type=_positive, default=3.0, metavar="S", help="cut replies that hang; default: 3")
    parser.add_argument("--timeout-s", type=_positive, default=60.0, metavar="S", help="of each run; default: 60")
    parser.add_argument("--evidence", metavar="FILE", help="write what was found as JSON")
    parser.add_argument("--only", nargs="+", action="extend", default=[], metavar="FAULT",
                        help="just these: names or patterns such as 'F5.*', 'world.*'; see --list")
    parser.add_argument("--list", action="store_true", help="list the faults and run nothing")
    parser.add_argument("-n", type=_count, dest="parallel", metavar="N", help="runs at a time; default: 2 a processor")
    parser.add_argument("--isolation", choices=get_args(Isolation),
                        help="what keeps the script from the world; default: namespaces, or as an [audit.NAME] of the same "
                             "command says")
    parser.add_argument("script", nargs="*", metavar="COMMAND", help="after --: the script as you would run it")
    parser.set_defaults(act=act)


def act(options: argparse.Namespace) -> int:
    """Runs the audit; 0 not fooled, 1 fooled, 6 cannot tell.

    Raises:
        HarnessError: see audit.
    """
    from checks.audits.audit import audit
    from checks.audits.report import EXIT, evidence, lines
    from checks.audits.trials import AuditRequest
    from checks.contract.reader import read_contract

    contract = read_contract(Path(options.contract))
    if options.list:
        return _list(options)
    command = tuple(options.script)
    declared = next((spec for spec in contract.audits if spec.command == command), AuditSpec("", command))
    request = AuditRequest(
        command=command, version=options.version, success_text=tuple(options.success_text),
        hang_s=options.hang_s, timeout_s=options.timeout_s, only=tuple(options.only), parallel=options.parallel,
        isolation=options.isolation or declared.isolation, seeds=declared.seeds)
    if options.evidence:
        prepare_output("--evidence", Path(options.evidence))
    started = dt.datetime.now(dt.UTC)
    found = audit(contract, request, lambda line: print(line, flush=True))
    for line in lines(found):
        print(line)
    if options.evidence:
        document = evidence(found, started, dt.datetime.now(dt.UTC))
        write_whole(Path(options.evidence), json.dumps(document, indent=1) + "\n")
    return EXIT[found.verdict]


def _list(options: argparse.Namespace) -> int:
    from checks.audits.audit import expected
    from checks.audits.faults import catalogue
    from checks.audits.faults.fault import chosen
    from checks.audits.report import catalogue_lines
    from checks.contract.reader import read_contract
    from checks.target.servers import embedded

    contract = read_contract(Path(options.contract))
    faults = catalogue(contract, expected(contract, options.version, embedded))
    for line in catalogue_lines(chosen(faults, options.only) if options.only else faults):
        print(line)
    return 0


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < 86_400:
        raise argparse.ArgumentTypeError(f"must be a number of seconds above 0, not {text}")
    return value


def _count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 64:
        raise argparse.ArgumentTypeError(f"must be between 1 and 64, not {text}")
    return value
