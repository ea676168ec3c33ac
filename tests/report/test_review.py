"""The review says what the tables say: loud where nothing was measured, escaped where evidence is hostile."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pyarrow.csv as pacsv
import pypdfium2
import pytest
from click.testing import CliRunner

from amends.cli.main import cli
from amends.kernel.case import Case
from amends.kernel.errors import TableError, UsageError
from amends.report import exports
from amends.report import review_words as say
from amends.report.review import headline, review_data, verdict
from amends.report.review_exports import REVIEW_EXPORTS, ROWS
from amends.report.review_pages import review_html, review_pdf
from tests.report.review_world import BAD, FORMULA, TYPST, made

GOLDEN = Path(__file__).parent / "golden" / "review.txt"
"""What the terminal shows of the small review; ``AMENDS_REWRITE_GOLDEN=1`` writes it anew."""


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    with made(tmp_path / "acme") as opened:
        yield opened


@pytest.fixture
def page(case: Case) -> str:
    return review_html(case)


def _text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_the_terminal_shows_the_review_as_the_golden_file_has_it(case: Case) -> None:
    case.close()
    shown = CliRunner().invoke(cli, ["controls", str(case.folder)], env={"NO_COLOR": "1"})
    assert shown.exit_code == 0, shown.output
    told = "\n".join(line.rstrip() for line in shown.stdout.splitlines()) + "\n"
    if os.environ.get("AMENDS_REWRITE_GOLDEN"):
        GOLDEN.write_text(told, "utf-8")
    assert told == GOLDEN.read_text("utf-8")


def test_the_headline_says_what_failed_on_the_way_and_what_nobody_measured(case: Case) -> None:
    head = review_data(case)["head"]
    assert head["says"][0] == (
        "5 safeguards failed or fall short, 4 of them on the intruder's own way; 1 is proved closed since, 4 remain."
    )
    assert "The data of 54,000 people can still be reached from the internet." in head["says"]
    assert head["says"][-1].startswith("2 safeguards were not measured")
    assert [f["persons_removed"] for f in head["fixes"]] == [54000, 31000]


def test_reach_that_was_not_measured_is_said_and_never_taken_for_none(case: Case) -> None:
    told = review_data(case)
    measures = [m for m in told["measures"] if m["measure_id"] != "persons_reachable"]
    head = headline(told["gaps"], measures, told["roadmap"])
    assert any("was not measured" in s for s in head["says"])
    assert head["figures"][2][0] == "not measured"


def test_not_measured_is_loud_and_never_green(page: str) -> None:
    block = page[page.index('id="not-measured"') : page.index('id="top"')]
    assert "<span>NOT MEASURED</span> 2 safeguards" in block
    assert "Add the vault&#39;s audit." in block
    kpi = page[
        page.index("Canary records watched") - 100 : page.index("Canary records watched") + 200
    ]
    assert "kpi unmeasured" in kpi
    assert "<b>NOT MEASURED</b>" in kpi
    assert 'class="chip not_measured">NOT MEASURED' in page


VERDICTS = [
    (None, 1.0, "lower", "not measured"),
    (0.0, 0.0, "lower", "at target"),
    (2.0, 1.0, "lower", "short of target"),
    (0.4, 1.0, "higher", "short of target"),
    (1.0, 1.0, "higher", "at target"),
    (5.0, None, "lower", "no target"),
]


@pytest.mark.parametrize(("value", "target", "better", "words"), VERDICTS)
def test_a_figure_stands_to_its_target(
    value: float | None, target: float | None, better: str, words: str
) -> None:
    assert verdict(value, target, better) == words


def test_each_gap_opens_to_its_evidence(page: str) -> None:
    assert page.count('href="#Q0001"') >= 2
    gap = page[page.index('<article id="Q0001">') : page.index('<article id="Q0002">')]
    assert "network-after/bel-br1.conf:103" in gap
    assert "initial access: 203.0.113.9 → bel-br1" in gap
    assert "network-after/internet.xml" in gap
    assert "fact of the network" in gap


def test_every_link_of_the_page_leads_somewhere(page: str) -> None:
    wanted = set(re.findall(r'href="#([^"]+)"', page))
    assert wanted <= set(re.findall(r'id="([^"]+)"', page))
    assert not re.findall(r'(?:src|href)="(?!#)', page)


def test_nothing_of_the_evidence_runs(page: str) -> None:
    assert "<script" not in page.lower()
    assert BAD.replace("<", "&lt;").replace(">", "&gt;") in page
    assert "default-src 'none'" in page
    assert "http-equiv" in page and not re.search(r"\son[a-z]+=", page)


def test_a_safeguard_that_failed_and_is_closed_says_both(page: str) -> None:
    assert 'class="chip closed">failed, closed since' in page
    assert "54,000 then" in _text(page)


def test_accepted_risks_show_their_end(page: str) -> None:
    part = _text(page[page.index('id="accepted"') : page.index('id="cost"')])
    assert "2026-12-31" in part


def test_risk_is_only_ranges(page: str) -> None:
    part = _text(page[page.index('id="cost"') : page.index('id="scanners"')])
    assert "$600 k to $9.9 m" in part
    assert "2.4" not in part  # the middle draw is not told: it would be taken for the answer


def test_changes_are_told_and_a_first_measurement_has_none(case: Case, page: str) -> None:
    part = _text(page[page.index('id="changes"') : page.index('id="accepted"')])
    assert "Came back after it was closed" in part
    assert "No real people in test" in part
    assert "Clocks are set" not in part


def test_files_of_scanners_that_could_not_be_read_are_told(page: str) -> None:
    assert "scans/x.sarif : truncated. Export the file again." in _text(page)


def test_a_case_without_a_review_says_how_to_get_one(tmp_path: Path) -> None:
    Case.create(tmp_path / "new", {})
    with Case(tmp_path / "new") as bare, pytest.raises(TableError) as error:
        review_data(bare)
    assert "amends run" in error.value.remedy


@pytest.mark.parametrize("name", ["gap-report", "roadmap"])
@pytest.mark.parametrize("paper", ["us-letter", "a4"])
def test_the_pdf_takes_hostile_words_as_words(case: Case, name: str, paper: str) -> None:
    document = pypdfium2.PdfDocument(review_pdf(case, name, paper))
    try:
        text = " ".join(document[n].get_textpage().get_text_range() for n in range(len(document)))
        width = document[0].get_width()
    finally:
        document.close()
    assert round(width) == (612 if paper == "us-letter" else 595)
    flat = re.sub(r"\s+", " ", text)
    assert BAD in flat
    if name == "gap-report":
        assert "NOT MEASURED" in flat
        assert TYPST[:20] in flat


def test_the_workbook_has_a_sheet_a_part_and_no_formula(case: Case, tmp_path: Path) -> None:
    exports.export(case, "gap-report", str(tmp_path / "gaps.xlsx"))
    book = openpyxl.load_workbook(tmp_path / "gaps.xlsx")
    assert book.sheetnames == ["gaps", "roadmap", "measures", "findings", "risk"]
    for sheet in book:
        assert sheet.freeze_panes == "C2"
        assert sheet.auto_filter.ref
        assert not [c for row in sheet.iter_rows() for c in row if c.data_type == "f"]
    cells = {c.value for row in book["gaps"].iter_rows() for c in row}
    assert f"'{FORMULA}" in cells
    assert "NOT MEASURED" in cells
    assert {c.value for c in book["findings"][2]} & {"unread"}


def test_rows_carry_no_formula(case: Case, tmp_path: Path) -> None:
    exports.export(case, "gap-report", str(tmp_path / "gaps.csv"))
    rows = pacsv.read_csv(tmp_path / "gaps.csv").to_pylist()
    assert [r["no."] for r in rows] == list(range(1, 10))
    assert rows[4]["owner"] == f"'{FORMULA}"
    assert rows[5]["stands"] == "NOT MEASURED"


def test_json_holds_the_whole_review_and_the_roadmap_only_the_work(
    case: Case, tmp_path: Path
) -> None:
    exports.export(case, "gap-report", str(tmp_path / "g.json"))
    exports.export(case, "roadmap", str(tmp_path / "r.json"))
    whole = json.loads((tmp_path / "g.json").read_text("utf-8"))
    work = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert len(whole["gaps"]) == 9
    assert whole["gaps"][5]["stands"] == "not_measured"
    assert [i["item_id"] for i in work["roadmap"]] == ["M1", "M2", "M3", "M4"]
    assert "gaps" not in work


@pytest.mark.parametrize("name", REVIEW_EXPORTS)
def test_two_exports_of_a_run_are_the_same_bytes(
    case: Case, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = ROWS if name in ("gap-report", "roadmap") else ()
    for ending in (*REVIEW_EXPORTS[name], *rows):
        one, two = tmp_path / f"1{ending}", tmp_path / f"2{ending}"
        monkeypatch.setenv("AMENDS_CLOCK", "2026-09-01T00:00:00Z")
        exports.export(case, name, str(one))
        monkeypatch.setenv("AMENDS_CLOCK", "2027-01-01T00:00:00Z")
        exports.export(case, name, str(two))
        assert one.read_bytes() == two.read_bytes(), ending
        assert one.stat().st_mode & 0o077 == 0


def test_an_unknown_ending_names_those_that_work(case: Case, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"not written as '\.doc'") as error:
        exports.export(case, "gap-report", str(tmp_path / "x.doc"))
    assert ".pdf" in error.value.remedy
    assert ".csv" in error.value.remedy


def test_the_json_of_the_command_is_the_review(case: Case) -> None:
    case.close()
    shown = CliRunner().invoke(cli, ["controls", str(case.folder), "--json"])
    assert json.loads(shown.stdout)["counts"]["not_measured"] == 2


WORDS = [
    (None, "days", "not measured"), (1.0, "days", "1 day"), (0.41, "share", "41%"), (0.0, "share", "0%"),
    (0.999, "share", "99.9%"), (0.004, "share", "0.4%"), (0.00001, "share", "0.1%"),
    (3.0, "copies", "3 copies"), (1.0, "copies", "1 copy"),
    (1.0, "people", "1 person"), (54000.0, "people", "54,000 people"), (2.5, "", "2.5"), (16.08, "days", "16.1 days"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "unit", "words"), WORDS)
def test_figures_in_words(value: float | None, unit: str, words: str) -> None:
    assert say.measured(value, unit) == words


def test_money_is_said_to_two_digits() -> None:
    assert [say.money(v) for v in (37.4, 1234.0, 99_500.0, 2_400_000.0, 1.2e9)] == [
        "$37",
        "$1.2 k",
        "$100 k",
        "$2.4 m",
        "$1.2 bn",
    ]


def test_the_workbook_opens_in_memory(case: Case) -> None:
    assert openpyxl.load_workbook(
        io.BytesIO(REVIEW_EXPORTS["roadmap"][".xlsx"](case, "roadmap"))
    ).sheetnames == ["roadmap"]
