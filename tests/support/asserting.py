"""Reads a test's syntax tree: can it come to its end without having asserted anything?

Followed are branches, early returns, loops over what may be empty, and exceptions that are swallowed. An assertion is an
`assert`, a `pytest.raises`, or a call of a function of the same file that asserts however it is left.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

ALWAYS = {"pytest.raises", "pytest.warns", "pytest.fail"}
SWALLOW = {"suppress", "contextlib.suppress"}
AS_LONG_AS_ITS_ARGUMENTS = {"enumerate", "sorted", "reversed", "list", "tuple", "set", "zip", "product", "itertools.product"}


class Way(NamedTuple):
    """How a piece of code may be left."""

    on_bare: bool
    """It may go on to what follows without having asserted."""
    out_bare: bool
    """It may leave the function without having asserted."""


ASSERTED, NOTHING, LEFT = Way(False, False), Way(True, False), Way(False, True)


@dataclass(frozen=True)
class Reader:
    """What is known of the file that a test stands in."""

    asserting: frozenset[str]
    """Functions that assert however they are left."""
    filled: frozenset[str]
    """Names of collections that hold something."""

    def bare(self, function: ast.FunctionDef) -> bool:
        """Whether `function` may end without having asserted."""
        return any(self._block(function.body))

    def _block(self, statements: Iterable[ast.stmt]) -> Way:
        reader, left = self, False
        for statement in statements:
            if isinstance(statement, ast.FunctionDef) and not reader.bare(statement):
                reader = Reader(reader.asserting | {statement.name}, reader.filled)
            way = reader._statement(statement)
            left |= way.out_bare
            if not way.on_bare:
                return Way(False, left)
        return Way(True, left)

    def _statement(self, statement: ast.stmt) -> Way:
        match statement:
            case ast.Assert() | ast.Raise():
                return ASSERTED
            case ast.FunctionDef() | ast.ClassDef():
                return NOTHING
            case ast.Return(value=value):
                return ASSERTED if self._asserts(value) else LEFT
            case ast.If(test=test, body=body, orelse=otherwise):
                return ASSERTED if self._asserts(test) else _either(self._block(body), self._block(otherwise))
            case ast.With(items=items, body=body):
                contexts = [item.context_expr for item in items]
                if any(self._asserts(context) for context in contexts):
                    return ASSERTED
                swallows = any(_called(each) in SWALLOW for each in contexts)
                return _either(self._block(body), NOTHING if swallows else ASSERTED)
            case ast.Try(body=body, handlers=handlers, orelse=otherwise, finalbody=last):
                ways = self._block([*body, *otherwise]), *(self._block(handler.body) for handler in handlers)
                return _either(*ways) if self._block(last).on_bare else ASSERTED
            case ast.For(iter=over, body=body):
                return self._block(body) if self._filled(over) else _either(self._block(body), NOTHING)
            case ast.While(test=test, body=body):
                return self._block(body) if isinstance(test, ast.Constant) else _either(self._block(body), NOTHING)
            case ast.Match(cases=cases):
                return _either(NOTHING, *(self._block(case.body) for case in cases))
            case ast.Expr(value=ast.Call() as call) if _called(call) == "pytest.skip":
                return ASSERTED
        return ASSERTED if self._asserts(statement) else NOTHING

    def _asserts(self, node: ast.AST | None) -> bool:
        """Whether evaluating `node` surely calls what asserts."""
        match node:
            case None | ast.Lambda() | ast.GeneratorExp() | ast.ListComp() | ast.SetComp() | ast.DictComp():
                return False
            case ast.IfExp(test=test, body=body, orelse=otherwise):
                return self._asserts(test) or (self._asserts(body) and self._asserts(otherwise))
            case ast.BoolOp(values=values):
                return self._asserts(values[0])
            case ast.Call() if _called(node) in ALWAYS | self.asserting:
                return True
        return any(self._asserts(child) for child in ast.iter_child_nodes(node))

    def _filled(self, node: ast.expr) -> bool:
        """Whether iterating over `node` surely gives something."""
        match node:
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
                return any(not isinstance(part, ast.Starred) or self._filled(part.value) for part in parts)
            case ast.Dict(keys=keys):
                return any(key is not None for key in keys)
            case ast.Constant(value=value):
                return bool(value)
            case ast.Name(id=name):
                return name in self.filled
            case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=int() as count)]):
                return count > 0
            case ast.Call(func=ast.Attribute(value=value, attr="items" | "keys" | "values")):
                return self._filled(value)
            case ast.Call(args=args) if _called(node) in AS_LONG_AS_ITS_ARGUMENTS:
                return bool(args) and all(self._filled(each) for each in args)
        return False


def _either(*ways: Way) -> Way:
    return Way(any(way.on_bare for way in ways), any(way.out_bare for way in ways))


def _called(node: ast.expr) -> str:
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def may_pass_bare(module: ast.Module) -> list[str]:
    """The names of the tests of `module` that can pass without asserting."""
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef)]
    reader = Reader(frozenset(), frozenset())
    for node in module.body:
        match node:
            case (ast.Assign(targets=[ast.Name(id=name)], value=ast.expr() as value)
                  | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)) if reader._filled(value):
                reader = Reader(reader.asserting, reader.filled | {name})
    while found := {each.name for each in functions if each.name not in reader.asserting and not reader.bare(each)}:
        reader = Reader(reader.asserting | found, reader.filled)
    return [each.name for each in functions if each.name.startswith("test_") and each.name not in reader.asserting]
