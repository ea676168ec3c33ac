"""What the values of a column say by themselves, with no word from its header.

Only kinds that betray themselves are tried: a checksum, a written form, a list of names, a spread
of years. A check that one number in ten passes by chance is believed only when nearly all pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.elements import shapes_numbers as numbers
from amends.elements import shapes_words as words
from amends.elements.headers import is_about, is_foreign
from amends.elements.shapes import Check
from amends.elements.shapes_cells import Cells, Mask
from amends.elements.shapes_data import word_set
from amends.elements.shapes_dates import (
    US_DATES,
    DateReader,
    DateReading,
    learn_reading,
    spread_of_years,
)
from amends.kernel import clock


@dataclass(frozen=True)
class ValueGuess:
    """What values look like.

    Attributes:
        element: Element code.
        part: Part of the element, or "".
        share: Share of present values that fit.
        confidence: 0 to 1.
        why: In words.
        reading: How dates are written.
    """

    element: str
    part: str
    share: float
    confidence: float
    why: str
    reading: DateReading = US_DATES


@dataclass(frozen=True)
class _Telltale:
    """A check that is believed without a header.

    Attributes:
        element: Element code.
        part: Part, or "".
        check: Which cells fit.
        share: Share from which it is believed.
        least: How many values there must be.
        confidence: What it is worth.
        foreign: Whether it is believed under a header that names orders, sites, parts …
        named: Whether it is believed under a header that names something unknown.
    """

    element: str
    part: str
    check: Check
    share: float
    least: int
    confidence: float
    foreign: bool = False
    named: bool = True


def _ssn_written(cells: Cells) -> Mask:
    return np.asarray(numbers.ssn(cells) & (cells.lengths == 11))


def _phone_written(cells: Cells) -> Mask:
    signed = cells.lengths > cells.digits.astype(np.int32) + 1
    return (numbers.nanp(cells) & signed) | words.phone_abroad(cells)


def _card_full(cells: Cells) -> Mask:
    return np.asarray(numbers.card(cells) & (cells.digits >= 15))


def _zip_five(cells: Cells) -> Mask:
    return np.asarray(words.zip_code(cells) & (cells.digits != 9))


# In this order; the first that fits is taken. Shares: far above what chance gives (chance: Luhn
# 0.1, a reporting body of an IMEI 0.1 of those, NANP 0.35, SSN rules 0.88, ABA 0.04).
_TELLTALES = (
    _Telltale("email", "", words.email, 0.8, 2, 0.95, foreign=True),
    _Telltale("password_hash", "", words.password_hashed, 0.8, 3, 0.9),
    _Telltale("ssn", "", _ssn_written, 0.8, 3, 0.9),
    _Telltale("ssn_last4", "", words.masked_nine, 0.8, 3, 0.85),
    _Telltale("mac", "", words.mac, 0.9, 3, 0.9),
    _Telltale("ip", "", words.ip, 0.9, 5, 0.85),
    _Telltale("mbi", "", words.mbi, 0.9, 5, 0.9),
    _Telltale("vin", "", words.vin, 0.9, 4, 0.9),
    _Telltale("iban", "", words.iban, 0.8, 2, 0.95),
    _Telltale("iccid", "", numbers.iccid, 0.9, 4, 0.9),
    _Telltale("imei", "", numbers.imei, 0.9, 4, 0.85),
    _Telltale("card", "", _card_full, 0.9, 5, 0.85),
    _Telltale("imsi", "", numbers.imsi_us, 0.95, 8, 0.8),
    _Telltale("npi", "", numbers.npi, 0.97, 12, 0.8),
    _Telltale("phone", "", _phone_written, 0.8, 3, 0.85),
    _Telltale("address", "street", words.street, 0.7, 5, 0.75, named=False),
    _Telltale("address", "state", words.state_code, 0.95, 10, 0.7, named=False),
    _Telltale("zip", "", _zip_five, 0.97, 10, 0.6, named=False),
    _Telltale("name", "business", words.business, 0.6, 5, 0.6, named=False),
)


def guess_by_values(name: str, cells: Cells, nameless: bool) -> ValueGuess | None:
    """Return what the values alone say, or null.

    Args:
        name: The header, for what it speaks against.
        cells: A sample of the column.
        nameless: Whether the header says nothing at all.
    """
    n = cells.n_present
    if n < 2 or is_about(name):
        return None
    foreign = not nameless and is_foreign(name)
    for sign in _TELLTALES:
        if n < sign.least or (foreign and not sign.foreign) or not (nameless or sign.named):
            continue
        share = float(sign.check(cells).sum()) / n
        if share >= sign.share and not _refuted(sign, cells):
            why = f"{share:.0%} of the sampled values have the form of {sign.part or sign.element}"
            return ValueGuess(sign.element, sign.part, share, sign.confidence, why)
    if foreign:
        return None
    return _names(cells, nameless) or (_numbers(cells) or _birth_dates(cells) if nameless else None)


def _refuted(sign: _Telltale, cells: Cells) -> bool:
    if sign.element == "npi":
        return is_serial(cells)
    if sign.element in ("imsi", "card", "imei", "iccid"):
        return is_rising(cells)
    if sign.part == "state":
        return n_distinct(cells) < 3
    if sign.element == "zip":
        return n_distinct(cells) < 5 or is_serial(cells)
    return False


def _names(cells: Cells, nameless: bool) -> ValueGuess | None:
    """Tell columns of names by the census and birth lists."""
    n = cells.n_present
    wordy = float(words.name_words(cells).sum()) / n
    if wordy < 0.8 or n < 4 or n_distinct(cells) < min(4, n):
        return None
    full = float(words.full_name(cells).sum()) / n
    if full >= (0.5 if nameless else 0.6):
        why = f"{full:.0%} of the sampled values are a given and a family name"
        return ValueGuess("name", "full", full, 0.75, why)
    if not nameless:
        return None
    single = float((cells.spaces == 0).sum()) / max(cells.n, 1)
    given = float(words.given_name(cells).sum()) / n
    family = float(words.surname(cells).sum()) / n
    if single < 0.7 or max(given, family) < 0.7:
        return None
    part = "first" if given >= family else "last"
    why = f"{max(given, family):.0%} of the sampled values are on the list of {part} names"
    return ValueGuess("name", part, max(given, family), 0.65, why)


# Of numbers that nobody issued as SSNs one in a hundred has the group 00; of SSNs only slips do.
_GROUP_ZERO = 0.003


def _numbers(cells: Cells) -> ValueGuess | None:
    """Tell plain SSNs and phones from serial numbers by what issuers never give out."""
    n = cells.n_present
    if n < 20 or is_serial(cells):
        return None
    ssns = float(numbers.ssn(cells).sum()) / n
    nines = float((cells.digits == 9).sum()) / n
    if ssns >= 0.97 and nines >= 0.97 and numbers.group_zero_share(cells) <= _GROUP_ZERO:
        why = f"{ssns:.0%} of nine-digit values keep the rules of issue"
        return ValueGuess("ssn", "", ssns, 0.6, why)
    phones = float(numbers.nanp(cells).sum()) / n
    if phones >= 0.93:
        why = f"{phones:.0%} of ten-digit values have an area code in service"
        return ValueGuess("phone", "", phones, 0.7, why)
    return None


def _birth_dates(cells: Cells) -> ValueGuess | None:
    n = cells.n_present
    dated = (cells.digits >= 4) & (cells.digits <= 14) & (cells.lengths >= 6)
    written = dated & ((cells.hyphens + cells.slashes + cells.others > 1) | (cells.digits == 8))
    if n < 10 or float(written.sum()) / n < 0.8:
        return None
    reading = learn_reading(cells)
    today = clock.now().date()
    days = DateReader(reading).days(cells)
    share = float((days > np.iinfo(np.int32).min).sum()) / n
    spread = spread_of_years(days, today)
    if share < 0.8 or spread is None or not bool(spread):
        return None
    why = f"{share:.0%} dates whose years spread as birth years do"
    return ValueGuess("birth_date", "", share, 0.7, why, reading)


def n_distinct(cells: Cells) -> int:
    """Return how many different values there are."""
    return len(pc.unique(cells.values.drop_null()))


_FLAGS = word_set("y n yes no true false t f 0 1 si sí x on off ja nein oui non -")


def is_flag(cells: Cells) -> bool:
    """Say whether a column holds only yes and no in some spelling."""
    distinct = pc.unique(pc.utf8_lower(cells.values).drop_null())
    return len(distinct) <= 4 and set(distinct.to_pylist()) - {""} <= _FLAGS


def is_serial(cells: Cells) -> bool:
    """Say whether numbers were counted up: narrow in range, or rising row by row.

    Identifiers that authorities hand out lie all over their range; order numbers, ticket numbers
    and site codes come from one counter.
    """
    held = _as_numbers(cells)
    if len(held) < 8:
        return False
    if is_rising(cells):
        return True
    low, high = np.quantile(held, [0.02, 0.98])
    return bool(high - low < 0.02 * max(high, 1.0))


def is_rising(cells: Cells) -> bool:
    """Say whether numbers rise, or fall, row by row."""
    steps = np.diff(_as_numbers(cells))
    if len(steps) < 8:
        return False
    return bool((steps >= 0).mean() > 0.95 or (steps <= 0).mean() > 0.95)


def _as_numbers(cells: Cells) -> NDArray[np.float64]:
    digits = cells.digits_only(cells.present & (cells.digits > 0) & (cells.digits <= 18))
    return np.asarray(pc.cast(digits.drop_null(), pa.int64())).astype(np.float64)
