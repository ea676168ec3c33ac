"""Values that stand for nothing, as hashes and numbers, from the shipped list of placeholders.

A list never suffices: values shared by too many different people lose their power too
(``frequency.py``).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from amends.persons import text
from amends.persons.dates import parse_date
from amends.persons.hashing import U64
from amends.taxonomy import reference


def _values(element: str) -> list[str]:
    return [
        r["value"] for r in reference.rows("placeholders")
        if r["kind"] == "value" and r["element"] in (element, "any")
    ]  # fmt: skip


@cache
def hashes(element: str, shape: str) -> U64:
    """Return sorted hashes of an element's placeholders as ``shape`` writes them.

    Args:
        element: Element code of the list.
        shape: number, code, mail, name or words: how the column was normalised.
    """
    lookup = {
        "number": text.NUMBER, "code": text.CODE, "mail": text.MAIL, "name": text.NAME, "words": text.WORDS
    }[shape]  # fmt: skip
    values = pa.array(_values(element), pa.string())
    found = text.hash_rows(*text.squeeze(*text.keep(values, lookup)))
    return np.unique(found[found != 0])


@cache
def dates() -> npt.NDArray[np.int32]:
    """Return sorted placeholder dates as ``yyyymmdd``."""
    return np.unique(np.array([parse_date(v) for v in _values("birth_date")], np.int32))


def is_filler_ssn(number: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Say which nine-digit numbers were never anybody's: one digit repeated, zeros in a part.

    Source:
        SSA, randomisation: area 000 and 666, group 00 and serial 0000 are not issued; ``placeholders``.
    """
    area, group, serial = number // 1_000_000, number // 10_000 % 100, number % 10_000
    repeated = number % 111_111_111 == 0
    return np.asarray((area == 0) | (area == 999) | (group == 0) | (serial == 0) | repeated)


def is_filler_phone(number: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Say which ten-digit numbers cannot be a subscriber's: repeated digits, directory help, fiction."""
    exchange, line = number // 10_000 % 1000, number % 10_000
    repeated = number % 1_111_111_111 == 0
    fiction = (exchange == 555) & ((line // 100 == 1) | (line == 1212))
    return np.asarray(repeated | fiction | (number % 10_000_000 == 0))
