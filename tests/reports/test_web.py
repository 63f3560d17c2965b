"""A webhook is told when a verdict changed, a heartbeat each time; what is down is told and harms nothing."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from checks.reports.web import link, notify, ping
from checks.values import UsageError
from tests.reports.listening import Listener
from tests.reports.nights import claim, runs

HELD, BROKEN = [claim("drift:a"), claim("enums:b")], [claim("drift:a", "broken"), claim("enums:b")]


def tell(url: str, before: list[dict[str, Any]] | None, after: list[dict[str, Any]]) -> str:
    earlier = runs(before)[0] if before is not None else None
    return notify(link("--notify", url, {}), [(earlier, runs([], after)[1])])


@pytest.mark.parametrize("before, after, words", [
    (HELD, BROKEN, "*prod: broken* (was held) trading, 18.1\n1 broken now\n• `drift:a`"),
    (BROKEN, HELD, "*prod: held* (was broken) trading, 18.1\n1 held now\n• `drift:a`"),
    (None, BROKEN, "*prod: broken* (was held) trading, 18.1\n1 broken now\n• `drift:a`"),
    (BROKEN, [*BROKEN, claim("ledger:1", "unverified")],
     "*prod: broken* trading, 18.1\n1 unverified now\n• `ledger:1`\n1 not held as before"),
], ids=["broke", "fixed", "the first run", "one more"])
def test_a_change_of_verdict_is_told(listener: Listener, before: list[dict[str, Any]] | None, after: list[dict[str, Any]],
                                     words: str) -> None:
    assert tell(listener.url, before, after) == "--notify: 127.0.0.1 was told what changed"
    (path, body), = listener.heard
    assert path == "/services/T0/SECRET"
    assert json.loads(body) == {"text": words}


@pytest.mark.parametrize("before, after", [(HELD, HELD), (BROKEN, BROKEN), (None, HELD), (
    BROKEN, [claim("drift:a", "broken", detail="told otherwise"), claim("enums:b")])])
def test_what_is_as_before_is_not_told(listener: Listener, before: list[dict[str, Any]] | None,
                                       after: list[dict[str, Any]]) -> None:
    assert tell(listener.url, before, after) == "--notify: nothing is sent to 127.0.0.1: no verdict changed"
    assert listener.heard == []


def test_many_changes_are_counted_and_names_are_no_mentions(listener: Listener) -> None:
    tell(listener.url, None, [claim(f"drift:<!channel>`{number}", "broken") for number in range(200)])
    text = json.loads(listener.heard[0][1])["text"]
    assert "200 broken now" in text
    assert "• and 190 more" in text
    assert "<!channel>" not in text
    assert "• `drift:&lt;!channel&gt;'0`" in text


@pytest.mark.parametrize("answers", [404, 500, 302])
def test_a_webhook_that_refuses_is_told_without_its_secret_and_not_followed(listener: Listener, answers: int) -> None:
    listener.answers = answers
    assert tell(listener.url, HELD, BROKEN) == f"--notify: 127.0.0.1 was not told: it answered {answers}"
    assert len(listener.heard) == 1


def test_a_webhook_that_is_down_is_told() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}/SECRET"
        told = tell(url, HELD, BROKEN)
        assert told == "--notify: 127.0.0.1 was not told: Connection refused"
        assert ping(link("--ping", url, {}), 1, "") == "--ping: 127.0.0.1 was not told: Connection refused"


def test_a_heartbeat_gets_the_exit_code(listener: Listener) -> None:
    assert ping(link("--ping", listener.url + "/?create=1", {}), 6, "prod: unverified") == ""
    assert listener.heard == [("/services/T0/SECRET/6?create=1", "prod: unverified")]


@pytest.mark.parametrize("given", ["ftp://x/SECRET", "hooks.slack.com/SECRET", "https:///SECRET", "http://[SECRET",
                                   "env:NONE", "https://x/SEC RET", "env:BAD"])
def test_what_is_no_url_is_a_mistake_that_repeats_no_secret(given: str) -> None:
    with pytest.raises(UsageError) as refused:
        link("--notify", given, {"BAD": "SECRET"})
    assert "SECRET" not in str(refused.value)
    assert "--notify" in str(refused.value)


def test_a_url_may_come_from_the_environment() -> None:
    found = link("--notify", "env:HOOK", {"HOOK": "https://hooks.slack.com/services/SECRET\n"})
    assert found.host == "hooks.slack.com"
    assert "SECRET" not in repr(found)
