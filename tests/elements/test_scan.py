from __future__ import annotations

from pathlib import Path

from amends.custody import Reader
from amends.elements.scan import scan_path


def scanned(path: Path, **more: bool) -> list[dict[str, object]]:
    return list(scan_path(path, Reader(), **more))


def test_a_table_gives_one_object_a_column(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("first_name,ssn,price\nAnn,219-09-8765,1\nBob,666-12-3456,2\n")
    found = scanned(path)
    assert [(r["column"], r["element"]) for r in found] == [
        ("first_name", "name"), ("ssn", "ssn"), ("price", None),
    ]  # fmt: skip
    assert set(found[0]) == {
        "path", "inner_path", "kind", "column", "element", "confidence", "n_rows", "n_values",
        "n_valid", "n_malformed", "evidence",
    }  # fmt: skip
    assert (found[1]["n_values"], found[1]["n_valid"], found[1]["n_malformed"]) == (2, 1, 1)


def test_a_document_gives_findings_with_offsets_and_no_value_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    text = "To whom it may concern,\n\nthe SSN 219-09-8765 is hers. Write to kim@mail.example.\n"
    path.write_text(text)
    found = [r for r in scanned(path) if r["kind"] == "finding"]
    ssn = next(r for r in found if r["element"] == "ssn")
    assert text[ssn["start"] : ssn["end"]] == "219-09-8765"  # type: ignore[misc]
    assert "219" not in repr(found)
    shown = next(r for r in scanned(path, reveal=True) if r["element"] == "ssn")
    assert shown["value"] == "219-09-8765"


def test_each_line_of_a_text_can_be_a_document_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("nothing here\nSSN 219-09-8765\n\nSSN: 219-09-8766\r\n")
    found = [r for r in scanned(path, text_lines=True) if r["element"] == "ssn"]
    assert [(r["line"], r["start"]) for r in found] == [(2, 4), (4, 5)]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_bytes(b"")
    (row,) = scanned(path)
    assert (row["kind"], row["reason"]) == ("exception", "empty")
    assert row["remedy"]
