"""What claims call a Lambda function. Pure."""

from __future__ import annotations


def plain_name(function: str) -> str:
    """The name in what may be an ARN, `name:qualifier` or just a name."""
    parts = function.split(":")
    return parts[parts.index("function") + 1] if "function" in parts[:-1] else parts[0]
