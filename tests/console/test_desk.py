"""One case for many: threads, copies that follow the tables, a ledger that others write to."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from amends.console.desk import Desk
from amends.console.shelf import COPIES
from amends.kernel.errors import BusyError
from amends.kernel.ledger import Ledger, acting_as
from amends.tables.duties import PERSON_GROUPS
from amends.tables.elements import RECORDS
from amends.tables.notices import NOTICES
from amends.tables.persons import MEMBERSHIPS, PERSON_ELEMENTS, PERSONS


@pytest.fixture
def desk(case_folder: Path, tmp_path: Path) -> Iterator[Desk]:
    shutil.copytree(case_folder, tmp_path / "case", symlinks=True)
    made = Desk(tmp_path / "case")
    yield made
    made.close()


def test_the_copies_hold_exactly_the_rows_of_their_tables(desk: Desk) -> None:
    plain = {}
    with desk.case() as case:
        for table in (PERSONS, MEMBERSHIPS, RECORDS, PERSON_ELEMENTS, PERSON_GROUPS, NOTICES):
            key = ", ".join(table.names[:2])
            plain[table.name] = case.engine.arrow(
                f"SELECT * FROM {case.read(table)} ORDER BY {key}"
            ).to_pylist()
    desk.catch_up()
    assert desk.shelf.missing() == []
    with desk.case() as case:
        for table in (PERSONS, MEMBERSHIPS, RECORDS, PERSON_ELEMENTS, PERSON_GROUPS, NOTICES):
            key = ", ".join(table.names[:2])
            rows = case.engine.arrow(f"SELECT * FROM {case.read(table)} ORDER BY {key}").to_pylist()
            assert rows == plain[table.name]


def test_a_table_written_anew_is_read_anew_and_its_copy_thrown_away(desk: Desk) -> None:
    desk.catch_up()
    place = next((desk.folder / "tables" / "persons").glob("*.parquet"))
    rows = pq.read_table(place)
    place.unlink()
    pq.write_table(rows.slice(0, 5), place)
    with desk.case() as case:
        assert case.engine.arrow(f"SELECT * FROM {case.read(PERSONS)}").num_rows == 5
        people = desk.on_shelf(case, "people")
        assert case.engine.arrow(f"SELECT * FROM {people}").num_rows == 5
    desk.catch_up()
    for copy in COPIES:
        assert len(list((desk.folder / "console" / copy.name).iterdir())) == 1


def test_the_look_up_by_name_holds_no_name(desk: Desk) -> None:
    desk.catch_up()
    file = desk.shelf.file("names")
    assert file is not None
    kinds = {str(field.type) for field in pq.read_schema(file) if field.name != "person_id"}
    assert kinds == {"uint64"}


def test_what_a_copy_left_half_made_is_made_again(desk: Desk) -> None:
    place = desk.shelf.place(COPIES[0])
    half = place.parent.with_name(f".{place.parent.name}.half")
    half.mkdir(parents=True)
    (half / "part.parquet").write_bytes(b"PAR1 torn")
    desk.catch_up()
    assert pq.read_metadata(place).num_rows > 0
    assert not half.exists()


def test_what_is_counted_is_counted_once_however_many_ask(desk: Desk) -> None:
    made: list[int] = []

    def slow() -> int:
        time.sleep(0.05)
        made.append(1)
        return len(made)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: desk.kept("n", "run 1", slow), range(16)))
    assert found == [1] * 16
    assert desk.kept("n", "run 2", slow) == 2


def test_pages_read_side_by_side_and_never_share_an_engine(desk: Desk) -> None:
    def read(number: int) -> tuple[int, str]:
        with desk.case() as case:
            wanted = case.engine.register("mine", __import__("pyarrow").table({"n": [number]}))
            time.sleep(0.01)
            return int(
                case.engine.arrow(f"SELECT n FROM {wanted}")["n"][0].as_py()
            ), threading.current_thread().name

    with ThreadPoolExecutor(6) as pool:
        found = [n for n, _ in pool.map(read, range(24))]
    assert found == list(range(24))


def test_a_line_that_another_process_wrote_is_seen_and_continued(desk: Desk) -> None:
    before = desk.ledger.head()[0]
    Ledger(desk.ledger.path).append("run", run="R0009")
    assert desk.run_id() == "R0009"
    with acting_as("Dana Lee"):
        desk.ledger.append("look")
    assert desk.ledger.head()[0] == before + 2
    assert list(desk.ledger.faults()) == []
    assert [line.actor for line in desk.ledger.kept()[-1:]] == ["Dana Lee"]


def test_looks_change_no_number_and_decisions_do(desk: Desk) -> None:
    before = desk.acts_stamp()
    desk.ledger.append("look")
    assert desk.acts_stamp() == before
    with desk.case() as case:
        case.decide("residence", {"person_id": "P1"}, "US-OR")
    assert desk.acts_stamp() > before


def test_two_people_deciding_at_once_both_keep_what_they_decided(desk: Desk) -> None:
    def decide(number: int) -> None:
        with acting_as(f"Person {number % 2}"), desk.case() as case:
            case.decide("residence", {"person_id": f"P{number}"}, "US-OR")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(decide, range(40)))
    with desk.case() as case:
        made = case.decisions("residence")
    assert {d.subject["person_id"] for d in made} >= {f"P{n}" for n in range(40)}
    assert {d.by for d in made} >= {"Person 0", "Person 1"}
    assert list(desk.ledger.faults()) == []


def test_what_needs_the_case_alone_waits_for_nobody_outside(desk: Desk) -> None:
    with desk.case() as other, other.lock(), pytest.raises(BusyError), desk.alone():
        pass
    with desk.alone() as case:
        assert case.run_id() == "R0001"
