"""How two records agree, field by field: small whole numbers, a few thousand patterns in all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from amends.persons import dates, names
from amends.persons.features import Features
from amends.persons.frequency import CROWD, FEW
from amends.persons.hashing import I64, U64
from amends.persons.text import likeness

U8 = npt.NDArray[np.uint8]
Levels = dict[str, U8]

NAME_BINS = (3e-3, 3e-4, 3e-5)
"""Shares at which an equal name counts as rarer: four classes from very common to rare."""

FIELDS: dict[str, tuple[str, ...]] = {
    "first": ("missing", "different", "alike", "near", "part", "initial", "nickname",
              "equal_common", "equal_usual", "equal_uncommon", "equal_rare", "swapped"),
    "middle": ("missing", "different", "initial", "equal"),
    "last": ("missing", "different", "alike", "near", "part",
             "equal_common", "equal_usual", "equal_uncommon", "equal_rare"),
    "suffix": ("missing", "different", "equal"),
    "born": ("missing", "different", "same_year", "near", "slip", "equal"),
    "ssn": ("missing", "different", "last4_near", "last4_equal", "last4_only", "equal_many", "equal"),
    "phone": ("missing", "different", "slip", "equal_many", "equal"),
    "email": ("missing", "different", "alike", "equal"),
    "place": ("missing", "different", "same_state", "same_zip", "near_address", "other_unit", "same_address"),
    "licence": ("missing", "different", "last4_equal", "equal"),
    "account": ("missing", "different", "equal_many", "equal"),
    "device": ("missing", "different", "equal"),
    "passport": ("missing", "different", "equal"),
    "business": ("missing", "different", "alike", "equal", "person_and_business"),
}  # fmt: skip
"""Every field and its levels; level 0 says nothing."""


@dataclass(frozen=True)
class Shares:
    """How common each name code is, and the class of commonness.

    Attributes:
        first: Share of each given-name code.
        last: Share of each family-name code.
        first_bin: 0 common … 3 rare.
        last_bin: The same for family names.
    """

    first: npt.NDArray[np.float64]
    last: npt.NDArray[np.float64]
    first_bin: U8
    last_bin: U8


def shares_of(f: Features) -> Shares:
    """Return the commonness of the names of these records."""
    first = names.counts_as_shares(
        np.bincount(f.first, minlength=len(f.names)), f.names, "given_names"
    )
    last = names.counts_as_shares(np.bincount(f.last, minlength=len(f.names)), f.names, "surnames")
    return Shares(first, last, _bins(first), _bins(last))


def _bins(share: npt.NDArray[np.float64]) -> U8:
    out = np.zeros(len(share), np.uint8)
    for at in NAME_BINS:
        out += share < at
    return out


def compare(f: Features, crowds: dict[str, U8], shares: Shares, a: I64, b: I64) -> Levels:
    """Return the level of every field for pairs of rows.

    Args:
        f: Features, crowded values gone.
        crowds: How many share each identifier, from ``drop_crowds``.
        shares: Commonness of names.
        a: First row of each pair.
        b: Second row.
    """
    out: Levels = {}
    out["first"], out["last"] = _names(f, shares, a, b)
    out["middle"] = _middle(f, a, b)
    out["suffix"] = _equal(f.suffix[a], f.suffix[b])
    out["born"] = dates.compare_dates(f.born[a], f.born[b])
    out["ssn"] = _ssn(f, crowds["ssn"], a, b)
    out["phone"] = _phone(f, crowds["phone"], a, b)
    out["email"] = _email(f, a, b)
    out["place"] = _place(f, crowds["address"], a, b)
    out["licence"] = _licence(f, a, b)
    out["account"] = _crowded(f.account, crowds["account"], a, b)
    out["device"] = _equal(f.device[a], f.device[b])
    out["passport"] = _equal(f.passport[a], f.passport[b])
    out["business"] = _business(f, a, b)
    return out


def _equal(x: npt.NDArray[np.generic], y: npt.NDArray[np.generic]) -> U8:
    out = np.where(x == y, 2, 1).astype(np.uint8)
    out[(x == 0) | (y == 0)] = 0
    return out


def _names(f: Features, shares: Shares, a: I64, b: I64) -> tuple[U8, U8]:
    first = names.compare_names(f.first[a], f.first[b], f.names, nicknames=True)
    last = names.compare_names(f.last[a], f.last[b], f.names, nicknames=False)
    equal = first == names.EQUAL
    first[equal] += shares.first_bin[f.first[a[equal]]]
    last_out = np.where(last >= names.PART, np.where(last == names.PART, 4, 5), last).astype(
        np.uint8
    )
    equal = last == names.EQUAL
    last_out[equal] += shares.last_bin[f.last[a[equal]]]
    crossed = np.flatnonzero((first == names.DIFFERENT) & (last == names.DIFFERENT))
    x, y = a[crossed], b[crossed]
    one = names.compare_names(f.first[x], f.last[y], f.names, nicknames=False)
    two = names.compare_names(f.last[x], f.first[y], f.names, nicknames=False)
    swapped = crossed[(one >= names.ALIKE) & (two >= names.ALIKE)]
    first[swapped], last_out[swapped] = 11, 0
    return first, last_out


def _middle(f: Features, a: I64, b: I64) -> U8:
    x, y = f.middle[a], f.middle[b]
    out = np.where(f.names.initial[x] == f.names.initial[y], 2, 1).astype(np.uint8)
    full = ~f.names.short[x] & ~f.names.short[y]
    out[(x == y) & full] = 3
    other = np.flatnonzero(full & (out == 2) & (x != y))
    if len(other):
        level = names.compare_names(x[other], y[other], f.names, nicknames=False)
        out[other] = np.where(level >= names.ALIKE, 3, 1)
    out[(x == 0) | (y == 0)] = 0
    return out


def _ssn(f: Features, crowd: U8, a: I64, b: I64) -> U8:
    x, y = f.ssn[a], f.ssn[b]
    p, q = f.ssn4[a].astype(np.int32), f.ssn4[b].astype(np.int32)
    out = np.ones(len(a), np.uint8)
    out[dates.one_slip(p, q, 4)] = 2
    both = (x != 0) & (y != 0)
    out[p == q] = 4
    out[(p == q) & both] = 3
    equal = both & (x == y)
    out[equal] = np.where(crowd[a[equal]] > FEW, 5, 6)
    out[~equal & ((p < 0) | (q < 0))] = 0
    return out


def _phone(f: Features, crowd: U8, a: I64, b: I64) -> U8:
    x, y = f.phone_number[a], f.phone_number[b]
    out = np.where(dates.one_slip(x, y, 10), 2, 1).astype(np.uint8)
    equal = f.phone[a] == f.phone[b]
    out[equal] = np.where(crowd[a[equal]] > FEW, 3, 4)
    out[(f.phone[a] == 0) | (f.phone[b] == 0)] = 0
    return out


def _email(f: Features, a: I64, b: I64) -> U8:
    out = np.where(likeness(f.email_shape[a], f.email_shape[b]) >= 0.6, 2, 1).astype(np.uint8)
    out[f.email[a] == f.email[b]] = 3
    out[(f.email[a] == 0) | (f.email[b] == 0)] = 0
    return out


def _licence(f: Features, a: I64, b: I64) -> U8:
    out = np.where(f.licence4[a] == f.licence4[b], 2, 1).astype(np.uint8)
    out[f.licence[a] == f.licence[b]] = 3
    out[(f.licence[a] == 0) | (f.licence[b] == 0)] = 0
    return out


def _crowded(values: U64, crowd: U8, a: I64, b: I64) -> U8:
    x, y = values[a], values[b]
    out = np.ones(len(a), np.uint8)
    equal = x == y
    out[equal] = np.where(crowd[a[equal]] > FEW, 2, 3)
    out[(x == 0) | (y == 0)] = 0
    return out


def _place(f: Features, crowd: U8, a: I64, b: I64) -> U8:
    out = np.ones(len(a), np.uint8)
    known = _both(f.zip, a, b) | _both(f.city, a, b) | _both(f.state, a, b)
    same_zip = _both(f.zip, a, b) & (f.zip[a] == f.zip[b])
    same_city = _both(f.city, a, b) & (f.city[a] == f.city[b])
    same_state = _both(f.state, a, b) & (f.state[a] == f.state[b])
    out[same_state | same_city] = 2
    out[same_zip | (same_city & ~_both(f.zip, a, b))] = 3
    streets = _both(f.street, a, b)
    same_street = streets & (f.street[a] == f.street[b])
    like_street = streets & (likeness(f.street_shape[a], f.street_shape[b]) >= 0.5)
    same_house = f.house[a] == f.house[b]
    near_house = dates.one_slip(f.house[a], f.house[b], 6) & (f.house[a] >= 0) & (f.house[b] >= 0)
    somewhere = same_zip | same_city | ~known
    out[(like_street & near_house) | (like_street & somewhere & ~same_house)] = 4
    here = (same_street & same_house) | (like_street & same_house & somewhere)
    out[here] = 6
    units = _both(f.unit, a, b) & (f.unit[a] != f.unit[b])
    out[here & units] = 5
    tower = here & (np.maximum(crowd[a], crowd[b]) > CROWD)
    out[tower] = 3
    out[~known & ~streets] = 0
    return out


def _both(values: U64, a: I64, b: I64) -> npt.NDArray[np.bool_]:
    return np.asarray((values[a] != 0) & (values[b] != 0))


def is_business(f: Features) -> npt.NDArray[np.bool_]:
    """Say which records name a business and no human."""
    return np.asarray((f.business != 0) & (f.first == 0) & (f.last == 0))


def _business(f: Features, a: I64, b: I64) -> U8:
    firm = is_business(f)
    human = (f.first != 0) | (f.last != 0)
    x, y = firm[a], firm[b]
    out = np.zeros(len(a), np.uint8)
    two = x & y
    alike = likeness(f.business_shape[a], f.business_shape[b]) >= 0.6
    out[two] = np.where(alike[two], 2, 1)
    out[two & (f.business[a] == f.business[b])] = 3
    out[(x & human[b]) | (y & human[a])] = 4
    return out
