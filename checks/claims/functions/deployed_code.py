"""The claims about a migration function's deployed code. Only configuration and zip are read; it is never invoked.

Sources: AWS Lambda developer guide, "Lambda function states" and "Implement Lambda canary deployments using a weighted
alias".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from checks.contract.contract import TargetSpec
from checks.contract.migration import Migration
from checks.deployment.aws import looked
from checks.deployment.deployed_code import Built, Configuration, Packed, Routing, see_function
from checks.deployment.functions import ControlPlane, sha256_of
from checks.kinds import Finding, claim
from checks.values import Unverified, Verdict


def judge_code(spec: TargetSpec, name: str, client: Any, bundle: Path | None, expected: Sequence[Migration],
               ) -> Iterator[Verdict]:
    """The claims about one migration function.

    Args:
        spec: migration_function, qualifier, profile.
        name: what claims call the function.
        client: a Lambda client.
        bundle: the zip that was built, when the contract names one.
        expected: what the code should hold.
    """
    seen = see_function(client, spec.migration_function or "", spec.qualifier, bundle, expected)
    invoked, deployed = seen.function, seen.deployed
    if isinstance(deployed, Unverified):
        yield settled_unseen(name, deployed)
        return
    yield settled(name, invoked, deployed)
    if seen.built is not None:
        yield code(name, invoked, deployed, seen.built)
    if seen.routing is not None:
        yield routing(name, seen.qualifier or "", invoked, seen.routing)
    if seen.packed is not None:  # else left_out says so
        yield migrations(name, invoked, seen.packed)


@claim("false-success:{function}.settled", evidence=("observed",),
       breaks="its last update failed, so that the old code answers, or it is not active; unverified while it is updated")
def settled(function: str, invoked: str, deployed: Configuration) -> Finding:
    """the last update of {function} is done: it is Active and Successful"""
    state, update = deployed.get("State", "Active"), deployed.get("LastUpdateStatus", "Successful")
    if update == "InProgress":
        return Finding("unverified", "It is still being updated, so the old code answers.", "",
                       f"aws lambda wait function-updated-v2 --function-name {invoked}", moving=True)
    if state == "Pending":
        return Finding("unverified", "It is still being made: Pending.", "",
                       f"aws lambda wait function-active-v2 --function-name {invoked}", moving=True)
    if update != "Successful":
        why = deployed.get("LastUpdateStatusReason") or "no reason given"
        return Finding("broken", f"The last update is {update}: {why}. The old code answers.", str(update),
                       f"Deploy {invoked} again.")
    if state != "Active":
        why = deployed.get("StateReason") or "no reason given"
        return Finding("broken", f"It is {state}: {why}.", str(state), f"Deploy {invoked} again.")
    return Finding("held", f"version {deployed.get('Version')}")


@claim("false-success:{function}.settled", evidence=("observed",), breaks="")
def settled_unseen(function: str, why: Unverified) -> Finding:
    """the last update of {function} is done"""
    return Finding("unverified", str(why),
                   next_step="Allow it, or look whether the function and its qualifier exist.")


@claim("false-success:{function}.code", evidence=("observed",),
       breaks="its CodeSha256 is not that of the zip that was built")
def code(function: str, invoked: str, deployed: Configuration, built: Built) -> Finding:
    """{function} runs the code that was built"""
    if built.code is None:
        return Finding("unverified", f"The bundle {built.name} cannot be read: {built.why_not}.",
                       next_step="Build it, or correct `bundle` in the contract.")
    wanted, found = sha256_of(built.code), str(deployed.get("CodeSha256"))
    if wanted == found:
        return Finding("held", f"CodeSha256 {found}")
    return Finding("broken", f"CodeSha256 of version {deployed.get('Version')} is {found}; that of {built.name} is "
                   f"{wanted}.", found,
                   f"aws lambda update-function-code --function-name {invoked} --zip-file fileb://{built.name}")


@claim("false-success:{function}.routing", evidence=("observed",),
       breaks="the alias sends a share of the calls to a version with other code")
def routing(function: str, alias: str, invoked: str, sent: Routing | Unverified) -> Finding:
    """alias {alias} of {function} sends every call to the newest code"""
    if isinstance(sent, Unverified):
        return _unseen_alias(sent)
    for route in sent.routes:
        if isinstance(route.code_sha256, Unverified):
            return _unseen_alias(route.code_sha256)
        if route.weight > 0 and route.code_sha256 != sent.wanted_sha256:
            return Finding("broken", f"It sends {route.weight:.0%} of calls to version {route.version}, "
                           f"whose code is not that of {sent.whose}.", f"version {route.version}",
                           f"aws lambda publish-version --function-name {invoked}; then aws lambda update-alias "
                           f"--function-name {invoked} --name {alias} --function-version N "
                           "--routing-config AdditionalVersionWeights={}")
    return Finding("held", f"version {sent.main}")


@claim("false-success:{function}.version", evidence=("observed",),
       breaks="another version answers than the one that the qualifier names")
def version(function: str, qualifier: str, invoked: str, wanted: str | Unverified, executed: str | None) -> Finding:
    """{function} is answered by the version that {qualifier} names"""
    if isinstance(wanted, Unverified):
        return _unseen_alias(wanted)
    if executed is None:
        return Finding("unverified", "Its reply does not tell which version ran.", next_step="Run again.")
    if executed == wanted:
        return Finding("held", f"version {executed}")
    return Finding("broken", f"Version {executed} answered, and {qualifier} is {wanted}.", f"version {executed}",
                   f"aws lambda get-alias --function-name {invoked} --name {qualifier}")


@claim("false-success:{function}.migrations", evidence=("observed",),
       breaks="a migration is missing from its zip, or stands there with another body than the file's")
def migrations(function: str, invoked: str, packed: Packed | Unverified) -> Finding:
    """the code of {function} holds every expected migration"""
    if isinstance(packed, Unverified):
        return Finding("unverified", str(packed), next_step="Look whether the function is a zip.")
    held = packed.held
    wrong = {version: f"lacks {version}" for version in held.missing}
    wrong |= {version: f"holds {version} with another body than the file" for version in held.other_body}
    if not wrong:
        return Finding("held", f"{len(held.whole)} files in {packed.whose}")
    return Finding("broken", f"{packed.whose.capitalize()} {'; '.join(list(wrong.values())[:6])}.", next(iter(wrong)),
                   f"Build the zip from this migrations folder and deploy it: aws lambda update-function-code "
                   f"--function-name {invoked} --zip-file fileb://…")


def _unseen_alias(why: Unverified) -> Finding:
    return Finding("unverified", str(why), next_step="Allow it, or look whether the alias exists.")


def judge_executed(qualifier: str, invoked: str, name: str, client: Any, executed: str | None) -> Verdict:
    """The claim that an invocation by `qualifier` ran the version which it names.

    Args:
        qualifier: a version or an alias.
        invoked: the function, as it was invoked.
        name: what claims call it.
        client: a Lambda client.
        executed: X-Amz-Executed-Version of an invocation.
    """
    wanted: str | Unverified = qualifier
    if not qualifier.isdigit() and qualifier != "$LATEST":
        wanted = looked(lambda: str(ControlPlane(client).alias(invoked, qualifier)["FunctionVersion"]))
    return version(name, qualifier, invoked, wanted, executed)
