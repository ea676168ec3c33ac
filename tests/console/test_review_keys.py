"""The review screen in Chromium: by keyboard alone, by two people, without script, on a phone, and to axe."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from starlette.applications import Starlette

from amends.pipeline import open_case
from tests import packages
from tests.console.browser import PASSWORD


@pytest.fixture(scope="module")
def address(console: Starlette) -> Iterator[str]:
    """Serve the console on a free port."""
    server = uvicorn.Server(uvicorn.Config(console, port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(200):
        if server.started:
            break
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as driver:
        made = driver.chromium.launch(executable_path=packages.chromium(), args=["--no-sandbox"])
        yield made
        made.close()


def _signed_in(
    chromium: Browser, address: str, name: str, *, script: bool = True, width: int = 1280
) -> Page:
    context = chromium.new_context(
        base_url=address, java_script_enabled=script, viewport={"width": width, "height": 900}
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto("/sign-in")
    page.locator("[name=name]").focus()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "sign-in" not in url)
    return page


def _press(page: Page, key: str) -> None:
    with page.expect_navigation():
        page.keyboard.press(key)


def test_a_case_is_reviewed_by_keyboard_alone(
    chromium: Browser, address: str, case_folder: Path
) -> None:
    page = _signed_in(chromium, address, "lead")
    faults: list[str] = []
    page.on("console", lambda m: faults.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: faults.append(str(e)))
    page.keyboard.press("g")
    _press(page, "r")
    page.goto("/review/judgements")
    first = page.locator(".list li.here").inner_text()
    _press(page, "j")
    assert page.locator(".list li.here").inner_text() != first
    _press(page, "ArrowLeft")
    assert page.locator(".list li.here").inner_text() == first
    page.keyboard.press("w")
    page.keyboard.type("counsel said so: j m z 1")  # keys typed into a field are letters
    page.keyboard.press("Escape")
    _press(page, "2")
    with open_case(case_folder) as case:
        made = case.decisions("judgement")
    assert [(d.by, d.choice, d.note) for d in made] == [
        ("Lead Person", "hold", "counsel said so: j m z 1")
    ]
    _press(page, "z")
    with open_case(case_folder) as case:
        assert not case.decisions("judgement")
    page.keyboard.press("?")
    assert "Take back your last decision" in page.locator("dialog#keys").inner_text()
    assert not faults
    page.context.close()


def test_merge_and_unsure_have_their_keys(
    chromium: Browser, address: str, case_folder: Path
) -> None:
    page = _signed_in(chromium, address, "reviewer")
    page.goto("/review/ties")
    _press(page, "m")
    with open_case(case_folder) as case:
        assert [d.by for d in case.decisions("merge")] == ["Reviewer Person"]
    _press(page, "z")
    _press(page, "s")
    with open_case(case_folder) as case:
        assert len(case.decisions("keep_apart")) == 1 and not case.decisions("merge")
    _press(page, "z")
    page.goto("/review/ties")
    _press(page, "u")
    with open_case(case_folder) as case:
        assert not case.decisions()
    page.context.close()


def test_without_script_everything_is_a_form(
    chromium: Browser, address: str, case_folder: Path
) -> None:
    page = _signed_in(chromium, address, "counsel", script=False)
    page.goto("/review/judgements")
    page.get_by_role("button", name="Do not tell").click()
    assert "Recorded" in page.locator(".said").inner_text()
    with open_case(case_folder) as case:
        assert [d.by for d in case.decisions("judgement")] == ["Counsel Person"]
    page.get_by_role("button", name="Take back my last decision").click()
    assert "Taken back" in page.locator(".said").inner_text()
    page.goto("/review/columns?show=all")
    page.get_by_role("link", name="Show some values").click()
    assert page.locator("#sample li").count()
    page.context.close()


@pytest.mark.parametrize("width", [1280, 400])
def test_no_page_has_a_fault_that_axe_finds_or_is_wider_than_the_screen(
    chromium: Browser, address: str, width: int
) -> None:
    page = _signed_in(chromium, address, "lead", width=width)
    outside: list[str] = []
    page.on("request", lambda r: outside.append(r.url) if not r.url.startswith(address) else None)
    text = page.request.get("/release/S0001.json").json()["texts"][0]["variant"]
    filing = page.request.get("/duties/filings.json").json()["filings"][0]["duty_id"]
    group = page.request.get("/duties.json").json()["groups"][0]["group_id"]
    for path in (
        "/review", "/review/ties", "/review/findings", "/review/columns?show=all", "/review/judgements",
        "/review/held", "/review/exceptions", "/review/unattributed", "/review/quality", "/duties",
        "/duties/calendar", "/duties/filings", f"/duties/filings/{filing}", f"/duties/groups/{group}", "/release",
        "/release/S0001", f"/release/S0001/proofs/{text}", "/release/send/print",
    ):  # fmt: skip
        page.goto(path)
        page.wait_for_load_state("networkidle")
        found = Axe().run(page).response["violations"]
        assert not [(v["id"], v["nodes"][0]["html"][:120]) for v in found], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert not outside
    page.context.close()
