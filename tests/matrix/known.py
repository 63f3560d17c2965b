"""What survives the matrix, and why."""

from __future__ import annotations

SURVIVORS: dict[str, str] = {}
"""A part of the name -> why it survives."""
