"""Which values of a column are valid numbers of a kind: checksums and issue rules, all at once.

Every check takes a column and returns one truth value a cell; null and empty cells are false.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from amends.elements.shapes_cells import Cells, Mask, Places
from amends.elements.shapes_data import placeholders, shipped

_DOUBLED = np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9], np.uint8)
_ABA = np.array([3, 7, 1] * 3, np.uint16)
_EIN_UNKNOWN = frozenset([0, 7, 8, 9, 17, 18, 19, 28, 29, 49, 69, 70, 78, 79, 89, 96, 97])


def luhn(rows: NDArray[np.uint8]) -> Mask:
    """Say which rows of digits pass the Luhn check.

    Source:
        ISO/IEC 7812-1, annex B.
    """
    width = rows.shape[1]
    plain = rows[:, width - 1 :: -2].sum(axis=1, dtype=np.uint16)
    doubled = _DOUBLED[rows[:, width - 2 :: -2]].sum(axis=1, dtype=np.uint16)
    return np.asarray((plain + doubled) % 10 == 0)


def plain_digits(cells: Cells, *widths: int) -> Mask:
    """Say which values are digits only, of one of these widths."""
    mask = (cells.digits == cells.lengths) & cells.present
    return np.asarray(mask & np.isin(cells.lengths, widths)) if widths else np.asarray(mask)


def spaced_digits(cells: Cells, *widths: int) -> Mask:
    """Say which values are digits of one of these widths, spaces, hyphens and dots aside."""
    signs = cells.spaces.astype(np.int32) + cells.hyphens + cells.others
    mask = cells.present & (cells.digits + signs == cells.lengths) & (signs <= 6)
    return np.asarray(mask & np.isin(cells.digits, widths))


def nine(cells: Cells) -> tuple[Mask, Mask]:
    """Return which values are nine digits written plain or 3-2-4, and which of them are 3-2-4.

    One separator of the kind hyphen, space or dot is meant, the same twice.
    """
    held = cells.kept.get("nine")
    if held is None:
        held = cells.kept["nine"] = _find_nine(cells)
    return held[0].copy(), held[1].copy()


def _find_nine(cells: Cells) -> tuple[Mask, Mask]:
    plain = plain_digits(cells, 9)
    written = cells.present & (cells.digits == 9) & (cells.lengths == 11)
    places = np.flatnonzero(written)
    if len(places):
        first, second = cells.sign_at(places, 3), cells.sign_at(places, 6)
        right = (first == second) & np.isin(first, (45, 32, 46))
        written[places[~right]] = False
    return np.asarray(plain | written), np.asarray(written)


def _area_group_serial(cells: Cells, places: Places) -> tuple[NDArray[np.int64], ...]:
    number = cells.number(places, 0, 8) * 10 + cells.number(places, 8, 1)
    return number, number // 1_000_000, number // 10_000 % 100, number % 10_000


@cache
def _filler_ssns() -> NDArray[np.int64]:
    held = {v for v in placeholders("ssn").to_pylist() if v.isdigit() and len(v) == 9}
    return np.array(sorted(int(v) for v in held), np.int64)


def is_filler_nine(number: NDArray[np.int64]) -> Mask:
    """Say which nine-digit numbers are known samples or fillers."""
    return np.asarray(np.isin(number, _filler_ssns()))


def ssn(cells: Cells) -> Mask:
    """Say which values are numbers that could have been issued as an SSN, fillers left out.

    Source:
        SSA, "Social Security number randomization" (2011): area not 000, 666 or 9xx; group not
        00; serial not 0000.
    """
    return _nine_rule(
        cells,
        lambda area, group, serial: (
            (area > 0) & (area != 666) & (area < 900) & (group > 0) & (serial > 0)
        ),
    )


def itin(cells: Cells) -> Mask:
    """Say which values could be an ITIN.

    Source:
        IRS: begins with 9; fourth and fifth digit 50-65, 70-88, 90-92, 94-99.
    """
    return _nine_rule(
        cells,
        lambda area, group, serial: (
            (area >= 900)
            & (group >= 50)
            & (group != 93)
            & (group != 89)
            & ~((group > 65) & (group < 70))
        ),
    )


def atin(cells: Cells) -> Mask:
    """Say which values could be an adoption taxpayer number (9xx-93-xxxx)."""
    return _nine_rule(cells, lambda area, group, serial: (area >= 900) & (group == 93))


def filler_nine(cells: Cells) -> Mask:
    """Say which values are nine digits known to stand for nothing."""
    mask, _ = nine(cells)
    places = np.flatnonzero(mask)
    number = _area_group_serial(cells, places)[0]
    mask[places[~is_filler_nine(number)]] = False
    return mask


def _nine_rule(cells: Cells, rule: object) -> Mask:
    mask, _ = nine(cells)
    places = np.flatnonzero(mask)
    if len(places):
        number, area, group, serial = _area_group_serial(cells, places)
        assert callable(rule)
        mask[places[~rule(area, group, serial) | is_filler_nine(number)]] = False
    return mask


def group_zero_share(cells: Cells) -> float:
    """Return the share of nine-digit values whose fourth and fifth digit are 00."""
    places = np.flatnonzero(nine(cells)[0])
    if not len(places):
        return 0.0
    return float((_area_group_serial(cells, places)[2] == 0).mean())


def ein_written(cells: Cells) -> Mask:
    """Say which values are written NN-NNNNNNN."""
    mask = cells.present & (cells.digits == 9) & (cells.lengths == 10) & (cells.hyphens == 1)
    places = np.flatnonzero(mask)
    mask[places[cells.sign_at(places, 2) != 45]] = False
    return np.asarray(mask)


def ein(cells: Cells) -> Mask:
    """Say which values are nine digits with a prefix the IRS assigned, plain or NN-NNNNNNN.

    Source:
        IRS, "How EINs are assigned and valid EIN prefixes".
    """
    mask = ein_written(cells) | plain_digits(cells, 9)
    places = np.flatnonzero(mask)
    prefix = cells.number(places, 0, 2)
    mask[places[np.isin(prefix, list(_EIN_UNKNOWN))]] = False
    return np.asarray(mask)


def routing(cells: Cells) -> Mask:
    """Say which values pass the ABA checksum and begin with an assigned prefix.

    Source:
        ABA routing number policy: weights 3 7 1, prefixes 00-12, 21-32, 61-72, 80.
    """
    mask = plain_digits(cells, 9)
    places = np.flatnonzero(mask)
    if not len(places):
        return mask
    rows = cells.digit_rows(places, 9)
    prefix = rows[:, 0].astype(np.int64) * 10 + rows[:, 1]
    known = (
        (prefix <= 12)
        | ((prefix >= 21) & (prefix <= 32))
        | ((prefix >= 61) & (prefix <= 72))
        | (prefix == 80)
    )
    total = (rows * _ABA).sum(axis=1)
    mask[places[~known | (total % 10 != 0) | (total == 0)]] = False
    return mask


@cache
def _card_ranges() -> tuple[tuple[int, int, int, frozenset[int], bool], ...]:
    """Return (digits of the prefix, first, last, lengths, Luhn) of each active network range."""
    out = []
    for row in shipped("card_iin"):
        if row["status"] == "active":
            lengths = frozenset(int(v) for v in row["lengths"].split() if v.isdigit())
            low, high = row["iin_first"], row["iin_last"]
            out.append((len(low), int(low), int(high), lengths, row["luhn"] != "no"))
    return tuple(out)


def card(cells: Cells) -> Mask:
    """Say which values are card numbers: a network's prefix and length, and Luhn.

    Source:
        ISO/IEC 7812; network ranges in ``data/card_iin.csv``.
    """
    mask = np.zeros(cells.n, np.bool_)
    candidates = spaced_digits(cells, 13, 14, 15, 16, 17, 18, 19)
    for width in np.unique(cells.digits[candidates]).tolist():
        places = np.flatnonzero(candidates & (cells.digits == width))
        rows = cells.digit_rows(places, width)
        checked = luhn(rows) & (rows != rows[:, :1]).any(axis=1)
        prefix = cells.number(places, 0, 8)
        known = np.zeros(len(places), np.bool_)
        for digits, low, high, lengths, has_luhn in _card_ranges():
            if width in lengths and has_luhn:
                head = prefix // 10 ** (8 - digits)
                known |= (head >= low) & (head <= high)
        mask[places[checked & known]] = True
    return mask


def imei(cells: Cells) -> Mask:
    """Say which values are IMEIs: fifteen digits that pass Luhn, the first two a reporting body.

    Source:
        3GPP TS 23.003, section 6.2 and annex B; GSMA TS.06 for the reporting bodies.
    """
    mask = spaced_digits(cells, 15)
    places = np.flatnonzero(mask)
    if len(places):
        rows = cells.digit_rows(places, 15)
        body = rows[:, 0].astype(np.int64) * 10 + rows[:, 1]
        known = np.isin(body, (1, 35, 86, 91, 98, 99, 44, 45, 49, 50, 51, 52, 53, 54, 33, 30, 10))
        varied = (rows != rows[:, :1]).any(axis=1)
        mask[places[~(luhn(rows) & known & varied)]] = False
    return mask


def luhn_fifteen(cells: Cells) -> Mask:
    """Say which values are fifteen digits that pass Luhn, whoever reported the device."""
    mask = spaced_digits(cells, 15)
    places = np.flatnonzero(mask)
    if len(places):
        rows = cells.digit_rows(places, 15)
        mask[places[~(luhn(rows) & (rows != rows[:, :1]).any(axis=1))]] = False
    return mask


@cache
def _us_networks() -> NDArray[np.int64]:
    rows = shipped("us_mcc_mnc")
    return np.array(sorted({int(r["mcc"] + r["mnc"].zfill(3)) for r in rows}), np.int64)


def imsi(cells: Cells) -> Mask:
    """Say which values are IMSIs: a mobile country code, in the US with an assigned network.

    Source:
        ITU-T E.212; assignments in ``data/us_mcc_mnc.csv``.
    """
    mask = plain_digits(cells, 14, 15)
    places = np.flatnonzero(mask)
    if len(places):
        network = cells.number(places, 0, 6)
        country = network // 1000
        american = (country >= 310) & (country <= 316)
        known = np.where(
            american, np.isin(network, _us_networks()), (country >= 200) & (country < 760)
        )
        mask[places[~known]] = False
    return mask


def imsi_us(cells: Cells) -> Mask:
    """Say which values are IMSIs of an assigned US network."""
    mask = plain_digits(cells, 15)
    places = np.flatnonzero(mask)
    mask[places[~np.isin(cells.number(places, 0, 6), _us_networks())]] = False
    return mask


def iccid(cells: Cells) -> Mask:
    """Say which values are SIM card numbers: 89, eighteen to twenty digits, Luhn (or a final F).

    Source:
        ITU-T E.118.
    """
    mask = np.zeros(cells.n, np.bool_)
    filled = (cells.letters == 1) & (cells.lengths == cells.digits.astype(np.int32) + 1)
    candidates = spaced_digits(cells, 18, 19, 20) | (
        filled & np.isin(cells.digits, (18, 19)) & cells.present
    )
    for width in (18, 19, 20):
        places = np.flatnonzero(candidates & (cells.digits == width))
        rows = cells.digit_rows(places, width)
        right = (rows[:, 0] == 8) & (rows[:, 1] == 9)
        if width > 18:
            right &= luhn(rows) | filled[places]
        mask[places[right]] = True
    return mask


def npi(cells: Cells) -> Mask:
    """Say which values are provider numbers: ten digits from 1 or 2, Luhn behind 80840.

    Source:
        CMS, "Requirements for NPI and NPI check digit" (45 CFR 162.406).
    """
    mask = plain_digits(cells, 10)
    places = np.flatnonzero(mask)
    if len(places):
        rows = cells.digit_rows(places, 10)
        head = np.broadcast_to(np.array([8, 0, 8, 4, 0], np.uint8), (len(rows), 5))
        right = luhn(np.concatenate([head, rows], axis=1))
        mask[places[~(right & (rows[:, 0] >= 1) & (rows[:, 0] <= 2))]] = False
    return mask


@cache
def _area_codes() -> Mask:
    known = np.zeros(1000, np.bool_)
    known[[int(r["area_code"]) for r in shipped("nanp_area_codes") if r["kind"] != "reserved"]] = (
        True
    )
    return known


def nanp(cells: Cells) -> Mask:
    """Say which values are North American telephone numbers with an area code in service.

    Source:
        NANPA: first digit of area code and exchange 2 to 9, neither ends in 11.
    """
    signs = cells.spaces.astype(np.int32) + cells.hyphens + cells.others
    mask = cells.present & (cells.digits + signs == cells.lengths) & (signs <= 7)
    mask &= (cells.digits == 10) | (cells.digits == 11)
    places = np.flatnonzero(mask)
    if not len(places):
        return np.asarray(mask)
    long = cells.digits[places] == 11
    skip = long.astype(np.int32)
    area = cells.number(places, skip, 3)
    exchange = cells.number(places, skip + 3, 3)
    line = cells.number(places, skip + 6, 4)
    lead = cells.number(places, 0, 1)
    right = _area_codes()[area] & (exchange >= 200) & (exchange % 100 != 11)
    right &= ~long | (lead == 1)
    # 555-0100 to 0199 is fiction, 555-1212 directory help; a run of one digit is a filler.
    right &= ~((exchange == 555) & (((line >= 100) & (line < 200)) | (line == 1212)))
    right &= ~((area == exchange) & (line % 1111 == 0) & (area % 111 == 0))
    mask[places[~right]] = False
    return np.asarray(mask)
