from __future__ import annotations

import csv
import datetime
import io
import re
from collections import defaultdict
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from amends.demo.rows import ELEMENTS
from amends.taxonomy import elements as taxonomy
from amends.taxonomy import reference


def _rows(path: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pq.read_table(path).to_pylist()
    return rows


def _elements(folder: Path) -> dict[int, set[str]]:
    out: dict[int, set[str]] = defaultdict(set)
    for row in _rows(folder / "elements.parquet"):
        out[int(str(row["true_id"]))].add(str(row["element"]))
    return out


def test_every_element_of_the_truth_is_in_the_taxonomy() -> None:
    assert set(ELEMENTS) <= {row["element"] for row in reference.rows("element_codes")}
    assert taxonomy.__doc__


@pytest.mark.parametrize("tranche", [1, 2])
def test_the_affected_are_those_with_an_element_and_no_pair_stands_twice(
    larkspur: Path, tranche: int
) -> None:
    truth = larkspur / f"truth-{tranche}"
    people, pairs = _rows(truth / "people.parquet"), _rows(truth / "elements.parquet")
    assert len({(row["true_id"], row["element"]) for row in pairs}) == len(pairs)
    affected = {row["true_id"] for row in people if row["affected"]}
    assert affected == {row["true_id"] for row in pairs}
    assert len({row["true_id"] for row in people}) == len(people)
    assert 0 < len(affected) < len(people)


def test_whoever_has_an_element_has_a_record(larkspur: Path) -> None:
    truth = larkspur / "truth-1"
    with_record = {row["true_id"] for row in _rows(truth / "records.parquet")}
    with_element = set(_elements(truth))
    outside = pq.read_table(truth / "people.parquet").filter(pc.field("status") == "business")
    assert with_element <= with_record
    assert set(outside["true_id"].to_pylist()) <= with_record


def test_row_numbers_lead_to_the_rows_of_their_people(larkspur: Path) -> None:
    truth = larkspur / "truth-1"
    people = {row["true_id"]: row for row in _rows(truth / "people.parquet")}
    text = (larkspur / "evidence-1" / "credit_applicants.csv").read_text("utf-8")
    rows = list(csv.reader(io.StringIO(text)))[4:]
    mine = [
        row for row in _rows(truth / "records.parquet") if row["exhibit"] == "credit_applicants.csv"
    ]
    assert sorted(int(str(row["row"])) for row in mine) == list(range(1, len(rows) + 1))
    agree = total = 0
    for record in mine:
        written = rows[int(str(record["row"])) - 1][7]
        if re.fullmatch(r"\d{4}-\d\d-\d\d", written) and written != "1900-01-01":
            total += 1
            agree += datetime.date.fromisoformat(written) == people[record["true_id"]]["birth_on"]
    assert agree == total > 100


def test_elements_follow_from_the_rows_read_by_hand(larkspur: Path) -> None:
    truth = larkspur / "truth-1"
    text = (larkspur / "evidence-1" / "credit_applicants.csv").read_text("utf-8")
    rows = list(csv.reader(io.StringIO(text)))[4:]
    elements = _elements(truth)
    for record in _rows(truth / "records.parquet"):
        if record["exhibit"] != "credit_applicants.csv":
            continue
        row = rows[int(str(record["row"])) - 1]
        known = elements[int(str(record["true_id"]))]
        assert "name" in known
        assert not row[10] or "address" in known
        assert row[8] in ("", "NONE", "N/A", "PENDING") or "drivers_licence" in known
        assert not row[15] or "phone" in known


def test_device_rows_reach_the_holder_of_the_account(larkspur: Path) -> None:
    truth = larkspur / "truth-1"
    pairs = _rows(truth / "elements.parquet")
    through = [row for row in pairs if row["via"] == "account"]
    assert {row["element"] for row in through} <= {
        "phone",
        "imei",
        "imsi",
        "iccid",
        "account_number",
    }
    relations = {row["relation"] for row in _rows(truth / "records.parquet")}
    assert relations == {"self", "holder"}


def test_documents_name_their_people_where_the_truth_says(larkspur: Path) -> None:
    truth = larkspur / "truth-1"
    people = {row["true_id"]: row for row in _rows(truth / "people.parquet")}
    seen = 0
    for record in _rows(truth / "records.parquet"):
        inner = str(record["inner_path"])
        if record["exhibit"] == "hr-share" and inner.endswith(".txt"):
            text = (larkspur / "evidence-1" / "hr-share" / inner).read_text("utf-8")
            who = people[record["true_id"]]
            assert text[int(str(record["offset"])) :].startswith(f"{who['first']} {who['last']}")
            seen += 1
    assert seen


def test_the_second_tranche_adds_people_and_elements_and_repeats_some(larkspur: Path) -> None:
    first, second = _elements(larkspur / "truth-1"), _elements(larkspur / "truth-2")
    new = set(second) - set(first)
    owed_more = {who for who in set(second) & set(first) if second[who] - first[who]}
    nothing_new = {who for who in set(second) & set(first) if not second[who] - first[who]}
    assert 0.02 < len(new) / len(first) < 0.15
    assert len(owed_more) > 50 and len(nothing_new) > 50
    backup = {
        row["true_id"]
        for row in _rows(larkspur / "truth-2" / "records.parquet")
        if row["exhibit"] == "former_customers_backup.csv.gz"
    }
    others = {
        row["true_id"]
        for row in _rows(larkspur / "truth-2" / "records.parquet")
        if row["exhibit"] != "former_customers_backup.csv.gz"
    }
    assert backup - others and not (backup - others) & (owed_more | new)


def test_people_are_the_same_in_both_tranches(larkspur: Path) -> None:
    columns = ["true_id", "first", "last", "birth_on", "state", "line1"]
    one = pq.read_table(larkspur / "truth-1" / "people.parquet", columns=columns)
    two = pq.read_table(larkspur / "truth-2" / "people.parquet", columns=columns)
    assert one.slice(0, two.num_rows).equals(two)


def test_all_the_hard_kinds_of_people_are_there(larkspur: Path) -> None:
    people = _rows(larkspur / "truth-1" / "people.parquet")
    assert {row["status"] for row in people} == {"adult", "minor", "deceased", "business"}
    assert {row["suffix"] for row in people} >= {"Jr", "Sr"}
    assert {None, "PR"} <= {row["state"] for row in people}
    assert len({row["state"] for row in people}) > 45
    assert {row["country"] for row in people} > {"US", None}
    twins = defaultdict(int)
    for row in people:
        if row["line1"]:
            twins[row["line1"], row["zip"], row["birth_on"]] += 1
    assert max(twins.values()) >= 2
    assert any(not str(row["last"]).isascii() for row in people)
