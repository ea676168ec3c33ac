"""Which values of a column are addresses, names, devices and keys: shapes of letters and signs.

Every check takes a column and returns one truth value a cell; null and empty cells are false.
Expressions run in RE2 (through Arrow), which cannot backtrack.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.elements import shapes_data
from amends.elements.shapes_cells import Cells, Mask
from amends.elements.shapes_numbers import plain_digits

EMAIL = (
    r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}$"
)
STREET = (
    r"(?i)^(?:[NSEW]? ?\d+[A-Z]?(?:[-/ ]\d+)?,? +(?:\S+ +){0,6}[A-Z]|P\.? ?O\.? ?BOX +\w+"
    r"|(?:RR|HC|RURAL ROUTE) *#? *\d+|(?:CALLE|AVENIDA|AVE|URB|BO|CARR|KM|APARTADO) +\w+"
    r"|(?:PSC|UNIT|CMR) +\d+|GENERAL DELIVERY)"
)
_HEX_WIDTHS = {32: "MD5", 40: "SHA-1", 56: "SHA-224", 64: "SHA-256", 96: "SHA-384", 128: "SHA-512"}
_MBI = (
    r"^[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9]"
    r"[AC-HJKMNP-RT-Y]{2}[0-9]{2}$"
)
_MAC = r"^(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$|^(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}$"
_IPV4 = r"^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$"
_IPV6 = (
    r"^(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}$"
    r"|^(?:[0-9A-Fa-f]{1,4}:){0,6}(?:[0-9A-Fa-f]{1,4})?::(?:[0-9A-Fa-f]{1,4}:){0,6}[0-9A-Fa-f]{0,4}$"
)
_UUID = r"^[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$"
_CRYPT = r"^(?:\$(?:1|2[abxy]?|5|6|y|argon2(?:id?|d)|pbkdf2|scrypt|P|H)\$|pbkdf2_sha\d+\$|\{S?SHA)"
_SEALED = (
    r"(?i)^(?:enc[:{(\[]|\{?cipher\}?|vault:v\d+:|aes\d*:|tok(?:en)?[_:-]|AQI[A-Za-z0-9+/]"
    r"|gAAAA|v\d+:[A-Za-z0-9+/]{16})"
)
_BUSINESS = (
    r"(?i)(?:^|[ ,])(?:L\.?L\.?C|INC|INCORPORATED|CORP|CORPORATION|CO|COMPANY|L\.?T\.?D|LIMITED"
    r"|L\.?L\.?P|P\.?C|P\.?L\.?L\.?C|GMBH|S\.?A\.?(?: DE C\.?V)?|AG|PLC|FOUNDATION|ASSOCIATES"
    r"|GROUP|HOLDINGS|PARTNERS|SERVICES|ENTERPRISES|BANK|UNIVERSITY|CHURCH|SCHOOL|CLINIC"
    r"|HOSPITAL|& SONS|CONSTRUCTION|PLUMBING|CONSULTING|REALTY|RESTAURANT|LANDSCAPING|TRUCKING"
    r"|LAW OFFICE|DENTAL|HVAC|ELECTRIC|AUTO REPAIR)\.?$"
)
_FULL_NAME = (
    r"(?i)^(?:[\p{L}][\p{L}'’.\-]*,? +){1,4}[\p{L}][\p{L}'’.\-]*\.?$|^[\p{L}'’\-]+,[\p{L}'’. \-]+$"
)
_VIN_WEIGHTS = np.array([8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2], np.int64)


def matches(cells: Cells, pattern: str, among: Mask | None = None) -> Mask:
    """Say which values match an RE2 expression, looking only at those in ``among``."""
    looked = cells.present if among is None else cells.present & among
    places = np.flatnonzero(looked)
    out = np.zeros(cells.n, np.bool_)
    if len(places):
        every = len(places) == cells.n
        values = cells.values if every else cells.values.take(pa.array(places))
        found = pc.match_substring_regex(values, pattern)
        out[places] = np.asarray(found.fill_null(False))
    return out


def is_one_of(cells: Cells, words: pa.Array) -> Mask:
    """Say which values, in upper case, are in a list."""
    upper = pc.utf8_upper(cells.values)
    return np.asarray(pc.is_in(upper, value_set=words)) & cells.present


def email(cells: Cells) -> Mask:
    """Say which values are e-mail addresses.

    Source:
        RFC 5321 and 5322, dot-atom form; the domain by RFC 1035.
    """
    return matches(cells, EMAIL, cells.ats == 1)


def phone_abroad(cells: Cells) -> Mask:
    """Say which values are written as international numbers: + and 8 to 15 digits (E.164)."""
    return matches(cells, r"^\+[\d ().\-]{8,22}$", (cells.digits >= 8) & (cells.digits <= 15))


def zip_code(cells: Cells) -> Mask:
    """Say which values are five digits or five and four."""
    hyphened = (cells.digits == 9) & (cells.lengths == 10) & (cells.hyphens == 1)
    return np.asarray(plain_digits(cells, 5, 9) | (hyphened & cells.present))


def postal_code(cells: Cells) -> Mask:
    """Say which values are a ZIP or a Canadian, British or other plain postal code."""
    return zip_code(cells) | matches(
        cells,
        r"(?i)^(?:[A-Z]\d[A-Z] ?\d[A-Z]\d|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|\d{3,6}|\d{5}-\d{3})$",
        (cells.lengths >= 3) & (cells.lengths <= 10),
    )


@cache
def _state_words() -> pa.Array:
    return pa.array(sorted(shapes_data.state_codes()), pa.string())


def state(cells: Cells) -> Mask:
    """Say which values are a state or territory, by code, name or abbreviation."""
    return is_one_of(cells, _state_words())


def state_code(cells: Cells) -> Mask:
    """Say which values are a two-letter state code."""
    return np.asarray(state(cells) & (cells.lengths == 2))


def street(cells: Cells) -> Mask:
    """Say which values look like a street line, box or rural route.

    Source:
        USPS Publication 28.
    """
    return matches(cells, STREET, (cells.lengths >= 5) & (cells.letters >= 2))


def words(cells: Cells) -> Mask:
    """Say which values are words: letters, no more digits than a street or business may hold."""
    letters = cells.letters.astype(np.int32) + cells.others
    return np.asarray(cells.present & (letters >= 1) & (cells.digits <= 4))


def name_words(cells: Cells) -> Mask:
    """Say which values could be a name: letters, no digits, no at sign."""
    letters = cells.letters.astype(np.int32) + cells.others
    return np.asarray(
        cells.present & (letters >= 1) & (cells.digits == 0) & (cells.ats == 0)
        & (cells.lengths <= 100)
    )  # fmt: skip


def given_name(cells: Cells) -> Mask:
    """Say which values are on the list of given names, the first word deciding."""
    return _first_word(cells, shapes_data.given_names())


def surname(cells: Cells) -> Mask:
    """Say which values are on the list of family names, the first word deciding."""
    return _first_word(cells, shapes_data.surnames())


def _first_word(cells: Cells, listed: pa.Array) -> Mask:
    if not cells.n:
        return np.zeros(0, np.bool_)
    upper = pc.utf8_upper(cells.values)
    head = pc.replace_substring_regex(upper, r"[^\p{L}'’].*$", "")
    head = pc.replace_substring_regex(head, "['’]", "")
    found = np.asarray(pc.is_in(head, value_set=listed))
    return np.asarray(found & cells.present & (cells.digits == 0))


def full_name(cells: Cells) -> Mask:
    """Say which values are two to five words, one a given name and one a family name."""
    mask = matches(cells, _FULL_NAME, (cells.digits == 0) & (cells.lengths <= 60))
    places = np.flatnonzero(mask)
    if not len(places):
        return mask
    upper = pc.utf8_upper(cells.values.take(pa.array(places)))
    parts = pc.split_pattern_regex(upper, r"[ ,.]+")
    flat, parents = pc.list_flatten(parts), pc.list_parent_indices(parts)
    owner = np.asarray(parents)
    given = np.asarray(pc.is_in(flat, value_set=shapes_data.given_names()))
    family = np.asarray(pc.is_in(flat, value_set=shapes_data.surnames()))
    n = len(places)
    n_given, n_family = (
        np.bincount(owner[given], minlength=n),
        np.bincount(owner[family], minlength=n),
    )
    either = np.bincount(owner[given | family], minlength=n)
    mask[places[~((n_given >= 1) & (n_family >= 1) & (either >= 2))]] = False
    return mask


def business(cells: Cells) -> Mask:
    """Say which values end in a word of business: LLC, Inc, Bank."""
    return matches(cells, _BUSINESS, cells.letters >= 2)


def hashed(cells: Cells) -> Mask:
    """Say which values are the hexadecimal digest of a common unkeyed hash."""
    return matches(cells, r"^(?:0x)?[0-9A-Fa-f]+$", np.isin(cells.lengths, list(_HEX_WIDTHS)))


def hash_name(width: int) -> str:
    """Return which hash gives so many hexadecimal digits."""
    return _HEX_WIDTHS.get(width, "an unkeyed hash")


def password_hashed(cells: Cells) -> Mask:
    """Say which values carry the mark of a password hash."""
    return matches(cells, _CRYPT, cells.lengths >= 13)


def sealed(cells: Cells) -> Mask:
    """Say which values look encrypted or tokenised: a known mark, or a long text of base64."""
    marked = matches(cells, _SEALED, cells.lengths >= 16)
    mixed = (cells.digits > 0) & (cells.uppers > 0) & (cells.lowers > 0) & (cells.spaces == 0)
    base64 = matches(
        cells,
        r"^(?:[A-Za-z0-9+/]{4}){6,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$|^[A-Za-z0-9_\-]{24,}$",
        (cells.lengths >= 24) & mixed,
    )
    return marked | (base64 & ~hashed(cells))


def uuid(cells: Cells) -> Mask:
    """Say which values are UUIDs (RFC 9562)."""
    return matches(cells, _UUID, cells.lengths == 36)


def mac(cells: Cells) -> Mask:
    """Say which values are hardware addresses (IEEE 802)."""
    return matches(cells, _MAC, (cells.lengths == 17) | (cells.lengths == 14))


def ip(cells: Cells) -> Mask:
    """Say which values are IP addresses (RFC 791, RFC 4291)."""
    four = matches(cells, _IPV4, (cells.lengths >= 7) & (cells.lengths <= 15))
    return four | matches(cells, _IPV6, (cells.slashes >= 2) & (cells.lengths <= 39))


def mbi(cells: Cells) -> Mask:
    """Say which values are Medicare beneficiary identifiers (CMS, "Understanding the MBI")."""
    out = np.zeros(cells.n, np.bool_)
    among = cells.present & (cells.alnums == 11) & (cells.lengths <= 13)
    places = np.flatnonzero(among)
    if len(places):
        plain = cells.alnum_only(among).take(pa.array(places))
        out[places] = np.asarray(pc.match_substring_regex(plain, _MBI))
    return out


@cache
def _vin_values() -> NDArray[np.int64]:
    out = np.full(256, -1, np.int64)
    out[48:58] = np.arange(10)
    for letters, start in (("ABCDEFGH", 1), ("JKLMN", 1), ("P", 7), ("R", 9), ("STUVWXYZ", 2)):
        for index, letter in enumerate(letters):
            out[ord(letter)] = start + index
    return out


def vin(cells: Cells) -> Mask:
    """Say which values are vehicle numbers with a right check digit (49 CFR 565.15)."""
    mask = cells.present & (cells.alnums == 17) & (cells.lengths == 17) & (cells.digits >= 4)
    mask &= cells.letters >= 1
    places = np.flatnonzero(mask)
    if len(places):
        rows = cells.alnum_rows(places, 17)
        values = _vin_values()[rows]
        check = (values * _VIN_WEIGHTS).sum(axis=1) % 11
        given = np.where(rows[:, 8] == ord("X"), 10, values[:, 8])
        mask[places[(values < 0).any(axis=1) | (check != given)]] = False
    return np.asarray(mask)


@cache
def _licence_patterns() -> dict[str, str]:
    """Return state → one RE2 expression of its licences; a look-ahead becomes a length check."""
    found: dict[str, list[str]] = {}
    for row in shapes_data.shipped("drivers_licence_formats"):
        plain = row["regex"].replace("(?=.{12}$)", "").strip("^$")
        found.setdefault(row["state"], []).append(f"(?:{plain})")
    return {code: "^(?:" + "|".join(parts) + ")$" for code, parts in found.items()}


@cache
def _any_licence() -> str:
    """Return what licences of the states look like that hold more than a plain run of digits."""
    parts = {p[3:-2] for p in _licence_patterns().values()}
    return "^(?:" + "|".join(sorted(parts)) + ")$"


def licence(cells: Cells, states: pa.Array | None = None) -> Mask:
    """Say which values have the form of a driver's licence or state id.

    Args:
        cells: The column.
        states: USPS code of each row; null, or no array at all, allows the form of any state.

    Source:
        ``data/drivers_licence_formats.csv``, which names its sources state by state.
    """
    out = np.zeros(cells.n, np.bool_)
    among = cells.present & (cells.alnums >= 4) & (cells.alnums <= 20)
    if not among.any():
        return out
    plain = cells.alnum_only(among)
    if states is None:
        return _licence_match(plain, _any_licence())
    coded = pc.dictionary_encode(states)
    index = np.asarray(coded.indices.fill_null(-1))
    for number, code in [(-1, None), *enumerate(coded.dictionary.to_pylist())]:
        places = np.flatnonzero((index == number) & among)
        if len(places):
            pattern = _licence_patterns().get(str(code), _any_licence())
            out[places] = _licence_match(plain.take(pa.array(places)), pattern)
    return out


def _licence_match(plain: pa.Array, pattern: str) -> Mask:
    return np.asarray(pc.match_substring_regex(plain, pattern).fill_null(False))


def masked_nine(cells: Cells) -> Mask:
    """Say which values are an SSN masked down to its last four."""
    return matches(
        cells,
        r"^(?:[Xx*#•]{3}[- ]?[Xx*#•]{2}[- ]?|[Xx*#]{5})\d{4}$",
        (cells.digits == 4) & (cells.lengths >= 9) & (cells.lengths <= 21),
    )


def expiry(cells: Cells) -> Mask:
    """Say which values are a card's month and year."""
    return matches(
        cells, r"^(?:0?[1-9]|1[0-2])[/ -]?(?:20)?\d{2}$|^20\d{2}[/-](?:0[1-9]|1[0-2])$",
        (cells.lengths >= 3) & (cells.lengths <= 7),
    )  # fmt: skip


def diagnosis(cells: Cells) -> Mask:
    """Say which values are ICD-10-CM codes (CMS, code structure)."""
    return matches(
        cells, r"^[A-TV-Z]\d[0-9AB](?:\.[0-9A-Z]{1,4}|[0-9A-Z]{0,4})$",
        (cells.lengths >= 3) & (cells.lengths <= 8),
    )  # fmt: skip


def iban(cells: Cells) -> Mask:
    """Say which values are IBANs: ISO 13616 form and remainder one by 97 (ISO 7064)."""
    out = matches(
        cells, r"^[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}$", (cells.alnums >= 15) & (cells.alnums <= 34)
    )
    places = np.flatnonzero(out)
    for place, text in zip(
        places, cells.alnum_only(out).take(pa.array(places)).to_pylist(), strict=True
    ):
        turned = re.sub("[A-Z]", lambda m: str(ord(m.group()) - 55), text[4:] + text[:4])
        out[place] = int(turned) % 97 == 1
    return out
