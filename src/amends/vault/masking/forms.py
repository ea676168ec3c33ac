"""What the mask of a number looks like, domain by domain.

It is plausible in form, and of a range never given to anybody where one exists.

Each form takes rows of normal values of one length and bytes drawn for them, and returns rows of the same
length. A value that does not have the form (a malformed one) takes :func:`keep_shape`: digits for digits,
letters for letters.

Sources:
    SSN: 20 CFR 422.103 and SSA POMS RM 10201.030: areas 000, 666 and 900-999 and group 00 were never issued;
    IRS: ITINs are 9xx with groups 50-65, 70-88, 90-92, 94-99, ATINs 9xx-93. Telephone: NANPA, 555-0100 to
    555-0199 for fiction, other lines of exchange 555 are assigned to nobody since 2016; area codes N9X are
    kept for expansion. Cards: numbers published by the networks for tests. IMEI: 3GPP TS 23.003, section 6.
    IMSI: ITU-T E.212. ICCID: ITU-T E.118. EIN: IRS list of prefixes in use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amends.vault.masking import checks
from amends.vault.masking.draws import Bytes, Numbers, digits

Mask = NDArray[np.bool_]
_ZERO, _NINE, _A, _Z = 48, 57, 65, 90


@dataclass(frozen=True)
class Form:
    """How the masks of a domain are made.

    Attributes:
        fits: Which rows have the domain's form.
        make: Masks from rows, two drawn numbers a row (as bytes) and the number of the try.
    """

    fits: Callable[[Bytes], Mask]
    make: Callable[[Bytes, Bytes, int], Bytes]


def keep_shape(rows: Bytes, drawn: Bytes) -> Bytes:
    """Return a digit for each digit and a letter for each letter; a first digit that was not zero is not zero.

    Args:
        rows: Normal values.
        drawn: At least as many bytes as ``rows`` has.
    """
    drawn = drawn[:, : rows.shape[1]]
    numeric = (rows >= _ZERO) & (rows <= _NINE)
    made = np.where(numeric, _ZERO + drawn % 10, _A + drawn % 26).astype(np.uint8)
    if rows.shape[1]:
        first = numeric[:, 0] & (rows[:, 0] != _ZERO)
        made[first, 0] = _ZERO + 1 + drawn[first, 0] % 9
    most = _LEADING.get(rows.shape[1])
    if most is not None:
        small = first & (rows[:, 0] <= _ZERO + most[0]) & numeric.all(axis=1)
        made[small, 0] = _ZERO + 1 + drawn[small, 0] % most[1]
    return made


_LEADING = {5: (3, 2), 10: (2, 1), 19: (9, 8)}
"""Digits of numbers that may stand in a column of 16, 32 or 64 bits: for which first digits, and the most they get."""


def all_digits(rows: Bytes, *lengths: int) -> Mask:
    """Say which rows are digits throughout; none is when the length is not among ``lengths``."""
    if lengths and rows.shape[1] not in lengths:
        return np.zeros(len(rows), np.bool_)
    return np.asarray(((rows >= _ZERO) & (rows <= _NINE)).all(axis=1))


# Groups that follow 9xx in no ITIN and no ATIN, and are not 00.
_GROUPS = np.array([*range(1, 50), *range(66, 70), 89], np.uint64)
_ROOMY, _GROUP_00 = 24, 44
"""Tries in the 54 million numbers never issued; then group 00 (10 million, which strict checks refuse); then ITINs'."""


def _ssn(order: Callable[[Bytes], Bytes]) -> Callable[[Bytes, Bytes, int], Bytes]:
    def make(rows: Bytes, drawn: Bytes, turn: int) -> Bytes:
        high, low = _halves(drawn)
        made = np.empty((len(rows), 9), np.uint8)
        area = digits(np.uint64(900) + high % np.uint64(100), 3)
        group = digits(_GROUPS[(low % np.uint64(len(_GROUPS))).astype(np.int64)], 2)
        serial = digits(np.uint64(1) + (low >> np.uint64(20)) % np.uint64(9999), 4)
        if turn < _ROOMY // 2:
            serial = order(rows[:, 5:])
        if turn >= _GROUP_00:
            group = digits(np.uint64(50) + low % np.uint64(50), 2)
        elif turn >= _ROOMY:
            area, group = digits(high % np.uint64(1000), 3), np.full_like(group, _ZERO)
        made[:, :3], made[:, 3:5], made[:, 5:] = area, group, serial
        return made

    return make


# Area codes N9X: kept for expansion of the numbering plan, given to no place.
def _phone(rows: Bytes, drawn: Bytes, turn: int) -> Bytes:
    high, low = _halves(drawn)
    made = rows.copy()
    if (
        rows.shape[1] > 10
    ):  # another country: its code, then a zero, which begins no subscriber's number (E.164)
        made[:, 3:] = _ZERO + _spread(drawn, rows.shape[1])[:, 3:] % 10
        made[:, 2] = _ZERO
        return made
    made[:, 3:6] = np.frombuffer(b"555", np.uint8)
    if turn < 2:
        made[:, 6:] = digits(np.uint64(100) + low % np.uint64(100), 4)
    elif turn < 6:
        made[:, 6:] = digits(low % np.uint64(10_000), 4)
        made[(made[:, 6:] == np.frombuffer(b"1212", np.uint8)).all(axis=1), 9] = _ZERO + 3
    else:
        made[:, 0] = _ZERO + 2 + high % np.uint64(8)
        made[:, 1] = _NINE
        made[:, 2] = _ZERO + (high >> np.uint64(8)) % np.uint64(10)
        exchange = np.uint64(200) + (low % np.uint64(800))
        made[:, 3:6] = digits(exchange, 3)
        made[:, 6:] = digits((low >> np.uint64(24)) % np.uint64(10_000), 4)
    return made


def _phone_fits(rows: Bytes) -> Mask:
    if rows.shape[1] == 10:
        return all_digits(rows) & (rows[:, 0] > _ZERO + 1)
    return all_digits(rows, 11, 12, 13, 14, 15)


_TEST_BINS = {"3": b"378282", "5": b"555555", "6": b"601111", "2": b"222300"}


def _card(rows: Bytes, drawn: Bytes, turn: int) -> Bytes:
    made = keep_shape(rows, _spread(drawn, rows.shape[1]))
    made[:, :6] = np.frombuffer(b"411111", np.uint8)
    for first, prefix in _TEST_BINS.items():
        made[rows[:, 0] == ord(first), :6] = np.frombuffer(prefix, np.uint8)
    made[:, -1] = checks.luhn_digit(made[:, :-1])
    return made


def _imei(rows: Bytes, drawn: Bytes, turn: int) -> Bytes:
    made = rows.copy()
    high, low = _halves(drawn)
    made[:, 8:14] = digits(low % np.uint64(10**6), 6)
    if (
        turn >= 12
    ):  # a model with more handsets than half its serial numbers: go over to a test code of the same maker
        made[:, 2:8] = digits(high % np.uint64(10**6), 6)
        made[:, :2] = _ZERO
    if rows.shape[1] == 15:
        made[:, 14] = checks.luhn_digit(made[:, :14])
    elif rows.shape[1] == 16:
        made[:, 14:] = rows[:, 14:]  # the version of the software, nobody's own
    return made


def _imsi(rows: Bytes, drawn: Bytes, turn: int) -> Bytes:
    made = rows.copy()
    wide = (rows[:, 0] == _ZERO + 3) & (
        rows[:, 1] == _ZERO + 1
    )  # 310-316: networks of three digits
    drawn_rows = _ZERO + _spread(drawn, rows.shape[1]) % 10
    made[:, 6:] = drawn_rows[:, 6:]
    made[~wide, 5] = drawn_rows[~wide, 5]
    return made


def _iccid(rows: Bytes, drawn: Bytes, turn: int) -> Bytes:
    made = rows.copy()
    made[:, 7:] = _ZERO + _spread(drawn, rows.shape[1])[:, 7:] % 10
    if rows.shape[1] == 19:
        made[:, -1] = checks.luhn_digit(made[:, :-1])
    else:  # twenty digits: Luhn over the first nineteen and itself where the maker writes it so
        kept = checks.passes_luhn(rows)
        made[kept, -1] = checks.luhn_digit(made[kept, :-1])
    return made


def _routing(rows: Bytes, drawn: Bytes, turn: int) -> Bytes:
    made = rows.copy()
    made[:, 2:8] = _ZERO + drawn[:, :6] % 10  # the Federal Reserve district stays
    made[:, 8] = checks.routing_digit(made[:, :8])
    return made


def _vin(rows: Bytes, drawn: Bytes, turn: int) -> Bytes:
    made = rows.copy()
    made[:, 11:] = _ZERO + drawn[:, :6] % 10
    if turn >= 8:
        letters = np.frombuffer(b"ABCDEFGHJKLMNPRSTUVWXYZ", np.uint8)
        made[:, 4:8] = letters[drawn[:, 6:10] % len(letters)]
    made[:, 8] = checks.vin_sign(made)
    return made


def _vin_fits(rows: Bytes) -> Mask:
    if rows.shape[1] != 17:
        return np.zeros(len(rows), np.bool_)
    letter = (rows >= _A) & (rows <= _Z) & (rows != ord("I")) & (rows != ord("O"))
    signs = letter & (rows != ord("Q")) | (rows >= _ZERO) & (rows <= _NINE)
    return np.asarray(signs.all(axis=1))


def _npi(rows: Bytes, drawn: Bytes, turn: int) -> Bytes:
    made = (_ZERO + drawn[:, : rows.shape[1]] % 10).astype(np.uint8)
    made[:, 0] = rows[:, 0]
    made[:, -1] = checks.luhn_digit(made[:, :-1], checks.NPI_START)
    return made


_EIN_UNUSED = np.array([0, 7, 8, 9, 17, 18, 19, 28, 29, 49, 69, 70, 78, 79, 89, 96, 97], np.uint64)


def _ein(rows: Bytes, drawn: Bytes, turn: int) -> Bytes:
    high, low = _halves(drawn)
    made = np.empty((len(rows), 9), np.uint8)
    made[:, :2] = digits(_EIN_UNUSED[(high % np.uint64(len(_EIN_UNUSED))).astype(np.int64)], 2)
    made[:, 2:] = digits(low % np.uint64(10**7), 7)
    return made


def _halves(drawn: Bytes) -> tuple[Numbers, Numbers]:
    numbers = np.ascontiguousarray(drawn[:, :16]).view("<u8")
    return numbers[:, 0], numbers[:, 1]


def _spread(drawn: Bytes, width: int) -> Bytes:
    """Return as many bytes a row; past the sixteenth two others together make one."""
    if drawn.shape[1] >= width:
        return drawn[:, :width]
    more = drawn[:, : width - drawn.shape[1]] ^ (drawn[:, 1 : width - drawn.shape[1] + 1] << 3)
    return np.concatenate([drawn, more], axis=1)


def forms(order: Callable[[Bytes], Bytes]) -> dict[str, Form]:
    """Return the form of every domain that has one.

    Args:
        order: Gives the last four digits of an SSN their mask, the same as the domain ``last4``: a clerk's
            check against a column of last fours works in the copy as it did.
    """
    return {
        "ssn": Form(lambda rows: all_digits(rows, 9), _ssn(order)),
        "phone": Form(_phone_fits, _phone),
        "card": Form(lambda rows: all_digits(rows, *range(13, 20)), _card),
        "imei": Form(lambda rows: all_digits(rows, 14, 15, 16), _imei),
        "imsi": Form(lambda rows: all_digits(rows, 14, 15), _imsi),
        "iccid": Form(lambda rows: all_digits(rows, 19, 20), _iccid),
        "routing": Form(lambda rows: all_digits(rows, 9), _routing),
        "vin": Form(_vin_fits, _vin),
        "npi": Form(lambda rows: all_digits(rows, 10), _npi),
        "ein": Form(lambda rows: all_digits(rows, 9), _ein),
    }
