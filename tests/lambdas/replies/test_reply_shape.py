"""The shape of a reply as contract.toml gives it."""

from __future__ import annotations

import pytest

from checks.contract.reply_shape import ReplyShape
from checks.values import UsageError


def test_a_shape_is_read_from_its_table() -> None:
    shape = ReplyShape.from_table(
        {"body": "", "success": "ok", "errors": ["problems"]}, "contract.toml: t.reply"
    )
    assert shape == ReplyShape(body="", success="ok", errors=("problems",))


@pytest.mark.parametrize(
    "table, words",
    [
        ({"sucess": "ok"}, "sucess is not known here. Did you mean 'success'?"),
        ({"success": True}, "success must be a string, not True"),
        ({"errors": "error"}, "errors must be a list, not 'error'"),
        ({"errors": ["a", 1]}, "errors must be a list of non-empty strings"),
        ({"errors": [""]}, "errors must be a list of non-empty strings"),
        ({"body_as": "json"}, "body_as must be one of 'text', 'object', not 'json'"),
        ({"applied": "done", "skipped": "done"}, "applied and skipped both name the reply's key 'done'"),
        ({"success": "error"}, "success and errors[0] both name the reply's key 'error'"),
        ({"applied": "Success"}, "success and applied both name the reply's key 'Success'"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value[:20],
)
def test_a_malformed_shape_is_named_with_the_remedy(table: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        ReplyShape.from_table(table, "contract.toml: target.prod.reply")
    assert words in str(caught.value)
    assert str(caught.value).startswith("contract.toml: target.prod.reply: ")
