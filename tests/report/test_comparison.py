"""Records side by side: how they agree, and that the weights add up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from amends.kernel.case import Case
from amends.kernel.errors import UsageError
from amends.persons.compare import FIELDS
from amends.report.comparison import _LEVEL_WORDS, SIGNS, Comparison, compare_records, look_of
from amends.tables.custody import EXHIBITS, ITEMS
from amends.tables.elements import RECORDS
from amends.tables.persons import MEMBERSHIPS, PERSONS
from tests.notices.world import rows

ONE: dict[str, Any] = {
    "record_id": 1, "name_first": "MARIBEL", "name_middle": "Q", "name_last": "QUIMBY", "ssn_token": "tok-1",
    "ssn_last4": "4321", "phone": "2065550123", "email": "mq@mail.example", "street": "12 LARCH ST",
    "city": "TACOMA", "state": "WA", "zip": "98402", "elements": ["name", "ssn"],
}  # fmt: skip
RECORD_ROWS: list[dict[str, Any]] = [
    ONE,
    {**ONE, "record_id": 2, "name_first": "MARIBELL", "name_middle": "QUINN", "phone": "2065550199", "email": None},
    {**ONE, "record_id": 3, "name_first": "OTTO", "ssn_token": "tok-9", "ssn_last4": "0009", "street": "9 ELM AVE",
     "zip": "98499", "city": "OLYMPIA"},
    {"record_id": 4, "ssn_token": "tok-1", "ssn_last4": "4321", "linked_to": 1, "elements": ["ssn"]},
    {"record_id": 5, "business": "Larch & Sons"},
]  # fmt: skip


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    """Return a case with five records in two persons."""
    with Case.create(tmp_path_factory.mktemp("comparison") / "case", {}) as made:
        made.write(EXHIBITS, rows(EXHIBITS, [{"exhibit_id": "E0001", "path": "crm.csv"}]))
        made.write(
            ITEMS, rows(ITEMS, [{"item_id": "I0000001", "exhibit_id": "E0001", "inner_path": ""}])
        )
        full = [
            {
                "item_id": "I0000001",
                "exhibit_id": "E0001",
                "locator": r["record_id"],
                "kind": "row",
                "role": "stolen",
                **r,
            }
            for r in RECORD_ROWS
        ]
        made.write(RECORDS, rows(RECORDS, full))
        made.write(MEMBERSHIPS, rows(MEMBERSHIPS, [
            {"record_id": r, "person_id": "P1" if r in (1, 2, 4) else "P2"} for r in (1, 2, 3, 4)
        ]))  # fmt: skip
        made.write(PERSONS, rows(PERSONS, [
            {"person_id": "P1", "n_records": 3, "n_roster_records": 0},
            {"person_id": "P2", "n_records": 1, "n_roster_records": 1},
        ]))  # fmt: skip
        yield made


def _looks(found: Comparison, place: int) -> dict[str, str]:
    return {name: cells[place].look for name, cells in found.lines.items()}


def test_each_field_says_how_it_agrees(case: Case) -> None:
    found = compare_records(case, [1, 2, 3])
    slip, other = _looks(found, 1), _looks(found, 2)
    assert (slip["family name"], slip["given name"], slip["middle name"]) == (
        "same",
        "close",
        "close",
    )
    assert (slip["SSN"], slip["e-mail"], slip["address"]) == ("same", "missing", "same")
    assert (other["SSN"], other["given name"], other["address"]) == ("differs", "differs", "close")


def test_the_weights_of_the_fields_add_up_to_the_weight(case: Case) -> None:
    found = compare_records(case, [1, 2, 3, 4])
    for place, side in enumerate(found.sides[1:], 1):
        parts = sum(cells[place].weight or 0 for cells in found.lines.values())
        assert side.weight is not None and side.before is not None
        assert parts + side.before == pytest.approx(side.weight, abs=0.1)
    assert (found.sides[1].weight or 0) > 1 > 0 > (found.sides[2].weight or 0)


def test_a_row_without_a_name_bears_the_name_of_the_record_it_belongs_to(case: Case) -> None:
    found = compare_records(case, [3, 4])
    assert found.sides[1].via == 1
    assert found.lines["family name"][1].value == "Q···"
    assert found.lines["family name"][1].look == "same"


def test_nothing_is_shown_in_full_unless_asked(case: Case) -> None:
    masked, full = (compare_records(case, [1, 2], reveal=r) for r in (False, True))
    shown = " ".join(c.value for cells in masked.lines.values() for c in cells)
    for value in ("MARIBEL", "QUIMBY", "2065550123", "mq@", "12 LARCH", "tok-1"):
        assert value not in shown
    assert (
        full.lines["family name"][0].value == "QUIMBY"
        and "12 LARCH ST" in full.lines["address"][0].value
    )
    assert "tok-1" not in str(full)


def test_the_side_says_whose_record_it_is_and_where_it_lies(case: Case) -> None:
    side = compare_records(case, [3, 1]).sides[0]
    assert (side.person_id, side.n_records, side.source) == ("P2", 2, "crm.csv, row 3")


def test_one_record_alone_is_shown_and_none_is_an_error(case: Case) -> None:
    assert compare_records(case, [5]).lines["business name"][0].value == "L··· &··· S···"
    with pytest.raises(UsageError):
        compare_records(case, [])
    with pytest.raises(UsageError):
        compare_records(case, [777])
    assert compare_records(case, [1, 777]).left_out == 1


def test_every_level_has_words_and_a_look() -> None:
    for levels in FIELDS.values():
        for level in levels:
            assert _LEVEL_WORDS[level]
            assert look_of(level) in SIGNS
