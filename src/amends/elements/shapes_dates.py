"""Dates in any spelling, read the way the column writes them.

``03/04/1985`` is March or April; the column decides, by the values of which only one reading is a
date. Distinct spellings are read once and remembered, since a birth date column of millions of
rows holds some thirty thousand of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.elements.shapes_cells import Cells, Mask
from amends.kernel import clock

_EPOCH = date(1970, 1, 1).toordinal()
# A spreadsheet counts days from 30 December 1899 (ECMA-376 part 1, 18.17.4.1).
_SERIAL_ZERO = date(1899, 12, 30).toordinal()
NO_DATE = np.iinfo(np.int32).min
_OLDEST_YEAR = 1880
_MEMORY = 2_000_000

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january ene enero janvier januar janeiro janv",
            "feb february febrero fevrier février februar fevereiro",
            "mar march marzo mars märz maerz marco março",
            "apr april abr abril avril",
            "may mayo mai maio",
            "jun june junio juin juni junho",
            "jul july julio juillet juli julho",
            "aug august ago agosto aout août",
            "sep sept september septiembre septembre setembro set",
            "oct october oct octubre octobre oktober outubro okt out",
            "nov november noviembre novembre novembro",
            "dec december dic diciembre decembre décembre dezember dezembro dez",
        ),
        start=1,
    )
    for name in names.split()
}


@dataclass(frozen=True)
class DateReading:
    """How a column writes its dates.

    Attributes:
        order: ``mdy`` or ``dmy``, for numbers that could be either.
        serial: Whether bare five-digit numbers are a spreadsheet's day numbers.
        mixed: Whether both orders were seen for certain.
    """

    order: str = "mdy"
    serial: bool = False
    mixed: bool = False


# Without a value that says otherwise: month first, the custom of the United States.
US_DATES = DateReading()


class DateReader:
    """Reads a column's dates; remembers every spelling it met.

    Args:
        reading: How the column writes them.
        latest: The last day that can be meant; years of two digits lie in the hundred before it.
    """

    def __init__(self, reading: DateReading, latest: date | None = None) -> None:
        self.reading = reading
        self.latest = latest or clock.now().date()
        self._known: dict[str | None, int] = {}

    def days(self, cells: Cells) -> NDArray[np.int32]:
        """Return days since 1970-01-01, ``NO_DATE`` where there is none or it is impossible."""
        out = np.full(cells.n, NO_DATE, np.int32)
        iso = cells.present & (cells.digits == 8) & (cells.lengths == 10) & (cells.hyphens == 2)
        places = np.flatnonzero(iso)
        if len(places):
            iso[places[(cells.sign_at(places, 4) != 45) | (cells.sign_at(places, 7) != 45)]] = False
            places = np.flatnonzero(iso)
            year, month = cells.number(places, 0, 4), cells.number(places, 4, 2)
            out[places] = self._checked(year, month, cells.number(places, 6, 2))
        rest = np.flatnonzero(cells.present & ~iso)
        if len(rest):
            coded = pc.dictionary_encode(cells.values.take(pa.array(rest)))
            read = np.array([self._read(v) for v in coded.dictionary.to_pylist()], np.int32)
            out[rest] = read[np.asarray(coded.indices)]
        return out

    def _checked(
        self, year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.int64]
    ) -> NDArray[np.int32]:
        right = (month >= 1) & (month <= 12) & (day >= 1) & (year >= _OLDEST_YEAR)
        months = (np.where(right, year, 1970) - 1970) * 12 + np.where(right, month, 1) - 1
        first = months.astype("datetime64[M]")
        length = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(int)
        days = first.astype("datetime64[D]").astype(np.int64) + day - 1
        right &= (day <= length) & (days <= self.latest.toordinal() - _EPOCH)
        return np.where(right, days, NO_DATE).astype(np.int32)

    def _read(self, text: str) -> int:
        known = self._known.get(text)
        if known is None:
            if len(self._known) > _MEMORY:
                self._known.clear()
            found = read_date(text, self.reading, self.latest)
            known = NO_DATE if found is None else found.toordinal() - _EPOCH
            self._known[text] = known
        return known


def read_date(text: str, reading: DateReading, latest: date) -> date | None:
    """Return the day a text means, or null.

    Args:
        text: ``1985-03-04``, ``3/4/85``, ``04.03.1985``, ``Mar 4, 1985``, ``4 de marzo de 1985``,
            ``19850304``, with or without a time of day behind it.
        reading: How its column writes dates.
        latest: The last day that can be meant.
    """
    text = re.sub(r"[T ]\d{1,2}:\d{2}.*$", "", text.strip())
    words = re.findall(r"\d+|[^\W\d_]+", text.lower())
    numbers = [w for w in words if w.isdigit()]
    months = [_MONTHS[w] for w in words if w in _MONTHS]
    if len(words) > 8 or any(len(n) > 8 for n in numbers):
        return None
    if len(months) == 1 and len(numbers) == 2:
        return _with_month(numbers, months[0], latest)
    if len(numbers) == 3 and len(words) == 3:
        return _three(numbers, reading, latest)
    if len(numbers) == 1 == len(words):
        return _one(numbers[0], reading, latest)
    return None


def _with_month(numbers: list[str], month: int, latest: date) -> date | None:
    first, second = numbers
    if len(first) == 4:
        return _day(int(first), month, int(second), latest)
    return _day(_year(second, latest), month, int(first), latest)


def _three(numbers: list[str], reading: DateReading, latest: date) -> date | None:
    a, b, c = numbers
    if len(a) == 4:
        return _day(int(a), int(b), int(c), latest)
    year = _year(c, latest)
    first = _day(year, int(a), int(b), latest)
    second = _day(year, int(b), int(a), latest)
    if reading.order == "dmy":
        first, second = second, first
    return first or second


def _one(digits: str, reading: DateReading, latest: date) -> date | None:
    if len(digits) == 5 and reading.serial:
        found = date.fromordinal(_SERIAL_ZERO + int(digits))
        return found if found <= latest else None
    if len(digits) == 7:
        digits = "0" + digits
    if len(digits) == 8:
        iso = _day(int(digits[:4]), int(digits[4:6]), int(digits[6:]), latest)
        return iso or _three([digits[:2], digits[2:4], digits[4:]], reading, latest)
    if len(digits) == 6:
        return _three([digits[:2], digits[2:4], digits[4:]], reading, latest)
    return None


def _year(digits: str, latest: date) -> int:
    """Return the year of two or four digits; two lie in the hundred years before ``latest``."""
    if len(digits) != 2:
        return int(digits)
    year = latest.year // 100 * 100 + int(digits)
    return year if year <= latest.year else year - 100


def _day(year: int, month: int, day: int, latest: date) -> date | None:
    if not _OLDEST_YEAR <= year <= latest.year:
        return None
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return found if found <= latest else None


def learn_reading(cells: Cells) -> DateReading:
    """Return how a column writes its dates, from a sample of it.

    A value such as ``25/03/1985`` can be read in one way only; the way of most such values is the
    column's. Without any, month first (the custom of the United States).
    """
    numbers = _three_numbers(cells)
    day_first = int(((numbers[:, 0] > 12) & (numbers[:, 1] <= 12)).sum())
    month_first = int(((numbers[:, 1] > 12) & (numbers[:, 0] <= 12)).sum())
    n = max(cells.n_present, 1)
    fives = cells.present & (cells.digits == 5) & (cells.lengths == 5)
    reading = DateReading(
        order="dmy" if day_first > month_first else "mdy",
        mixed=min(day_first, month_first) > 0,
    )
    return replace(reading, serial=bool(fives.sum() / n > 0.5))


def _three_numbers(cells: Cells) -> NDArray[np.int64]:
    """Return first and second number of values such as ``3/4/1985``, one row a value."""
    found = pc.extract_regex(cells.values, r"^(?P<a>\d{1,2})[-/. ](?P<b>\d{1,2})[-/. ]\d{2,4}")
    sides = [
        np.asarray(pc.cast(pc.struct_field(found, [i]).drop_null(), pa.int64())) for i in (0, 1)
    ]
    return np.stack(sides, axis=1)


def spread_of_years(days: NDArray[np.int32], latest: date) -> Mask | None:
    """Return whether days lie as birth dates do, or null when there are too few to say.

    Birth dates of a population reach over decades and few lie in the last year; dates of orders,
    logins and visits crowd into the last years.
    """
    known = days[days != NO_DATE]
    if len(known) < 8:
        return None
    ages = (latest.toordinal() - _EPOCH - known) / 365.25
    low, middle, high = np.quantile(ages, [0.1, 0.5, 0.9])
    return np.asarray((high - low >= 20) & (middle >= 15) & (high <= 105))
