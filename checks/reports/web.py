"""A webhook told of what changed, and a heartbeat. What is down is told, and changes no verdict."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit, urlunsplit

import checks
from checks.reports.compare import Changes, changes
from checks.reports.runs import Claim, RunRecord, word
from checks.target.target import Secret
from checks.telling import fit
from checks.values import UsageError

TIMEOUT_S = 10.0
_NAMED = 10
"""So many claims of a kind are named in a message; the others are counted."""


class Link(NamedTuple):
    """A URL that may itself be a secret, as webhooks' are."""

    option: str
    host: str
    """What is shown of it."""
    url: Secret


def link(option: str, given: str, environ: Mapping[str, str]) -> Link:
    """The URL that `given` is, or that the variable NAME holds where it is `env:NAME`.

    Raises:
        UsageError: the variable is not set, or it is no http or https URL; the URL is not repeated.
    """
    name = given.removeprefix("env:") if given.startswith("env:") else ""
    url = environ.get(name, "").strip() if name else given
    if name and not url:
        raise UsageError(f"{option} env:{name}: the environment variable {name} is not set.")
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and url.isascii() and url.isprintable() \
            and " " not in url and parts.port != 0
    except ValueError:
        fine = False
    if not fine:
        where = f"the environment variable {name} holds none" if name else "this is none"
        raise UsageError(f"{option} takes an https:// URL, or env:NAME of a variable that holds one: {where}.")
    return Link(option, parts.hostname or "", Secret(url))


def notify(to: Link, pairs: Sequence[tuple[RunRecord | None, RunRecord]]) -> str:
    """Posts what changed, in Slack's form, where a verdict did; returns a sentence about it.

    Args:
        to: the webhook.
        pairs: the last run, where one is known, and the present one, of each target. No earlier run counts as one in which
            every claim was held.
    """
    found = [changes(before or _all_held(after), after) for before, after in pairs]
    told = [each for each in found if each.worth_telling]
    if not told:
        return f"{to.option}: nothing is sent to {to.host}: no verdict changed"
    body = json.dumps({"text": "\n".join(map(_message, told))}).encode()
    wrong = _post(to.url.reveal(), body, "application/json")
    return f"{to.option}: {to.host} was not told: {wrong}" if wrong else f"{to.option}: {to.host} was told what changed"


def ping(to: Link, exit_code: int, words: str) -> str:
    """Tells a heartbeat monitor the exit code, as `URL/{exit code}`; returns a sentence where that failed, else nothing."""
    parts = urlsplit(to.url.reveal())
    url = urlunsplit(SplitResult(parts.scheme, parts.netloc, f"{parts.path.rstrip('/')}/{exit_code}", parts.query, ""))
    wrong = _post(url, words.encode(), "text/plain; charset=utf-8")
    return f"{to.option}: {to.host} was not told: {wrong}" if wrong else ""


def _all_held(run: RunRecord) -> RunRecord:
    claims = [{**claim, "verdict": "held", "accepted": None} for claim in run.document["claims"]]
    return RunRecord("", {**run.document, "verdict": "held", "claims": claims})


def _message(found: Changes) -> str:
    after, target = found.after, found.after.document["target"]
    was = f" (was {found.before.verdict})" if found.before.verdict != after.verdict else ""
    place = ", ".join(str(target[name]) for name in ("database", "server_version") if target.get(name))
    lines = [f"*{_safe(after.target)}: {after.verdict}*{was} {_safe(place)}".rstrip(), *filter(None, [_safe(after.failure)])]
    for name in ("broken", "unverified", "accepted", "held"):
        new = [claim for claim in found.new if word(claim) == name != "held"]
        lines += _named(f"{name} now", [turn.after for turn in found.to(name)] + new)
    still = len(found.same) + len(found.moved)
    return "\n".join([*lines, *([f"{still:,} not held as before"] if still else [])])


def _named(title: str, claims: Sequence[Claim]) -> list[str]:
    if not claims:
        return []
    named = [f"• `{_safe(str(claim['id']))[:200]}`" for claim in claims[:_NAMED]]
    more = [f"• and {len(claims) - _NAMED:,} more"] if len(claims) > _NAMED else []
    return [f"{len(claims):,} {title}", *named, *more]


def _safe(text: str) -> str:
    """`text` as Slack shows it and reads no mention or link in it (Slack, "Formatting text for app surfaces")."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "'")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """A message goes where it was sent, or nowhere."""


def _post(url: str, body: bytes, kind: str) -> str:
    """Why the message did not arrive; empty when it did."""
    request = urllib.request.Request(url, body, {
        "Content-Type": kind, "User-Agent": f"postdeploy-checks/{checks.__version__}"})
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT_S):
            return ""
    except urllib.error.HTTPError as error:
        error.close()
        return f"it answered {error.code}"
    except TimeoutError:
        return f"no answer within {TIMEOUT_S:.0f} s"
    except urllib.error.URLError as error:
        reason = error.reason
        return fit(reason.strerror or type(reason).__name__ if isinstance(reason, OSError) else "it cannot be reached")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"it cannot be reached ({type(error).__name__})"
