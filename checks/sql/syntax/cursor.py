"""A cursor over SQL tokens: marks and words, qualified names, type names (pure)."""

from __future__ import annotations

from checks.sql.syntax.lexemes import ParseError, Token, tokens, unquote

_TYPES = {"int": "integer", "int4": "integer", "int2": "smallint", "int8": "bigint", "bool": "boolean",
          "varchar": "character varying", "decimal": "numeric", "float8": "double precision",
          "float4": "real", "timestamptz": "timestamp with time zone", "timetz": "time with time zone",
          "timestamp": "timestamp without time zone", "time": "time without time zone", "char": "character"}
_FOLLOWERS = {"character": "VARYING", "bit": "VARYING", "double": "PRECISION"}
_SPANS = frozenset(("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "TO"))
_CLOSED = Token("end", "", 0, 0, "")


class Cursor:
    """A token list and a place in it; `end` tokens close the list."""

    def __init__(self, text: str) -> None:
        self.source = text
        self.tokens = [*tokens(text), _CLOSED, _CLOSED, _CLOSED, _CLOSED]
        self.at = 0

    @property
    def now(self) -> Token:
        """The next token."""
        return self.tokens[self.at]

    @property
    def end(self) -> int:
        """The offset where the last consumed token ends."""
        return self.tokens[self.at - 1].end

    def word(self, by: int = 0) -> str:
        """The next token but `by` in upper case if it is an unquoted word, else nothing."""
        token = self.tokens[self.at + by]
        return token.key if token.kind == "word" else ""

    def take(self, key: str) -> bool:
        """Consumes this mark or key word (upper case), if it is next."""
        if self.tokens[self.at].key == key:
            self.at += 1
            return True
        return False

    def need(self, key: str) -> None:
        """Consumes this mark or key word (upper case).

        Raises:
            ParseError: something else is next.
        """
        if not self.take(key):
            raise ParseError(f"{key} expected, not {self.now.text!r}")

    def path(self) -> tuple[str, ...]:
        """A name with its qualifiers, unquoted and folded to lower case where it was not quoted."""
        parts: list[str] = []
        while True:
            token = self.now
            if token.kind not in ("word", "quoted"):
                raise ParseError(f"a name expected, not {token.text!r}")
            self.at += 1
            parts.append(unquote(token.text) if token.kind == "quoted" else token.text.lower())
            if not self.take("."):
                return tuple(parts)

    def type(self) -> str:
        """A type name as format_type writes it, modifier and [] included."""
        first = self.at
        path = self.path()
        plain = len(path) == 1 and self.tokens[first].kind == "word"
        if not plain:
            name = "".join(token.text for token in self.tokens[first:self.at]).removeprefix("pg_catalog.")
            return _TYPES.get(name, name) + self._modifier() + self._dimensions()
        name = path[0]
        if name in _FOLLOWERS and self.take(_FOLLOWERS[name]):
            name += " " + _FOLLOWERS[name].lower()
        while path[0] == "interval" and self.word() in _SPANS:
            name += " " + self.word().lower()
            self.at += 1
        modifier = self._modifier()
        if name in ("timestamp", "time") and self.word() in ("WITH", "WITHOUT"):
            zone = f" {self.word().lower()} time zone"
            self.at += 3
        else:
            name, mark, rest = _TYPES.get(name, name).partition(" with")
            zone = mark + rest
        if name == "character" and not modifier:
            modifier = "(1)"
        return name + modifier + zone + self._dimensions()

    def _modifier(self) -> str:
        if not self.take("("):
            return ""
        first = self.at
        while not self.take(")"):
            self.at += 1
            if self.now.kind == "end":
                raise ParseError("a type modifier is not closed")
        return "(" + "".join(token.text for token in self.tokens[first:self.at - 1]) + ")"

    def _dimensions(self) -> str:
        found = ""
        while self.now.key == "[" and self.tokens[self.at + 1].key == "]":
            self.at += 2
            found = "[]"
        return found
