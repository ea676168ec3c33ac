"""Addresses in one line, short ZIPs, suffixes and initials: parts that stand in the wrong column."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from amends.elements.records_names import SUFFIXES
from amends.elements.records_values import TEXT, as_state, known_state, mapped


def as_suffix(values: pa.Array) -> pa.Array:
    """Return JR, SR, II … for any spelling; null for what is none."""
    return mapped(values, SUFFIXES)


def split_suffix(last: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Take ``Jr`` and the like off family names."""
    pattern = r"(?i)^(?P<name>.+?)[ ,]+(?P<suffix>JR|SR|II|III|IV|JNR|SNR)\.?$"
    with_space = pc.match_substring(last, " ")
    if not pc.any(with_space).as_py():
        return last, pa.nulls(len(last), TEXT)
    found = pc.extract_regex(last, pattern)
    name, suffix = pc.struct_field(found, [0]), pc.struct_field(found, [1])
    return pc.coalesce(name, last), as_suffix(suffix)


def split_initial(first: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Take a middle initial off given names: ``Mary T.``."""
    with_space = pc.match_substring(first, " ")
    if not pc.any(with_space).as_py():
        return first, pa.nulls(len(first), TEXT)
    found = pc.extract_regex(first, r"^(?P<name>\S+) (?P<middle>\p{L}\.?)$")
    name, middle = pc.struct_field(found, [0]), pc.struct_field(found, [1])
    return pc.coalesce(name, first), middle


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
