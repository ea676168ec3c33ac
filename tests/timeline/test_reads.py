"""How statements are laid on axes: what overlaps counts once, what is disjoint adds up."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amends.timeline.reads_lists import elements_of
from amends.timeline.reads_scope import together
from amends.timeline.taken_stores import last_part, words_of
from tests.timeline.taken_world import READ, ROWS, intrusion

S = ("customers", "ssn")
CASES = [
    # statements with their counts, best value
    ([("SELECT * FROM customers", ROWS)], ROWS),
    ([("SELECT * FROM public.customers WHERE id BETWEEN 1 AND 1000", 1000)], 1000),
    ([("SELECT * FROM customers WHERE id > 0 ORDER BY id LIMIT 500", 500),
      ("SELECT * FROM customers WHERE id > 500 ORDER BY id LIMIT 500", 500)], 1000),
    ([("SELECT * FROM customers WHERE id >= 100 AND id < 200", 100),
      ("SELECT * FROM customers WHERE id >= 150 AND id < 250", 100)], 150),
    ([("SELECT * FROM customers WHERE state = 'CA'", 900), ("SELECT * FROM customers WHERE state = 'TX'", 600)], 1500),
    ([("SELECT * FROM customers WHERE state = 'CA'", 900), ("select *  from CUSTOMERS where state = 'CA'", 900)], 900),
    ([("SELECT TOP (250) * FROM [dbo].[customers]", None)], 250),
    ([("SELECT * FROM customers ORDER BY id OFFSET 1000 ROWS FETCH NEXT 500 ROWS ONLY", 500)], 500),
    ([("SELECT * FROM `customers` LIMIT 2000,1000", None), ("SELECT * FROM `customers` LIMIT 2500,1000", None)], 1500),
    ([("SELECT * FROM customers WHERE phone = '5551234567'", None)], 1),
    ([("COPY public.customers (id, name, ssn) TO stdout;", None)], ROWS),
    ([("COPY (SELECT * FROM customers LIMIT 5000) TO STDOUT WITH CSV", None)], 5000),
    ([("SELECT /*!40001 SQL_NO_CACHE */ * FROM `customers`", None)], ROWS),
    ([("SELECT * FROM customers LIMIT $1 OFFSET $2", 300), ("SELECT * FROM customers LIMIT $1 OFFSET $2", 300)], 600),
    ([("SELECT count(*), max(id) FROM customers", 1)], 0),
    ([("SELECT * FROM customers_old", 700)], 0),
    ([("SELECT 1", 1), ("BEGIN", None)], 0),
    ([("SELECT * FROM customers LIMIT 99999999999999999999", None)], ROWS),
]  # fmt: skip


@pytest.mark.parametrize(("statements", "best"), CASES, ids=lambda v: str(v)[:60])
def test_what_statements_cover(
    tmp_path: Path, statements: list[tuple[str, int | None]], best: int
) -> None:
    world = intrusion()
    for number, (text, rows) in enumerate(statements):
        world.read(READ + timedelta(minutes=number), text, rows, object="")
    row = world.taken(tmp_path)[S]
    assert (row["best"] if row["accessed_proof"] != "excluded" else 0) == best
    assert row["lower"] <= best <= row["upper"] or row["upper"] == best == 0


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 900)), min_size=1, max_size=25))
def test_pages_count_as_the_rows_they_cover_together(
    tmp_path: Path, pages: list[tuple[int, int]]
) -> None:
    world = intrusion()
    for number, (skip, size) in enumerate(pages):
        world.read(
            READ + timedelta(seconds=number),
            f"SELECT * FROM customers ORDER BY id LIMIT {size} OFFSET {skip}",
            size,
        )
    truth = len({row for skip, size in pages for row in range(skip, skip + size)})
    row = world.taken(tmp_path)[S]
    assert row["read_rows"] == truth and row["lower"] <= truth <= row["upper"]


@pytest.mark.parametrize(
    ("cols", "named", "open_end"),
    [
        ("*", None, False),
        ("c.*", None, False),
        ("id, c.first_name as a, substr(ssn, 1, 4)", {"name", "ssn"}, False),
        ("email_address", {"address", "email"}, False),
        ("weird", set(), True),
        ("coalesce(dob, '') d", {"birth_date"}, False),
        ("", set(), False),
        ("x" * 4000 + "((((", set(), True),
    ],
)
def test_what_a_list_of_columns_names(cols: str, named: set[str] | None, open_end: bool) -> None:
    elements = ("name", "ssn", "address", "email", "birth_date")
    assert elements_of(cols, elements, {}) == (named, open_end)


def test_an_exhibits_own_columns_decide_before_words() -> None:
    assert elements_of("c7, name", ("name", "ssn"), {"c7": "ssn", "name": ""}) == ({"ssn"}, False)


def test_names_are_compared_by_their_last_part_and_whole_words() -> None:
    assert (
        last_part('"Sales"."Customers"') == "customers"
        and last_part("\\\\fs\\hr\\pay.csv") == "pay.csv"
    )
    assert words_of("lw-db-01.example") == " lw db 01 example " and words_of("--") == ""


def test_reads_that_have_nothing_to_do_with_each_other_overlap_as_chance_has_it() -> None:
    assert together([50, 50], 100) == 75 and together([100, 3], 100) == 100
    assert together([], 100) == 0 and together([7, 9], None) == 9
