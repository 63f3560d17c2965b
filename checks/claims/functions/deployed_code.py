"""The claims about a migration function's deployed code. Only configuration and zip are read; it is never invoked.

Sources: AWS Lambda API reference, GetFunctionConfiguration, GetFunction, GetAlias; developer guide, "Lambda function
states" and "Implement Lambda canary deployments using a weighted alias".
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from checks.claims.functions.bundle import held_in
from checks.contract.contract import TargetSpec
from checks.contract.migrations import Migration
from checks.values import Unverified, Verdict, VerdictWord

AREA = "false-success"
CODE_BYTES = 300_000_000
DOWNLOAD_TIMEOUT_S = 60


class NotAllowed(Unverified):
    """AWS did not let us look."""


def judge_code(spec: TargetSpec, name: str, client: Any, bundle: Path | None, migrations: Sequence[Migration],
               ) -> Iterator[Verdict]:
    """The claims about one migration function.

    Args:
        spec: migration_function, qualifier, profile.
        name: what claims call the function.
        client: a Lambda client.
        bundle: the zip that was built, when the contract names one.
        migrations: what the code should hold.
    """
    function = spec.migration_function or ""
    more = {"Qualifier": spec.qualifier} if spec.qualifier else {}
    try:
        deployed = _asked(client.get_function_configuration, "lambda:GetFunctionConfiguration", FunctionName=function,
                          **more)
    except Unverified as error:
        yield _verdict(f"{AREA}:{name}.settled", f"the last update of {name} is done", "unverified", str(error), "",
                       "Allow it, or look whether the function and its qualifier exist.")
        return
    yield _settled(name, function, deployed)
    built: bytes | None = None
    if bundle is not None:
        try:
            built = bundle.read_bytes()
        except OSError as error:
            yield _verdict(f"{AREA}:{name}.code", f"{name} runs the code that was built", "unverified",
                           f"The bundle {bundle.name} cannot be read: {error.strerror}.", "",
                           "Build it, or correct `bundle` in the contract.")
        else:
            yield _code(name, function, deployed, built, bundle.name)
    if spec.qualifier and not spec.qualifier.isdigit():
        yield _routing(name, function, spec.qualifier, client, deployed, built)
    yield from _migrations(name, function, client, more, built, migrations)


def _settled(name: str, function: str, deployed: Mapping[str, Any]) -> Verdict:
    claim, sentence = f"{AREA}:{name}.settled", f"the last update of {name} is done: it is Active and Successful"
    state, update = deployed.get("State", "Active"), deployed.get("LastUpdateStatus", "Successful")
    if update == "InProgress":
        return _verdict(claim, sentence, "broken", "It is still being updated, so the old code answers.", "InProgress",
                        f"aws lambda wait function-updated-v2 --function-name {function}")
    if update != "Successful":
        why = deployed.get("LastUpdateStatusReason") or "no reason given"
        return _verdict(claim, sentence, "broken", f"The last update is {update}: {why}. The old code answers.",
                        str(update), f"Deploy {function} again.")
    if state != "Active":
        why = deployed.get("StateReason") or "no reason given"
        return _verdict(claim, sentence, "broken", f"It is {state}: {why}.", str(state), f"Deploy {function} again.")
    return _verdict(claim, sentence, "held", f"version {deployed.get('Version')}")


def _code(name: str, function: str, deployed: Mapping[str, Any], built: bytes, bundle: str) -> Verdict:
    claim, sentence = f"{AREA}:{name}.code", f"{name} runs the code that was built"
    wanted, found = sha256_of(built), str(deployed.get("CodeSha256"))
    if wanted == found:
        return _verdict(claim, sentence, "held", f"CodeSha256 {found}")
    return _verdict(claim, sentence, "broken", f"CodeSha256 of version {deployed.get('Version')} is {found}; that of "
                    f"{bundle} is {wanted}.", found,
                    f"aws lambda update-function-code --function-name {function} --zip-file fileb://{bundle}")


def _routing(name: str, function: str, alias: str, client: Any, deployed: Mapping[str, Any], built: bytes | None,
             ) -> Verdict:
    claim, sentence = f"{AREA}:{name}.routing", f"alias {alias} of {name} sends every call to the newest code"
    try:
        route = _asked(client.get_alias, "lambda:GetAlias", FunctionName=function, Name=alias)
        main, weights = str(route["FunctionVersion"]), (route.get("RoutingConfig") or {}).get(
            "AdditionalVersionWeights") or {}
        latest = _asked(client.get_function_configuration, "lambda:GetFunctionConfiguration", FunctionName=function)
        wanted = sha256_of(built) if built is not None else str(latest.get("CodeSha256"))
        for version, weight in sorted({main: 1 - sum(weights.values()), **weights}.items()):
            code = str(deployed.get("CodeSha256")) if version == main else str(_asked(
                client.get_function_configuration, "lambda:GetFunctionConfiguration", FunctionName=function,
                Qualifier=version).get("CodeSha256"))
            if weight > 0 and code != wanted:
                which = "the bundle" if built is not None else "$LATEST"
                return _verdict(claim, sentence, "broken", f"It sends {weight:.0%} of calls to version {version}, "
                                f"whose code is not that of {which}.", f"version {version}",
                                f"aws lambda publish-version --function-name {function}; then aws lambda update-alias "
                                f"--function-name {function} --name {alias} --function-version N "
                                "--routing-config AdditionalVersionWeights={}")
    except Unverified as error:
        return _verdict(claim, sentence, "unverified", str(error), "", "Allow it, or look whether the alias exists.")
    return _verdict(claim, sentence, "held", f"version {main}")


def judge_executed(qualifier: str, function: str, name: str, client: Any, executed: str | None) -> Verdict:
    """The claim that an invocation by `qualifier` ran the version which it names.

    Args:
        qualifier: a version or an alias.
        function: as it was invoked.
        name: what claims call it.
        client: a Lambda client.
        executed: X-Amz-Executed-Version of an invocation.
    """
    claim, sentence = f"{AREA}:{name}.version", f"{name} is answered by the version that {qualifier} names"
    wanted = qualifier
    if not qualifier.isdigit() and qualifier != "$LATEST":
        try:
            wanted = str(_asked(client.get_alias, "lambda:GetAlias", FunctionName=function, Name=qualifier)
                         ["FunctionVersion"])
        except Unverified as error:
            return _verdict(claim, sentence, "unverified", str(error), "",
                            "Allow it, or look whether the alias exists.")
    if executed is None:
        return _verdict(claim, sentence, "unverified", "Its reply does not tell which version ran.", "", "Run again.")
    if executed == wanted:
        return _verdict(claim, sentence, "held", f"version {executed}")
    return _verdict(claim, sentence, "broken", f"Version {executed} answered, and {qualifier} is {wanted}.",
                    f"version {executed}", f"aws lambda get-alias --function-name {function} --name {qualifier}")


def _migrations(name: str, function: str, client: Any, more: Mapping[str, str], built: bytes | None,
                migrations: Sequence[Migration]) -> Iterator[Verdict]:
    claim, sentence = f"{AREA}:{name}.migrations", f"the code of {name} holds every expected migration"
    try:
        try:
            code, whose = _fetched(client, function, more), "the deployed code"
        except NotAllowed:
            if built is None:
                return  # left_out says so
            code, whose = built, "the bundle"
        found = held_in(code, migrations)
    except Unverified as error:
        yield _verdict(claim, sentence, "unverified", str(error), "", "Look whether the function is a zip.")
        return
    if found.missing or found.other_body:
        wrong = [f"lacks {version}" for version in found.missing]
        wrong += [f"holds {version} with another body than the file" for version in found.other_body]
        first = (*found.missing, *found.other_body)[0]
        yield _verdict(claim, sentence, "broken", f"{whose.capitalize()} {'; '.join(wrong[:6])}.", first,
                       f"Build the zip from this migrations folder and deploy it: aws lambda update-function-code "
                       f"--function-name {function} --zip-file fileb://…")
        return
    yield _verdict(claim, sentence, "held", f"{len(found.whole)} files in {whose}")


def may_fetch(client: Any, spec: TargetSpec) -> bool:
    """Whether AWS tells where the code is."""
    more = {"Qualifier": spec.qualifier} if spec.qualifier else {}
    try:
        _asked(client.get_function, "lambda:GetFunction", FunctionName=spec.migration_function or "", **more)
    except NotAllowed:
        return False
    except Unverified:
        return True
    return True


def _fetched(client: Any, function: str, more: Mapping[str, str]) -> bytes:
    import urllib.error
    import urllib.request

    answer = _asked(client.get_function, "lambda:GetFunction", FunctionName=function, **more)
    location = answer.get("Code", {}).get("Location")
    if answer.get("Configuration", {}).get("PackageType", "Zip") != "Zip" or not location:
        raise NotAllowed(f"The code of {function} is an image, not a zip.")
    try:
        with urllib.request.urlopen(location, timeout=DOWNLOAD_TIMEOUT_S) as response:
            return bytes(response.read(CODE_BYTES))
    except (OSError, ValueError, urllib.error.URLError) as error:
        raise Unverified(f"The code of {function} could not be downloaded: {type(error).__name__}.") from None


def _asked(ask: Callable[..., Any], action: str, **what: str) -> Mapping[str, Any]:
    """One question to the control plane.

    Raises:
        NotAllowed: AWS refuses it to us.
        Unverified: no answer, or no such function.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer: Mapping[str, Any] = ask(**what)
        return answer
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code.startswith("AccessDenied"):
            raise NotAllowed(f"AWS does not let us ask: {action} is denied.") from None
        raise Unverified(f"AWS refused {action}: {code}.") from None
    except BotoCoreError as error:
        raise Unverified(f"AWS did not answer {action}: {type(error).__name__}.") from None


def sha256_of(code: bytes) -> str:
    """A zip's CodeSha256, as Lambda tells it."""
    return base64.b64encode(hashlib.sha256(code).digest()).decode()


def _verdict(claim: str, sentence: str, word: VerdictWord, detail: str = "", witness: str = "", next_step: str = "",
             ) -> Verdict:
    return Verdict(claim, sentence, word, "observed", detail, witness, "" if word == "held" else next_step)
