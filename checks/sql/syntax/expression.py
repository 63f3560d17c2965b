"""SQL expressions as PostgreSQL 14 to 18 deparses them, parsed into frozen nodes (pure).

The grammar is what `pg_get_expr` and `pg_get_constraintdef` print with search_path = pg_catalog and
standard_conforming_strings = on, plus the spellings a human uses for the same (IN, BETWEEN, !=).
Precedence: PostgreSQL manual 4.1.6. What is not understood raises `ParseError`; a subselect becomes `Raw`.
"""

from __future__ import annotations

from functools import lru_cache

from checks.sql.syntax.lexemes import ParseError
from checks.sql.syntax.nodes import Between, Binary, Collate, ColumnRef, Distinct, In, Is, Logic, Node, Quantified, Unary
from checks.sql.syntax.primary import Primaries

_COMPARISONS = frozenset(("=", "<>", "!=", "<", ">", "<=", ">="))
_ARITHMETIC = {"+": 8, "-": 8, "*": 9, "/": 9, "%": 9, "^": 10}
_OR, _AND, _NOT, _IS, _COMPARE, _MATCH, _OTHER, _AT, _COLLATE, _SIGN = 1, 2, 3, 4, 5, 6, 7, 11, 12, 13
_LIKE = {"LIKE": "~~", "ILIKE": "~~*"}


def parse(text: str) -> Node:
    """The expression's tree; `CHECK (…)` as pg_get_constraintdef prints it is looked into.

    Raises:
        ParseError: not an expression, or one this parser does not know.
    """
    return _parsed(text)[0]


def columns_in(text: str) -> tuple[ColumnRef, ...]:
    """Every column reference in the expression, in source order.

    Raises:
        ParseError: as `parse` does.
    """
    return _parsed(text)[1]


@lru_cache(maxsize=8192)
def _parsed(text: str) -> tuple[Node, tuple[ColumnRef, ...]]:
    parser = _ExpressionParser(text)
    try:
        if parser.word() == "CHECK" and parser.tokens[1].key == "(":
            parser.at += 1
            node = parser.primary()
            parser.skip_attributes()
        else:
            node = parser.expression(0)
    except (RecursionError, IndexError):
        raise ParseError("nested too deeply, or cut off") from None
    if parser.now.kind != "end":
        raise ParseError(f"unexpected {parser.now.text!r}")
    return node, tuple(parser.columns)


class _ExpressionParser(Primaries):
    """Precedence climbing over a token list."""

    def skip_attributes(self) -> None:
        while self.word() in ("NO", "INHERIT", "NOT", "VALID", "ENFORCED"):
            self.at += 1

    def expression(self, floor: int) -> Node:
        start = self.now.start
        left = self._prefix()
        while True:
            made = self._infix(left, start, floor)
            if made is None:
                return left
            left = made

    def operand(self) -> Node:
        return self.expression(_MATCH + 1)

    def _prefix(self) -> Node:
        token = self.now
        if token.kind == "op":
            self.at += 1
            operand = self.expression(_SIGN if token.text in "+-" else _OTHER + 1)
            return Unary(token.start, self.end, token.text, operand)
        if self.word() == "NOT":
            self.at += 1
            operand = self.expression(_NOT)
            return Unary(token.start, self.end, "NOT", operand)
        return self.postfix(self.primary(), token.start)

    def _infix(self, left: Node, start: int, floor: int) -> Node | None:
        """The node that continues `left` with an operator binding at least as tightly as `floor`, if any."""
        token = self.now
        if token.kind == "op":
            return self._operator(token.text, left, start, floor)
        word = self.word()
        if not word:
            return None
        if word in ("AND", "OR"):
            return self._logic(word, left, start, floor)
        if word in ("IS", "ISNULL", "NOTNULL"):
            return self._test(left, start) if floor <= _IS else None
        if word == "OPERATOR" and self.tokens[self.at + 1].key == "(":
            return self._qualified_operator(left, start, floor)
        if word == "COLLATE" and floor <= _COLLATE:
            self.at += 1
            first = self.at
            self.path()
            return Collate(start, self.end, left, "".join(t.text for t in self.tokens[first:self.at]))
        if word == "AT" and self.word(1) == "TIME" and floor <= _AT:
            self.at += 3
            right = self.expression(_AT + 1)
            return Binary(start, self.end, "AT TIME ZONE", left, right)
        return self._match(left, start) if floor <= _MATCH else None

    def _logic(self, word: str, left: Node, start: int, floor: int) -> Node | None:
        power = _AND if word == "AND" else _OR
        if floor > power:
            return None
        parts = [left]
        while self.take(word):
            parts.append(self.expression(power + 1))
        return Logic(start, self.end, word, tuple(parts))

    def _operator(self, op: str, left: Node, start: int, floor: int) -> Node | None:
        power = _COMPARE if op in _COMPARISONS else _ARITHMETIC.get(op, _OTHER)
        if floor > power:
            return None
        self.at += 1
        return self._compared("<>" if op == "!=" else op, left, start, power)

    def _qualified_operator(self, left: Node, start: int, floor: int) -> Node | None:
        if floor > _OTHER:
            return None
        self.at += 2
        first = self.at
        while not self.take(")"):
            self.at += 1
            if self.now.kind == "end":
                raise ParseError("OPERATOR( is not closed")
        name = "".join(t.text for t in self.tokens[first:self.at - 1])
        built_in = name.removeprefix("pg_catalog.")
        return self._compared(f"OPERATOR({name})" if built_in == name else built_in, left, start, _OTHER)

    def _compared(self, op: str, left: Node, start: int, power: int) -> Node:
        if self.word() in ("ANY", "SOME", "ALL") and self.tokens[self.at + 1].key == "(":
            every = self.word() == "ALL"
            self.at += 1
            right = self.primary()
            return Quantified(start, self.end, op, every, left, right)
        right = self.expression(power + 1)
        return Binary(start, self.end, op, left, right)

    def _test(self, left: Node, start: int) -> Node:
        word = self.word()
        self.at += 1
        if word != "IS":
            return Is(start, self.end, left, "NULL", word == "NOTNULL")
        negated = self.take("NOT")
        if self.take("DISTINCT"):
            self.need("FROM")
            right = self.expression(_COMPARE + 1)
            return Distinct(start, self.end, left, right, negated)
        words = []
        while self.word() in ("NULL", "TRUE", "FALSE", "UNKNOWN", "DOCUMENT", "NORMALIZED", "NFC", "NFD", "NFKC",
                              "NFKD", "JSON", "SCALAR", "OBJECT", "WITH", "WITHOUT", "UNIQUE", "KEYS"):
            words.append(self.word())
            self.at += 1
        if not words:
            raise ParseError(f"IS {self.now.text}")
        return Is(start, self.end, left, " ".join(words), negated)

    def _match(self, left: Node, start: int) -> Node | None:
        negated = self.word() == "NOT"
        word = self.word(1) if negated else self.word()
        if word not in ("IN", "BETWEEN", "LIKE", "ILIKE"):
            return None
        self.at += 1 + negated
        if word == "IN":
            self.need("(")
            items = self.listed(")")
            return In(start, self.end, left, items, negated)
        if word == "BETWEEN":
            symmetric = self.take("SYMMETRIC")
            low = self.expression(_MATCH + 1)
            self.need("AND")
            high = self.expression(_MATCH + 1)
            return Between(start, self.end, left, low, high, negated, symmetric)
        right = self.expression(_MATCH + 1)
        if self.word() == "ESCAPE":
            raise ParseError("LIKE … ESCAPE")
        return Binary(start, self.end, ("!" if negated else "") + _LIKE[word], left, right)
