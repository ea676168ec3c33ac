"""Dates moved by days, written as they were; clocks stay.

Every date of a person moves by the same number of days, drawn for the person: the order of events and the time
between them stay, nobody's birthday does. The shift is never zero and at most half a year, so ages stay right
to a year.

Source:
    Shift and truncate: B. Hripcsak et al., "Preserving temporal relations in clinical data while maintaining
    privacy", JAMIA 2016. Dates are identifiers under 45 CFR 164.514(b)(2)(i)(C).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

MOST_DAYS = 182
"""Days a date may move, either way."""
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_KEPT = pa.array(["0000-00-00", "9999-12-31", "0000-00-00 00:00:00", "9999-12-31 00:00:00"])
"""Dates that stand for none; they stay."""

Days = NDArray[np.int64]


@dataclass(frozen=True)
class _Form:
    """One way to write a date: its expression, and its parts in the order they are written."""

    pattern: str
    order: str


_FORMS = (
    _Form(r"^(?P<y>[0-9]{4})(?P<s>[-/.])(?P<m>[0-9]{1,2})(?P<t>[-/.])(?P<d>[0-9]{1,2})(?P<r>(?:[ T].*)?)$", "ymd"),
    _Form(
        r"^(?P<m>[0-9]{1,2})(?P<s>[-/.])(?P<d>[0-9]{1,2})(?P<t>[-/.])(?P<y>[0-9]{4}|[0-9]{2})(?P<r>(?:[ T].*)?)$",
        "mdy",
    ),
    _Form(r"^(?P<y>(?:18|19|20)[0-9]{2})(?P<s>)(?P<m>[01][0-9])(?P<t>)(?P<d>[0-3][0-9])(?P<r>)$", "ymd"),
    _Form(r"^(?P<m>[01][0-9])(?P<s>)(?P<d>[0-3][0-9])(?P<t>)(?P<y>(?:18|19|20)[0-9]{2})(?P<r>)$", "mdy"),
    _Form(r"^(?P<m>[A-Za-z]{3,9})(?P<s>\.? )(?P<d>[0-9]{1,2})(?P<t>,? )(?P<y>[0-9]{4})(?P<r>)$", "mdy"),
    _Form(r"^(?P<d>[0-9]{1,2})(?P<s>[ -])(?P<m>[A-Za-z]{3,9})(?P<t>[ -])(?P<y>[0-9]{4}|[0-9]{2})(?P<r>)$", "dmy"),
)  # fmt: skip


def days_of(numbers: NDArray[np.uint64]) -> Days:
    """Return the shift in days for drawn numbers: -182 to -1 and 1 to 182."""
    moved = (numbers % np.uint64(2 * MOST_DAYS)).astype(np.int64) - MOST_DAYS
    return np.where(moved >= 0, moved + 1, moved)


def shift(values: pa.Array, days: Days, day_first: bool = False) -> pa.Array:
    """Return dates moved, written as they were.

    Args:
        values: Texts.
        days: Days for each.
        day_first: Whether 3/4/2020 is the third of April.

    Returns:
        Texts; null where the value is no date that a calendar knows.
    """
    kept = pc.is_in(values, _KEPT)
    made = pc.if_else(kept, values, pa.scalar(None, pa.string()))
    for form in _FORMS:
        todo = pc.and_(pc.is_null(made), pc.is_valid(values))
        if not pc.any(todo).as_py():
            break
        pattern, order = _as_read(form, day_first)
        moved = _shift_form(values.filter(todo), days[np.asarray(todo)], pattern, order)
        made = pc.replace_with_mask(made, todo, moved)
    return made


def day_numbers(values: pa.Array, day_first: bool = False) -> tuple[Days, NDArray[np.bool_]]:
    """Return days since 1970, and which texts are a date at all.

    Args:
        values: Texts.
        day_first: Whether 3/4/2020 is the third of April.
    """
    at, known = np.zeros(len(values), np.int64), np.zeros(len(values), np.bool_)
    for form in _FORMS:
        todo = np.flatnonzero(~known & np.asarray(pc.is_valid(values)))
        if not len(todo):
            break
        pieces = pc.extract_regex(values.take(pa.array(todo)), _as_read(form, day_first)[0])
        found, real = _read(pieces)
        at[todo[real]], known[todo[real]] = found[real], True
    return at, known


def _as_read(form: _Form, day_first: bool) -> tuple[str, str]:
    """Return the expression and the order of a form; with day and month changed where the day stands first."""
    if not day_first or form.order != "mdy" or "A-Za-z" in form.pattern:
        return form.pattern, form.order
    pattern = form.pattern.replace("<m>", "<x>").replace("<d>", "<m>").replace("<x>", "<d>")
    pattern = pattern.replace("(?P<d>[01]", "(?P<d>[0-3]").replace("(?P<m>[0-3]", "(?P<m>[01]")
    return pattern, "dmy"


def _read(pieces: pa.Array) -> tuple[Days, NDArray[np.bool_]]:
    year, month, day = (pc.fill_null(pc.struct_field(pieces, name), "") for name in "ymd")
    at, real = _day_numbers(_year(year), _month(month), _number(day))
    return at, real & np.asarray(pc.is_valid(pieces))


def _shift_form(values: pa.Array, days: Days, pattern: str, order: str) -> pa.Array:
    pieces = pc.extract_regex(values, pattern)
    at, real = _read(pieces)
    if not real.any():
        return pa.nulls(len(values), pa.string())
    parts = {name: pc.fill_null(pc.struct_field(pieces, name), "") for name in "ymdstr"}
    y, m, d = _calendar(at + np.where(real, days, 0))
    real &= (y >= 1000) & (y <= 9999)
    written = {
        "y": _written_year(parts["y"], y), "m": _written_month(parts["m"], m), "d": _padded(parts["d"], d),
    }  # fmt: skip
    first, second, third = (written[c] for c in order)
    whole = pc.binary_join_element_wise(
        first, parts["s"], second, parts["t"], third, parts["r"], ""
    )
    return pc.if_else(pa.array(real), whole, pa.scalar(None, pa.string()))


def _number(texts: pa.Array) -> Days:
    digits = pc.if_else(pc.match_substring_regex(texts, r"^[0-9]+$"), texts, "0")
    return np.asarray(pc.cast(digits, pa.int64()))


def _year(texts: pa.Array) -> Days:
    """Return years; two digits up to 29 are of this century, as most systems read them (POSIX says 68)."""
    number = _number(texts)
    short = np.asarray(pc.equal(pc.binary_length(texts), 2))
    return np.where(short, np.where(number <= 29, 2000, 1900) + number, number)


def _month(texts: pa.Array) -> Days:
    number = _number(texts)
    named = pc.index_in(pc.utf8_upper(pc.utf8_slice_codeunits(texts, 0, 3)), pa.array(_MONTHS))
    return np.where(np.asarray(pc.is_valid(named)), np.asarray(pc.fill_null(named, 0)) + 1, number)


def _day_numbers(year: Days, month: Days, day: Days) -> tuple[Days, NDArray[np.bool_]]:
    """Return days since 1970, and which dates exist (29 February only in leap years)."""
    possible = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & (year >= 1)
    months = (np.where(possible, year, 2000) - 1970) * 12 + np.where(possible, month, 1) - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]")
    at = first.astype(np.int64) + np.where(possible, day, 1) - 1
    same = (first.astype(np.int64) + day - 1).astype("datetime64[D]").astype("datetime64[M]")
    return at, np.asarray(possible & (same.astype(np.int64) == months))


def _calendar(at: Days) -> tuple[Days, Days, Days]:
    dates = at.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    number = months.astype(np.int64)
    day = (dates - months.astype("datetime64[D]")).astype(np.int64) + 1
    return number // 12 + 1970, number % 12 + 1, day


def _padded(originals: pa.Array, numbers: Days) -> pa.Array:
    """Return numbers with a zero in front, unless the column writes 3 and never 03."""
    plain = pc.cast(pa.array(numbers), pa.string())
    single = pc.equal(pc.binary_length(originals), 1)
    led = pc.any(pc.starts_with(originals, "0")).as_py()
    if led or not pc.any(single).as_py():
        return pc.ascii_lpad(plain, 2, "0")
    return plain


def _written_year(originals: pa.Array, years: Days) -> pa.Array:
    short = pc.equal(pc.binary_length(originals), 2)
    whole = pc.cast(pa.array(years), pa.string())
    if not pc.any(short).as_py():
        return whole
    return pc.if_else(short, pc.utf8_slice_codeunits(whole, 2, 4), whole)


def _written_month(originals: pa.Array, months: Days) -> pa.Array:
    if not pc.any(pc.match_substring_regex(originals, "^[A-Za-z]")).as_py():
        return _padded(originals, months)
    long = pc.greater(pc.binary_length(originals), 3)
    names = pa.array([_LONG_MONTHS[m - 1] for m in range(1, 13)]).take(pa.array(months - 1))
    made = pc.if_else(long, names, pc.utf8_slice_codeunits(names, 0, 3))
    capitals = pc.equal(originals, pc.utf8_upper(originals))
    return pc.if_else(capitals, pc.utf8_upper(made), made)


_LONG_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
