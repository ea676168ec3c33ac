"""Two runs over the same logs say the same, to the last id."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from amends.kernel.engine.duck import DuckEngine
from amends.timeline.chain.gather import days_before_sql, heap_sql


@pytest.mark.parametrize("order", ["n", "n DESC", "from_us, n DESC", "to_us DESC, n"])
def test_rows_of_one_instant_heap_alike_in_any_order(order: str, tmp_path: Path) -> None:
    rows = [
        (0, 0, 1),
        (0, 0, 2),
        (0, 0, 3),
        (50, 60, 4),
        (50, 60, 5),
        (500, 500, 6),
        (500, 500, 7),
        (500, 500, 8),
    ]
    table = pa.table({
        "who": ["a"] * len(rows), "from_us": [r[0] * 1_000_000 for r in rows],
        "to_us": [r[1] * 1_000_000 for r in rows], "n": [r[2] for r in rows],
    })  # fmt: skip
    engine = DuckEngine(tmp_path)
    name = engine.register("given", table)
    heaps = heap_sql(
        f"SELECT * FROM {name} ORDER BY {order}", "who", 100, "list(n ORDER BY n) AS held"
    )
    found = engine.arrow(f"SELECT held FROM ({heaps}) ORDER BY from_us").column("held").to_pylist()
    assert found == [[1, 2, 3, 4, 5], [6, 7, 8]]
    days = days_before_sql(f"SELECT * FROM {name} ORDER BY {order}", "who", "days")
    assert set(engine.arrow(f"SELECT days FROM ({days})").column("days").to_pylist()) == {0}
    engine.close()
