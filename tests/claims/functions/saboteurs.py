"""Saboteurs of deployed functions, by name: what they do, and how it is told."""

from __future__ import annotations

from checks.audits.faults.queries import QUERY_FAULTS
from checks.contract.reply_shape import ReplyShape

HONEST_FAILURES = {"F1.query-error", "F2.query-event", "F9.query-timed-out", "F12.query-throttled",
                   "F12.query-read-timeout"}
"""Replies that lie about nothing: nobody could look, which is unverified."""
LOOSE_SHAPES = {
    "shape_with_errors_unnamed": {"reply": ReplyShape(errors=())},
    "shape_with_another_flag": {"reply": ReplyShape(success="accepted")},
    "shape_with_query_errors_unnamed": {"query_reply": ReplyShape(errors=())},
    "shape_without_lists": {"reply": ReplyShape(applied="", skipped="")},
}
"""Declared shapes that let a false success pass."""
SPOIL = {fault.name: fault.spoil for fault in QUERY_FAULTS if fault.spoil}
"""How a true answer is spoiled."""
POWERS = {
    "superuser": (("ALTER ROLE {role} SUPERUSER",), "is superuser"),
    "createrole": (("ALTER ROLE {role} CREATEROLE",), "is createrole"),
    "write-all-data": (("GRANT pg_write_all_data TO {role}",), "member of pg_write_all_data"),
    "insert": (("GRANT INSERT ON active_positions TO {role}",), "INSERT on public.active_positions"),
    "update-of-a-column": (("GRANT UPDATE (side) ON active_positions TO {role}",), "UPDATE on public.active_positions"),
    "truncate": (("GRANT TRUNCATE ON position_history TO {role}",), "TRUNCATE on public.position_history"),
    "sequence": (("GRANT USAGE ON SEQUENCE active_positions_id_seq TO {role}",),
                 "USAGE on public.active_positions_id_seq"),
    "owner": (("CREATE TABLE {role}_own (n int)", "ALTER TABLE {role}_own OWNER TO {role}"), "owns public.reader_"),
    "create-on-schema": (("GRANT CREATE ON SCHEMA public TO {role}",), "CREATE on schema public"),
    "create-on-database": (("GRANT CREATE ON DATABASE {database} TO {role}",), "CREATE on database"),
    "definer-function": (("CREATE FUNCTION wipe_{role}() RETURNS void LANGUAGE sql SECURITY DEFINER AS "
                          "'DELETE FROM active_positions'",), "SECURITY DEFINER function wipe_"),
    "other-schema": (("CREATE SCHEMA own_{role}", "CREATE TABLE own_{role}.t (n int)",
                      "GRANT DELETE ON own_{role}.t TO {role}"), "DELETE on own_"),
}
"""What gives a role a power to write, and how it is named."""
UNSETTLED = {
    "update_failed": ({"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "EniLimitExceeded"}, "EniLimitExceeded"),
    "function_inactive": ({"State": "Inactive"}, "Inactive"),
}
"""What AWS tells of a function whose update failed, and how it is named."""
MOVING = {
    "update_in_progress": ({"LastUpdateStatus": "InProgress"}, "old code answers"),
    "function_pending": ({"State": "Pending"}, "Pending"),
}
"""What it tells while one is on its way."""
SABOTEURS = (
    *LOOSE_SHAPES, *(name for name in SPOIL if name not in HONEST_FAILURES), *(f"role_with_{power}" for power in POWERS),
    *UNSETTLED, "rows_left_out", "errors_swallowed", "runs_anything", "another_version_answers", "old_code_deployed",
    "alias_on_old_code",
)
"""What tests of this room break a claim about a function with."""
