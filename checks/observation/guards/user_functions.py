"""Calls of the user's own SQL functions replaced by their bodies, so that reading alone can decide. Pure; nothing is run.

Only a function whose body is one expression of built-in things is read this way; any other stays a call that nobody
looks into.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from checks.catalog.key import Key, called
from checks.catalog.objects import Function
from checks.catalog.snapshot import Snapshot
from checks.sql.names import shown
from checks.sql.syntax.expression import parse
from checks.sql.syntax.lexemes import ParseError
from checks.sql.syntax.nodes import FunctionCall, Node, Raw, walk

MOST_CALLS = 20
"""Calls replaced in one text, those inside bodies included."""
_BODY = re.compile(r"\s*(?:BEGIN ATOMIC\s+)?(?:SELECT|RETURN)\s+(?P<expression>.+?)\s*;?\s*(?:END)?\s*\Z",
                   re.DOTALL | re.IGNORECASE)
_NAMED = re.compile(r'(?P<name>"(?:[^"]|"")+"|[A-Za-z_][\w$]*)\s+(?P<type>.+)\Z', re.DOTALL)


def inlined(text: str, found: Snapshot) -> str | None:
    """`text` with the user's functions written out, or None when one of them cannot be."""
    for _ in range(MOST_CALLS):
        call = _first_call(text, found)
        if call is None:
            return text
        node, key, function = call
        body = _written_out(text, node, key, function, found)
        if body is None:
            return None
        text = f"{text[:node.start]}({body}){text[node.end:]}"
    return None


def _first_call(text: str, found: Snapshot) -> tuple[FunctionCall, Key, Function] | None:
    try:
        nodes = list(walk(parse(text)))
    except (ParseError, RecursionError):
        return None
    for node in nodes:
        if isinstance(node, FunctionCall):
            for key, function in found.functions.items():
                if _called(key) == node.name or (_called(key) == f"public.{node.name}" and "." in node.name):
                    return node, key, function
    return None


def _called(key: Key) -> str:
    """How a deparsed call names the function: always with its schema, since search_path is pinned."""
    name = called(key.own)[0]
    return name if "." in name else f"public.{name}"


def _written_out(text: str, call: FunctionCall, key: Key, function: Function, found: Snapshot) -> str | None:
    body = _BODY.match(function.body)
    if function.language != "sql" or function.kind != "function" or function.config or body is None:
        return None
    expression = body["expression"]
    parameters = list(_parameters(key))
    if len(parameters) != len(call.args) or not _built_in(expression, found):
        return None
    arguments = [f"(({text[node.start:node.end]})::{kind})" for node, (_, kind) in
                 zip(call.args, parameters, strict=True)]
    made = f"({_filled(expression, parameters, arguments)})"
    return made if function.returns == "boolean" else f"{made}::{function.returns}"


def _parameters(key: Key) -> Iterator[tuple[str, str]]:
    """(name or empty, type) of each parameter."""
    listed = called(key.own)[1]
    for part in filter(None, (piece.strip() for piece in listed.split(", "))):
        named = _NAMED.match(part)
        known = named is not None and not part.startswith(("character varying", "double precision", "timestamp ", "time ",
                                                           "bit varying"))
        yield (named["name"], named["type"]) if named is not None and known else ("", part)


def _built_in(expression: str, found: Snapshot) -> bool:
    """Whether everything that the expression calls can only be built in."""
    own = {shown(key.bare) for key in found.functions}
    try:
        nodes: list[Node] = list(walk(parse(re.sub(r"\$(\d+)", r"p\1", expression))))
    except (ParseError, RecursionError):
        return False
    return not any(isinstance(node, Raw) or (isinstance(node, FunctionCall) and node.name in own) for node in nodes)


def _filled(expression: str, parameters: Sequence[tuple[str, str]], arguments: Sequence[str]) -> str:
    """The expression with arguments in place of its parameters, outside of its string literals."""
    by_number = {f"${number}": argument for number, argument in enumerate(arguments, 1)}
    by_name = {name: argument for (name, _), argument in zip(parameters, arguments, strict=True) if name}
    parts = re.split(r"(E?'(?:[^']|'')*')", expression)

    def fill(piece: str) -> str:
        return re.sub(r'\$\d+|"(?:[^"]|"")+"|(?<![\w.])[A-Za-z_][\w$]*(?![\w(.])', lambda found: by_number.get(
            found[0], by_name.get(found[0], found[0])), piece)

    return "".join(piece if number % 2 else fill(piece) for number, piece in enumerate(parts))
