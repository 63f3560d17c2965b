"""GetFunction's download link: moto's points at the real S3, ours at the deployed zip on this endpoint."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

_FUNCTION = re.compile(r"/2015-03-31/functions/[^/]+/?")
_ZIP = re.compile(r"/code/(?P<region>[\w-]+)/(?P<name>[\w-]+)/(?P<version>\$LATEST|\d+)\.zip")


def code_answer(environ: WSGIEnvironment, account: str, endpoint_url: str, moto: WSGIApplication) -> Any:
    """The werkzeug response to GetFunction and to its link, or None for any other request."""
    from werkzeug.wrappers import Response

    path = environ.get("PATH_INFO", "")
    link = _ZIP.fullmatch(path)
    if environ["REQUEST_METHOD"] == "GET" and link:
        return _zip(account, link)
    if environ["REQUEST_METHOD"] != "GET" or not _FUNCTION.fullmatch(path):
        return None
    response = Response.from_app(moto, environ)
    if response.status_code == 200:
        response.set_data(json.dumps(_with_our_link(json.loads(response.get_data()), endpoint_url)))
    return response


def _with_our_link(answer: dict[str, Any], endpoint_url: str) -> dict[str, Any]:
    _, _, _, region, _, _, name, *_ = answer["Configuration"]["FunctionArn"].split(":")
    if "Location" in answer.get("Code", {}):
        answer["Code"]["Location"] = f"{endpoint_url}/code/{region}/{name}/{answer['Configuration']['Version']}.zip"
    return answer


def _zip(account: str, link: re.Match[str]) -> Any:
    from moto.awslambda.exceptions import UnknownFunctionException
    from moto.awslambda.utils import get_backend
    from werkzeug.wrappers import Response

    try:
        function = get_backend(account, link["region"]).get_function(link["name"], link["version"])
    except UnknownFunctionException:
        return Response("No such function", 404)
    return Response(function.code_bytes, content_type="application/zip")
