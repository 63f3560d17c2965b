"""Where the files are that are no modules: scripts that run in processes of their own, and what ships with the code."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
"""The folder of this package."""
WATCHER = PACKAGE / "target" / "servers" / "watch.py"
"""Stops an embedded server when its parent is gone."""
CONTAINER_WATCHER = PACKAGE / "target" / "servers" / "watch_container.py"
"""Removes a container when its parent is gone."""
STAND_INS = PACKAGE / "target" / "servers" / "stand_ins"
"""Inert stand-ins for extensions that the embedded server lacks, a file each."""
REAPER = PACKAGE / "lambdas" / "local" / "reap.py"
"""Ends process groups and removes a folder when its parent is gone."""
KEEPER = PACKAGE / "isolation" / "keeper.py"
"""Runs a command behind walls."""
CONSUMER = PACKAGE / "replays" / "consumers" / "python_child.py"
"""Runs a Python consumer."""


def _shipped(name: str) -> Path:
    """The folder `name` of fixtures/: in an installed package below `checks`, in a checkout beside it."""
    installed, checkout = (home / "fixtures" / name for home in (PACKAGE, PACKAGE.parent))
    return installed if installed.is_dir() else checkout


PAYLOADS = _shipped("payloads")
"""The corpus of Lambda replies."""
LAMBDAS = _shipped("lambdas")
"""The sources of the reference Lambdas."""
TEMPLATES = PACKAGE / "reports" / "templates"
"""What the HTML page is made of."""
