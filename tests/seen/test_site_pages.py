"""Every page of the public site: in both languages, on a telephone and a desk, without scripts, on paper."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.seen.chrome import DESKTOP, LOOKS, PHONE, faults, looking, picture, said
from tests.seen.world import World

SIZES = {"phone": PHONE, "desktop": DESKTOP}
GENERAL = tuple(
    f"{name}.html"
    for name in (
        "index",
        "updates",
        "what-was-taken",
        "what-to-do",
        "faq",
        "notice",
        "not-us",
        "media",
        "about",
    )
)
DYNAMIC = ("check", "contact", "contact/sent", "is-it-you")
PERSONAL = ("you", "you/letter")


def sign_in(page: Page, world: World, language: str, at: int = 0) -> None:
    """Open the personal page with a letter's code."""
    page.goto(f"/{language}/check")
    page.fill("#code", world.code(at))
    page.click("main button[type=submit]")
    page.wait_for_url(f"**/{language}/you")


def name_of(path: str) -> str:
    """Return a name for a picture."""
    return path.strip("/").replace("/", "-").removesuffix(".html") or "first"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["en", "es"])
def test_every_page_is_for_everybody(
    browser: Browser, site: str, world: World, language: str, size: str
) -> None:
    wrong: dict[str, list[str]] = {}
    rules = () if size == "phone" else LOOKS
    with looking(browser, site, SIZES[size]) as (context, watched):
        page = context.new_page()
        for way in (*GENERAL, *DYNAMIC):
            _look(
                page, f"/{language}/{way}", f"site-{size}/{language}-{name_of(way)}", wrong, rules
            )
        sign_in(page, world, language)
        for way in PERSONAL:
            _look(
                page, f"/{language}/{way}", f"site-{size}/{language}-{name_of(way)}", wrong, rules
            )
    assert not wrong, said(wrong)
    watched.clean()


def _look(
    page: Page, path: str, name: str, wrong: dict[str, list[str]], rules: tuple[str, ...]
) -> None:
    answer = page.goto(path)
    assert answer is not None
    found = faults(page, rules) if answer.ok else [f"answers {answer.status}"]
    if found:
        wrong[path] = found
    picture(page, name)


def links(context: BrowserContext, start: str) -> dict[str, set[str]]:
    """Return every page of the site that can be reached, and from where."""
    page, host = context.new_page(), ""
    waiting, seen = [start], {start: {""}}
    while waiting:
        path = waiting.pop()
        answer = page.goto(path)
        assert answer is not None
        host = host or urlsplit(page.url).netloc
        if not answer.ok or "html" not in answer.headers.get("content-type", ""):
            continue
        for href in page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)"):
            parts = urlsplit(href)
            if parts.netloc != host:
                continue
            if parts.path not in seen:
                waiting.append(parts.path)
            seen.setdefault(parts.path, set()).add(path)
    page.close()
    return seen


def test_every_link_leads_somewhere_and_every_page_is_reached(browser: Browser, site: str) -> None:
    with looking(browser, site, DESKTOP, scripts=False) as (context, watched):
        found = links(context, "/")
        assert {
            f"/{lang}/{way}"
            for lang in ("en", "es")
            for way in (*GENERAL, "check", "contact", "is-it-you")
        } <= set(found)
        watched.clean()


@pytest.mark.parametrize("language", ["en", "es"])
def test_everything_works_without_scripts(
    browser: Browser, site: str, world: World, language: str
) -> None:
    with looking(browser, site, PHONE, scripts=False) as (context, watched):
        page = context.new_page()
        sign_in(page, world, language, at=1)
        assert page.locator("h1").count() == 1
        page.goto(f"/{language}/contact")
        page.fill("main input[name=contact]", "nobody@example.org")
        page.click("main button[type=submit]")
        page.wait_for_url(f"**/{language}/contact/sent")
        page.goto(f"/{language}/is-it-you")
        page.fill("#message", world.letters[1]["notice_id"])
        page.click("main button[type=submit]")
        assert page.locator("main h1, main h2").count() >= 1
        watched.clean()


def test_a_code_in_the_square_comes_into_the_form_and_not_into_a_request(
    browser: Browser, site: str, world: World
) -> None:
    with looking(browser, site, PHONE) as (context, watched):
        asked: list[str] = []
        context.on("request", lambda r: asked.append(r.url))
        page = context.new_page()
        page.goto(f"/c#{world.code(2)}")
        expect(page.locator("#code")).to_have_value(re.compile(r"\w{4}\W?\w{4}"))
        assert world.code(2).replace("-", "") in page.input_value("#code").replace("-", "")
        assert not [u for u in asked if world.code(2)[:9] in u]
        assert world.code(2) not in page.url
        watched.clean()


@pytest.mark.parametrize(
    "way", ["index.html", "what-to-do.html", "notice.html", "you", "you/letter"]
)
def test_on_paper_there_is_the_text_and_no_furniture(
    browser: Browser, site: str, world: World, way: str
) -> None:
    with looking(browser, site, DESKTOP) as (context, watched):
        page = context.new_page()
        sign_in(page, world, "en", at=3)
        page.goto(f"/en/{way}")
        page.emulate_media(media="print")
        assert page.locator("main h1").is_visible()
        for furniture in ("nav", ".usa-skipnav", "main button"):
            for one in page.locator(furniture).all():
                assert not one.is_visible(), furniture
        picture(page, f"site-paper/{name_of(way)}")
        watched.clean()


def test_a_wrong_code_and_an_empty_form_say_what_to_do(browser: Browser, site: str) -> None:
    wrong: dict[str, list[str]] = {}
    with looking(browser, site, PHONE) as (context, watched):
        page = context.new_page()
        for typed, name in (
            ("", "empty"),
            ("HELLO", "malformed"),
            ("0000-0000-0000-0000", "unknown"),
        ):
            for language in ("en", "es"):
                page.goto(f"/{language}/check")
                page.fill("#code", typed)
                page.click("main button[type=submit]")
                found = faults(page)
                if found:
                    wrong[f"{language} {name}"] = found
                picture(page, f"site-phone/{language}-check-{name}")
        watched.clean("/check")
    assert not wrong, said(wrong)


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_scam_check_answers_on_the_page(
    browser: Browser, site: str, world: World, language: str
) -> None:
    number = world.letters[0]["notice_id"]
    asked = {
        "ours": number,
        "not_ours": f"{number} verify your SSN at https://larkspur.example@evil.test/",
        "cannot_tell": "https://help.larkspur.example/",
        "hostile": "<script>alert(1)</script>\n<img src=x onerror=alert(2)> https://evil.test/"
        + "w" * 3000,
    }
    wrong: dict[str, list[str]] = {}
    with looking(browser, site, PHONE) as (context, watched):
        page = context.new_page()
        for name, text in asked.items():
            page.goto(f"/{language}/is-it-you")
            page.fill("#message", text)
            page.click("main button[type=submit]")
            found = faults(page)
            if found:
                wrong[name] = found
            picture(page, f"site-phone/{language}-is-it-you-{name}")
        watched.clean()
    assert not wrong, said(wrong)


def test_nothing_of_a_person_stays_behind_in_the_browser(
    browser: Browser, site: str, world: World
) -> None:
    with looking(browser, site, PHONE) as (context, watched):
        page = context.new_page()
        sign_in(page, world, "en", at=4)
        answer = page.goto("/en/you")
        assert answer is not None
        assert "no-store" in answer.headers["cache-control"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert page.evaluate("localStorage.length + sessionStorage.length") == 0
        assert all(c["httpOnly"] and c["sameSite"] == "Strict" for c in context.cookies())
        assert not page.evaluate("document.cookie")
        watched.clean()
