"""Addresses in one line, short ZIPs, suffixes and initials: parts that stand in the wrong column."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.elements.records_names import SUFFIXES
from amends.elements.records_values import TEXT, as_state, known_state, mapped


def as_suffix(values: pa.Array) -> pa.Array:
    """Return JR, SR, II … for any spelling; null for what is none."""
    return mapped(values, SUFFIXES)


_SUFFIXED = r"(?i)^(?P<name>.+?)[ ,]+(?P<part>JR|SR|II|III|IV|JNR|SNR)\.?$"
_INITIALED = r"^(?P<name>\S+) (?P<part>\p{L}\.?)$"


def split_suffix(last: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Take ``Jr`` and the like off family names."""
    name, part = _split(last, _SUFFIXED)
    return name, as_suffix(part)


def split_initial(first: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Take a middle initial off given names: ``Mary T.``."""
    return _split(first, _INITIALED)


def _split(values: pa.Array, pattern: str) -> tuple[pa.Array, pa.Array]:
    """Split what has a space in it and matches; the rest stays whole."""
    spaced = pc.match_substring(values, " ").fill_null(False)
    places = np.flatnonzero(np.asarray(spaced))
    nothing = pa.nulls(len(values), TEXT)
    if not len(places):
        return values, nothing
    some = values.take(pa.array(places))
    found = pc.extract_regex(some, pattern)
    name = pc.coalesce(pc.struct_field(found, [0]), some)
    part = pc.struct_field(found, [1])
    return pc.replace_with_mask(values, spaced, name), pc.replace_with_mask(nothing, spaced, part)


_ONE_LINE_COMMA = (
    r"^(?P<street>.+), *(?P<city>[^,\d]+), *(?P<state>[A-Za-z]{2})\.?,? +(?P<zip>\d{5}(?:-\d{4})?)"
    r"(?:,? +(?:USA?|United States))?$"
)


def split_address(
    street: pa.Array, state: pa.Array, zip_: pa.Array
) -> tuple[pa.Array, pa.Array, pa.Array, pa.Array]:
    """Take city, state and ZIP off a line that holds the whole address."""
    line = pc.replace_substring_regex(street, r"[\r\n]+", ", ")
    found = pc.extract_regex(line, _ONE_LINE_COMMA)
    parts = [pc.struct_field(found, [i]) for i in range(4)]
    return (
        pc.coalesce(parts[0], street),
        parts[1],
        pc.coalesce(state, as_state(parts[2])),
        pc.coalesce(zip_, parts[3]),
    )


def padded_zip(zip_: pa.Array, state: pa.Array) -> pa.Array:
    """Give ZIPs of three or four digits their leading zeros back, where the state is one."""
    short = pc.and_(
        pc.match_substring_regex(zip_, r"^\d{3,4}$"), pc.is_valid(known_state(state))
    ).fill_null(False)
    out = pc.if_else(short, pc.utf8_lpad(zip_, 5, "0"), zip_)
    # A spreadsheet's "2139.0", and nine digits without the hyphen.
    return pc.replace_substring_regex(out, r"^(\d{5})(\d{4})$", r"\1-\2")
