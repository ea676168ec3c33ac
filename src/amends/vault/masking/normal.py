"""Normal forms: the same value written in two ways is one value; and a mask put back into the way it was written."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.vault.columns import equal_lengths, from_matrices, whole_array

Bytes = NDArray[np.uint8]
DIGIT_DOMAINS = frozenset(
    [
        "ssn",
        "last4",
        "phone",
        "card",
        "imei",
        "imsi",
        "iccid",
        "routing",
        "npi",
        "ein",
        "bank_account",
        "cvv",
        "pin",
    ]
)
"""Domains whose signs are digits; of all others digits and letters count, capitals as small ones."""
_FILLERS = pa.array(
    ["N/A", "NA", "NULL", "NONE", "NIL", "UNKNOWN", "-", "--", "0", "X", "?", "TBD", "NOT PROVIDED"]
)
"""What people write where they know nothing: no value, kept as it is."""


def texts(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return one plain array of texts, invalid UTF-8 and numbers included."""
    values = whole_array(values)
    return values if pa.types.is_string(values.type) else pc.cast(values, pa.string())


def is_filler(values: pa.Array) -> pa.Array:
    """Say which texts stand for no value; null counts."""
    plain = pc.utf8_upper(pc.utf8_trim_whitespace(values))
    empty = pc.equal(pc.utf8_length(plain), 0)
    return pc.fill_null(pc.or_(pc.is_in(plain, _FILLERS), empty), True)


def without_zero_cents(values: pa.Array) -> pa.Array:
    """Return numbers that a float column wrote as ``123.0`` without the end."""
    if not pc.any(pc.ends_with(values, ".0")).as_py():
        return values
    return pc.replace_substring_regex(values, r"^([0-9]+)\.0$", r"\1")


def normal_number(domain: str, values: pa.Array) -> pa.Array:
    """Return the normal form of identifiers: null where nothing is left.

    Args:
        domain: Value domain.
        values: Texts.

    Returns:
        Digits only, or capitals and digits. An SSN that a number column cut to 7 or 8 digits gets its zeros
        back; zeros in front of an account number fall; a telephone number of the NANP has ten digits.
    """
    plain = without_zero_cents(values)
    pattern = "[^0-9]" if domain in DIGIT_DOMAINS else "[^0-9A-Z]"
    if domain not in DIGIT_DOMAINS:
        plain = pc.utf8_upper(plain)
    if domain == "phone":
        plain = pc.replace_substring_regex(
            plain, r"(?i)[,; ]*(?:x|ext\.?|extension)[ :.]*[0-9]{1,6}$", ""
        )
    if pc.any(pc.match_substring_regex(plain, pattern)).as_py():
        plain = pc.replace_substring_regex(plain, pattern, "")
    plain = _zeros(domain, plain)
    return pc.if_else(pc.equal(pc.binary_length(plain), 0), pa.scalar(None, pa.string()), plain)


def _zeros(domain: str, plain: pa.Array) -> pa.Array:
    lengths = pc.binary_length(plain)
    if domain in ("ssn", "ein", "routing"):
        short = pc.and_(pc.greater_equal(lengths, 7), pc.less(lengths, 9))
        return _where(short, plain, lambda v: pc.ascii_lpad(v, 9, "0"))
    if domain in ("last4", "pin"):
        short = pc.and_(pc.greater(lengths, 0), pc.less(lengths, 4))
        return _where(short, plain, lambda v: pc.ascii_lpad(v, 4, "0"))
    if domain == "phone":
        long = pc.and_(pc.equal(lengths, 11), pc.starts_with(plain, "1"))
        return _where(long, plain, lambda v: pc.utf8_slice_codeunits(v, 1, 11))
    if domain in ("imei", "imsi", "iccid", "card", "npi", "vin", "cvv"):
        return plain
    led = pc.match_substring_regex(plain, r"^0[0-9]*[1-9][0-9]*$")
    return _where(led, plain, lambda v: pc.ascii_ltrim(v, "0"))


def _where(which: pa.Array, values: pa.Array, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    if not pc.any(which).as_py():
        return values
    return pc.if_else(which, change(values), values)


def write_number(domain: str, originals: pa.Array, normals: pa.Array, masks: pa.Array) -> pa.Array:
    """Return masks in the way the originals were written: dashes, blanks, small letters and zeros in front.

    Args:
        domain: Value domain.
        originals: Texts as found.
        normals: Their normal forms.
        masks: The masks of these; null where there is none.

    Returns:
        Texts; null where the mask is null.
    """
    plain = without_zero_cents(originals)
    if normals.equals(plain) and pc.binary_length(masks).equals(pc.binary_length(plain)):
        return masks
    known = np.asarray(pc.and_(pc.is_valid(plain), pc.is_valid(masks)))
    lengths = np.asarray(pc.fill_null(pc.binary_length(masks), 0))
    groups: list[tuple[NDArray[np.int64] | None, Bytes]] = []
    done = np.zeros(len(plain), np.bool_)
    for _, places, rows in equal_lengths(plain):
        at = np.arange(len(plain)) if places is None else places
        signs = _signs(rows, domain not in DIGIT_DOMAINS)
        room = signs.sum(axis=1) - lengths[at]
        fits = known[at] & (room >= 0) & (rows < 128).all(axis=1) & (lengths[at] > 0)
        fits &= _led_by_zeros(rows, signs, room)
        for kind in np.unique(room[fits] * 4096 + lengths[at][fits]):
            chosen = np.flatnonzero(fits & (room * 4096 + lengths[at] == kind))
            made = _put(rows[chosen], signs[chosen], int(kind) // 4096, _matrix(masks, at[chosen]))
            groups.append((at[chosen], made))
            done[at[chosen]] = True
    bare = np.flatnonzero(known & ~done)
    if len(bare):
        taken = masks.take(pa.array(bare))
        groups += [(bare if p is None else bare[p], rows) for _, p, rows in equal_lengths(taken)]
    return from_matrices(len(plain), groups)


def _put(rows: Bytes, signs: NDArray[np.bool_], missing: int, masks: Bytes) -> Bytes:
    """Return rows with the signs of the masks in place of their own; ``missing`` signs in front stay."""
    made = rows.copy()
    made[signs & (np.cumsum(signs, axis=1) > missing)] = masks.ravel()
    small = (rows >= 97) & (rows <= 122)
    made[small & (made >= 65) & (made <= 90)] += 32
    return made


def _signs(rows: Bytes, letters: bool) -> NDArray[np.bool_]:
    signs = (rows >= 48) & (rows <= 57)
    if letters:
        signs |= ((rows >= 65) & (rows <= 90)) | ((rows >= 97) & (rows <= 122))
    return signs


def _led_by_zeros(
    rows: Bytes, signs: NDArray[np.bool_], room: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Say where the signs that the normal form left out are zeros or the 1 of the NANP, in front."""
    front = signs & (np.cumsum(signs, axis=1) <= room[:, None])
    return np.asarray((~front | (rows == 48) | (rows == 49)).all(axis=1))


def _matrix(masks: pa.Array, places: NDArray[np.int64]) -> Bytes:
    [(_, _, rows)] = list(equal_lengths(masks.take(pa.array(places))))
    return rows
