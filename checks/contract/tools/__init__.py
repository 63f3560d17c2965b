"""How migration tools keep their files and their ledger, a file for each tool."""

from __future__ import annotations

from collections.abc import Mapping

from checks.contract.tools.plain import PLAIN
from checks.contract.tools.tool import Tool

TOOLS: Mapping[str, Tool] = {"plain": PLAIN}
"""Every tool by its name."""
