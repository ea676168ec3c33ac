"""The general pages as plain files: links hold, no stranger is named, no script, no style, two languages alike."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import jinja2
import pytest

from amends.kernel.errors import DeliveryError
from amends.portal.pages.kit import KIT, write_kit
from amends.portal.pages.links import (
    allowed_hosts,
    broken_links,
    foreign_hosts,
    hosts_in,
    refuse_wrong_links,
)
from amends.portal.pages.render import ASSETS, MAIN_PAGES, TEMPLATES, frame_of, render
from amends.portal.pages.static import PAGES, write_static
from amends.portal.shapes import LANGUAGES
from tests.portal.world import determination, incident


@pytest.fixture(scope="module")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("static")
    write_static(determination(2), folder)
    return folder


def pages(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.html"))


def test_every_page_is_there_in_both_languages(static: Path) -> None:
    names = {p.relative_to(static).as_posix() for p in pages(static)}
    assert names == {"index.html", *(f"{lang}/{page}" for lang in LANGUAGES for page in PAGES)}


def test_no_link_is_broken(static: Path) -> None:
    assert broken_links(static) == []


BROKEN = [
    ('<a href="nowhere.html">', "nowhere.html"),
    ('<a href="faq.html#no-such-question">', "faq.html#no-such-question"),
    ('<a href="/en/faq.html">', "/en/faq.html"),
    ('<a href="../../../../etc/passwd">', "../../../../etc/passwd"),
    ('<a href="javascript:alert(1)">', "javascript:alert(1)"),
    ('<img src="http://larkspur.example/x.png">', "http://larkspur.example/x.png"),
    ('<a href="//evil.example">', "//evil.example"),
    ('<form action="nowhere">', "nowhere"),
    ('<a href="">', ""),
]


@pytest.mark.parametrize(("markup", "link"), BROKEN)
def test_a_link_that_leads_nowhere_is_found(tmp_path: Path, markup: str, link: str) -> None:
    write_static(determination(), tmp_path)
    page = tmp_path / "en" / "about.html"
    page.write_text(page.read_text("utf-8").replace("</main>", f"{markup}</main>"), "utf-8")
    assert broken_links(tmp_path) == [f"en/about.html: {link}"]


def test_every_host_named_is_ours_or_an_offices(static: Path, tmp_path: Path) -> None:
    found = determination(2)
    write_kit(found, tmp_path)
    texts = {p.name: p.read_text("utf-8") for p in (*pages(static), *tmp_path.glob("*.*"))}
    del texts["not-us.html"]
    assert foreign_hosts(texts, allowed_hosts(found)) == []


HOSTS = [
    ("Go to https://evil.example/x now", ["evil.example"]),
    ("Go to www.larkspur-help.com.", ["www.larkspur-help.com"]),
    ("Write to a@larkspur-help.com", ["larkspur-help.com"]),
    ("src=//cdn.example.net/a.js", ["cdn.example.net"]),
    ("It ended on August 3.We learned of it later.", []),
    ("Version 1.2.3, faq.html, 18:30", []),
]


@pytest.mark.parametrize(("text", "hosts"), HOSTS)
def test_hosts_are_read_from_text(text: str, hosts: list[str]) -> None:
    assert hosts_in(text) == hosts


def test_a_strangers_host_in_any_artefact_is_found() -> None:
    allowed = allowed_hosts(determination())
    texts = {
        "letter": "Visit help.larkspur.example",
        "script": "Visit help-larkspur.example or larkspur.example.evil.com",
    }
    assert foreign_hosts(texts, allowed) == [
        "script: help-larkspur.example",
        "script: larkspur.example.evil.com",
    ]


def test_pages_hold_no_script_no_style_and_nothing_from_elsewhere(static: Path) -> None:
    for page in pages(static):
        text = page.read_text("utf-8")
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=|http-equiv|<iframe|<img", text), (
            page.name
        )
        loaded = re.findall(r'<link[^>]+href="([^"]+)"', text)
        assert all("assets/" in link and "//" not in link for link in loaded)


def test_the_stylesheet_is_small_and_loads_nothing_from_elsewhere() -> None:
    text = (ASSETS / "site.css").read_text("utf-8")
    assert len(text.encode()) < 120_000
    assert "http" not in text and "@font-face" not in text and "data:" not in text
    assert "MIT License" in text and "CC0" in text


class _Outline(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.language = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        known = dict(attrs)
        if known.get("id"):
            self.ids.append(str(known["id"]))
        if tag == "html":
            self.language = known.get("lang") or ""


def test_pages_have_one_heading_landmarks_a_language_and_unique_ids(static: Path) -> None:
    for page in pages(static):
        outline = _Outline()
        outline.feed(page.read_text("utf-8"))
        assert outline.tags.count("h1") == outline.tags.count("main") == 1, page.name
        assert outline.language == (page.parent.name if page.parent.name in LANGUAGES else "en")
        assert len(outline.ids) == len(set(outline.ids)), page.name
        levels = [int(t[1]) for t in outline.tags if re.fullmatch(r"h[1-6]", t)]
        assert all(b <= a + 1 for a, b in pairwise(levels)), page.name


def test_the_language_switch_leads_to_the_same_page(static: Path) -> None:
    for page in PAGES:
        assert f'href="../es/{page}"' in (static / "en" / page).read_text("utf-8")
        assert f'href="../en/{page}"' in (static / "es" / page).read_text("utf-8")


def test_pages_name_edition_day_and_run(static: Path) -> None:
    for page in PAGES:
        assert "Edition 2 · November 11, 2026 · the figures are computed from run R0002." in (
            static / "en" / page
        ).read_text("utf-8")


def test_look_alikes_are_listed_and_are_not_links(static: Path) -> None:
    text = (static / "en" / "not-us.html").read_text("utf-8")
    listed = re.search(r'<ul class="names">(.*?)</ul>', text, re.DOTALL)
    assert listed and listed[1].count("<li>") >= 20
    assert "<a " not in listed[1]
    assert "<li>larkspur.example</li>" not in listed[1]


def test_hostile_words_are_shown_and_do_nothing(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script> [x](javascript:alert(1)) {{ run }} {% if %}"
    found = determination(
        incident=replace(incident(), entity=hostile, what_happened={"en": hostile, "es": hostile})
    )
    write_static(found, tmp_path)
    assert broken_links(tmp_path) == []
    for page in pages(tmp_path):
        text = page.read_text("utf-8")
        assert "<script" not in text and 'href="javascript' not in text
        assert "{{ run }}" in text


def test_a_bare_determination_still_makes_whole_pages(tmp_path: Path) -> None:
    bare = replace(
        incident(), domain="", site="", phone="", email="", address=(), signed_by="", what_happened={},
        what_we_do={}, discovered_on=None, breach_from_on=None, breach_to_on=None, contained_on=None,
        populations={}, not_exposed=frozenset(), n_items_unread=0,
    )  # fmt: skip
    write_static(determination(incident=bare, protection=()), tmp_path)
    assert broken_links(tmp_path) == []
    for page in pages(tmp_path):
        assert not re.search(r"<(p|li|h2|ul|td)[^>]*>\s*</\1>", page.read_text("utf-8")), page.name


def test_the_kit_has_each_text_in_three_forms_and_two_languages(tmp_path: Path) -> None:
    write_kit(determination(), tmp_path)
    assert {p.name for p in tmp_path.iterdir() if p.is_file()} == {
        f"{name}.{lang}.{form}"
        for name in KIT
        for lang in LANGUAGES
        for form in ("html", "txt", "md")
    }
    assert "https://help.larkspur.example/en/updates.html" in (
        tmp_path / "statement.en.md"
    ).read_text("utf-8")
    assert broken_links(tmp_path) == []


def test_the_kit_of_a_site_without_an_address_names_pages_without_links(tmp_path: Path) -> None:
    write_kit(determination(2, incident=replace(incident(), site="")), tmp_path)
    assert broken_links(tmp_path) == []
    assert "on the page Updates." in (tmp_path / "statement.en.txt").read_text("utf-8")


def test_every_class_of_the_pages_is_in_the_stylesheet(static: Path) -> None:
    style = (ASSETS / "site.css").read_text("utf-8")
    used = {
        c
        for p in pages(static)
        for names in re.findall(r'class="([^"]+)"', p.read_text("utf-8"))
        for c in names.split()
    }
    plain = {"usa-summary-box__body"}  # the design system gives it no rule
    assert {c for c in used if f".{c}" not in style} <= plain


def test_a_page_with_a_missing_value_is_an_error_never_a_blank() -> None:
    frame = frame_of(determination(), "en", MAIN_PAGES[0])
    with pytest.raises(jinja2.UndefinedError):
        render("document.html.j2", "en", frame=frame)


def test_folders_of_the_caller_come_first(tmp_path: Path) -> None:
    (tmp_path / "own.html.j2").write_text(
        '{% extends "base.html.j2" %}{% block main %}<h1>{{ x }}</h1>{% endblock %}'
    )
    frame = frame_of(determination(), "es", "check")
    page = render("own.html.j2", "es", folders=(tmp_path,), frame=frame, x="<b>")
    assert "<h1>&lt;b&gt;</h1>" in page
    assert 'href="../en/check"' in page
    assert TEMPLATES.is_dir()


def test_a_company_that_names_a_strange_host_is_not_published(tmp_path: Path) -> None:
    said = {
        "en": "Read more at larkspur-breach-help.com.",
        "es": "Lea más en larkspur-breach-help.com.",
    }
    found = determination()
    wrong = replace(found, incident=replace(found.incident, what_happened=said))
    write_static(wrong, tmp_path / "static")
    with pytest.raises(DeliveryError, match="larkspur-breach-help"):
        refuse_wrong_links(wrong, tmp_path / "static")
    write_static(found, tmp_path / "good")
    refuse_wrong_links(found, tmp_path / "good")
