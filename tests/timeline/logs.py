"""What the tests of log parsers share: reading bytes into rows."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date

from amends.kernel.contents import RawPart
from amends.timeline.parsers.base import Origin, Parser
from amends.timeline.reading import LogReading, read_log

AS_OF = date(2026, 9, 1)


def origin(
    name: str = "auth.log", host: str = "", zone: str = "", as_of: date | None = AS_OF
) -> Origin:
    return Origin("G0000001", 77, f"logs/{name}", name, host, zone, as_of)


def read(
    body: str | bytes, where: Origin | None = None, parsers: Sequence[Parser] | None = None
) -> tuple[LogReading, list[dict]]:
    raw = body.encode() if isinstance(body, str) else body
    where = where or origin()
    reading = read_log(RawPart("", where.name, io.BytesIO(raw)), where, parsers=parsers)
    rows = [row for batch in reading.batches for row in batch.to_pylist()]
    assert reading.n_lines == reading.n_events + reading.n_rejects
    assert reading.n_events == len(rows)
    return reading, rows


def one(line: str, where: Origin | None = None) -> dict:
    _, rows = read(line + "\n", where)
    assert len(rows) == 1
    row = rows[0]
    row["extra"] = dict(row["extra"] or ())
    return row
