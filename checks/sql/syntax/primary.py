"""The operands of SQL expressions: literals, names, calls, CASE, casts, subscripts (pure)."""

from __future__ import annotations

from abc import abstractmethod

from checks.sql.syntax.cursor import Cursor
from checks.sql.syntax.lexemes import ParseError, Token, unquote
from checks.sql.syntax.nodes import (
    CaseExpression,
    Cast,
    ColumnRef,
    FunctionCall,
    Keyword,
    Node,
    Number,
    Raw,
    String,
    Subscript,
)

VALUE_WORDS = frozenset((
    "TRUE", "FALSE", "NULL", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP",
    "CURRENT_USER", "CURRENT_ROLE", "SESSION_USER", "USER", "CURRENT_CATALOG", "CURRENT_SCHEMA", "DEFAULT"))
_STARTERS = VALUE_WORDS | {"NOT", "CASE", "ARRAY", "ROW", "EXISTS", "COALESCE", "NULLIF", "GREATEST", "LEAST", "VALUE"}
_RESERVED = frozenset((
    "AND", "OR", "IS", "IN", "ANY", "ALL", "SOME", "THEN", "WHEN", "ELSE", "END", "FROM", "FOR", "SELECT", "WHERE",
    "ON", "USING", "AS", "ORDER", "GROUP", "HAVING", "LIMIT", "UNION", "INTERSECT", "EXCEPT", "COLLATE", "DISTINCT",
    "CHECK", "REFERENCES", "UNIQUE", "PRIMARY", "FOREIGN"))
_SEPARATORS = frozenset(("FROM", "FOR", "PLACING", "USING", "BOTH", "LEADING", "TRAILING"))
_SUBSELECT = ("SELECT", "WITH", "VALUES")


def _function(path: tuple[str, ...]) -> str:
    """A function's name, quoted where needed, pg_catalog left out."""
    parts = (each if each.replace("_", "a").isalnum() and each == each.lower() else f'"{each}"' for each in path)
    return ".".join(parts).removeprefix("pg_catalog.")


class Primaries(Cursor):
    """Parses operands; what stands between brackets is `expression`'s."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.columns: list[ColumnRef] = []

    @abstractmethod
    def expression(self, floor: int) -> Node:
        """An expression of operators that bind at least as tightly as `floor`."""

    @abstractmethod
    def operand(self) -> Node:
        """An expression that may stand before IN."""

    def postfix(self, node: Node, start: int) -> Node:
        """The node with the casts, subscripts and field selections that follow it."""
        while True:
            if self.take("::"):
                kind = self.type()
                node = Cast(start, self.end, node, kind)
            elif self.take("["):
                node = self._subscript(node, start)
            elif self.now.key == "." and not isinstance(node, ColumnRef):
                self.at += 2
                field = Keyword(self.end, self.end, self.tokens[self.at - 1].text)
                node = Subscript(start, self.end, node, (field,), ".")
            else:
                return node

    def _subscript(self, node: Node, start: int) -> Node:
        bounds: list[Node | None] = [None]
        while not self.take("]"):
            if self.take(":"):
                bounds.append(None)
            else:
                bounds[-1] = self.expression(0)
        return Subscript(start, self.end, node, tuple(bounds), "[:]" if len(bounds) > 1 else "[]")

    def primary(self) -> Node:
        """A literal, name, call or parenthesised expression."""
        token = self.now
        self.at += 1
        if token.key == "(":
            return self._parenthesised(token)
        if token.kind == "string":
            return String(token.start, token.end, unquote(token.text))
        if token.kind == "number":
            return Number(token.start, token.end, token.text)
        if token.kind == "bits":
            return Raw(token.start, token.end, token.text)
        if token.kind in ("word", "quoted"):
            return self._named(token)
        raise ParseError(f"unexpected {token.text!r}")

    def _parenthesised(self, token: Token) -> Node:
        if self.word() in _SUBSELECT:
            node = self._raw(")")
            self.need(")")
            return node
        first = self.expression(0)
        if self.take(")"):
            return first
        self.need(",")
        return FunctionCall(token.start, self.end, "row", (first, *self.listed(")")))

    def _named(self, token: Token) -> Node:
        word = token.key
        if word == "CASE":
            return self._case(token)
        if word in VALUE_WORDS:
            return Keyword(token.start, token.end, word)
        if word == "ARRAY" and self.take("["):
            items = self.listed("]")
            return FunctionCall(token.start, self.end, "array[]", items)
        if word in _RESERVED:
            raise ParseError(f"unexpected {token.text}")
        if word == "VALUE" and token.text == word:
            return self._column(token, ("VALUE",))
        self.at -= 1
        path = self.path()
        if self.take("("):
            return self._call(token, path)
        if self.now.kind == "string" and self.tokens[self.at - 1].kind == "word":
            self.at -= 1
            kind = self.type()
            literal = self.primary()
            return Cast(token.start, self.end, literal, kind)
        return self._column(token, path)

    def _column(self, token: Token, path: tuple[str, ...]) -> ColumnRef:
        found = ColumnRef(token.start, self.end, path)
        self.columns.append(found)
        return found

    def _call(self, token: Token, path: tuple[str, ...]) -> Node:
        name = _function(path)
        if name == "position" and token.kind == "word":
            first = self.operand()
            if self.take("IN"):
                second = self.expression(0)
                self.need(")")
                return FunctionCall(token.start, self.end, name, (first, Keyword(self.end, self.end, "IN"), second))
            self.need(",")
            args: tuple[Node, ...] = (first, *self.listed(")", words=True))
        elif name == "extract" and self.word(1) == "FROM":
            unit = self.now
            self.at += 1
            args = (Keyword(unit.start, unit.end, unit.text.upper()), *self.listed(")", words=True))
        elif self.take("*"):
            self.need(")")
            args = (Keyword(self.end, self.end, "*"),)
        else:
            args = self.listed(")", words=True)
        if self.word() in ("OVER", "FILTER", "WITHIN"):
            raise ParseError(f"a function with {self.word()}")
        return FunctionCall(token.start, self.end, name, args)

    def _case(self, token: Token) -> Node:
        operand = None if self.word() == "WHEN" else self.expression(0)
        branches = []
        while self.take("WHEN"):
            condition = self.expression(0)
            self.need("THEN")
            branches.append((condition, self.expression(0)))
        default = self.expression(0) if self.take("ELSE") else None
        self.need("END")
        return CaseExpression(token.start, self.end, operand, tuple(branches), default)

    def listed(self, close: str, *, words: bool = False) -> tuple[Node, ...]:
        """Expressions up to `close`, parted by commas or, if `words`, by key words, which stay as Keyword."""
        items: list[Node] = []
        while not self.take(close):
            token, word = self.now, self.word()
            if word in _SUBSELECT:
                items.append(self._raw(close))
            elif words and self._separates(token):
                self.at += 1
                items.append(Keyword(token.start, token.end, word))
            else:
                items.append(self.expression(0))
                if self.now.key != close and not (words and self.now.kind == "word"):
                    self.need(",")
        return tuple(items)

    def _separates(self, token: Token) -> bool:
        """Whether it is a key word between arguments (FROM, PLACING …): PostgreSQL prints those in capitals."""
        capital = token.kind == "word" and token.key == token.text and token.key not in _STARTERS
        return capital and (token.key in _SEPARATORS or self.tokens[self.at + 1].key != "(")

    def _raw(self, close: str) -> Node:
        first, depth = self.now, 0
        while depth or self.now.key != close:
            depth += {"(": 1, ")": -1, "[": 1, "]": -1}.get(self.now.key, 0)
            self.at += 1
            if self.now.kind == "end" or depth < 0:
                raise ParseError("a subselect is not closed")
        return Raw(first.start, self.end, self.source[first.start:self.end])
