"""How integers are spelled when cast to text (pure)."""

from __future__ import annotations

from checks.sql.languages.patterns.are import Flags, matched_by

INTEGERS_AS_TEXT = matched_by("^(0|-?[1-9][0-9]{0,18})$", Flags()).outer
"""The digits of every bigint, and no other spelling."""
