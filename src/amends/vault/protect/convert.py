"""From clear to tokens and back, over the protected columns of a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from amends.kernel.errors import TableError, UsageError
from amends.vault.ciphers import TOKEN_FORM, ColumnCipher
from amends.vault.stores.base import Convert
from amends.vault.stores.parquet_leaves import NUMBER

Ciphers = Mapping[str, ColumnCipher]
"""Cipher of each protected column, by its name."""


def to_tokens(ciphers: Ciphers, *, mixed: bool = False) -> Convert:
    """Return what turns clear values into tokens.

    Args:
        ciphers: Cipher of each column.
        mixed: Keep values that are tokens of this vault already, instead of refusing them.

    Raises:
        UsageError: ``mixed`` over FF1, whose tokens cannot be told from values.
    """
    for name, cipher in ciphers.items():
        if mixed and cipher.scheme == "ff1":
            raise UsageError(
                f"Tokens of FF1 cannot be told from values, so column {name} cannot be converted where both stand",
                remedy="bring the column back in clear first (amends vault undo), then protect it",
            )

    def protected(name: str, values: pa.Array) -> pa.Array:
        cipher = ciphers[name]
        if cipher.scheme == "ff1":
            return cipher.protect(values)
        shaped = have_form(values)
        n_shaped = pc.sum(shaped).as_py() or 0
        if not n_shaped:
            return cipher.protect(values)
        if not mixed:
            raise _twice(name, n_shaped)
        if pc.any(pc.and_not(shaped, pc.fill_null(cipher.are_tokens(values), False))).as_py():
            raise TableError(
                "A value looks like a token and is none of this vault's",
                where=f"column {name}",
                remedy="use the vault that made it, or mend the value",
            )
        fresh = cipher.protect(pc.if_else(shaped, pa.scalar(None, pa.string()), values))
        return pc.if_else(shaped, values, fresh)

    return _over(ciphers, protected)


LENGTHS: Mapping[str, int] = {
    "ssn": 9, "itin": 9, "ein": 9, "routing_number": 9, "npi": 10, "imei": 15, "imsi": 15, "ssn_last4": 4, "zip": 5,
}  # fmt: skip
"""Digits of elements that always have so many: a column of numbers has lost their leading zeros.

Source:
    SSN, ITIN, EIN: 20 CFR 422.103, IRS Publication 1635 and IRM 3.21.263; routing number: ABA, X9.100; NPI: 45 CFR
    162.406; IMEI: 3GPP TS 23.003, 6.2; IMSI: 3GPP TS 23.003, 2.2 (fifteen in North America); ZIP: USPS Publication 28.
"""


def filled(batch: pa.RecordBatch, ciphers: Ciphers) -> pa.RecordBatch:
    """Return a batch whose numbers have the leading zeros of their element again, where it has a fixed length."""
    for place, field in enumerate(batch.schema):
        cipher = ciphers.get(field.name)
        width = LENGTHS.get(cipher.domain, 0) if cipher else 0
        if not width or NUMBER not in (field.metadata or {}):
            continue
        values = batch.column(place)
        bare = pc.match_substring_regex(values, r"^[0-9]+$")
        whole = pc.if_else(bare, pc.utf8_lpad(values, width, "0"), values)
        batch = batch.set_column(place, field, whole)
    return batch


def to_clear(ciphers: Ciphers) -> Convert:
    """Return what turns tokens into clear values; values that are in clear stay (FF1 shows no difference)."""

    def revealed(name: str, values: pa.Array) -> pa.Array:
        cipher = ciphers[name]
        if cipher.scheme == "ff1":
            return cipher.reveal(values)
        shaped = have_form(values)
        if pc.all(shaped).as_py():
            return cipher.reveal(values)
        clear = cipher.reveal(pc.if_else(shaped, values, pa.scalar(None, pa.string())))
        return pc.if_else(shaped, clear, values)

    return _over(ciphers, revealed)


def have_form(values: pa.Array) -> pa.Array:
    """Return, for each text, whether it has the form of a token; false for null."""
    return pc.fill_null(pc.match_substring_regex(values, TOKEN_FORM), False)


def _over(ciphers: Ciphers, work: Callable[[str, pa.Array], pa.Array]) -> Convert:
    def convert(batch: pa.RecordBatch) -> pa.RecordBatch:
        batch = filled(batch, ciphers)
        names = batch.schema.names
        made = [
            work(name, values) if name in ciphers else values
            for name, values in zip(names, batch.columns, strict=True)
        ]
        return pa.RecordBatch.from_arrays(made, names)

    return convert


def _twice(name: str, count: int) -> TableError:
    return TableError(
        f"{count:,} values of a batch are tokens already: a token is not given twice",
        where=f"column {name}",
        remedy="amends vault verify counts them; protect with --mixed converts only the values in clear",
    )
