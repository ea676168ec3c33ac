"""Every page of the console: light at a desk, dark on a telephone; signed in, reviewed and released with the keys."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.seen.chrome import DESKTOP, LOOKS, PHONE, faults, looking, picture, said, tab_to
from tests.seen.world import PASSWORD

_FILES = re.compile(r"\.(?:json|csv|ics|png|css|js|svg)$|^/assets/|^/sign-out")
# What differs from one page of a kind to the next: ids, numbers, digests.
_ID = re.compile(r"^(?:[A-Z]+\w*\d\w*|\d+|[0-9a-f]{6,}|[A-Z]{2}-\S+|plan)$")
# Asking for another stretch of the same list makes no page of another kind.
_STRETCH = ("before", "after", "from", "page", "card", "show")
_MOST_OF_A_KIND = 1


def sign_in(page: Page, name: str) -> None:
    """Sign in with the keyboard alone."""
    page.goto("/sign-in")
    expect(page.locator("#name")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "/sign-in" not in page.url, page.inner_text("main")


def kind_of(address: str) -> str:
    """Return what a page is, without which one it is."""
    parts = urlsplit(address)
    path = "/".join("*" if _ID.match(s) else s for s in parts.path.split("/"))
    names = sorted({p.split("=")[0] for p in parts.query.split("&") if p} - set(_STRETCH))
    return f"{path}?{'&'.join(names)}" if names else path


def crawl(
    page: Page, start: str, wrong: dict[str, list[str]], name: str, rules: tuple[str, ...] = ()
) -> Counter[str]:
    """Look at a page of each kind that can be reached; return how many of each were seen."""
    host = urlsplit(page.url).netloc
    waiting, came, seen = [start], {start: ""}, Counter[str]()
    while waiting:
        address = waiting.pop(0)
        kind = kind_of(address)
        if seen[kind] >= _MOST_OF_A_KIND:
            continue
        seen[kind] += 1
        answer = page.goto(address)
        assert answer is not None
        found = faults(page, rules) if answer.ok else [f"answers {answer.status}"]
        if found:
            wrong[f"{address} (from {came[address]})"] = found
        if seen[kind] == 1:
            picture(
                page,
                f"{name}/{re.sub(r'[^a-z0-9]+', '-', kind.replace('*', 'one')).strip('-') or 'home'}",
            )
        for href in page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)"):
            parts = urlsplit(href)
            way = parts.path + (f"?{parts.query}" if parts.query else "")
            if parts.netloc == host and way not in came and not _FILES.search(parts.path):
                came[way] = address
                waiting.append(way)
    return seen


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"]
)
def test_every_page_is_for_everybody(
    browser: Browser, console: str, size: dict[str, int], scheme: str
) -> None:
    wrong: dict[str, list[str]] = {}
    with looking(browser, console, size, color_scheme=scheme) as (context, watched):
        page = context.new_page()
        page.goto("/sign-in")
        found = faults(page)
        if found:
            wrong["/sign-in"] = found
        name = f"console-{'phone' if size is PHONE else 'desktop'}"
        picture(page, f"{name}/sign-in")
        sign_in(page, "dana")
        seen = crawl(page, "/", wrong, name, LOOKS if size is PHONE else ())
    assert not wrong, said(wrong)
    assert len(seen) > 20, seen
    watched.clean()


def test_the_call_centre_sees_its_own_page_only(browser: Browser, console: str) -> None:
    wrong: dict[str, list[str]] = {}
    with looking(browser, console, DESKTOP) as (context, watched):
        page = context.new_page()
        sign_in(page, "cal")
        seen = crawl(page, urlsplit(page.url).path, wrong, "console-call-centre")
        assert all(kind in ("/calls", "/me") or kind.startswith("/calls?") for kind in seen), seen
        watched.clean()
    assert not wrong, said(wrong)


def _open_cards(page: Page) -> int:
    found = re.search(r"(\d[\d,]*) open", page.locator(".tabs").inner_text())
    assert found
    return int(found.group(1).replace(",", ""))


def test_a_tie_is_settled_taken_back_and_left_unsure_with_the_keys(
    browser: Browser, console: str
) -> None:
    with looking(browser, console, DESKTOP) as (context, watched):
        page = context.new_page()
        sign_in(page, "remy")
        page.keyboard.press("g")
        with page.expect_navigation():
            page.keyboard.press("r")
        page.goto("/review/ties")
        before = _open_cards(page)
        assert before > 0
        for key in ("s", "m"):
            with page.expect_navigation():
                page.keyboard.press(key)
            assert _open_cards(page) == before - 1, key
            with page.expect_navigation():
                page.keyboard.press("z")
            page.goto("/review/ties")
            assert _open_cards(page) == before, key
        with page.expect_navigation():
            page.keyboard.press("u")
        page.goto("/review/ties")
        assert _open_cards(page) == before
        watched.clean()


def test_the_keys_are_shown_and_leave_again(browser: Browser, console: str) -> None:
    with looking(browser, console, DESKTOP) as (context, watched):
        page = context.new_page()
        sign_in(page, "remy")
        page.keyboard.press("?")
        assert page.locator("#keys").is_visible()
        assert not faults(page)
        picture(page, "console-desktop/keys")
        page.keyboard.press("Escape")
        assert not page.locator("#keys").is_visible()
        watched.clean()


def test_everything_works_without_scripts(browser: Browser, console: str) -> None:
    with looking(browser, console, DESKTOP, scripts=False) as (context, watched):
        page = context.new_page()
        sign_in(page, "remy")
        page.goto("/review/ties")
        before = _open_cards(page)
        page.click("form.decide button[value=unsure], form.decide button[data-key=u]")
        page.goto("/people")
        assert page.locator("table tbody tr").count() > 5
        page.goto("/review/ties")
        assert _open_cards(page) == before
        watched.clean()


def test_two_people_release_a_seal_and_one_alone_does_not(browser: Browser, console: str) -> None:
    for name, state in (("dana", "1 of 2"), ("robin", "Released")):
        with looking(browser, console, DESKTOP) as (context, watched):
            page = context.new_page()
            sign_in(page, name)
            page.goto("/release/S0001")
            assert not page.locator("form[action$='/approve']").count()
            for _ in range(40):
                page.goto("/release/S0001")
                if page.locator("form[action$='/approve']").count():
                    break
                _look_at_a_proof(page)
            tab_to(page, "form[action$='/approve'] button", 150)
            with page.expect_navigation():
                page.keyboard.press("Enter")
            page.goto("/release/S0001")
            assert state in page.inner_text("main"), page.inner_text("main")[:600]
            assert not page.locator("form[action$='/approve']").count()
            picture(page, f"console-desktop/release-after-{name}")
            watched.clean()


_seen_proofs: dict[int, int] = {}


def _look_at_a_proof(page: Page) -> None:
    """Open the next proof that this person has not opened yet, and wait for its pictures."""
    at = _seen_proofs.get(id(page.context), 0)
    _seen_proofs[id(page.context)] = at + 1
    page.goto(page.locator("a.proof").nth(at).get_attribute("href") or "")
    for shown in page.locator("img:not([loading=lazy])").all():
        expect(shown).to_have_js_property("complete", True)
        assert int(shown.evaluate("image => image.naturalWidth")) > 100
