"""Exports hold what the tables hold, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import python_calamine

from amends.kernel.errors import TableError, UsageError
from amends.report import spreadsheet

HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1",
    " =1",
    "<script>alert(1)</script>",
    "O'Brien",
    "Nguyễn",
    None,
    "",
]
TABLE = pa.table(
    {
        "name": pa.array(HOSTILE, pa.string()),
        "n": pa.array(range(len(HOSTILE)), pa.int64()),
        "elements": pa.array([["ssn", "name"]] * len(HOSTILE), pa.list_(pa.string())),
        "told": pa.array([True] * len(HOSTILE)),
    }
)


def _write(path: Path) -> int:
    return spreadsheet.write(TABLE.schema, TABLE.to_batches(), str(path))


def _is_formula(cell: object) -> bool:
    return isinstance(cell, str) and cell.strip()[:1] in ("=", "+", "-", "@") and cell[:1] != "'"


def test_no_formula_lives_in_a_csv(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    assert _write(path) == len(HOSTILE)
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert not [r for r in rows if _is_formula(r["name"])]
    assert rows[0]["name"] == "'=cmd|' /C calc'!A0"
    assert rows[8]["name"] == "O'Brien"
    assert rows[0]["elements"] == "ssn name"


def test_no_formula_lives_in_an_xlsx(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    _write(path)
    rows = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    assert rows[0] == ["name", "n", "elements", "told"]
    assert not [r for r in rows if _is_formula(r[0])]
    import zipfile

    with zipfile.ZipFile(path) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet


def test_parquet_and_json_keep_every_value_as_it_is(tmp_path: Path) -> None:
    _write(tmp_path / "list.parquet")
    assert pq.read_table(tmp_path / "list.parquet").column("name").to_pylist() == HOSTILE
    _write(tmp_path / "list.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "list.jsonl").read_text("utf-8").splitlines()]
    assert [line["name"] for line in lines] == HOSTILE


def test_a_list_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    _write(path)
    assert path.stat().st_mode & 0o077 == 0


def test_an_unknown_ending_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.xlsx"):
        _write(tmp_path / "list.doc")


def test_what_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    def breaks() -> object:
        yield from TABLE.to_batches()
        raise OSError(28, "No space left on device")

    with pytest.raises(TableError, match="No space left"):
        spreadsheet.write(TABLE.schema, breaks(), str(tmp_path / "list.csv"))
    assert list(tmp_path.iterdir()) == []


def test_an_empty_list_has_its_header(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    spreadsheet.write(TABLE.schema, [], str(path))
    assert path.read_text().strip() == '"name","n","elements","told"'
