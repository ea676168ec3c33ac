"""What every parser of logs is: it recognises its format, and turns blocks of lines into columns of events.

Speed comes from whole columns: a parser works on arrays (Arrow's regular expressions, numpy on bytes), never on
one line after the other. What it cannot read it rejects, with a reason; lines in are events plus rejects.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

NO_TIME = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Origin:
    """What is known of a log file before its lines are read.

    Attributes:
        log_id: Its id in ``log_files``.
        seed: 64 bits made of the exhibit's digest and the path inside it; with the position they make event ids.
        path: Path as given, path inside the exhibit included: ``jump1/var/log/auth.log.2``.
        name: File name without the ending of what it was compressed with.
        host: Host it belongs to; "" when only its lines can tell.
        zone: IANA name or offset (``-05:00``) its host writes times in; "" when nobody said.
        as_of: Day after which no line of it can have been written; ``None`` when nobody said.
    """

    log_id: str
    seed: int
    path: str
    name: str
    host: str = ""
    zone: str = ""
    as_of: date | None = None


@dataclass(frozen=True)
class Times:
    """The times of a block's events, as read.

    Attributes:
        wall: Microseconds since 1970-01-01 00:00 of the clock the line was written by (``NO_TIME`` = none). Where the
            year is missing, that time in the year 2000.
        utc: Whether the line itself gave its zone, so that ``wall`` is UTC already.
        yearless: Whether the year is missing.
        raw: As written.
        resolution_ms: 1000 for whole seconds.
    """

    wall: npt.NDArray[np.int64]
    utc: npt.NDArray[np.bool_]
    yearless: npt.NDArray[np.bool_]
    raw: pa.Array
    resolution_ms: int = 1000


@dataclass(frozen=True)
class Parsed:
    """A block of a log, parsed.

    Attributes:
        n_lines: Lines or records of the block; events plus rejects.
        times: One entry an event.
        columns: Columns of ``events`` that the parser can fill, each of one entry an event: ``position`` and ``line``
            always (int64), the others as far as they are known; ``extra`` is a map array. Text is as found: masking
            and the company's names for hosts come later.
        raw: Each event's line as text, for rules that look for words anywhere; never written to disk.
        rejects: Line number and reason of each line that is no event.
    """

    n_lines: int
    times: Times
    columns: dict[str, pa.Array]
    raw: pa.Array
    rejects: list[tuple[int, str]] = field(default_factory=list)


class Parser(Protocol):
    """A parser of one format of logs."""

    @property
    def name(self) -> str:
        """Short name, kept in ``log_files``."""
        ...

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether this is the format, by its first bytes (at most 256 KiB) and its name."""
        ...

    def read(self, stream: BinaryIO, origin: Origin) -> Iterator[Parsed]:
        """Yield the log in blocks of some hundred thousand lines; bad lines are rejects, never errors."""
        ...
