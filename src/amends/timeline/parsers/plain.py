"""Any other text: lines that begin with, or hold, a time; every line is an event of kind ``other``."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.lines import Lines
from amends.timeline.parsers.base import Origin, Parsed
from amends.timeline.parsers.by_lines import (
    LineParser,
    ParseBlock,
    blank_lines,
    places,
    rejected,
)
from amends.timeline.stamps import read_stamps

_TIME = (
    r"(?P<stamp>\d{4}[\-/.]\d\d[\-/.]\d\d[T ,:\-]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z| ?[+\-]\d\d:?\d\d)?|"
    r"(?:[A-Z][a-z]{2},? )?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?(?: \d{4})?|\d{1,2}[/ \-][A-Z][a-z]{2}[/ \-]\d{4}[: ]\d\d:\d\d:\d\d(?:\.\d+)?(?: [+\-]\d{4})?|"
    r"\d{1,2}/\d{1,2}/\d{4}[ ,T]{1,2}\d\d:\d\d:\d\d|\b1\d{9}(?:\.\d+)?\b|\b1\d{12}\b)"
)


class Plain(LineParser):
    """Text of no known format; the last to be tried."""

    name = "text"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether it is text at all."""
        sample = head[:8192]
        if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
            return True
        odd = sum(1 for byte in sample if byte < 9 or 13 < byte < 32 and byte != 27)
        return bool(sample) and odd * 20 <= len(sample)

    def begin(self, origin: Origin) -> ParseBlock:
        """Return the parser of this file's blocks."""
        return _parse


def _parse(lines: Lines) -> Parsed:
    blank = blank_lines(lines)
    keep = ~blank
    text = lines.text.filter(pa.array(keep)) if blank.any() else lines.text
    found = pc.extract_regex(text, _TIME)
    stamps = pc.struct_field(found, "stamp")
    columns = {**places(lines, keep), "message": text}
    return Parsed(len(lines), read_stamps(stamps), columns, text, rejected(lines, blank, "blank"))
