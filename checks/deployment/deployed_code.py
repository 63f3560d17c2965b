"""What one deployed function is and runs, as one frozen value: configuration, code, routing, published versions.

Sources: AWS Lambda API reference, ListVersionsByFunction; developer guide, "Lambda function states" and "Implement Lambda
canary deployments using a weighted alias".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.contract.migration import Migration
from checks.deployment.aws import NotAllowed, looked, pages
from checks.deployment.bundle import Held, held_in
from checks.deployment.functions import ControlPlane, NoZip, sha256_of
from checks.values import Unverified

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


@dataclass(frozen=True)
class FunctionSeen:
    """One function."""

    function: str
    """Name or ARN, as it is invoked."""
    qualifier: str | None
    deployed: Configuration | Unverified
    built: Built | None = None
    """None: nothing says what should be deployed."""
    routing: Routing | Unverified | None = None
    """None: it is not invoked by an alias."""
    packed: Packed | Unverified | None = None
    """None: neither code nor bundle can be had, or nobody asked."""


@dataclass(frozen=True)
class Published:
    """A published version."""

    version: str
    code_sha256: str


def see_function(client: Any, function: str, qualifier: str | None, bundle: Path | None,
                 expected: Sequence[Migration] | None) -> FunctionSeen:
    """Looks at a function.

    Args:
        client: a Lambda client.
        function: name or ARN.
        qualifier: the version or alias by which it is invoked.
        bundle: the zip that was built, when the contract names one.
        expected: the migrations that its code should hold; None: it is not looked for any.
    """
    aws = ControlPlane(client)
    deployed = looked(lambda: aws.configuration(function, qualifier))
    if isinstance(deployed, Unverified):
        return FunctionSeen(function, qualifier, deployed)
    built = None if bundle is None else _built(bundle)
    routing = (_routing(aws, function, qualifier, deployed, built)
               if qualifier and not qualifier.isdigit() and qualifier != "$LATEST" else None)
    packed = None if expected is None else _packed(aws, function, qualifier, built, expected)
    return FunctionSeen(function, qualifier, deployed, built, routing, packed)


def published(client: Any, function: str) -> tuple[Published, ...]:
    """Every published version, in order.

    Raises:
        Unverified: as `pages` has it.
    """
    found = [Published(str(each["Version"]), str(each.get("CodeSha256")))
             for page in pages(client, "list_versions_by_function", "lambda:ListVersionsByFunction", FunctionName=function)
             for each in page.get("Versions", ()) if str(each.get("Version")).isdigit()]
    return tuple(sorted(found, key=lambda each: int(each.version)))


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
    if isinstance(found, NotAllowed | NoZip):
        if built is None or built.code is None:
            return None
        found, whose = built.code, "the bundle"
    if isinstance(found, Unverified):
        return found
    zipped = found
    held = looked(lambda: held_in(zipped, expected))
    return held if isinstance(held, Unverified) else Packed(held, whose)
