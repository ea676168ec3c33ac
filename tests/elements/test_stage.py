"""The stage over a case of four small exhibits: keys in two steps, a note, a device of nobody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from amends import custody
from amends.elements import stage
from amends.kernel.case import Case
from amends.kernel.schema import Table
from amends.tables.elements import COLUMNS, COVERAGE, FINDINGS, LINKS, RECORDS, UNATTRIBUTED

FILES = {
    "customers.csv": (
        "customer_id,first_name,last_name,dob,ssn,role\n"
        "C1001,Ann,Lee,03/25/1980,219-09-8765,primary\n"
        "C1001,Bob,Lee,04/01/1979,219-09-8766,member\n"
        "C1002,Jose,de la Cruz Jr,1990-01-02,900-70-1234,\n"
        "C1003,Sam,Hill,02/30/1990,666-12-3456,\n"
        "C1003,Tom,Hill,02/20/1990,,\n"
    ),
    "devices.csv": (
        "device_id,customer_id,imei,msisdn\n"
        "D1,C1001,353879234252633,212-736-5000\n"
        "D2,C1002,353879234252633,\n"
        "D3,C9999,353879234252633,2127365001\n"
        "D4,C1003,353879234252633,2127365002\n"
    ),
    "sims.csv": "swap_no,device_id,iccid\n1,D1,8901260123456789011\n2,D3,8901260123456789011\n",
    "note.txt": "Dear John Smith,\nyour SSN 219-09-8765 was on file.\n",
}


def open_case(folder: Path, files: dict[str, str]) -> Case:
    evidence = folder / "in"
    evidence.mkdir()
    for name, text in files.items():
        (evidence / name).write_text(text)
    Case.create(folder / "case", {("case", "entity"): "Larkspur"})
    case = Case(folder / "case", contents=custody.Reader())
    custody.take_in(case, [evidence / name for name in files], custody.Tags(owner="Larkspur"))
    custody.STAGE.run(case)
    return case


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    with open_case(tmp_path_factory.mktemp("small"), FILES) as opened:
        stage.run(opened)
        yield opened


def rows(case: Case, table: Table) -> list[dict[str, object]]:
    found: list[dict[str, object]] = case.engine.arrow(
        f"SELECT * FROM {case.read(table)}"
    ).to_pylist()
    return found


def record(case: Case, item: int, row: int) -> dict[str, object]:
    return next(r for r in rows(case, RECORDS) if r["record_id"] == (item << 36) + row)


def test_a_row_without_a_name_reaches_the_holder_of_its_key(case: Case) -> None:
    device = record(case, 2, 1)
    assert device["linked_to"] == (1 << 36) + 1
    assert device["link_reason"] == "customer_id = customers.customer_id"


def test_a_row_reaches_its_person_over_a_table_in_between(case: Case) -> None:
    assert record(case, 3, 1)["linked_to"] == (1 << 36) + 1


def test_a_key_that_two_people_hold_is_said_to_be_ambiguous(case: Case) -> None:
    device = record(case, 2, 4)
    assert device["linked_to"] is None
    assert "leads to people of different names" in str(device["ambiguous"])


def test_what_belongs_to_nobody_known_is_counted(case: Case) -> None:
    loose = {(r["item_id"], r["reason"]): r["n_records"] for r in rows(case, UNATTRIBUTED)}
    assert loose["I0000002", "key_not_found"] == 1
    assert loose["I0000002", "ambiguous_key"] == 1
    assert loose["I0000003", "key_not_found"] == 1


def test_a_document_s_findings_stand_in_the_record_of_whom_it_names(case: Case) -> None:
    (letter,) = [r for r in rows(case, RECORDS) if r["kind"] == "mention"]
    assert (letter["name_first"], letter["name_last"], letter["elements"]) == (
        "John",
        "Smith",
        ["name", "ssn"],
    )
    assert letter["ssn_token"] == record(case, 1, 1)["ssn_token"]
    found = {f["element"]: f for f in rows(case, FINDINGS)}
    assert found["ssn"]["record_id"] == letter["record_id"]
    assert (found["ssn"]["start"], found["ssn"]["end"]) == (26, 37)
    assert str(found["ssn"]["masked"]).endswith("8765") and "219" not in str(found["ssn"]["masked"])


def test_what_was_not_found_says_how_much_was_looked_at(case: Case) -> None:
    said = {r["element"]: r for r in rows(case, COVERAGE)}
    assert (said["card"]["found"], said["ssn"]["found"]) == (False, True)
    assert said["card"]["n_items_examined"] == 4
    assert "Not found: " in str(said["card"]["statement"])


def test_no_identifier_lies_in_the_case_in_clear(case: Case) -> None:
    plain = [
        b"219-09-8765",
        b"219098765",
        b"353879234252633",
        b"8901260123456789011",
        b"900-70-1234",
    ]
    for path in case.folder.rglob("*"):
        if path.is_file() and "evidence" not in path.parts:
            held = path.read_bytes()
            assert not any(value in held for value in plain), path
    assert not list(case.folder.glob(".spill-elements*"))
    table = repr([rows(case, t) for t in (RECORDS, FINDINGS, COLUMNS, LINKS)])
    assert not any(value.decode() in table for value in plain)


def test_decisions_on_columns_and_links_are_obeyed(tmp_path: Path) -> None:
    with open_case(tmp_path, FILES) as case:
        stage.run(case)
        first = rows(case, RECORDS)
        link = next(r for r in rows(case, LINKS) if r["from_item_id"] == "I0000002" and r["in_use"])
        case.decide("link", {"link_id": link["link_id"]}, "no")
        case.decide("column", {"item_id": "I0000001", "column": "role"}, "username")
        stage.run(case)
        assert record(case, 2, 1)["linked_to"] is None
        column = next(r for r in rows(case, COLUMNS) if r["column"] == "role")
        assert column["element"] == "username" and str(column["decided_by"]).startswith("D")
        kept = next(r for r in rows(case, LINKS) if r["link_id"] == link["link_id"])
        assert kept["in_use"] is False
        again = {r["record_id"]: r["ssn_token"] for r in rows(case, RECORDS)}
        assert all(again[r["record_id"]] == r["ssn_token"] for r in first)


def test_a_case_without_exhibits_gives_empty_tables(tmp_path: Path) -> None:
    with open_case(tmp_path, {"inventory.csv": "sku,price\nA1,1.50\nB2,2.00\n"}) as case:
        stage.run(case)
        assert rows(case, RECORDS) == rows(case, FINDINGS) == rows(case, LINKS) == []
        assert all(not r["found"] for r in rows(case, COVERAGE))


def test_a_row_that_the_exhibit_ties_to_somebody_is_kept_whatever_it_holds(tmp_path: Path) -> None:
    dump = (
        "-- PostgreSQL database dump\n"
        "CREATE TABLE public.people (person_id bigint, first_name text, last_name text);\n"
        "CREATE TABLE public.checks (person_id bigint, tax_id text, class text);\n"
        "COPY public.people (person_id, first_name, last_name) FROM stdin;\n"
        "1\tAnn\tLee\n2\tBob\tHill\n\\.\n"
        "COPY public.checks (person_id, tax_id, class) FROM stdin;\n"
        "1\t219-09-8765\tA\n2\t\\N\tB\n\\.\n"
        "ALTER TABLE ONLY public.checks\n    ADD CONSTRAINT c FOREIGN KEY (person_id)"
        " REFERENCES public.people(person_id);\n"
    )
    with open_case(tmp_path, {"crm.sql": dump}) as case:
        stage.run(case)
        checks = [r for r in rows(case, RECORDS) if r["name_last"] is None]
        assert sorted(str(r["elements"]) for r in checks) == ["['ssn']", "[]"]
        assert all(r["link_reason"] == "person_id = people.person_id" for r in checks)
        assert rows(case, UNATTRIBUTED) == []
