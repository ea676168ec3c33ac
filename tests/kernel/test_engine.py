"""The engine: what streams is what a whole answer holds."""

from __future__ import annotations

from pathlib import Path

from amends.kernel.engine.duck import DuckEngine


def test_streamed_batches_have_the_same_types_as_whole_answers(tmp_path: Path) -> None:
    engine = DuckEngine(tmp_path / "spill")
    sql = """SELECT TIMESTAMPTZ '2026-08-04 02:00:00+00' AS "at", [1, 2] AS numbers, MAP {'a': 'b'} AS extra"""
    whole = engine.arrow(sql)
    (batch,) = engine.batches(sql)
    assert batch.schema == whole.schema
    assert str(batch.schema.field("at").type) == "timestamp[us, tz=UTC]"
    engine.close()
