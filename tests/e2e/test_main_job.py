"""From a folder of stolen data to a sealed plan of notices, held against the truth."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.e2e.face import Demo, amends


def _json(*words: object) -> dict:
    return json.loads(amends(*words, "--json"))


def _export(demo: Demo, name: str, folder: Path) -> pa.Table:
    path = folder / f"{name}.parquet"
    amends("export", demo.case, name, "--to", path)
    return pq.read_table(path)


@pytest.fixture(scope="module")
def memberships(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    return _export(demo, "memberships", tmp_path_factory.mktemp("m"))


def _found_persons(demo: Demo, memberships: pa.Table) -> list[tuple[str, str]]:
    """Return (true person, found person) for every record the truth knows and Amends found in a table."""
    found = {
        (
            Path(row["exhibit_path"]).name,
            row["inner_path"].split("/")[-1].split(".")[-1],
            row["locator"],
        ): row["person_id"]
        for row in memberships.select(
            ["exhibit_path", "inner_path", "locator", "person_id"]
        ).to_pylist()
    }
    pairs = []
    for row in pq.read_table(demo.truth / "records.parquet").to_pylist():
        if row["relation"] != "self" or row["row"] is None:
            continue
        key = (row["exhibit"], row["inner_path"], row["row"])
        if key in found:
            pairs.append((row["true_id"], found[key]))
    return pairs


def test_the_funnel_sums_and_is_not_empty(demo: Demo) -> None:
    funnel = _json("status", demo.case)["funnel"]
    assert funnel["items_found"] == funnel["items_read"] + funnel["exceptions"]
    assert funnel["owed"] == funnel["planned"] + funnel["held"]
    assert funnel["exceptions"] > 0, "the demo holds files that cannot be read"
    assert 2_000 < funnel["persons"] < 3_600


def test_most_records_reach_their_person(demo: Demo, memberships: pa.Table) -> None:
    pairs = _found_persons(demo, memberships)
    assert len(pairs) > 2_500
    together = _pairs(pairs)
    assert together["f1"] > 0.95, together


def _pairs(pairs: list[tuple[str, str]]) -> dict[str, float]:
    def count(keys: list[object]) -> int:
        sizes: dict[object, int] = {}
        for key in keys:
            sizes[key] = sizes.get(key, 0) + 1
        return sum(n * (n - 1) // 2 for n in sizes.values())

    right = count(list(pairs))
    found, true = count([p for _, p in pairs]), count([t for t, _ in pairs])
    precision, recall = right / max(found, 1), right / max(true, 1)
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / max(precision + recall, 1e-9),
    }


def test_the_list_is_the_same_in_every_format(demo: Demo) -> None:
    parquet = pq.read_table(demo.case / "out" / "notification-list.parquet")
    with (demo.case / "out" / "notification-list.csv").open(newline="", encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    assert parquet.num_rows == len(lines) > 1_000
    assert {
        "person_id",
        "name",
        "residence",
        "ssn",
        "drivers_licence",
        "imei",
        "deadline",
        "run",
    } <= set(lines[0])
    assert (demo.case / "out" / "notification-list.xlsx").stat().st_size > 10_000


def test_nobody_is_told_of_an_element_that_was_not_theirs(
    demo: Demo, memberships: pa.Table, tmp_path: Path
) -> None:
    """Compare the SSN flag of the list with the truth, for people whose records are all of one true person."""
    truth: dict[str, set[str]] = {}
    for row in pq.read_table(demo.truth / "elements.parquet").to_pylist():
        truth.setdefault(row["true_id"], set()).add(row["element"])
    people: dict[str, set[str]] = {}
    for true_id, person in _found_persons(demo, memberships):
        people.setdefault(person, set()).add(true_id)
    told = {
        r["person_id"]: r["ssn"]
        for r in pq.read_table(
            demo.case / "out" / "notification-list.parquet", columns=["person_id", "ssn"]
        ).to_pylist()
    }
    sure = [(p, next(iter(t))) for p, t in people.items() if len(t) == 1 and p in told]
    wrong = [p for p, t in sure if told[p] and "ssn" not in truth.get(t, set())]
    assert len(sure) > 1_000
    assert len(wrong) / len(sure) < 0.01


def test_a_second_run_skips_everything_and_keeps_its_id(demo: Demo) -> None:
    before = _json("status", demo.case)["run"]
    done = _json("run", demo.case)
    assert done["run"] == before
    assert all(stage["skipped"] for stage in done["stages"])


def test_the_report_stands_alone(demo: Demo) -> None:
    page = (demo.case / "out" / "report.html").read_text("utf-8")
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!#)', page)
    assert "Larkspur Wireless" in page
    assert "does not sum" not in page


def test_the_case_verifies_and_a_changed_exhibit_is_named(demo: Demo, tmp_path: Path) -> None:
    assert _json("verify", demo.case)["sound"]
    data = tmp_path / "people.csv"
    data.write_text("name,ssn\nAnn Lee,666-12-3456\n")
    case = tmp_path / "case"
    amends("new", case)
    amends("add", case, data)
    stored = next(
        p
        for p in (case / "evidence").rglob("*")
        if p.is_file() and p.read_bytes() == data.read_bytes()
    )
    stored.chmod(0o600)
    stored.write_text("name,ssn\nAnn Lee,666-12-3457\n")
    verdict = json.loads(amends("verify", case, "--json", codes=(3,)))
    assert not verdict["sound"]
    assert any("E0001" in fault for fault in verdict["faults"])
    amends("run", case, codes=(3,))


def test_explain_shows_reasons_and_no_identifier(demo: Demo) -> None:
    person = (
        pq.read_table(demo.case / "out" / "notification-list.parquet", columns=["person_id"])
        .column(0)[0]
        .as_py()
    )
    found = _json("explain", demo.case, person)
    assert found["records"]
    assert all(r["reason"] for r in found["records"])
    assert found["duty"][0]["why"]
    assert not re.search(
        r"\b\d{3}-?\d{2}-?\d{4}\b",
        json.dumps({k: v for k, v in found["person"].items() if k != "zip"}),
    )
