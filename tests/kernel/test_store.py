"""Tables are written whole or not at all."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from amends.kernel.engine.duck import DuckEngine
from amends.kernel.errors import TableError
from amends.kernel.schema import Column, Table
from amends.kernel.store import TableStore

THINGS = Table(
    "things",
    "a thing",
    (Column("thing", "int", "Its number."), Column("name", "text", "Its name.")),
)


@pytest.fixture
def store(tmp_path: Path) -> TableStore:
    (tmp_path / "tables").mkdir()
    return TableStore(tmp_path / "tables")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckEngine]:
    made = DuckEngine(tmp_path / "spill")
    yield made
    made.close()


def _rows(engine: DuckEngine, store: TableStore) -> list[dict[str, object]]:
    return engine.arrow(f"SELECT * FROM {store.view(engine, THINGS)} ORDER BY thing").to_pylist()


def test_sql_and_batches_write_the_same(store: TableStore, engine: DuckEngine) -> None:
    assert store.write_sql(engine, THINGS, "SELECT 'a' AS name, 1 AS thing") == 1
    by_sql = _rows(engine, store)
    assert store.write_batches(THINGS, [pa.table({"name": ["a"], "thing": [1]})]) == 1
    assert _rows(engine, store) == by_sql == [{"thing": 1, "name": "a"}]


def test_a_missing_table_says_how_to_make_it(store: TableStore, engine: DuckEngine) -> None:
    with pytest.raises(TableError, match="amends run"):
        store.view(engine, THINGS)


def test_a_full_disk_keeps_the_table_as_it_was(store: TableStore, engine: DuckEngine) -> None:
    store.write_sql(engine, THINGS, "SELECT 1 AS thing, 'a' AS name")

    def runs_out() -> Iterator[pa.Table]:
        yield pa.table({"thing": [2], "name": ["b"]})
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(TableError, match="disk is full"):
        store.write_batches(THINGS, runs_out())
    assert _rows(engine, store) == [{"thing": 1, "name": "a"}]
    assert not list(store.folder.glob(".*.new"))


def test_a_crash_between_the_two_renames_is_put_right_by_the_next_to_work(
    store: TableStore, engine: DuckEngine
) -> None:
    store.write_sql(engine, THINGS, "SELECT 1 AS thing, 'a' AS name")
    (store.folder / "things").rename(store.folder / ".things.old")
    again = TableStore(store.folder)
    again.recover()
    assert _rows(engine, again) == [{"thing": 1, "name": "a"}]


def test_a_hostile_column_name_is_a_name_and_nothing_else(engine: DuckEngine) -> None:
    name = 'x"; DROP TABLE things; --'
    view = engine.register("evidence", pa.table({name: [1, 2]}))
    from amends.kernel.engine.base import quote

    total = engine.arrow(f"SELECT sum({quote(name)}) AS n FROM {view}").column("n")[0].as_py()
    assert total == 3
