"""What the tests of parsers share: reading a log, and the law that lines are events or rejects."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from amends.tables.timeline import ACTIONS, EVENTS, KINDS, OUTCOMES
from amends.timeline.parsers import PARSERS
from amends.timeline.parsers.base import NO_TIME, Origin, Parser

_TYPES = {c.name: c.arrow for c in EVENTS.columns}


@dataclass
class Reading:
    """All that a parser gave."""

    events: list[dict] = field(default_factory=list)
    rejects: list[tuple[int, str]] = field(default_factory=list)
    n_lines: int = 0
    raw: list[str] = field(default_factory=list)


def origin(name: str = "some.log") -> Origin:
    return Origin("G0000001", 1, f"h/{name}", name)


def chosen(content: bytes, name: str = "some.log") -> str:
    """Return the name of the parser that is asked first."""
    return next(p.name for p in PARSERS if p.detect(content[: 256 << 10], origin(name)))


def read(parser: Parser, content: bytes, name: str = "some.log") -> Reading:
    """Read a log, and check what holds for every parser."""
    found = Reading()
    for part in parser.read(io.BytesIO(content), origin(name)):
        n = len(part.times.wall)
        assert part.n_lines == n + len(part.rejects), "lines are events or rejects"
        assert (
            len(part.times.utc)
            == len(part.times.yearless)
            == len(part.times.raw)
            == len(part.raw)
            == n
        )
        for column, values in part.columns.items():
            assert len(values) == n, column
            assert column in _TYPES, column
            assert values.type == _TYPES[column], (column, values.type)
        assert {"position", "line"} <= part.columns.keys()
        rows = pa.table(part.columns).to_pylist() if n else []
        for row, wall, utc in zip(
            rows, part.times.wall.tolist(), part.times.utc.tolist(), strict=True
        ):
            row["at"] = (
                None
                if wall == NO_TIME
                else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=wall)
            )
            row["utc"] = bool(utc)
            row["extra"] = dict(row.get("extra") or [])
            found.events.append(row)
        found.rejects += part.rejects
        found.n_lines += part.n_lines
        found.raw += part.raw.to_pylist()
    for row in found.events:
        kind = row.get("kind") or "other"
        assert kind in KINDS, row
        assert (row.get("action") or "other") in ACTIONS[kind], row
        assert (row.get("outcome") or "") in OUTCOMES, row
    positions = [row["position"] for row in found.events]
    assert len(set(positions)) == len(positions), "each event has a place of its own"
    return found


def has(row: dict, **wanted: object) -> None:
    """Check some columns of an event."""
    for name, value in wanted.items():
        assert row.get(name) == value, (name, row.get(name), value)


def garbled(content: bytes, seed: int) -> bytes:
    """Return a log in which bytes were changed, cut out and doubled."""
    chance = np.random.default_rng(seed)
    body = bytearray(content)
    for _ in range(int(chance.integers(1, 12))):
        at = int(chance.integers(0, max(len(body), 1)))
        how = int(chance.integers(0, 5))
        if how == 0:
            body[at : at + 1] = bytes([int(chance.integers(0, 256))])
        elif how == 1:
            del body[at : at + int(chance.integers(1, 40))]
        elif how == 2:
            body[at:at] = body[at : at + int(chance.integers(1, 60))]
        elif how == 3:
            body[at:at] = bytes([b'"\n\0{[<\\'[int(chance.integers(0, 7))]]) * int(
                chance.integers(1, 4)
            )
        else:
            body = body[:at] or body
    return bytes(body)
