"""The claims about the deployed code of each function that `[function.NAME]` names: those of false-success. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from checks.claims.functions import deployed_code
from checks.deployment.deployed_code import Built, Configuration, FunctionSeen, Packed, Routing
from checks.kinds import Finding, claim
from checks.values import Unverified, Verdict


def judge_function(name: str, seen: FunctionSeen) -> Iterator[Verdict]:
    """The claims about one function.

    Args:
        name: of its section.
        seen: what AWS told of it.
    """
    yield settled(name, seen.function, seen.deployed)
    if isinstance(seen.deployed, Unverified):
        return
    if seen.built is not None:
        yield code(name, seen.function, seen.deployed, seen.built)
    if seen.routing is not None:
        yield routing(name, seen.qualifier or "", seen.function, seen.routing)
    if seen.packed is not None:
        yield migrations(name, seen.function, seen.packed)


@claim("deployment:function.{name}.settled", evidence=("observed",), breaks=deployed_code.settled.breaks)
def settled(name: str, invoked: str, deployed: Configuration | Unverified) -> Finding:
    """the last update of the function {name} is done: it is Active and Successful"""
    if isinstance(deployed, Unverified):
        return deployed_code.settled_unseen.judge(name, deployed)
    return deployed_code.settled.judge(name, invoked, deployed)


@claim("deployment:function.{name}.code", evidence=("observed",), breaks=deployed_code.code.breaks)
def code(name: str, invoked: str, deployed: Configuration, built: Built) -> Finding:
    """the function {name} runs the code that was built"""
    return deployed_code.code.judge(name, invoked, deployed, built)


@claim("deployment:function.{name}.routing", evidence=("observed",), breaks=deployed_code.routing.breaks)
def routing(name: str, alias: str, invoked: str, sent: Routing | Unverified) -> Finding:
    """alias {alias} of the function {name} sends every call to the newest code"""
    return deployed_code.routing.judge(name, alias, invoked, sent)


@claim("deployment:function.{name}.migrations", evidence=("observed",), breaks=deployed_code.migrations.breaks)
def migrations(name: str, invoked: str, packed: Packed | Unverified) -> Finding:
    """the code of the function {name} holds every expected migration"""
    return deployed_code.migrations.judge(name, invoked, packed)
