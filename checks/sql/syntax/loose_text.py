"""View, rule and trigger definitions as text, loosely: what majors and restored dumps spell apart is left out (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from checks.sql.syntax.lexemes import ParseError, tokens

_OPENERS = frozenset(("(", ",", "[", "AND", "OR", "NOT", "WHERE", "ON", "SELECT", "THEN", "WHEN", "ELSE", "CASE", "BY",
                      "RETURN", "HAVING"))
_BEFORE: Mapping[str, int] = {
    **dict.fromkeys(("(", ",", "WHERE", "ON", "SELECT", "THEN", "WHEN", "ELSE", "HAVING"), 0), "OR": 1, "AND": 2, "NOT": 3}
_AFTER: Mapping[str, int] = {**dict.fromkeys((
    ")", ",", "", "THEN", "ELSE", "END", "WHEN", "AS", "FROM", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET",
    "FETCH", "WINDOW", "UNION", "EXCEPT", "INTERSECT", "JOIN", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "WITH", "DO",
    "EXECUTE"), 0), "OR": 1, "AND": 2}
"""How tightly what stands beside a pair of parentheses binds what is in them; nothing else may stand there."""
_STRUCTURE = frozenset((",", "SELECT", "VALUES", "WITH", "BETWEEN", "FROM", "ORDER"))
_FROM_INSIDE = frozenset(("EXTRACT", "SUBSTRING", "TRIM", "OVERLAY", "POSITION"))
"""Calls that are spelled with a FROM of their own."""


def loose(text: str) -> str:
    """Token text for definitions that differ only in spelling.

    Whitespace, a last `;`, parentheses that change nothing, and the qualifier of a view's only relation (printed up to
    PostgreSQL 15, not since) are left out. Text that has no tokens comes back stripped.
    """
    found = _words(text)
    return text.strip() if found is None else " ".join(_unparenthesised(found))


def same_words(left: str, right: str) -> bool:
    """Whether two definitions are the same but for parentheses, wherever they stand."""
    one, other = _words(left), _words(right)
    if one is None or other is None:
        return True
    return [word for word in one if word not in "()"] == [word for word in other if word not in "()"]


def _words(text: str) -> list[str] | None:
    try:
        found = tokens(text)
    except ParseError:
        return None
    if found and found[-1].text == ";":
        found.pop()
    return _unqualified([token.text for token in found])


def _unqualified(words: list[str]) -> list[str]:
    """Without `alias.` where `alias` names the only relation of the outermost FROM."""
    alias = _only_relation(words)
    if alias is None:
        return words
    kept: list[str] = []
    calls: list[str] = []
    at = 0
    while at < len(words):
        before = kept[-1].upper() if kept else ""
        if words[at] == "(":
            calls.append(before)
        elif words[at] == ")" and calls:
            calls.pop()
        names_relation = before in ("JOIN", "ONLY", ".") or before == "FROM" and (not calls or calls[-1] not in _FROM_INSIDE)
        if words[at] == alias and words[at + 1:at + 2] == ["."] and not names_relation:
            at += 2
        else:
            kept.append(words[at])
            at += 1
    return kept


def _only_relation(words: list[str]) -> str | None:
    relation: list[str] = []
    depth, inside = 0, False
    for word in words:
        depth += {"(": 1, ")": -1}.get(word, 0)
        upper = word.upper()
        if depth == 0 and upper == "FROM":
            if inside or relation:
                return None
            inside = True
        elif depth == 0 and inside and upper in ("WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET", "WINDOW",
                                                 "FOR", "FETCH", "TABLESAMPLE"):
            inside = False
        elif upper in ("UNION", "INTERSECT", "EXCEPT") and depth == 0:
            return None
        elif inside and depth == 0:
            if word == "," or upper == "JOIN":
                return None
            relation += [] if word == ")" else [word]
    return relation[-1] if relation else None


def _unparenthesised(words: list[str]) -> list[str]:
    """Without parentheses that change nothing: doubled, round one token, or where AND, OR and NOT bind that way anyway."""
    while True:
        partner = _partners(words)
        dropped: set[int] = set()
        for first, last in partner.items():
            doubled = partner.get(first + 1) == last - 1
            before = words[first - 1].upper() if first else "("
            free = before in _OPENERS or not (before[-1:].isalnum() or before[-1:] in '_")]')
            beside = {first - 1, first + 1, last - 1, last + 1} & dropped  # what they bind to is about to change
            name = last == first + 2 or last == first + 4 and words[first + 2] == "."
            name = name and free and words[last + 1:last + 2] != ["."]
            if not beside and (doubled or name or _binds_anyway(words, first, last)):
                dropped |= {first, last}
        if not dropped:
            return words
        words = [word for at, word in enumerate(words) if at not in dropped]


def _partners(words: Sequence[str]) -> dict[int, int]:
    partner: dict[int, int] = {}
    stack: list[int] = []
    for at, word in enumerate(words):
        if word == "(":
            stack.append(at)
        elif word == ")" and stack:
            partner[stack.pop()] = at
    return partner


def _binds_anyway(words: Sequence[str], first: int, last: int) -> bool:
    """Whether what is in the parentheses at `first` and `last` would be read the same without them."""
    before = _BEFORE.get(words[first - 1].upper() if first else "(")
    after = _AFTER.get(words[last + 1].upper() if last + 1 < len(words) else "")
    if before is None or after is None:
        return False
    depth, level = 0, 4
    for word in words[first + 1:last]:
        depth += {"(": 1, ")": -1}.get(word, 0)
        upper = word.upper()
        if depth == 0 and upper in _STRUCTURE:
            return False
        if depth == 0:
            level = min(level, {"OR": 1, "AND": 2, "NOT": 3}.get(upper, 4))
    return level >= max(before, after)
