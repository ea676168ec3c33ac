"""Debian's Chromium, and what is held against every page that it shows."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 800}
# What WCAG 2.2 AA asks for, and what axe-core's makers hold to be good practice.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_PLACEHOLDER = re.compile(
    r".{0,40}(?:\{\{|\{%|\bundefined\b|(?<![.!?] )(?<!\n)\bNone\b(?![.\w ])).{0,40}"
)
_axe = Axe()


@dataclass
class Watched:
    """What went wrong in a context while its pages were looked at."""

    host: str
    strangers: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    def request(self, request: Request) -> None:
        """Note a request to any other host."""
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob", "about") and parts.netloc != self.host:
            self.strangers.append(request.url)

    def response(self, response: Response) -> None:
        """Note an answer that is an error."""
        if response.status >= 400:
            self.answers.append(f"{response.status} {response.url}")

    def console(self, message: ConsoleMessage) -> None:
        """Note what the browser complains about: scripts, policy, resources."""
        if message.type in ("error", "warning"):
            self.errors.append(f"{message.type}: {message.text[:300]}")

    def clean(self, *but: str) -> None:
        """Say that nothing went wrong, but for answers whose text holds one of these."""
        assert not self.strangers, self.strangers
        errors = [e for e in self.errors if not any(b in e for b in but)]
        assert not errors, errors
        answers = [a for a in self.answers if not any(b in a for b in but)]
        assert not answers, answers


@contextmanager
def looking(
    browser: Browser, address: str, size: dict[str, int], *, scripts: bool = True, **more: object
) -> Iterator[tuple[BrowserContext, Watched]]:
    """Open a context of its own, watched; it says at its end that nothing went wrong."""
    context = browser.new_context(
        base_url=address,
        viewport=size,
        java_script_enabled=scripts,
        **more,  # type: ignore[arg-type]
    )
    context.set_default_timeout(15_000)
    watched = Watched(urlsplit(address).netloc)
    context.on("request", watched.request)
    context.on("response", watched.response)
    context.on("console", watched.console)
    context.on("weberror", lambda e: watched.errors.append(f"script: {e.error}"))
    try:
        yield context, watched
    finally:
        context.close()


# What depends on width and colours; the rest is the same for a page however it is laid out.
LOOKS = ("color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block")


def faults(page: Page, rules: tuple[str, ...] = ()) -> list[str]:
    """Return what is wrong with a page as it stands: accessibility, scrolling sideways, its heading and language.

    Args:
        page: The page.
        rules: Rules of axe-core to go by; empty = all of ``TAGS``.
    """
    only = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": TAGS}
    page.locator(".htmx-request, .htmx-swapping, .htmx-settling").first.wait_for(state="detached")
    found = [
        f"{v['id']}: {n['target']} {n['html'][:160]} — {v['help']}"
        for v in _axe.run(page, options={"runOnly": only}).response["violations"]
        for n in v["nodes"][:4]
    ]
    wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    if wide > 0:
        found.append(f"scrolls sideways by {wide} px: {_widest(page)}")
    if page.locator("h1").count() != 1:
        found.append(f"has {page.locator('h1').count()} first headings")
    if not page.evaluate("document.documentElement.lang"):
        found.append("says no language")
    odd = _PLACEHOLDER.search(page.locator("body").inner_text())
    if odd:
        found.append(f"shows a placeholder: {odd.group()}")
    return found


def said(wrong: dict[str, list[str]]) -> str:
    """Return what is wrong with pages as it is best read."""
    return "\n".join(
        ["", *(line for path, why in wrong.items() for line in (path, *(f"    {w}" for w in why)))]
    )


def _widest(page: Page) -> str:
    return str(
        page.evaluate(
            """() => [...document.querySelectorAll('body *')]
            .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
            .slice(0, 3).map(e => `${e.tagName}.${e.className}`).join('; ')"""
        )
    )


def picture(page: Page, name: str) -> None:
    """Keep a picture of the whole page where ``AMENDS_PICTURES`` says so."""
    folder = os.environ.get("AMENDS_PICTURES")
    if folder:
        path = Path(folder) / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=path, full_page=True, caret="initial")


def tab_to(page: Page, selector: str, most: int = 80) -> None:
    """Reach an element with the Tab key alone, seeing on the way that what has the focus shows it."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate(
            "s => !!document.activeElement && document.activeElement.matches(s)", selector
        ):
            assert _shows_focus(page), f"{selector} has the focus and does not show it"
            return
    raise AssertionError(f"{selector} cannot be reached with the Tab key")


def _shows_focus(page: Page) -> bool:
    return bool(
        page.evaluate(
            """() => { const s = getComputedStyle(document.activeElement);
            return (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none'; }"""
        )
    )
