"""The story on the page: every sentence opens to its lines, nothing of the evidence runs, the same bytes each time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pypdfium2
import pytest

from amends.custody import open_case
from amends.kernel.case import Case
from amends.kernel.errors import UsageError
from amends.report.story import has_story, story_data
from amends.report.timeline_exports import FILE_EXPORTS, SQL_EXPORTS, write_timeline_file
from amends.tables.timeline import EVENTS, GAPS, HOPS, INDICATORS, LOG_FILES, STATEMENTS, TAKEN
from amends.timeline.statements import statements
from amends.timeline.taken import taken
from amends.timeline.taken_sources import Dates, Sources
from tests.timeline.taken_world import CONTAINED, READ, ROWS, intrusion

BAD = "<script>alert(1)</script>"


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    world = intrusion()
    ids = [world.read(READ, "SELECT * FROM customers", ROWS, message=f"AUDIT {BAD}")]
    world.hop(
        "collection",
        READ,
        "jump1",
        "crm",
        ids,
        account="svc_crm",
        how="query",
        technique="T1213.006",
        why=BAD,
    )
    world.gap("db1", "audit", reason="cleared")
    logs = [
        {"log_id": f"G{n:07d}", "exhibit_id": "E0001", "inner_path": "", "path": f"/ev/logs/host{n}/auth.log",
         "host": "db1",
         "parser": "syslog", "n_lines": 10, "n_events": 9, "n_rejects": 1, "n_duplicates": 0, "n_undated": 0,
         "first_at": READ, "last_at": READ, "zone": "UTC", "skew_ms": 0, "skew_error_ms": 5, "reject_places": [],
         "status": "read", "remedy": ""} for n in range(7)
    ]  # fmt: skip
    Case.create(tmp_path / "acme", {("case", "entity"): "Acme & Sons"})
    with open_case(tmp_path / "acme") as made:
        for table, rows in (
            (EVENTS, world.events),
            (HOPS, world.hops),
            (GAPS, world.gaps),
            (LOG_FILES, logs),
            (INDICATORS, []),
        ):
            made.write(table, pa.Table.from_pylist(rows, schema=table.schema))
        sources = Sources(made.read(EVENTS), made.read(HOPS), made.read(GAPS))
        rows = taken(made.engine, sources, world.known, Dates(CONTAINED))
        made.write(TAKEN, rows)
        made.write(
            STATEMENTS, statements(made.engine, sources, rows, world.known, Dates(CONTAINED))
        )
        _no_exhibits(made)
        yield made


def _no_exhibits(case: Case) -> None:
    from amends.tables.custody import EXHIBITS

    case.write(EXHIBITS, pa.Table.from_pylist([], schema=EXHIBITS.schema))


def test_every_sentence_with_events_opens_to_lines_with_file_and_number(case: Case) -> None:
    story = story_data(case)
    answers = [a for q in story["questions"] for a in q["answers"]]
    assert any(a["lines"] for a in answers)
    for answer in answers:
        assert bool(answer["lines"]) == bool(answer["event_ids"])
        for line in answer["lines"]:
            assert (
                line["line"]
                and line["path"]
                and line["path"].startswith("/ev/logs/host")
                and line["at"]
            )


def test_the_page_holds_no_markup_of_the_evidence_and_asks_nobody(
    case: Case, tmp_path: Path
) -> None:
    write_timeline_file(case, "story", str(tmp_path / "s.html"))
    page = (tmp_path / "s.html").read_text("utf-8")
    assert "<script" not in page and "&lt;script&gt;" in page and "Acme &amp; Sons" in page
    assert not re.search(r"(src|href)=", page)
    assert page.count("<details>") >= 5 and "50,000" in page


def test_the_pdf_says_the_same(case: Case, tmp_path: Path) -> None:
    write_timeline_file(case, "story", str(tmp_path / "s.pdf"))
    with pypdfium2.PdfDocument(tmp_path / "s.pdf") as document:
        texts = [page.get_textpage().get_text_range() for page in document]
    said = " ".join(" ".join(texts).split())
    assert "How did they get in, and when?" in said and "198.51.100.77" in said and "50,000" in said


@pytest.mark.parametrize(
    ("name", "ending"), [(n, e) for n, made in FILE_EXPORTS.items() for e in made]
)
def test_files_are_the_same_to_the_byte(case: Case, tmp_path: Path, name: str, ending: str) -> None:
    for folder in ("a", "b"):
        write_timeline_file(case, name, str(tmp_path / folder / f"x{ending}"))
    assert (tmp_path / "a" / f"x{ending}").read_bytes() == (
        tmp_path / "b" / f"x{ending}"
    ).read_bytes()


def test_an_ending_that_is_not_offered_is_refused(case: Case, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not written as"):
        write_timeline_file(case, "stix", str(tmp_path / "x.csv"))


def test_chain_and_taken_begin_with_the_promised_columns(case: Case) -> None:
    def names(name: str) -> list[str]:
        return list(
            case.engine.arrow(f"SELECT * FROM ({SQL_EXPORTS[name](case)}) LIMIT 0").column_names
        )

    assert names("chain")[:9] == [
        "step", "at", "at_error_s", "source", "destination", "account", "technique", "event_ids", "confidence"
    ]  # fmt: skip
    assert names("taken")[:9] == [
        "store", "table", "element", "lower", "best", "upper", "accessed", "acquired", "grounds"
    ]  # fmt: skip
    for name in SQL_EXPORTS:
        assert names(name)


def test_stix_names_the_case_and_is_json(case: Case, tmp_path: Path) -> None:
    write_timeline_file(case, "stix", str(tmp_path / "x.json"))
    made = json.loads((tmp_path / "x.json").read_text("utf-8"))
    assert any(o["type"] == "report" and "Acme & Sons" in o["name"] for o in made["objects"])


def test_a_case_without_logs_has_no_story(tmp_path: Path) -> None:
    Case.create(tmp_path / "empty", {("case", "entity"): "E"})
    with open_case(tmp_path / "empty") as made:
        assert not has_story(made)
