"""The review as a browser shows it: readable in light and dark, on a desk and a phone, without scripts, in print."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest
from playwright.sync_api import sync_playwright

from amends.report.review_pages import review_html
from tests.packages import chromium
from tests.report.review_world import made
from tests.seen.chrome import DESKTOP, FLAGS, PHONE, faults, said

pytestmark = pytest.mark.slow


def test_the_page_is_accessible_in_every_look_and_prints(tmp_path: Path) -> None:
    with made(tmp_path / "acme") as case:
        pages = {name: review_html(case, name) for name in ("gap-report", "roadmap")}
    wrong: dict[str, list[str]] = {}
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=FLAGS)
        for name, html in pages.items():
            (tmp_path / f"{name}.html").write_text(html, "utf-8")
            for look in ("light", "dark"):
                for size in (DESKTOP, PHONE):
                    # The page forbids scripts; axe-core is one, so the policy is lifted for the look alone.
                    context = browser.new_context(viewport=size, color_scheme=look, bypass_csp=True)  # type: ignore[arg-type]
                    page = context.new_page()
                    page.goto((tmp_path / f"{name}.html").as_uri())
                    found = faults(page)
                    if found:
                        wrong[f"{name} {look} {size['width']}"] = found
                    context.close()
        context = browser.new_context()
        page = context.new_page()
        page.goto((tmp_path / "gap-report.html").as_uri())
        page.pdf(path=tmp_path / "printed.pdf", format="Letter")
        browser.close()
    assert not wrong, said(wrong)
    printed = pypdfium2.PdfDocument(tmp_path / "printed.pdf")
    try:
        assert 3 <= len(printed) <= 12
        assert "NOT MEASURED" in printed[0].get_textpage().get_text_range()
    finally:
        printed.close()
