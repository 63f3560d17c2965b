"""Ways to come by a database, a file each: given, embedded (a wheel), container (testcontainers), borrowed.

A server is not a route: it only lends a DSN. Embedded and container servers are scratch, and gone at exit; on a borrowed
one, databases of our own are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

from checks.contract.contract import TargetSpec
from checks.target.servers.borrowed import borrowed
from checks.target.servers.container import container
from checks.target.servers.embedded import embedded
from checks.target.servers.scratch import ScratchServer

__all__ = ["SCRATCH", "ScratchServer", "borrowed", "container", "embedded"]

SCRATCH: Mapping[str, Callable[[TargetSpec, Sequence[str]], AbstractContextManager[ScratchServer]]] = {
    "embedded": lambda spec, stand_ins: embedded(stand_ins),
    "container": lambda spec, stand_ins: container(spec.image, spec.command),
}
"""The servers that we start ourselves, by their names in the contract; `given` is the one that is there already.
Given: the spec with the container's image and command, and the extensions that get stand-ins."""
