"""The ways that matter most, with the keyboard alone: check, claim, compare a message, ask without a letter."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.seen.chrome import DESKTOP, PHONE, faults, looking, picture, said, tab_to
from tests.seen.world import World


def press(page: Page, selector: str) -> None:
    """Reach something with Tab and use it with Enter."""
    tab_to(page, selector)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def with_offer(world: World, at: int) -> str:
    """Return the code of a person whose letter offers protection; persons of different tests differ."""
    return world.letters[-1 - at]["code"]


@pytest.mark.parametrize(("language", "at"), [("en", 0), ("es", 1)])
def test_from_the_square_to_the_claimed_code_in_three_steps(
    browser: Browser, site: str, world: World, language: str, at: int
) -> None:
    wrong: dict[str, list[str]] = {}
    with looking(browser, site, PHONE, locale=language) as (context, watched):
        page = context.new_page()
        page.goto(f"/c#{with_offer(world, at)}")  # the camera opened it
        expect(page.locator("#code")).to_have_value(re.compile(r"\w{4}\W?\w{4}"))
        press(page, "main button[type=submit]")  # 1: check
        assert page.url.endswith("/you"), page.inner_text("main")
        press(page, "form[action$='/you/claim'] button")  # 2: claim
        shown = page.inner_text("main")
        assert re.search(r"LW\d{8}Q7", shown), shown[:800]
        found = faults(page)
        if found:
            wrong["claimed"] = found
        picture(page, f"site-phone/{language}-claimed")
        own = re.findall(r"LW\d{8}Q7", shown)
        page.reload()
        assert re.findall(r"LW\d{8}Q7", page.inner_text("main"))[:1] == own[:1], (
            "shown again, the same code"
        )
        watched.clean()
    assert not wrong, said(wrong)


def test_a_typed_code_opens_the_page_and_leaving_closes_it(
    browser: Browser, site: str, world: World
) -> None:
    with looking(browser, site, DESKTOP) as (context, watched):
        page = context.new_page()
        page.goto("/en/")
        press(page, "main a[href$='check']")
        tab_to(page, "#code")
        page.keyboard.type(world.code(7).lower().replace("-", " "))
        page.keyboard.press("Enter")
        page.wait_for_url("**/en/you")
        press(page, "form[action$='/you/leave'] button")
        page.goto("/en/you")
        assert not page.url.endswith("/you"), "the personal page is closed"
        watched.clean()


def test_protection_is_asked_for_and_said_to_be(browser: Browser, site: str, world: World) -> None:
    with looking(browser, site, PHONE) as (context, watched):
        page = context.new_page()
        page.goto("/en/check")
        tab_to(page, "#code")
        page.keyboard.type(with_offer(world, 2))
        page.keyboard.press("Enter")
        page.wait_for_url("**/en/you")
        before = page.locator("form[action$='/you/protect']").count()
        assert before > 0
        press(page, "form[action$='/you/protect'] button")
        page.goto("/en/you")
        assert page.locator("form[action$='/you/protect']").count() == before - 1
        assert not faults(page)
        picture(page, "site-phone/en-you-protected")
        watched.clean()


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_message_is_compared_and_a_contact_left(
    browser: Browser, site: str, world: World, language: str
) -> None:
    with looking(browser, site, DESKTOP) as (context, watched):
        page = context.new_page()
        page.goto(f"/{language}/is-it-you")
        tab_to(page, "#message")
        page.keyboard.type(world.letters[0]["notice_id"])
        press(page, "main button[type=submit]")
        assert world.letters[0]["notice_id"] in page.inner_text("main")
        page.goto(f"/{language}/contact")
        tab_to(page, "main input[name=contact]")
        page.keyboard.type("somebody@example.org")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/{language}/contact/sent")
        watched.clean()


def test_the_first_tab_leads_past_the_menu(browser: Browser, site: str) -> None:
    with looking(browser, site, DESKTOP) as (context, watched):
        page = context.new_page()
        page.goto("/en/faq.html")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("!!document.activeElement.closest('main, footer')")
        watched.clean()
