"""Puts this checkout on the path, so that a benchmark measures the code beside it; to be imported first."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
