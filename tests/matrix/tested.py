"""Saboteurs and look-alikes that need more than a database: each is one case of a test, and caught where that passes.

Where the test of one fails it counts as missed, or as alarmed: a test does not tell a wrong diagnosis from none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest

from tests.audits.test_scripts import EXPECTED
from tests.matrix.trial import Trial, fault_of
from tests.support import ROOT


class Tested(NamedTuple):
    """Cases of one test function."""

    family: str
    test: str
    """`FILE::FUNCTION` below tests/."""
    faults: str | dict[str, str] = ""
    """The ids that all stand for, or by a part of the case's name; empty: the case's name begins with it."""
    honest: bool = False

    def faults_of(self, case: str) -> tuple[str, ...]:
        """The ids of docs/faults.md that a case stands for."""
        if isinstance(self.faults, dict):
            return tuple(fault for part, told in self.faults.items() if part in case for fault in told.split())
        return () if self.honest else tuple(self.faults.split()) or fault_of(case)


DEDUPE, FUNCTIONS = "claims/test_dedupe_stored.py", "claims/functions"
WORLDS = {"rolled-back": "S1", "other-database": "S2", "row-without-ddl": "L1", "ddl-without-row": "L2",
          "other-version": "L3 F8", "did-": "F13", "left-out": "F13", "lookalike": "L8", "accepted": "F2"}
TESTED = (
    Tested("consumers", "replays/test_twins.py::test_a_twin_breaks_the_claim_its_fault_is_about"),
    Tested("consumers", "replays/test_wrong_consumers.py::test_other_faults_are_found", "D8"),
    Tested("consumers", "replays/test_truth.py::test_a_consumer_that_swallows_everything_holds_nothing_and_is_told_what_it_"
           "swallowed", "D14"),
    Tested("consumers", "replays/test_right_consumers.py::test_the_reference_consumer_holds_every_claim", honest=True),
    Tested("consumers", "replays/test_right_consumers.py::test_another_correct_design_holds_too", honest=True),
    Tested("consumers", "replays/test_right_consumers.py::test_bash_and_psql_hold_the_claims_through_command", honest=True),
    Tested("consumers", "replays/test_right_consumers.py::test_the_lambda_form_holds_the_claims", honest=True),
    Tested("consumers", "replays/test_right_consumers.py::test_other_right_ways_to_take_events_hold_every_claim",
           honest=True),
    Tested("stored events", f"{DEDUPE}::test_each_fault_breaks_its_claim",
           {"D2_": "D2", "D4_": "D4", "D12_": "D12"}),
    Tested("stored events", f"{DEDUPE}::test_a_statement_that_the_migrations_give_no_arbiter_is_broken_wherever_it_runs",
           "D2"),
    Tested("stored events", f"{DEDUPE}::test_no_honest_database_alarms", honest=True),
    Tested("functions", f"{FUNCTIONS}/test_deployed_code.py::test_old_code_still_deployed_is_broken", "P1 P3"),
    Tested("functions", f"{FUNCTIONS}/test_deployed_code.py::test_an_update_that_is_not_done_is_broken", "P1"),
    Tested("functions", f"{FUNCTIONS}/test_deployed_code.py::test_an_active_function_is_settled", honest=True),
    Tested("functions", f"{FUNCTIONS}/test_deployed_code.py::test_the_built_code_is_deployed", honest=True),
    Tested("functions", f"{FUNCTIONS}/test_deployed_code.py::test_alias_routing", "P2"),
    Tested("functions", f"{FUNCTIONS}/test_bundle.py::test_another_body_under_the_same_name_is_told", "P3 L5"),
    Tested("functions", f"{FUNCTIONS}/test_bundle.py::test_a_migration_is_found_however_it_is_packed", honest=True),
    Tested("functions", f"{FUNCTIONS}/test_false_success.py::test_a_shape_that_is_too_loose_is_broken", "F5 F8"),
    Tested("functions", f"{FUNCTIONS}/test_query_function.py::test_a_query_function_that_lies_is_broken", "F11"),
    Tested("functions", f"{FUNCTIONS}/test_query_function.py::test_rows_left_out_without_a_word_are_missed", "F10"),
    Tested("functions", f"{FUNCTIONS}/test_query_function.py::test_a_query_function_that_swallows_errors_is_broken", "F11"),
    Tested("functions", f"{FUNCTIONS}/test_query_function.py::test_a_query_function_that_runs_anything_is_broken", "S4"),
    Tested("functions", f"{FUNCTIONS}/test_query_function.py::test_a_role_that_can_write_breaks_read_only", "S4"),
    Tested("functions", f"{FUNCTIONS}/test_query_function.py::test_a_stable_definer_function_is_no_power", honest=True),
    Tested("deployment", "deployment/test_faults.py::test_a_fault_is_seen"),
    Tested("deployment", "deployment/test_faults.py::test_what_only_looks_like_a_fault_is_held", honest=True),
    Tested("deployment", "deployment/test_compatible.py::test_what_old_code_cannot_live_with_is_told", "P6"),
    Tested("deployment", "deployment/test_compatible.py::test_what_old_code_can_live_with_is_not", honest=True),
    Tested("scripts", "audits/test_scripts.py::test_is_fooled_by_exactly_what_is_expected", "F14"),
    Tested("worlds", "audits/test_worlds.py::test_a_false_world_says_applied_and_is_not", WORLDS),
    Tested("walls", "audits/test_walls.py::test_no_attempt_gets_out", "S7"),
    Tested("hostile targets", "observation/test_tripwire.py::test_no_trap_is_sprung", "S5"),
    Tested("hostile targets", "face/test_planted_secrets.py::test_apply_repeats_no_stored_value", "S6"),
    Tested("hostile targets", "face/test_planted_secrets.py::test_apply_repeats_no_reply", "S6"),
    Tested("emptiness", "claims/test_emptiness.py::test_a_session_that_answers_nothing_is_unverified", "P7"),
    Tested("emptiness", "claims/test_emptiness.py::test_a_role_without_privileges", "S3"),
    Tested("emptiness", "claims/test_emptiness.py::test_a_role_without_usage_on_the_schema", "S3"),
    Tested("emptiness", "claims/test_emptiness.py::test_an_empty_database_holds_nothing", "P7 L1"),
    Tested("apply", "apply/test_apply.py::test_no_lie_of_the_function_is_a_success", "F8"),
    Tested("apply", "apply/test_apply.py::test_killed_while_a_migration_is_sent_and_run_again_it_ends_proven", "S1"),
    Tested("access", "claims/test_access.py::test_an_attribute_that_nothing_says_breaks_its_claim", "C16"),
    Tested("access", "claims/test_access.py::test_an_honest_change_alarms_nobody", honest=True),
    Tested("adopted projects", "adopt/test_projects.py::test_a_project_is_taken_up_without_an_edit_and_its_faults_are_named",
           "L2"),
    Tested("adopted projects", "claims/test_tool_ledgers.py::test_untouched_every_claim_is_held", honest=True),
    Tested("adopted projects", "claims/test_tool_ledgers.py::test_a_lost_row_is_named", "L2"),
    Tested("adopted projects", "claims/test_tool_ledgers.py::test_a_row_that_is_marked_as_failed_is_named", "S1"),
    Tested("adopted projects", "claims/test_tool_ledgers.py::test_a_lost_check_is_named", "L1"),
    Tested("adopted projects", "claims/test_tool_ledgers.py::test_a_file_that_is_not_the_one_that_was_applied_is_named",
           "L5"),
)
HONEST_CASES = {*(name for name, entry in EXPECTED.items() if not entry["fooled"]),
                *(f"{code}-{routing}" for code in ("bundle", "latest")
                  for routing in ("weighted-to-the-same-code", "new-version"))}
"""Cases of tests of saboteurs that are look-alikes."""


@dataclass
class _Outcomes:
    """A pytest plugin that keeps what came of each case."""

    failed: dict[str, str] = field(default_factory=dict)
    passed: set[str] = field(default_factory=set)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """pytest's hook."""
        if report.failed:
            self.failed.setdefault(report.nodeid, str(report.longrepr).strip().rpartition("\n")[2][:300])
        elif report.when == "call" and report.passed:
            self.passed.add(report.nodeid)


def trials(major: int) -> Iterator[Trial]:
    """Runs the tests in this process, on the embedded server of that major; tells of each case that was not skipped."""
    outcomes = _Outcomes()
    pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml"),
                 *(str(ROOT / "tests" / each.test) for each in TESTED)], plugins=[outcomes])
    for node in sorted(outcomes.passed | outcomes.failed.keys()):
        test, _, case = node.removeprefix("tests/").removesuffix("]").partition("[")
        entry = next(each for each in TESTED if each.test == test)
        honest = entry.honest or case in HONEST_CASES
        failed = node in outcomes.failed
        title = re.sub("^test_", "", test.partition("::")[2]).replace("_", " ")
        yield Trial(entry.family, f"{title}: {case}" if case else title,
                    () if honest else entry.faults_of(case),
                    ("alarmed" if failed else "quiet") if honest else ("missed" if failed else "caught"),
                    "its test", major, outcomes.failed.get(node, ""))

