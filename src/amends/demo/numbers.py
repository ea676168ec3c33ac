"""Numbers of the carrier's people: one each, well formed, unique, and made from the seed.

A number is a bijection of the person's place in the population, so nothing must be remembered to
keep it unique, however many people are written.

Source:
    Number structures: taxonomy reference (Social Security areas, 3GPP TS 23.003 for IMEI and
    IMSI, ITU-T E.118 for ICCID, the numbering plan's N11 rule, IRS prefixes for EIN and ITIN);
    licence layouts after the shipped reference list of licence formats.
"""

from __future__ import annotations

from math import gcd

import numpy as np
import pyarrow.compute as pc

from amends.demo.strings import Bytes, Ints, Mask, Text, choose, digit_cells, digits, fixed

# Areas issued before 2011 (001-665, 667-733, 750-772); later ones would be odd for most ages.
_AREAS = np.array([a for a in range(1, 773) if a != 666 and not 733 < a < 750], np.int64)
_SSN_SPACE = len(_AREAS) * 99 * 9999
_EXCHANGES = np.array(
    [x for x in range(200, 1000) if x % 100 != 11 and x not in (555, 950, 958, 959)], np.int64
)
# Type allocation codes as they look (35 + reporting body's digits); invented, not a maker's.
_TYPE_CODES = np.array(
    [35_000_000 + 61_817 * k % 990_000 + 10_000 for k in range(1, 161)], np.int64
)
_EIN_PREFIXES = np.array(
    [1, 10, 12, 20, 26, 27, 35, 36, 41, 45, 46, 47, 52, 58, 63, 81, 82, 88, 95], np.int64
)

# ``#`` a digit, ``@`` the initial of the surname, ``?`` any letter. One layout a jurisdiction.
LICENCES = {
    "AL": "########", "AK": "#######", "AZ": "?########", "AR": "#########", "CA": "?#######",
    "CO": "#########", "CT": "1########", "DE": "#######", "DC": "#######", "FL": "@############",
    "GA": "#########", "HI": "H########", "ID": "??######?", "IL": "@###########",
    "IN": "##########", "IA": "###??####", "KS": "K########", "KY": "?########", "LA": "0########",
    "ME": "#######", "MD": "MD###########", "MA": "S########", "MI": "@############",
    "MN": "@############", "MS": "#########", "MO": "?#########", "MT": "#############",
    "NE": "?########", "NV": "##########", "NH": "NHL########", "NJ": "@##############",
    "NM": "#########", "NY": "#########", "NC": "############", "ND": "???######", "OH": "??######",
    "OK": "?#########", "OR": "#######", "PA": "########", "RI": "#######", "SC": "#########",
    "SD": "########", "TN": "#########", "TX": "########", "UT": "#########", "VT": "########",
    "VA": "?########", "WA": "WDL#########", "WV": "?######", "WI": "@#############",
    "WY": "#########", "PR": "#######", "GU": "?##############",
}  # fmt: skip
_WIDTH = 16


def scatter(places: Ints, space: int, seed: int, salt: int) -> Ints:
    """Return a number in ``[0, space)`` for each place in it: a bijection chosen by seed and salt.

    ``space`` stays below 4e9, so that the product fits 64 bits.
    """
    step = (0x9E3779B1 ^ (salt * 0x85EBCA6B)) % space | 1
    while gcd(step, space) != 1:
        step += 2
    shift = (seed * 7_919 + salt * 104_729) * 1_000_003 % space
    spread = (places % space).astype(np.uint64) * np.uint64(step % space) + np.uint64(shift)
    return (spread % np.uint64(space)).astype(np.int64)


def ssn_numbers(places: Ints, second_twin: Ints, seed: int) -> Ints:
    """Return nine-digit Social Security numbers; a second twin's follows the first twin's.

    Args:
        places: Place of the person (of the first twin, for both) in the population.
        second_twin: 1 for a second twin, else 0.
        seed: The seed of the case.
    """
    k = scatter(places, _SSN_SPACE // 2, seed, 1) * 2 + second_twin
    area = _AREAS[k // (99 * 9999)]
    rest = k % (99 * 9999)
    number: Ints = area * 1_000_000 + (rest // 9999 + 1) * 10_000 + rest % 9999 + 1
    return number


def itin_numbers(places: Ints, seed: int) -> Ints:
    """Return nine-digit taxpayer numbers: 9, two digits, 70-88, four digits."""
    k = scatter(places, 100 * 19 * 10_000, seed, 2)
    return 900_000_000 + k // 190_000 * 1_000_000 + (70 + k // 10_000 % 19) * 10_000 + k % 10_000


def ein_numbers(places: Ints, seed: int) -> Ints:
    """Return nine-digit employer numbers with an issued prefix."""
    k = scatter(places, len(_EIN_PREFIXES) * 10_000_000, seed, 3)
    return _EIN_PREFIXES[k // 10_000_000] * 10_000_000 + k % 10_000_000


def phone_numbers(places: Ints, area_codes: Ints, n_codes: Ints, seed: int) -> Ints:
    """Return ten-digit numbers of the state's area codes.

    Args:
        places: Place of the line in the population of lines.
        area_codes: Matrix, one row a line: the area codes of its state.
        n_codes: How many of them are distinct.
        seed: The seed of the case.
    """
    space = len(_EXCHANGES) * 10_000
    k = scatter(places, space, seed, 4)
    turn = places // space + scatter(places, 999_983, seed, 5)
    area = area_codes[np.arange(len(places)), turn % n_codes]
    number: Ints = area * 10_000_000 + _EXCHANGES[k // 10_000] * 10_000 + k % 10_000
    return number


# What a digit adds when its place is doubled: 7 → 14 → 1 + 4.
_DOUBLED = np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9], np.uint8)


def _with_luhn(cells: Bytes) -> Text:
    values = cells - 48
    doubled = _DOUBLED[values[:, ::-1][:, ::2]]
    total = doubled.sum(axis=1, dtype=np.int32) + values[:, ::-1][:, 1::2].sum(1, dtype=np.int32)
    check = ((10 - total % 10) % 10 + 48).astype(np.uint8)
    return fixed(np.concatenate([cells, check[:, None]], axis=1))


def imei_text(places: Ints, seed: int) -> Text:
    """Return fifteen-digit IMEIs with their check digit."""
    k = scatter(places, len(_TYPE_CODES) * 1_000_000, seed, 6)
    code = digit_cells(_TYPE_CODES[k // 1_000_000], 8)
    return _with_luhn(np.concatenate([code, digit_cells(k % 1_000_000, 6)], axis=1))


def imsi_text(places: Ints, seed: int) -> Text:
    """Return fifteen-digit IMSIs of the carrier (MCC 311, MNC 588 stands for Larkspur)."""
    return digits(311_588_000_000_000 + scatter(places, 999_999_937, seed, 7), 15)


def iccid_text(places: Ints, seed: int) -> Text:
    """Return nineteen-digit SIM card numbers: 89, country 01, issuer 588, serial, check digit."""
    k = scatter(places, 3_999_999_979, seed, 8)
    head = np.broadcast_to(np.frombuffer(b"8901588", np.uint8), (len(places), 7))
    return _with_luhn(np.concatenate([head, digit_cells(k, 11)], axis=1))


def licence_text(places: Ints, state: Ints, states: Text, initials: Text, seed: int) -> Text:
    """Return driver's licence numbers in the layout of each state.

    Args:
        places: Place of the person in the population.
        state: Index into ``states``; military and unknown ones get the layout of Texas.
        states: Postal codes.
        initials: First letter of each surname, upper case ASCII.
        seed: The seed of the case.
    """
    layouts = [LICENCES.get(code, LICENCES["TX"]) for code in states.to_pylist()]
    out = np.array([[ord(s) for s in layout.ljust(_WIDTH)] for layout in layouts], np.uint8)[state]
    low = scatter(places, 10_000_000, seed, 9)
    number = digit_cells(low + 10_000_000 * scatter(places, 99_999_989, seed, 11), _WIDTH)
    first = np.frombuffer(initials.to_numpy(zero_copy_only=False).astype("S1"), np.uint8)
    letter = scatter(places, 999_983, seed, 10)
    out = np.where(out == ord("#"), number[:, ::-1], out)
    out = np.where(out == ord("@"), first[:, None], out)
    for place in np.flatnonzero((out == ord("?")).any(axis=0)).tolist():
        any_letter = (65 + (letter // (1 + place % 7)) % 26).astype(np.uint8)
        out[:, place] = np.where(out[:, place] == ord("?"), any_letter, out[:, place])
    return pc.utf8_rtrim(fixed(out), " ")


def written_ssn(numbers: Ints, hyphens: Mask) -> Text:
    """Return SSNs with hyphens where the mask says so, else as nine digits."""
    bare = digits(numbers, 9)
    cells = digit_cells(numbers, 9)
    hyphen = np.full((len(numbers), 1), 45, np.uint8)
    parts = [cells[:, :3], hyphen, cells[:, 3:5], hyphen, cells[:, 5:]]
    return choose(hyphens, fixed(np.concatenate(parts, axis=1)), bare)
