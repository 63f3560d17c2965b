"""The report as a page: self-contained, no name becomes markup, and in a browser it filters, links and obeys keys."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checks.reports.history import history
from checks.reports.page import page
from checks.reports.runs import run_of
from tests.reports.nights import DIFFERS, HOSTILE, claim, many, night, runs

BROWSER = os.environ.get("POSTDEPLOY_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome") or ""
needs_browser = pytest.mark.skipif(not BROWSER, reason="no Chromium here: apt-get install chromium, or set "
                                   "POSTDEPLOY_CHROMIUM to one, such as that of `playwright install chromium`")
PAST = [[claim("drift:orders"), claim("enums:orders.side"), claim("ledger:1"), claim("drift:types, functions")],
        [claim("drift:orders", "broken", differs=DIFFERS), claim("enums:orders.side", "unverified", cause="drift:orders"),
         claim("ledger:1"), claim("drift:types, functions")]]


def hostile() -> str:
    named = [claim(f"drift:{name}", "broken", detail=name, sentence=name, witness=name, next_step=name, cause=name,
                   differs=[dict.fromkeys(("object", "field", "expected", "found"), name)],
                   accepted={"reason": name, "until": name} if number % 2 else None) for number, name in enumerate(HOSTILE)]
    more = {"notes": list(HOSTILE), "left_out": [{"area": "x", "why": HOSTILE[0]}]}
    nights = [night(number, named, place={"database": HOSTILE[number], "role": HOSTILE[2]}, **more) for number in (0, 1)]
    return page(history([run_of(each, "") for each in nights]), HOSTILE)


def test_the_page_stands_alone_and_allows_itself_nothing_else() -> None:
    text = page(history(runs(*PAST)))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy[1]
    assert re.findall(r"(?:src|href|action)=\"(?!#|data:,)[^\"]*\"|@import|url\(|https?://", text) == []
    assert not re.search(r"<[^>]+ (?:style|on\w+)=", text)


def test_no_name_becomes_markup_or_script() -> None:
    text = hostile()
    plain = page(history(runs(*PAST)))
    tags = re.compile(r"<(?:script|img|iframe|style|link)\b[^>]*>")
    assert tags.findall(text) == [*tags.findall(plain)]
    assert text.count("<script") == text.count("</script>") == 2
    assert not re.search(r"<[^>\"]*\"[^>]*\bon(?:error|mouseover)=", re.sub(r'"[^"]*"', '""', text))
    assert "49" not in re.sub(r"<style>.*?</style>|sha256-[^']*|&#\d+;|%\w\w", "", text, flags=re.DOTALL)
    assert 'href="javascript:' not in text


def test_it_says_the_verdict_what_was_looked_at_and_since_when() -> None:
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page(history(runs(*PAST)))))
    for words in ("broken since 2026-01-02 02:00 UTC, 1 run", "1 broken 1 unverified 2 held", "database trading",
                  "system identifier 7", "character varying(10)", "nothing", "follows from drift:orders", "held 1 of 2"):
        assert words in text, words


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield chromium
        chromium.close()


class Opened:
    """A page in the browser, and all that it did of its own."""

    def __init__(self, browser: Any, file: Path, text: str, fragment: str = "", **options: Any) -> None:
        file.write_text(text, encoding="utf-8")
        self.tab = browser.new_context(**options).new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.tab.on("console", lambda message: self.said.append(message.text))
        self.tab.on("pageerror", lambda error: self.said.append(str(error)))
        self.tab.on("dialog", lambda dialog: self.said.append(f"dialog {dialog.message}"))
        self.tab.on("request", lambda request: self.asked.append(request.url))
        self.tab.goto(file.as_uri() + fragment)

    def shown(self) -> list[str]:
        """Ids of the claims that are listed, in order."""
        return list(self.tab.eval_on_selector_all(".claim", "all => all.map(each => each.dataset.id)"))

    def focused(self) -> str:
        """Id of the claim that has the focus."""
        return str(self.tab.evaluate("document.activeElement.closest('.claim')?.dataset.id ?? document.activeElement.name"))


@needs_browser
def test_filters_keys_and_links_work_in_a_browser(browser: Any, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    opened = Opened(browser, tmp_path / "r.html", page(history(runs(*PAST))))
    tab, every = opened.tab, ["drift:orders", "enums:orders.side", "ledger:1", "drift:types, functions"]
    assert opened.shown() == every
    tab.keyboard.press("/")
    tab.keyboard.type("ORDERS varying")
    assert opened.shown() == ["drift:orders"]
    assert tab.inner_text("output") == "1 of 4 claims"
    tab.keyboard.press("Escape")
    expect(tab.locator(".claim")).to_have_count(4)
    tab.select_option("[name=area]", "drift")
    assert opened.shown() == ["drift:orders", "drift:types, functions"]
    tab.uncheck("[value=broken]")
    tab.uncheck("[value=held]")
    assert opened.shown() == []
    assert tab.is_visible(".none")
    tab.click("text=All")
    expect(tab.locator(".claim")).to_have_count(4)
    for key, claimed in (("j", every[0]), ("j", every[1]), ("j", every[2]), ("k", every[1])):
        tab.keyboard.press(key)
        assert opened.focused() == claimed
    assert tab.get_attribute(".claim >> nth=2 >> details", "open") is None
    tab.keyboard.press("j")
    tab.keyboard.press("Enter")
    assert tab.get_attribute(".claim >> nth=2 >> details", "open") == ""
    tab.fill("[name=text]", "ledger")
    tab.evaluate("location.hash = 'drift:types, functions'")
    expect(tab.locator("[data-id='drift:types, functions'] summary")).to_be_focused()
    assert (opened.said, [url.partition("#")[0] for url in opened.asked]) == ([], [(tmp_path / "r.html").as_uri()])


@needs_browser
def test_a_deep_link_opens_its_claim(browser: Any, tmp_path: Path) -> None:
    opened = Opened(browser, tmp_path / "r.html", page(history(runs(*PAST))), "#drift:types,%20functions")
    from playwright.sync_api import expect

    expect(opened.tab.locator("[data-id='drift:types, functions'] summary")).to_be_focused()
    assert opened.tab.is_visible("[data-id='drift:types, functions'] .body")


@needs_browser
@pytest.mark.parametrize("look", [
    {"color_scheme": "light"}, {"color_scheme": "dark"}, {"viewport": {"width": 360, "height": 800}},
], ids=["light", "dark", "narrow"])
def test_hostile_names_are_shown_and_do_nothing_in_any_look(browser: Any, tmp_path: Path, look: dict[str, Any]) -> None:
    opened = Opened(browser, tmp_path / "r.html", hostile(), **look)
    strip = opened.tab.locator(".claim .strip >> nth=0")
    strip.hover(position={"x": strip.bounding_box()["width"] - 3, "y": 8})
    assert opened.tab.inner_text(".tip") == "2026-01-02 02:00 UTC: broken"
    strip.hover(position={"x": 3, "y": 8})
    assert opened.tab.is_hidden(".tip")
    assert len(opened.shown()) == len(HOSTILE)
    assert "drift:</script><script>alert(2)</script>" in opened.shown()
    assert opened.tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert (opened.said, len(opened.asked)) == ([], 1)


@needs_browser
def test_hundreds_of_claims_over_hundreds_of_nights_are_filtered(browser: Any, tmp_path: Path) -> None:
    past = history([run_of(night(number, claims), "") for number, claims in enumerate(many(60, 500))])
    opened = Opened(browser, tmp_path / "r.html", page(past))
    assert len(opened.shown()) == 500
    opened.tab.fill("[name=text]", "table0123")
    assert opened.shown() == ["drift:table0123.side"]
    opened.tab.select_option("[name=area]", "ledger")
    assert opened.shown() == []
    assert opened.said == []
