"""A cipher of the tests' own, for stores: AES-SIV under a fixed key, tokens as the vault writes them."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa

from amends.vault.siv import BatchSiv
from amends.vault.stores.base import Convert
from amends.vault.text64 import decode, encode

_SIV = BatchSiv(hashlib.sha512(b"a key for tests only").digest())
PREFIX = "tk1_"


def token(value: str | None) -> str | None:
    """Return the token of a value."""
    if not value:
        return value
    assert not value.startswith(PREFIX), "a token is protected a second time"
    raw = np.frombuffer(value.encode(), np.uint8)[None, :]
    return PREFIX + encode(_SIV.seal(raw)).tobytes().decode()


def clear(value: str | None) -> str | None:
    """Return the value behind a token; what is no token stays."""
    if value is None or not value.startswith(PREFIX):
        return value
    letters = np.frombuffer(value[len(PREFIX) :].encode(), np.uint8)[None, :]
    sealed = decode(letters)
    assert sealed is not None
    values, whole = _SIV.open(sealed)
    assert whole.all()
    return values.tobytes().decode()


def _converter(columns: tuple[str, ...], one: object) -> Convert:
    assert callable(one)

    def convert(batch: pa.RecordBatch) -> pa.RecordBatch:
        arrays = []
        for name in batch.schema.names:
            column = batch.column(name)
            if name in columns:
                column = pa.array([one(v) for v in column.to_pylist()], pa.string())
            arrays.append(column)
        return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)

    return convert


def protecting(*columns: str) -> Convert:
    """Return what turns the columns into tokens."""
    return _converter(columns, token)


def revealing(*columns: str) -> Convert:
    """Return what turns the tokens of the columns back."""
    return _converter(columns, clear)
