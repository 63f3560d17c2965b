"""Trees made from trees, with some nodes replaced (pure)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from checks.sql.syntax.nodes import Node


def rewritten(node: Node, change: Callable[[Node], Node | None]) -> Node:
    """The tree with every node for which `change` has another replaced by that, from the top; the rest is kept."""
    other = change(node)
    if other is not None:
        return other
    changes: dict[str, Any] = {}
    for slot in type(node).__slots__:
        value = getattr(node, slot)
        made = _value(value, change)
        if made is not value:
            changes[slot] = made
    return replace(node, **changes) if changes else node


def _value(value: Any, change: Callable[[Node], Node | None]) -> Any:
    if isinstance(value, Node):
        return rewritten(value, change)
    if isinstance(value, tuple):
        made = tuple(_value(each, change) for each in value)
        return made if any(one is not other for one, other in zip(made, value, strict=True)) else value
    return value
