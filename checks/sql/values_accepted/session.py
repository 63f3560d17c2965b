"""What a CHECK reads of the session, as columns that any session may fill otherwise (pure).

Roles, custom settings and the clock are not the row's: a CHECK that excuses a value for one of their states excuses it,
since such a session can be. Time only goes on, so of all times just a late one counts.
"""

from __future__ import annotations

from checks.sql.evaluation.evaluate import evaluate
from checks.sql.syntax.nodes import ColumnRef, FunctionCall, Keyword, Node

MARK = "\0"
"""How the names of such columns begin, which no real name can."""
_LATE = "9000-01-01"
_MOMENT = f"{_LATE} 00:00:00"
_WORDS: dict[str, tuple[str, bool, tuple[str, ...]]] = {
    "CURRENT_USER": ("name", True, ()), "SESSION_USER": ("name", True, ()),
    "CURRENT_DATE": ("date", True, (_LATE,)),
    "CURRENT_TIMESTAMP": ("timestamp with time zone", True, (_MOMENT + "+00",)),
    "LOCALTIMESTAMP": ("timestamp without time zone", True, (_MOMENT,))}
_SYNONYMS = {"CURRENT_ROLE": "CURRENT_USER", "USER": "CURRENT_USER"}
_CLOCKS = ("now", "transaction_timestamp", "statement_timestamp", "clock_timestamp")


class SessionColumn:
    """One expression of the session: its type, whether it can be NULL, and its values if not all count."""

    def __init__(self, text: str, kind: str, not_null: bool, values: tuple[str, ...]) -> None:
        self.name, self.type, self.not_null, self.values = MARK + text, kind, not_null, values

    @property
    def shown(self) -> str:
        """The expression, as SQL."""
        return self.name.removeprefix(MARK)

    def reference(self, node: Node) -> ColumnRef:
        """The column in place of the expression."""
        return ColumnRef(node.start, node.end, (self.name,))


def session_column(node: Node) -> SessionColumn | None:
    """The column that stands for an expression of the session; None for any other, and for what is not free."""
    if isinstance(node, Keyword):
        word = _SYNONYMS.get(node.word, node.word)
        return SessionColumn(word, *_WORDS[word]) if word in _WORDS else None
    if not isinstance(node, FunctionCall):
        return None
    if node.name in _CLOCKS and not node.args:
        return SessionColumn(f"{node.name}()", *_WORDS["CURRENT_TIMESTAMP"])
    if node.name == "current_setting" and node.args:
        setting, *missing = [evaluate(each) for each in node.args]
        if setting is not None and "." in str(setting.value):  # only a custom setting may hold anything
            text = str(setting.value).replace("'", "''")
            optional = bool(missing) and missing[0] is not None and missing[0].value is True
            return SessionColumn(f"current_setting('{text}'{', true' if optional else ''})", "text", not optional, ())
    return None
