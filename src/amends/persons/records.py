"""The case's ``records`` as features: identifiers are vault tokens, told apart by equality and last four only."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from amends.persons import text
from amends.persons.columns import common_part
from amends.persons.features import Features, Part, assemble
from amends.persons.hashing import I64, U64, hash_text

COLUMNS = (
    "record_id", "name_first", "name_middle", "name_last", "name_suffix", "business", "birth_on", "phone",
    "email", "street", "city", "state", "zip", "ssn_token", "ssn_last4", "ein_token", "licence_token",
    "licence_last4", "passport_token", "account_token", "imei_token", "imsi_token", "linked_to",
)  # fmt: skip
"""Columns of ``records`` that entity resolution reads."""

_CLEAR = {
    "first": "name_first", "middle": "name_middle", "last": "name_last", "suffix": "name_suffix",
    "business": "business", "dob": "birth_on", "phone": "phone", "email": "email", "street": "street",
    "city": "city", "state": "state", "zip": "zip",
}  # fmt: skip
_TOKENS = {
    "ssn": "ssn_token", "licence": "licence_token", "licence4": "licence_last4", "account": "account_token",
    "passport": "passport_token", "ein": "ein_token",
}  # fmt: skip


INHERITED = ("first", "middle", "last", "suffix", "born", "business", "business_shape")
"""What a row without a name takes from the record it belongs to."""


def record_features(batches: Iterable[pa.RecordBatch]) -> Features:
    """Return the features of the records, one row a record, in ascending ``record_id``.

    Args:
        batches: Batches with ``COLUMNS``, in any order of rows.
    """
    parts: list[Part] = []
    ids: list[I64] = []
    links: list[I64] = []
    for batch in batches:
        if batch.num_rows:
            parts.append(record_part(batch))
            ids.append(batch.column("record_id").to_numpy(zero_copy_only=False).astype(np.int64))
            linked = batch.column("linked_to").fill_null(-1)
            links.append(linked.to_numpy(zero_copy_only=False).astype(np.int64))
    none = np.zeros(0, np.int64)
    record_id = np.concatenate(ids) if ids else none
    features = assemble(parts, record_id, secret=False)
    order = np.argsort(record_id, kind="stable")
    if not np.array_equal(order, np.arange(len(order))):
        features = features.take(order)
    linked = (np.concatenate(links) if links else none)[order]
    features.linked = _rows_of(linked, features.record_id)
    _inherit(features)
    return features


def _inherit(features: Features) -> None:
    """Give rows without a name the name and birth date of the record they belong to.

    A line of a family's account agrees with the lines of all its members in account and home. Compared
    by what the row itself says, they would be one person; by whose rows they are, they are not.
    """
    rows = np.flatnonzero(features.linked >= 0)
    rows = rows[
        (features.first[rows] == 0) & (features.last[rows] == 0) & (features.business[rows] == 0)
    ]
    holders = features.linked[rows]
    for name in INHERITED:
        column = np.array(getattr(features, name))
        empty = column[rows] == 0
        column[rows[empty]] = column[holders[empty]]
        setattr(features, name, column)


def record_part(batch: pa.RecordBatch) -> Part:
    """Return the features of one batch of records."""
    cells = {f: batch.column(c) for f, c in _CLEAR.items()}
    cells = {f: c if f == "dob" else text.as_text(c) for f, c in cells.items()}
    out: dict[str, npt.NDArray[np.generic]] = {
        f: hash_text(batch.column(c)) for f, c in _TOKENS.items()
    }
    last4 = text.numbers(*text.keep(text.as_text(batch.column("ssn_last4")), text.NUMBER), digits=4)
    out["ssn4"] = last4.astype(np.int16)
    imei, imsi = hash_text(batch.column("imei_token")), hash_text(batch.column("imsi_token"))
    out["device"] = np.where(imei != 0, imei, imsi)
    return common_part(cells, out)


def _rows_of(wanted: I64, record_id: I64) -> I64:
    """Return the row of each record id, -1 where it is none; ``record_id`` ascends."""
    if not len(record_id):
        return wanted
    at = np.minimum(np.searchsorted(record_id, wanted), len(record_id) - 1)
    rows = np.where(record_id[at] == wanted, at, -1)
    return np.where(rows == np.arange(len(rows)), -1, rows)


def shared_pairs(values: U64) -> npt.NDArray[np.bool_]:
    """Say which values occur more than once; 0 is no value."""
    found, back, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((counts[back] > 1) & (found[back] != 0))
