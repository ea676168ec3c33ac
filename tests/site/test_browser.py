"""The personal pages in a browser: open to everybody, by keyboard alone, at both sizes, asking nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from amends.portal.offers.stock import CodeLine, import_codes
from amends.portal.published import Published
from amends.portal.state import open_state
from amends.site.settings import Limits
from tests import packages
from tests.portal.world import OFFER, World, publish_world
from tests.site.served import Served, served
from tests.site.visitor import ADULT, HELD, UNKNOWN_CODE

SIZES = {"phone": {"width": 360, "height": 740}, "desk": {"width": 1280, "height": 900}}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return a world with a code on the shelf."""
    made = publish_world(tmp_path_factory.mktemp("browser"))
    state = open_state(made.published)
    keys = Published.open(made.published).keys
    lines = [CodeLine(n, f"LARK-TEST-{n:04d}-AAAA") for n in range(1, 9)]
    import_codes(state, keys, lines, product=OFFER.product, expires_on=date(2028, 1, 1))
    state.dispose()
    return made


@pytest.fixture(scope="module")
def site(world: World) -> Iterator[Served]:
    """Return the site behind a socket."""
    with served(world, Limits()) as made:
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return Chromium."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=packages.chromium(), args=["--no-sandbox"]
        )
        yield opened
        opened.close()


class Sitting:
    """A page that remembers what it asked for and complained about."""

    def __init__(self, context: BrowserContext, site: Served) -> None:
        self.page: Page = context.new_page()
        self.home = f"http://127.0.0.1:{site.port}"
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def look(self) -> None:
        """Check the page shown: no barrier, no sideways scrolling, nobody else asked, no complaint."""
        found = Axe().run(self.page)
        assert found.violations_count == 0, found.generate_report()
        wide = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, self.page.url
        assert not [url for url in self.asked if not url.startswith(self.home)]
        assert not self.complaints


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["en", "es"])
def test_every_personal_page_is_open_to_everybody(
    browser: Browser, site: Served, world: World, size: str, language: str
) -> None:
    context = browser.new_context(viewport=SIZES[size], locale=language)  # type: ignore[arg-type]  # width and height
    sitting = Sitting(context, site)
    page = sitting.page
    page.goto(f"{sitting.home}/c#{world.code(ADULT)}")
    assert page.url == f"{sitting.home}/{language}/check", "the code is out of the address"
    assert page.input_value("#code") == world.code(ADULT)
    sitting.look()
    page.click("#code-form button")
    assert page.url.endswith(f"/{language}/you")
    sitting.look()
    if page.locator("form[action$='you/claim'] button").count():
        page.click("form[action$='you/claim'] button")
    assert page.locator(".enrolment-code").inner_text() == "LARK-TEST-0001-AAAA"
    sitting.look()
    page.click("form[action$='you/protect'] button >> nth=0") if page.locator(
        "form[action$='you/protect']"
    ).count() else None
    sitting.look()
    page.goto(f"{sitting.home}/{language}/you/letter")
    sitting.look()
    for way in ("contact", "contact/sent", "is-it-you", "check?closed"):
        page.goto(f"{sitting.home}/{language}/{way}")
        sitting.look()
    page.goto(f"{sitting.home}/{language}/is-it-you")
    page.fill("#message", "Pay at http://larkspur.example.evil.example/")
    page.click("main form button")
    sitting.look()
    for code in (UNKNOWN_CODE, world.code(HELD), "7K2M-0000-0000-0001"):
        page.goto(f"{sitting.home}/{language}/check")
        page.fill("#code", code)
        page.click("#code-form button")
        sitting.look()
    context.close()


def test_the_keyboard_alone_leads_from_the_letter_to_the_answer(
    browser: Browser, site: Served, world: World
) -> None:
    context = browser.new_context()
    sitting = Sitting(context, site)
    page = sitting.page
    page.goto(f"{sitting.home}/en/check")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "usa-skipnav"
    for _ in range(40):
        if page.evaluate("document.activeElement.id") == "code":
            break
        page.keyboard.press("Tab")
    page.keyboard.type(world.code(ADULT))
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/you")
    context.close()


def test_without_javascript_the_code_is_typed_and_all_else_works(
    browser: Browser, site: Served, world: World
) -> None:
    context = browser.new_context(java_script_enabled=False)
    sitting = Sitting(context, site)
    page = sitting.page
    page.goto(f"{sitting.home}/c#{world.code(ADULT)}")
    assert page.input_value("#code") == ""
    page.fill("#code", world.code(ADULT))
    page.click("#code-form button")
    assert "Social Security number" in page.inner_text("main")
    context.close()


def test_the_way_back_shows_nothing_after_the_page_is_closed(
    browser: Browser, site: Served, world: World
) -> None:
    context = browser.new_context()
    sitting = Sitting(context, site)
    page = sitting.page
    page.goto(f"{sitting.home}/en/check")
    page.fill("#code", world.code(ADULT))
    page.click("#code-form button")
    page.click("form[action$='you/leave'] button")
    page.wait_for_url("**/en/check?left")
    page.go_back()
    assert "Social Security number" not in page.inner_text("main")
    context.close()
