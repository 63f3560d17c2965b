"""What AWS tells of a deployed function: its configuration, its aliases, its code. Nothing is invoked or changed.

Sources: AWS Lambda API reference, GetFunctionConfiguration, GetFunction, GetAlias.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from checks.deployment.aws import NotAllowed, asked, looked
from checks.values import Unverified

CODE_BYTES = 300_000_000
"""Of a zip that is downloaded, at most; Lambda takes 250 MB unzipped."""
DOWNLOAD_TIMEOUT_S = 60


class NoZip(Unverified):
    """The code is an image."""


class ControlPlane:
    """Asks about functions through a boto3 Lambda client.

    Raises (from every method):
        NotAllowed: AWS refuses it to us.
        Unverified: no answer, or no such function.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def configuration(self, function: str, qualifier: str | None = None) -> Mapping[str, Any]:
        """GetFunctionConfiguration of a version or alias; None is the unpublished one."""
        return asked(self._client.get_function_configuration, "lambda:GetFunctionConfiguration",
                      FunctionName=function, **_named(qualifier))

    def alias(self, function: str, name: str) -> Mapping[str, Any]:
        """GetAlias."""
        return asked(self._client.get_alias, "lambda:GetAlias", FunctionName=function, Name=name)

    def code(self, function: str, qualifier: str | None) -> bytes:
        """The deployed zip; NotAllowed also for an image."""
        import urllib.error
        import urllib.request

        answer = self._function(function, qualifier)
        location = answer.get("Code", {}).get("Location")
        if answer.get("Configuration", {}).get("PackageType", "Zip") != "Zip" or not location:
            raise NoZip(f"The code of {function} is an image, not a zip.")
        try:
            with urllib.request.urlopen(location, timeout=DOWNLOAD_TIMEOUT_S) as response:
                return bytes(response.read(CODE_BYTES))
        except (OSError, ValueError, urllib.error.URLError) as error:
            raise Unverified(f"The code of {function} could not be downloaded: {type(error).__name__}.") from None

    def may_fetch(self, function: str, qualifier: str | None) -> bool:
        """Whether AWS tells where the code is; True also when it gives no answer."""
        return not isinstance(looked(lambda: self._function(function, qualifier)), NotAllowed)

    def _function(self, function: str, qualifier: str | None) -> Mapping[str, Any]:
        return asked(self._client.get_function, "lambda:GetFunction", FunctionName=function, **_named(qualifier))


def sha256_of(code: bytes) -> str:
    """A zip's CodeSha256, as Lambda tells it."""
    return base64.b64encode(hashlib.sha256(code).digest()).decode()


def _named(qualifier: str | None) -> Mapping[str, str]:
    return {"Qualifier": qualifier} if qualifier else {}
