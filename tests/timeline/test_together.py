"""Small logs read together: events, ids and accounts as read one by one; one that breaks costs no other."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amends.kernel.contents import RawPart
from amends.timeline import together as module
from amends.timeline.account import LogReading
from amends.timeline.parsers.base import Origin
from amends.timeline.reading import read_log
from amends.timeline.together import Together

pytestmark = pytest.mark.public_data
BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"
Row = dict[str, Any]


@pytest.fixture(scope="module")
def logs() -> list[bytes]:
    """Return thirty small logs, one cut in the middle and one that holds nothing."""
    for folder in (os.environ.get("AMENDS_PUBLIC_DATA"), BESIDE):
        found = sorted((Path(folder) / "evtx-attack-samples").rglob("*.evtx")) if folder else []
        if found:
            bodies = [path.read_bytes() for path in found[::9]]
            return [*bodies, bodies[0][: 4096 + 30_000], b"ElfFile\0" + bytes(5000)]
    pytest.skip("the public logs are not there: set AMENDS_PUBLIC_DATA")


def _read(bodies: list[bytes], *, alone: bool) -> tuple[list[LogReading], list[Row]]:
    done: list[LogReading] = []
    shared = None if alone else Together(done.append)
    rows: list[Row] = []
    for place, body in enumerate(bodies):
        where = Origin(
            f"G{place:07}",
            1000 + place,
            f"h{place % 3}/{place}.evtx",
            f"{place}.evtx",
            f"h{place % 3}",
        )
        reading = read_log(RawPart("", where.name, io.BytesIO(body)), where, together=shared)
        rows += [row for batch in reading.batches for row in batch.to_pylist()]
        if not reading.waiting:
            done.append(reading)
    if shared is not None:
        rows += [row for batch in shared.flush() for row in batch.to_pylist()]
    assert len(done) == len(bodies)
    return sorted(done, key=lambda r: r.origin.log_id), sorted(
        rows, key=lambda r: (r["log_id"], r["line"])
    )


def _accounts(readings: list[LogReading]) -> list[Row]:
    return [r.row("X", "", "p") | {"reasons": r.reasons, "faults": r.faults} for r in readings]


@pytest.mark.parametrize("full", [1, 50, 100_000])
def test_together_or_alone_is_the_same(
    logs: list[bytes], monkeypatch: pytest.MonkeyPatch, full: int
) -> None:
    monkeypatch.setattr(module, "FULL", full)
    one, two = _read(logs, alone=True), _read(logs, alone=False)
    assert one[1] == two[1]
    assert _accounts(one[0]) == _accounts(two[0])


def test_a_log_that_breaks_costs_no_other_its_events(
    logs: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _read(logs, alone=True)
    monkeypatch.setattr(module.Together, "_batch", _batch_without(whole[1][0]["log_id"]))
    readings, rows = _read(logs, alone=False)
    assert rows == [r for r in whole[1] if r["log_id"] != whole[1][0]["log_id"]]
    first = readings[0]
    assert (first.status, first.n_events, first.n_rejects) == ("partly", 0, first.n_lines)
    assert first.n_lines == whole[0][0].n_lines
    assert [r.n_events for r in readings[1:]] == [r.n_events for r in whole[0][1:]]


def _batch_without(log_id: str) -> Callable[..., Any]:
    real = Together._batch

    def made(self: Together, events: Any, held: Any) -> Any:
        if any(one.reading.origin.log_id == log_id for one in held):
            raise ValueError
        return real(self, events, held)

    return made
