"""View and rule definitions as text, loosely: what PostgreSQL majors spell differently is left out (pure)."""

from __future__ import annotations

from checks.sql.syntax.lexemes import ParseError, tokens

_OPENERS = frozenset(("(", ",", "[", "AND", "OR", "NOT", "WHERE", "ON", "SELECT", "THEN", "WHEN", "ELSE", "CASE", "BY",
                      "RETURN", "HAVING"))


def loose(text: str) -> str:
    """Token text for view and rule definitions that differ between majors only in spelling.

    Whitespace, a last `;`, doubled parentheses, parentheses round one token, and the qualifier of a view's only
    relation (printed up to PostgreSQL 15, not since) are left out. Text that has no tokens comes back stripped.
    """
    try:
        found = tokens(text)
    except ParseError:
        return text.strip()
    if found and found[-1].text == ";":
        found.pop()
    return " ".join(_unparenthesised(_unqualified([token.text for token in found])))


def _unqualified(words: list[str]) -> list[str]:
    """Without `alias.` where `alias` names the only relation of the outermost FROM."""
    alias = _only_relation(words)
    if alias is None:
        return words
    kept: list[str] = []
    at = 0
    while at < len(words):
        before = kept[-1].upper() if kept else ""
        if words[at] == alias and words[at + 1:at + 2] == ["."] and before not in ("FROM", "JOIN", "ONLY", "."):
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
                                                 "FOR", "FETCH"):
            inside = False
        elif upper in ("UNION", "INTERSECT", "EXCEPT") and depth == 0:
            return None
        elif inside and depth == 0:
            if word == "," or upper == "JOIN":
                return None
            relation += [] if word == ")" else [word]
    return relation[-1] if relation else None


def _unparenthesised(words: list[str]) -> list[str]:
    """Without parentheses that hold one token or only another pair, where no name before them makes a call."""
    partner: dict[int, int] = {}
    stack: list[int] = []
    for at, word in enumerate(words):
        if word == "(":
            stack.append(at)
        elif word == ")" and stack:
            partner[stack.pop()] = at
    dropped: set[int] = set()
    for first, last in partner.items():
        doubled = partner.get(first + 1) == last - 1
        before = words[first - 1].upper() if first else "("
        free = before in _OPENERS or not (before[-1:].isalnum() or before[-1:] in '_")]')
        if doubled and words[first + 1] == "(" or free and last == first + 2:
            dropped |= {first, last}
    return [word for at, word in enumerate(words) if at not in dropped]
