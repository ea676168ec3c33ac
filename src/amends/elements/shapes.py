"""What the values of a column are, kind by kind: valid, malformed, or standing for nothing.

A *kind* is an element with a part. ``classify`` looks at every value once and says for each what
it is; a column of SSNs may hold ITINs, numbers masked to their last four and hashes beside them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.elements import shapes_numbers as numbers
from amends.elements import shapes_words as words
from amends.elements.shapes_cells import Cells, Mask, keep_where
from amends.elements.shapes_data import placeholders, word_set
from amends.elements.shapes_dates import NO_DATE, DateReader, DateReading

Check = Callable[[Cells], Mask]


@dataclass(frozen=True)
class Found:
    """Values of a column that are of one element.

    Attributes:
        element: Element code.
        mask: Which cells.
        form: How the value is brought to its normal form: digits, last4, padded9, alnum, lower,
            phone, text, none.
        secured: True when the value is encrypted or tokenised, so that it cannot be read.
        why: What tells it apart from the column's main element, or "".
    """

    element: str
    mask: Mask
    form: str = "text"
    secured: bool = False
    why: str = ""


@dataclass(frozen=True)
class Classified:
    """What every value of a column is.

    Attributes:
        found: Valid values by element, no cell in two.
        malformed: Present, of no element of the column, and no filler: kept as possible.
        n_values: Values that are there.
    """

    found: tuple[Found, ...]
    malformed: Mask
    n_values: int

    @property
    def n_valid(self) -> int:
        """How many values are of some element."""
        return sum(int(f.mask.sum()) for f in self.found)


@dataclass(frozen=True)
class Context:
    """What beside the values themselves a check may need.

    Attributes:
        states: USPS code of each row, for licences; null where unknown.
        dates: Reader of dates, for birth dates.
    """

    states: pa.Array | None = None
    dates: DateReader | None = field(default=None)


def classify(element: str, part: str, cells: Cells, context: Context | None = None) -> Classified:
    """Say what each value of a column of this kind is.

    Args:
        element: Element code.
        part: Part of the element, or "".
        cells: The column.
        context: States of the rows and the reader of dates, where there are.
    """
    context = context or Context()
    if element == "ssn":
        return _ssn(cells, part)
    if element == "birth_date" and not part:
        reader = context.dates or DateReader(DateReading())
        return _close(cells, element, [Found(element, reader.days(cells) != NO_DATE, "date")])
    if element == "drivers_licence" and not part:
        valid = words.licence(cells, context.states)
        return _close(
            cells, element, [Found(element, valid, "alnum"), *_unreadable(cells, element, valid)]
        )
    check, form = CHECKS.get((element, part)) or CHECKS.get((element, "")) or (_any_text, "text")
    valid = check(cells)
    found = [Found(element, valid, form)]
    if element in _SECRETS:
        found += _unreadable(cells, element, valid)
    return _close(cells, element, found)


def normal_values(cells: Cells, found: Found) -> pa.Array:
    """Return the values of one element in their normal form; null in all other cells."""
    if found.form == "digits":
        return cells.digits_only(found.mask)
    if found.form == "padded9":
        return pc.utf8_lpad(cells.digits_only(found.mask), 9, "0")
    if found.form == "last4":
        return pc.utf8_slice_codeunits(cells.digits_only(found.mask), -4)
    if found.form == "alnum":
        return cells.alnum_only(found.mask)
    if found.form == "lower":
        return keep_where(pc.utf8_lower(cells.values), found.mask)
    if found.form == "phone":
        return _phone_text(cells, found.mask)
    return keep_where(cells.values, found.mask)


def form_of(element: str) -> str:
    """Return how values of an element are brought to their normal form."""
    own = {"ssn": "digits", "drivers_licence": "alnum", "birth_date": "date"}
    return own.get(element) or CHECKS.get((element, ""), (None, "text"))[1]


def is_filler(cells: Cells, element: str) -> Mask:
    """Say which values stand for nothing: N/A, UNKNOWN, 000000000, 1900-01-01."""
    if not cells.n:
        return np.zeros(0, np.bool_)
    upper = pc.utf8_upper(cells.values) if cells.lowers.any() else cells.values
    listed = _fillers(_SAME_FILLERS.get(element, element))
    out = np.asarray(pc.is_in(upper, value_set=listed))
    if element == "email":
        out = out | words.matches(cells, _NO_MAIL, cells.ats == 1)
    if element in ("pin", "account_pin"):
        out = out | words.matches(cells, r"^0+$", cells.digits == cells.lengths)
    return np.asarray(out & cells.present)


@cache
def _fillers(element: str) -> pa.Array:
    return pc.unique(pa.concat_arrays([placeholders("any"), placeholders(element)]))


_SAME_FILLERS = {"account_pin": "pin", "itin": "ssn", "iban": "bank_account"}
# The part before the @ says that there is no address (``data/placeholders.csv``, pattern of email).
_NO_MAIL = (
    r"(?i)^(?:no|none|na|null|unknown|test|fake|noemail|nomail|refused|declined|noreply|no-reply"
    r"|donotreply|not\.?provided|noone|nobody)@"
)


def _close(cells: Cells, element: str, found: list[Found]) -> Classified:
    """Take fillers out of what is valid, and name the rest malformed."""
    filler = is_filler(cells, element)
    if element in ("ssn", "itin", "ein", "ssn_or_ein"):
        filler |= numbers.filler_nine(cells)
    kept = []
    taken = filler.copy()
    for one in found:
        mask = one.mask & ~taken
        taken |= mask
        kept.append(Found(one.element, mask, one.form, one.secured, one.why))
    malformed = cells.present & ~taken
    return Classified(tuple(kept), malformed, cells.n_present)


def _ssn(cells: Cells, part: str) -> Classified:
    written_ein = numbers.ein_written(cells)
    valid = numbers.ssn(cells)
    found = [
        Found("ein", written_ein & numbers.ein(cells), "digits", why="written 2-7"),
        Found("ssn", valid, "digits"),
        Found("itin", numbers.itin(cells), "digits", why="begins with 9"),
        Found("atin", numbers.atin(cells), "digits", why="begins with 9, group 93"),
        Found("ssn_last4", words.masked_nine(cells), "last4", why="masked"),
        Found("ssn", _short_ssn(cells), "padded9", why="leading zeros lost"),
    ]
    if part == "or_ein":
        written_ssn = int((numbers.nine(cells)[1] & valid).sum())
        if int(written_ein.sum()) > 2 * written_ssn:
            # Where most are written NN-NNNNNNN, a plain nine digits are an EIN too.
            found.insert(1, Found("ein", numbers.ein(cells), "digits", why="as most of the column"))
        found.append(Found("ein", numbers.ein(cells), "digits", why="no SSN has this form"))
    known = np.logical_or.reduce([f.mask for f in found])
    return _close(cells, "ssn", [*found, *_unreadable(cells, "ssn", known)])


def _short_ssn(cells: Cells) -> Mask:
    """Say which plain numbers of seven or eight digits are SSNs whose zeros a spreadsheet ate.

    Where others kept their leading zero, no spreadsheet was at work: a digit is missing.
    """
    mask = numbers.plain_digits(cells, 7, 8)
    whole = np.flatnonzero(numbers.plain_digits(cells, 9))
    if mask.any() and len(whole) and (cells.number(whole, 0, 1) == 0).any():
        return np.zeros(cells.n, np.bool_)
    places = np.flatnonzero(mask)
    number = np.zeros(len(places), np.int64)
    for width in (7, 8):
        right = cells.digits[places] == width
        number[right] = cells.number(places[right], 0, width)
    area, group, serial = number // 1_000_000, number // 10_000 % 100, number % 10_000
    good = (area > 0) & (group > 0) & (serial > 0) & ~numbers.is_filler_nine(number)
    mask[places[~good]] = False
    return mask


def _unreadable(cells: Cells, element: str, valid: Mask) -> list[Found]:
    """Return values that are hashed without a key, or encrypted."""
    hashed = words.hashed(cells) & ~valid
    sealed = (words.sealed(cells) | words.password_hashed(cells)) & ~valid & ~hashed
    out = []
    if hashed.any():
        width = int(np.bincount(cells.lengths[hashed]).argmax())
        why = f"unkeyed hash ({words.hash_name(width)}): every value can be tried out in minutes"
        out.append(Found(element, hashed, "none", secured=False, why=why))
    if sealed.any():
        out.append(Found(element, sealed, "none", secured=True, why="encrypted or tokenised"))
    return out


def _phone(cells: Cells) -> Mask:
    return numbers.nanp(cells) | words.phone_abroad(cells) | _with_extension(cells)


_EXTENSION = r"(?i)[ ,;]*(?:x|ext\.?|extension|#) *\d{1,6}$"


def _with_extension(cells: Cells) -> Mask:
    some = cells.present & (cells.digits > 10) & (cells.letters > 0) & (cells.letters < 10)
    out = np.zeros(cells.n, np.bool_)
    places = np.flatnonzero(some)
    if len(places):
        bare = pc.replace_substring_regex(cells.values.take(pa.array(places)), _EXTENSION, "")
        out[places] = numbers.nanp(Cells(bare))
    return out


def _phone_text(cells: Cells, mask: Mask) -> pa.Array:
    values = cells.values
    if (cells.letters[mask] > 0).any():
        values = pc.replace_substring_regex(values, _EXTENSION, "")
        cells = Cells(values)
    digits = cells.digits_only(mask)
    home = numbers.nanp(cells)
    if home[mask].all():
        return pc.utf8_slice_codeunits(digits, -10)
    abroad = pc.binary_join_element_wise(pa.scalar("+"), digits, "")
    return pc.if_else(pa.array(home), pc.utf8_slice_codeunits(digits, -10), abroad)


def _any_text(cells: Cells) -> Mask:
    return cells.present.copy()


def _alnum_between(low: int, high: int, digits: int) -> Check:
    def check(cells: Cells) -> Mask:
        inside = (cells.alnums >= low) & (cells.alnums <= high) & (cells.digits >= digits)
        signs = cells.lengths - cells.alnums.astype(np.int32)
        return np.asarray(cells.present & inside & (signs <= 6) & (cells.ats == 0))

    return check


def _digits_between(low: int, high: int) -> Check:
    def check(cells: Cells) -> Mask:
        return np.asarray(
            numbers.plain_digits(cells) & (cells.digits >= low) & (cells.digits <= high)
        )

    return check


def _imei(cells: Cells) -> Mask:
    return numbers.luhn_fifteen(cells) | numbers.spaced_digits(cells, 16)


def _meid(cells: Cells) -> Mask:
    return words.matches(
        cells, r"^(?:[A-Fa-f][0-9A-Fa-f]{13,14}|\d{18}|[0-9A-Fa-f]{8}|\d{11})$", cells.lengths >= 8
    )


def _passport(cells: Cells) -> Mask:
    return _alnum_between(6, 12, 5)(cells) & (cells.letters <= 3)


def _username(cells: Cells) -> Mask:
    return np.asarray(cells.present & (cells.spaces == 0) & (cells.lengths >= 2))


def _long_words(cells: Cells) -> Mask:
    letters = cells.letters.astype(np.int32) + cells.others
    return np.asarray(cells.present & (letters >= 2))


def _street(cells: Cells) -> Mask:
    return np.asarray(cells.present & (cells.alnums.astype(np.int32) + cells.others >= 2))


_TITLES = pa.array(
    sorted(
        word_set(
            "MR MR. MRS MRS. MS MS. MISS MX MX. DR DR. PROF PROF. REV REV. SR SR. SRA SRA. SRTA HERR "
            "FRAU M. MME"
        )
    )
)
_SUFFIXES = pa.array(
    sorted(word_set("JR JR. SR SR. I II III IV V VI JNR SNR JUNIOR SENIOR 2ND 3RD MD PHD ESQ"))
)


def _title(cells: Cells) -> Mask:
    return words.is_one_of(cells, _TITLES)


def _suffix(cells: Cells) -> Mask:
    return words.is_one_of(cells, _SUFFIXES)


CHECKS: dict[tuple[str, str], tuple[Check, str]] = {
    ("itin", ""): (numbers.itin, "digits"),
    ("atin", ""): (numbers.atin, "digits"),
    ("ein", ""): (numbers.ein, "digits"),
    ("ssn_last4", ""): (_digits_between(4, 4), "digits"),
    ("state_id", ""): (_alnum_between(4, 20, 3), "alnum"),
    ("passport", ""): (_passport, "alnum"),
    ("alien_number", ""): (_alnum_between(7, 13, 7), "alnum"),
    ("military_id", ""): (_alnum_between(8, 12, 6), "alnum"),
    ("gov_id_other", ""): (_alnum_between(5, 22, 4), "alnum"),
    ("bank_account", ""): (_alnum_between(4, 20, 4), "alnum"),
    ("routing_number", ""): (numbers.routing, "digits"),
    ("iban", ""): (words.iban, "alnum"),
    ("card", ""): (numbers.card, "digits"),
    ("card_cvv", ""): (_digits_between(3, 4), "digits"),
    ("card_expiry", ""): (words.expiry, "text"),
    ("imei", ""): (_imei, "digits"),
    ("meid", ""): (_meid, "alnum"),
    ("imsi", ""): (numbers.imsi, "digits"),
    ("iccid", ""): (numbers.iccid, "alnum"),
    ("npi", ""): (numbers.npi, "digits"),
    ("mbi", ""): (words.mbi, "alnum"),
    ("vin", ""): (words.vin, "alnum"),
    ("ip", ""): (words.ip, "text"),
    ("mac", ""): (words.mac, "lower"),
    ("diagnosis", ""): (_long_words, "text"),
    ("phone", ""): (_phone, "phone"),
    ("email", ""): (words.email, "lower"),
    ("zip", ""): (words.postal_code, "text"),
    ("pin", ""): (_digits_between(3, 12), "digits"),
    ("account_pin", ""): (_digits_between(3, 15), "digits"),
    ("account_number", ""): (_alnum_between(3, 30, 1), "alnum"),
    ("mrn", ""): (_alnum_between(4, 20, 2), "alnum"),
    ("health_policy", ""): (_alnum_between(4, 25, 2), "alnum"),
    ("username", ""): (_username, "text"),
    ("name", ""): (words.name_words, "text"),
    ("name", "prefix"): (_title, "text"),
    ("name", "suffix"): (_suffix, "text"),
    ("name", "business"): (_long_words, "text"),
    ("name", "full"): (_long_words, "text"),
    ("address", "street"): (_street, "text"),
    ("address", "city"): (words.words, "text"),
    ("address", "state"): (words.words, "text"),
    ("address", "country"): (words.words, "text"),
}
# Elements whose values may stand there hashed or encrypted.
_SECRETS = word_set(
    "itin ein passport state_id bank_account card card_cvv imei imsi iccid pin account_pin "
    "account_number mrn mbi health_policy gov_id_other phone email"
)
