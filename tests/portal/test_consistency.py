"""Letter, answer, statement, questions, list, notice, media text and script name the same, with the same counts."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings

from amends.kernel.errors import TableError
from amends.portal.pages.agree import LISTS, differences, letter_counts, read_parts
from amends.portal.pages.kit import write_kit
from amends.portal.pages.static import write_static
from amends.portal.shapes import LANGUAGES, Determination
from amends.portal.words.order import capital, plural
from tests.portal.determinations import determinations
from tests.portal.world import determination

SEVERAL = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


def pages_of(folder: Path, language: str) -> dict[str, str]:
    """Return every page and text of the kit that names elements, as written."""
    pages = {p.name: p.read_text("utf-8") for p in (folder / "static" / language).glob("*.html")}
    for path in (folder / "kit").glob(f"*.{language}.html"):
        pages[path.name.split(".")[0]] = path.read_text("utf-8")
    return {name: text for name, text in pages.items() if name in LISTS}


def written(found: Determination, folder: Path) -> dict[str, dict[str, str]]:
    write_static(found, folder / "static")
    write_kit(found, folder / "kit")
    return {language: pages_of(folder, language) for language in LANGUAGES}


@SEVERAL
@given(determinations())
def test_all_pages_name_the_elements_and_counts_of_the_letters(found: Determination) -> None:
    with TemporaryDirectory() as folder:
        for language, pages in written(found, Path(folder)).items():
            assert set(pages) == set(LISTS)
            assert differences(pages, found, language) == []


@SEVERAL
@given(determinations())
def test_every_element_of_every_group_is_on_every_page(found: Determination) -> None:
    with TemporaryDirectory() as folder:
        for language, pages in written(found, Path(folder)).items():
            for one in (c for c in found.classes if c.n_persons):
                for exposed in one.elements:
                    name = capital(plural(exposed.element, language))
                    for page, text in pages.items():
                        told = {
                            line[0]
                            for part in LISTS[page]
                            for line in read_parts(text).get(part, ())
                        }
                        assert name in told, (page, name)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", list(LISTS))
def test_a_count_changed_in_one_text_is_found(tmp_path: Path, page: str, language: str) -> None:
    found = determination()
    pages = written(found, tmp_path)[language]
    name = plural("birth_date", language)
    changed = re.sub(
        rf"({capital(name)}\s*</(?:th|span)>.*?>)3(?=[ <])",
        r"\g<1>4",
        pages[page],
        count=1,
        flags=re.DOTALL,
    )
    assert changed != pages[page]
    faults = differences({**pages, page: changed}, found, language)
    assert len(faults) == 1
    assert faults[0].startswith(f"{page}: {capital(name)}: 4 people, and 3 in letters")


def test_an_element_left_out_of_one_text_is_found(tmp_path: Path) -> None:
    found = determination()
    pages = written(found, tmp_path)["en"]
    shorter = re.sub(
        r"<li><span>Social Security numbers.*?</li>", "", pages["notice.html"], flags=re.DOTALL
    )
    assert differences({"notice.html": shorter}, found, "en") == [
        "notice.html: Social Security numbers: 0 people, and 2 in letters"
    ]


def test_another_number_of_people_is_found(tmp_path: Path) -> None:
    found = determination()
    page = written(found, tmp_path)["en"]["index.html"].replace(
        "We tell 5 people", "We tell 50 people"
    )
    assert differences({"index.html": page}, found, "en") == [
        "index.html: 50 people in all, and 5 in letters"
    ]


def test_an_answer_that_differs_from_its_letter_stops_publication(tmp_path: Path) -> None:
    found = determination()
    odd = replace(found.classes[0], names={**found.classes[0].names, "en": ("name",)})
    with pytest.raises(TableError, match="names are not those of its letter"):
        write_static(replace(found, classes=(odd, *found.classes[1:])), tmp_path / "static")
    assert not (tmp_path / "static").exists()


def test_figures_that_disagree_with_the_letters_stop_publication(tmp_path: Path) -> None:
    found = determination()
    wrong = replace(found, editions=(replace(found.edition, n_persons=54),))
    for write in (write_static, write_kit):
        with pytest.raises(TableError, match="disagree"):
            write(wrong, tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_counts_of_letters_are_sums_over_their_groups() -> None:
    assert letter_counts(determination(), "en")["Dates of birth"] == 3
