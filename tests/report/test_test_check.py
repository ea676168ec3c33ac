"""How many people of production stand in a test store: exact, whatever column or text they hide in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.report.masking import find_spans, make_plan
from amends.report.test_check import check
from amends.vault.masking.build import build
from amends.vault.masking.overlap import Overlap, overlap
from amends.vault.masking.writers.opening import open_writer
from amends.vault.stores.opening import open_store
from tests.vault.masking.company import tables

KEY = b"c" * 32


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prod") / "shop"
    folder.mkdir()
    for name, table in tables().items():
        pq.write_table(table, folder / f"{name}.parquet")
    return folder


def checked(test: Path, production: Path) -> dict[str, object]:
    return check(open_store(str(test)), open_store(str(production)), KEY)


def written(folder: Path, **columns: list[str]) -> Path:
    folder.mkdir()
    pq.write_table(pa.table(columns), folder / "t.parquet")
    return folder


def people() -> list[dict[str, str]]:
    rows: list[dict[str, str]] = tables()["customers"].to_pylist()
    return rows


def test_production_against_itself_is_all_of_it(production: Path) -> None:
    told = checked(production, production)
    assert (told["persons_in_production"], told["persons_found"], told["share"]) == (300, 300, 1.0)
    assert all(t["share"] == 1.0 for t in told["tables"])  # type: ignore[attr-defined]


def test_a_masked_copy_holds_nobody(production: Path, tmp_path: Path) -> None:
    store = open_store(str(production))
    build(
        store,
        open_writer(str(tmp_path / "copy"), str(production)),
        make_plan(store),
        b"k" * 32,
        finder=find_spans,
    )
    told = checked(tmp_path / "copy", production)
    assert told["persons_found"] == 0 and told["verdict"] == "none found"


def test_a_share_is_exact_and_counts_a_person_once(production: Path, tmp_path: Path) -> None:
    held = people()
    test = written(
        tmp_path / "test",
        customer_ssn=[p["ssn"].replace("-", "") for p in held[:30]] + ["900010001"] * 20,
        mail=[p["email"].upper() for p in held[15:45]] + [f"t{n}@example.com" for n in range(20)],
    )
    told = checked(test, production)
    assert told["persons_found"] == 45 and told["share"] == 45 / 300
    [table] = told["tables"]  # type: ignore[misc]
    assert table["rows_of_production"] == 30


def test_a_row_reached_by_an_account_is_its_person(production: Path, tmp_path: Path) -> None:
    accounts = tables()["accounts"].column("account_number").to_pylist()[:7]
    test = written(tmp_path / "test", account_number=accounts * 3, amount=["1"] * 21)
    assert checked(test, production)["persons_found"] == 7


def test_identifiers_are_found_in_text_and_in_columns_of_any_name(
    production: Path, tmp_path: Path
) -> None:
    held = people()
    test = written(
        tmp_path / "test",
        x1=[p["ssn"] for p in held[:4]] + ["-"] * 8,
        x2=[f"please call {p['phone']} about the matter of the {p['email']}" for p in held[4:10]]
        + ["nothing to say here at all"] * 6,
    )
    assert checked(test, production)["persons_found"] == 10


def test_names_alone_find_nobody_and_names_with_birth_date_do(
    production: Path, tmp_path: Path
) -> None:
    held = people()
    names = [f"{p['last_name']}, {p['first_name']}" for p in held]
    test = written(tmp_path / "names", customer_name=names, city=["Reno"] * 300)
    assert checked(test, production)["persons_found"] == 0
    born = [
        f"{p['birth_date'][5:7]}/{p['birth_date'][8:]}/{p['birth_date'][:4]}" for p in held[:12]
    ]
    test = written(tmp_path / "born", customer_name=names[:12], date_of_birth=born)
    assert checked(test, production)["persons_found"] == 12


def test_short_numbers_that_fall_on_each_other_are_chance(tmp_path: Path) -> None:
    prod = written(
        tmp_path / "prod", customer_id=[str(n) for n in range(1000, 3000)],
        ssn=[f"8123{n:05d}" for n in range(1, 2001)], last_name=["Lee"] * 2000,
    )  # fmt: skip
    test = written(
        tmp_path / "test",
        customer_id=[str(n) for n in range(1000, 9000, 4)],
        last_name=["Roe"] * 2000,
    )
    told = checked(test, prod)
    [account] = [e for e in told["elements"] if e["element"] == "account_number"]  # type: ignore[attr-defined]
    assert account["found"] == 500 and account["chance"]
    assert told["persons_found"] == 0


def test_an_empty_test_store_holds_nobody(production: Path, tmp_path: Path) -> None:
    test = written(tmp_path / "test", ssn=[], name=[])
    assert checked(test, production)["persons_found"] == 0


@given(st.sets(st.integers(1, 60)), st.lists(st.integers(0, 60)))
def test_an_overlap_is_that_of_sets(held: set[int], test: list[int]) -> None:
    found, both = overlap(np.array(test, np.uint64), np.array(sorted(held), np.uint64))
    assert set(both.tolist()) == held & set(test) - {0}
    assert (found.both, found.held) == (len(both), len(held))


def test_what_chance_explains() -> None:
    assert Overlap(10, 10, 0).is_chance and not Overlap(10, 10, 1).is_chance
    assert Overlap(100, 100, 12, 4.0).is_chance and not Overlap(100, 100, 40, 4.0).is_chance
