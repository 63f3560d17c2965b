"""What survives the matrix, and why."""

from __future__ import annotations

_OWN_CODE = ("the CHECK calls code of the database's own, which is never run, so that nobody can tell whether it means the "
             "same: the claim is unverified (exit 6), not held")
_OWN_TYPE = ("the CHECK compares rows, or values of the database's own types or by its operators, over which nothing is "
             "evaluated: the claim is unverified (exit 6), not held")
SURVIVORS: dict[str, str] = {
    ": grown": _OWN_TYPE,
    ": near": _OWN_TYPE,
    ": items_size": _OWN_CODE,
    ": orders_kind_known": _OWN_CODE,
    ": items_near": _OWN_CODE,
}
"""A part of the name -> why it survives."""
