"""SQL expressions as PostgreSQL 14–18 deparses them, parsed into frozen nodes (pure).

The grammar is what `pg_get_expr` and `pg_get_constraintdef` print with search_path = pg_catalog and
standard_conforming_strings = on, plus the spellings a human uses for the same (IN, BETWEEN, !=).
Precedence: PostgreSQL manual 4.1.6. What is not understood raises `ParseError`; a subselect becomes `Raw`.
"""

from __future__ import annotations

from functools import lru_cache

from checks.harness.lexemes import ParseError, Token, tokens, unquote
from checks.harness.nodes import (
    Between,
    Binary,
    Call,
    Case,
    Cast,
    Collate,
    Column,
    Distinct,
    In,
    Is,
    Keyword,
    Logic,
    Node,
    Number,
    Quantified,
    Raw,
    String,
    Subscript,
    Unary,
)

_COMPARISONS = frozenset(("=", "<>", "!=", "<", ">", "<=", ">="))
_ARITHMETIC = {"+": 8, "-": 8, "*": 9, "/": 9, "%": 9, "^": 10}
_OR, _AND, _NOT, _IS, _COMPARE, _MATCH, _OTHER, _AT, _COLLATE, _SIGN = 1, 2, 3, 4, 5, 6, 7, 11, 12, 13
_LIKE = {"LIKE": "~~", "ILIKE": "~~*"}
_WORDS = frozenset("""TRUE FALSE NULL CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP LOCALTIME LOCALTIMESTAMP
    CURRENT_USER CURRENT_ROLE SESSION_USER USER CURRENT_CATALOG CURRENT_SCHEMA DEFAULT""".split())
_STARTERS = frozenset(("NOT", "CASE", "ARRAY", "ROW", "EXISTS", "COALESCE", "NULLIF", "GREATEST", "LEAST", "VALUE"))
_RESERVED = frozenset("""AND OR IS IN ANY ALL SOME THEN WHEN ELSE END FROM FOR SELECT WHERE ON USING AS ORDER
    GROUP HAVING LIMIT UNION INTERSECT EXCEPT COLLATE DISTINCT CHECK REFERENCES UNIQUE PRIMARY FOREIGN""".split())
_TYPES = {"int": "integer", "int4": "integer", "int2": "smallint", "int8": "bigint", "bool": "boolean",
          "varchar": "character varying", "decimal": "numeric", "float8": "double precision",
          "float4": "real", "timestamptz": "timestamp with time zone", "timetz": "time with time zone",
          "timestamp": "timestamp without time zone", "time": "time without time zone", "char": "character"}
_SPANS = frozenset("year month day hour minute second to".split())
_CLOSED = Token("end", "", 0, 0)


@lru_cache(maxsize=8192)
def parse(text: str) -> Node:
    """The expression's tree; `CHECK (…)` as pg_get_constraintdef prints it is looked into.

    Raises:
        ParseError: not an expression, or one this parser does not know.
    """
    parser = _Parser(text)
    try:
        if parser.word() == "CHECK" and parser.ahead().text == "(":
            parser.at += 1
            node = parser.primary()
            parser.attributes()
        else:
            node = parser.expression(0)
    except RecursionError:
        raise ParseError("nested too deeply") from None
    if parser.now.kind != "end":
        raise ParseError(f"unexpected {parser.now.text!r}")
    return node


def _named(part: str) -> str:
    return part if part.replace("_", "a").isalnum() and part == part.lower() else '"' + part + '"'


class _Parser:
    """Precedence climbing over a token list."""

    def __init__(self, text: str) -> None:
        self.source = text
        self.tokens = [*tokens(text), _CLOSED, _CLOSED, _CLOSED]
        self.at = 0

    @property
    def now(self) -> Token:
        return self.tokens[self.at]

    def ahead(self, by: int = 1) -> Token:
        return self.tokens[self.at + by]

    def word(self, by: int = 0) -> str:
        token = self.tokens[self.at + by]
        return token.text.upper() if token.kind == "word" else ""

    @property
    def end(self) -> int:
        return self.tokens[self.at - 1].end

    def take(self, *texts: str) -> bool:
        """Consumes one of these marks or key words (upper case), if it is next."""
        token = self.tokens[self.at]
        if token.text in texts and token.kind != "quoted" or token.kind == "word" and token.text.upper() in texts:
            self.at += 1
            return True
        return False

    def need(self, *texts: str) -> None:
        if not self.take(*texts):
            raise ParseError(f"{' or '.join(texts)} expected, not {self.now.text!r}")

    def attributes(self) -> None:
        while self.word() in ("NO", "INHERIT", "NOT", "VALID", "ENFORCED"):
            self.at += 1

    def expression(self, floor: int) -> Node:
        start = self.now.start
        left = self.prefix()
        while True:
            made = self.infix(left, start, floor)
            if made is None:
                return left
            left = made

    def prefix(self) -> Node:
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

    def infix(self, left: Node, start: int, floor: int) -> Node | None:
        """The node that continues `left` with an operator binding at least as tightly as `floor`, if any."""
        token = self.now
        if token.kind == "op":
            return self.operator(token.text, left, start, floor)
        word = self.word()
        if not word:
            return None
        if word in ("AND", "OR"):
            return self.logic(word, left, start, floor)
        if word in ("IS", "ISNULL", "NOTNULL"):
            return self.test(left, start) if floor <= _IS else None
        if word == "OPERATOR" and self.ahead().text == "(":
            return self.qualified_operator(left, start, floor)
        if word == "COLLATE" and floor <= _COLLATE:
            self.at += 1
            first = self.at
            self.path()
            return Collate(start, self.end, left, "".join(t.text for t in self.tokens[first:self.at]))
        if word == "AT" and self.word(1) == "TIME" and floor <= _AT:
            self.at += 3
            right = self.expression(_AT + 1)
            return Binary(start, self.end, "AT TIME ZONE", left, right)
        return self.match(left, start) if floor <= _MATCH else None

    def logic(self, word: str, left: Node, start: int, floor: int) -> Node | None:
        power = _AND if word == "AND" else _OR
        if floor > power:
            return None
        parts = [left]
        while self.take(word):
            parts.append(self.expression(power + 1))
        return Logic(start, self.end, word, tuple(parts))

    def operator(self, op: str, left: Node, start: int, floor: int) -> Node | None:
        power = _COMPARE if op in _COMPARISONS else _ARITHMETIC.get(op, _OTHER)
        if floor > power:
            return None
        self.at += 1
        return self.compared("<>" if op == "!=" else op, left, start, power)

    def qualified_operator(self, left: Node, start: int, floor: int) -> Node | None:
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
        return self.compared(f"OPERATOR({name})" if built_in == name else built_in, left, start, _OTHER)

    def compared(self, op: str, left: Node, start: int, power: int) -> Node:
        if self.word() in ("ANY", "SOME", "ALL") and self.ahead().text == "(":
            every = self.word() == "ALL"
            self.at += 1
            right = self.primary()
            return Quantified(start, self.end, op, every, left, right)
        right = self.expression(power + 1)
        return Binary(start, self.end, op, left, right)

    def test(self, left: Node, start: int) -> Node:
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

    def match(self, left: Node, start: int) -> Node | None:
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

    def listed(self, close: str, *, words: bool = False) -> tuple[Node, ...]:
        """Expressions up to `close`, parted by commas or, if `words`, by key words, which stay as Keyword."""
        items: list[Node] = []
        while not self.take(close):
            token, word = self.now, self.word()
            if word in ("SELECT", "WITH", "VALUES"):
                items.append(self.raw(close))
            elif words and word and token.text == word and word not in _STARTERS | _WORDS and self.ahead().text != "(":
                self.at += 1
                items.append(Keyword(token.start, token.end, word))
            else:
                items.append(self.expression(0))
                if self.now.text != close and not (words and self.now.kind == "word"):
                    self.need(",")
        return tuple(items)

    def raw(self, close: str) -> Node:
        first, depth = self.now, 0
        while depth or self.now.text != close:
            depth += {"(": 1, ")": -1, "[": 1, "]": -1}.get(self.now.text, 0)
            self.at += 1
            if self.now.kind == "end" or depth < 0:
                raise ParseError("a subselect is not closed")
        return Raw(first.start, self.end, self.source[first.start:self.end])

    def postfix(self, node: Node, start: int) -> Node:
        while True:
            if self.take("::"):
                kind = self.type()
                node = Cast(start, self.end, node, kind)
            elif self.take("["):
                node = self.subscript(node, start)
            elif self.now.text == "." and not isinstance(node, Column):
                self.at += 2
                field = Keyword(self.end, self.end, self.tokens[self.at - 1].text)
                node = Subscript(start, self.end, node, (field,), ".")
            else:
                return node

    def subscript(self, node: Node, start: int) -> Node:
        bounds: list[Node | None] = [None]
        while not self.take("]"):
            if self.take(":"):
                bounds.append(None)
            else:
                bounds[-1] = self.expression(0)
        return Subscript(start, self.end, node, tuple(bounds), "[:]" if len(bounds) > 1 else "[]")

    def primary(self) -> Node:
        token = self.now
        self.at += 1
        if token.text == "(" and token.kind == "mark":
            return self.parenthesised(token)
        if token.kind == "string":
            return String(token.start, token.end, unquote(token.text))
        if token.kind == "number":
            return Number(token.start, token.end, token.text)
        if token.kind == "bits":
            return Raw(token.start, token.end, token.text)
        if token.kind in ("word", "quoted"):
            return self.named(token)
        raise ParseError(f"unexpected {token.text!r}")

    def parenthesised(self, token: Token) -> Node:
        if self.word() in ("SELECT", "WITH", "VALUES"):
            node = self.raw(")")
            self.need(")")
            return node
        items = self.listed(")")
        if len(items) == 1:
            return items[0]
        return Call(token.start, self.end, "row", items)

    def named(self, token: Token) -> Node:
        word = token.text.upper() if token.kind == "word" else ""
        if word == "CASE":
            return self.case(token)
        if word in _WORDS:
            return Keyword(token.start, token.end, word)
        if word == "ARRAY" and self.take("["):
            items = self.listed("]")
            return Call(token.start, self.end, "array[]", items)
        if word in _RESERVED:
            raise ParseError(f"unexpected {token.text}")
        if word == "VALUE" and token.text == word:
            return Column(token.start, token.end, ("VALUE",))
        self.at -= 1
        path = self.path()
        if self.take("("):
            return self.call(token, path)
        if self.now.kind == "string" and self.tokens[self.at - 1].kind == "word":
            self.at -= 1
            kind = self.type()
            literal = self.primary()
            return Cast(token.start, self.end, literal, kind)
        return Column(token.start, self.end, path)

    def call(self, token: Token, path: tuple[str, ...]) -> Node:
        name = ".".join(_named(part) for part in path).removeprefix("pg_catalog.")
        if name == "position" and token.kind == "word":
            first = self.expression(_MATCH + 1)
            if self.take("IN"):
                second = self.expression(0)
                self.need(")")
                return Call(token.start, self.end, name, (first, Keyword(self.end, self.end, "IN"), second))
            self.need(",")
            args: tuple[Node, ...] = (first, *self.listed(")", words=True))
        elif name == "extract" and self.ahead().text.upper() == "FROM":
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
        return Call(token.start, self.end, name, args)

    def path(self) -> tuple[str, ...]:
        parts: list[str] = []
        while True:
            token = self.now
            if token.kind not in ("word", "quoted"):
                raise ParseError(f"a name expected, not {token.text!r}")
            self.at += 1
            parts.append(unquote(token.text) if token.kind == "quoted" else token.text.lower())
            if self.now.text != ".":
                return tuple(parts)
            self.at += 1

    def case(self, token: Token) -> Node:
        operand = None if self.word() == "WHEN" else self.expression(0)
        branches = []
        while self.take("WHEN"):
            condition = self.expression(0)
            self.need("THEN")
            branches.append((condition, self.expression(0)))
        default = self.expression(0) if self.take("ELSE") else None
        self.need("END")
        return Case(token.start, self.end, operand, tuple(branches), default)

    def type(self) -> str:
        """A type name as format_type writes it, modifier and [] included."""
        first = self.at
        path = self.path()
        plain = len(path) == 1 and self.tokens[first].kind == "word"
        name = ".".join(t.text for t in self.tokens[first:self.at:2]) if not plain else path[0]
        name = name.removeprefix("pg_catalog.")
        follow = {"character": "VARYING", "bit": "VARYING", "double": "PRECISION"}.get(name)
        if plain and follow and self.take(follow):
            name += " " + follow.lower()
        fields = ""
        while plain and name == "interval" and self.now.text.lower() in _SPANS:
            fields += " " + self.now.text.lower()
            self.at += 1
        modifier = self.modifier()
        if plain and name in ("timestamp", "time") and self.word() in ("WITH", "WITHOUT"):
            modifier += " " + self.word().lower() + " time zone"
            self.at += 3
        else:
            name = _TYPES.get(name, name) if plain else name
            if modifier and " with" in name:
                base, _, zone = name.partition(" ")
                name, modifier = base, modifier + " " + zone
        if name == "character" and not modifier:
            modifier = "(1)"
        return name + fields + modifier + self.dimensions()

    def modifier(self) -> str:
        if not self.take("("):
            return ""
        first = self.at
        while not self.take(")"):
            self.at += 1
            if self.now.kind == "end":
                raise ParseError("a type modifier is not closed")
        return "(" + "".join(t.text for t in self.tokens[first:self.at - 1]) + ")"

    def dimensions(self) -> str:
        count = 0
        while self.now.text == "[" and self.ahead().text == "]":
            self.at += 2
            count = 1
        return "[]" * count
