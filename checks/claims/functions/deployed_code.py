"""The claims about a migration function's deployed code. Only configuration and zip are read; it is never invoked.

Sources: AWS Lambda developer guide, "Lambda function states" and "Implement Lambda canary deployments using a weighted
alias".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.claims.functions.bundle import Held, held_in
from checks.claims.functions.control_plane import ControlPlane, NotAllowed, looked, sha256_of
from checks.contract.contract import TargetSpec
from checks.contract.migration import Migration
from checks.kinds import Finding, claim
from checks.values import Unverified, Verdict

Configuration = Mapping[str, Any]
"""GetFunctionConfiguration's answer."""


@dataclass(frozen=True)
class Built:
    """The zip that was built, as the contract names it."""

    name: str
    code: bytes | None
    why_not: str = ""
    """Why it could not be read."""


@dataclass(frozen=True)
class Route:
    """One version that an alias sends calls to."""

    version: str
    weight: float
    """Its share of the calls, 0 to 1."""
    code_sha256: str | Unverified


@dataclass(frozen=True)
class Routing:
    """Where an alias sends calls, and where it should."""

    main: str
    """The version that gets what no weight sends elsewhere."""
    routes: tuple[Route, ...]
    """In the order of their versions."""
    wanted_sha256: str
    whose: str
    """What has that code: the bundle or $LATEST."""


@dataclass(frozen=True)
class Packed:
    """What some code holds of the expected migrations."""

    held: Held
    whose: str
    """Which code: the deployed code or the bundle."""


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
    invoked, aws = spec.migration_function or "", ControlPlane(client)
    deployed = looked(lambda: aws.configuration(invoked, spec.qualifier))
    if isinstance(deployed, Unverified):
        yield settled_unseen(name, deployed)
        return
    yield settled(name, invoked, deployed)
    built = None if bundle is None else _built(bundle)
    if built is not None:
        yield code(name, invoked, deployed, built)
    if spec.qualifier and not spec.qualifier.isdigit():
        yield routing(name, spec.qualifier, invoked, _routing(aws, invoked, spec.qualifier, deployed, built))
    packed = _packed(aws, invoked, spec.qualifier, built, expected)
    if packed is not None:  # else left_out says so
        yield migrations(name, invoked, packed)


@claim("false-success:{function}.settled", evidence=("observed",),
       breaks="it is still being updated, or its last update failed: the old code answers")
def settled(function: str, invoked: str, deployed: Configuration) -> Finding:
    """the last update of {function} is done: it is Active and Successful"""
    state, update = deployed.get("State", "Active"), deployed.get("LastUpdateStatus", "Successful")
    if update == "InProgress":
        return Finding("broken", "It is still being updated, so the old code answers.", "InProgress",
                       f"aws lambda wait function-updated-v2 --function-name {invoked}")
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


def _built(bundle: Path) -> Built:
    try:
        return Built(bundle.name, bundle.read_bytes())
    except OSError as error:
        return Built(bundle.name, None, str(error.strerror))


def _routing(aws: ControlPlane, invoked: str, alias: str, deployed: Configuration, built: Built | None,
             ) -> Routing | Unverified:
    def look() -> Routing:
        found = aws.alias(invoked, alias)
        main = str(found["FunctionVersion"])
        others = (found.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        latest = str(aws.configuration(invoked).get("CodeSha256"))
        shares = {main: 1 - sum(others.values()), **others}
        routes = tuple(Route(version, share, str(deployed.get("CodeSha256")) if version == main else
                             _sha256(aws, invoked, version)) for version, share in sorted(shares.items()))
        if built is not None and built.code is not None:
            return Routing(main, routes, sha256_of(built.code), "the bundle")
        return Routing(main, routes, latest, "$LATEST")

    return looked(look)


def _sha256(aws: ControlPlane, invoked: str, version: str) -> str | Unverified:
    return looked(lambda: str(aws.configuration(invoked, version).get("CodeSha256")))


def _packed(aws: ControlPlane, invoked: str, qualifier: str | None, built: Built | None,
            expected: Sequence[Migration]) -> Packed | Unverified | None:
    """What the deployed code holds, or else the bundle; None when neither can be had."""
    found = looked(lambda: aws.code(invoked, qualifier))
    whose = "the deployed code"
    if isinstance(found, NotAllowed):
        if built is None or built.code is None:
            return None
        found, whose = built.code, "the bundle"
    if isinstance(found, Unverified):
        return found
    zipped = found
    held = looked(lambda: held_in(zipped, expected))
    return held if isinstance(held, Unverified) else Packed(held, whose)
