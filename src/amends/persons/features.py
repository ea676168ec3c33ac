"""What entity resolution knows of each record: numbers and codes in columns, about 130 bytes a record.

Both ways in, a table with plain values (``columns.py``) and the case's ``records`` with vault tokens
(``stage.py``), give the same features, so both resolve alike: an SSN is the equality of its hash
and its last four, never more.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from amends.persons.hashing import I64, U64, as_u64, combine
from amends.persons.names import NameTable, name_table

I32 = npt.NDArray[np.int32]
I16 = npt.NDArray[np.int16]
U8 = npt.NDArray[np.uint8]


@dataclass
class Part:
    """Features of one batch; names still as text.

    Attributes:
        first: Given names, squeezed upper case, dictionary encoded.
        middle: Middle names.
        last: Family names.
        columns: Every other feature by its name in ``Features``.
    """

    first: pa.DictionaryArray
    middle: pa.DictionaryArray
    last: pa.DictionaryArray
    columns: dict[str, npt.NDArray[np.generic]]


@dataclass
class Features:
    """One row is one record; 0 (or -1 where 0 is a value) is "absent".

    Attributes:
        record_id: The caller's id of the record.
        first: Code of the given name in ``names``.
        middle: Code of the middle name.
        last: Code of the family name.
        suffix: 1 JR, 2 SR, 3 II, 4 III, 5 IV, 6 V.
        born: Birth date as ``yyyymmdd``.
        ssn: Hash of the full SSN or of its token.
        ssn4: Last four, -1 absent.
        phone: Hash of the phone number.
        phone_number: Its last ten digits as a number, -1 absent.
        email: Hash of the address.
        email_shape: Signature of the part before the @.
        house: House number, -1 absent.
        street: Hash of the street's own words.
        street_shape: Their signature.
        unit: Hash of the unit.
        zip: Hash of the postal code.
        city: Hash of the city.
        state: Hash of the state.
        licence: Hash of the licence or of its token.
        licence4: Its last four as a hash.
        account: Hash of the account or of its token.
        passport: Hash of the passport token.
        device: Hash of the IMEI, or of the IMSI.
        business: Hash of the business name.
        business_shape: Its signature.
        ein: Hash of the EIN token.
        linked: Row it belongs to by keys between tables, -1 for none.
        names: The distinct names.
        secret: Whether identifiers came in plain: then ids are made without them.
    """

    record_id: npt.NDArray[np.int64]
    first: I32
    middle: I32
    last: I32
    suffix: U8
    born: I32
    ssn: U64
    ssn4: I16
    phone: U64
    phone_number: I64
    email: U64
    email_shape: U64
    house: I32
    street: U64
    street_shape: U64
    unit: U64
    zip: U64
    city: U64
    state: U64
    licence: U64
    licence4: U64
    account: U64
    passport: U64
    device: U64
    business: U64
    business_shape: U64
    ein: U64
    names: NameTable
    linked: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    secret: bool = False

    def __len__(self) -> int:
        return len(self.first)

    def take(self, rows: npt.NDArray[Any]) -> Features:
        """Return the features of these rows, in this order."""
        chosen: dict[str, Any] = {f.name: _taken(getattr(self, f.name), rows) for f in fields(self)}
        return Features(**chosen)

    def keep(self, rows: npt.NDArray[Any]) -> None:
        """Keep these rows, in this order, one column after another: no second copy of all of them."""
        for f in fields(self):
            setattr(self, f.name, _taken(getattr(self, f.name), rows))

    def fingerprints(self, *, secrets: bool = True) -> U64:
        """Return a hash of each record's normalised content; record ids and order play no part.

        Args:
            secrets: Whether hashes of identifiers take part. Where identifiers came in plain, what
                is written down is made without them.
        """
        names = self.names.whole
        parts: list[npt.NDArray[np.generic]] = [
            names[self.first],
            names[self.middle],
            names[self.last],
        ]
        hidden = {"ssn", "licence", "licence4", "account", "passport", "device", "ein"}
        for name in DTYPES:
            if secrets or name not in hidden:
                parts.append(getattr(self, name))
        return combine(*parts)


def _taken(value: Any, rows: npt.NDArray[Any]) -> Any:
    """Return the rows of a feature; a feature that nobody has needs no memory."""
    if not isinstance(value, np.ndarray) or not len(value):
        return value
    return np.broadcast_to(value[:1][0], rows.shape) if value.strides == (0,) else value[rows]


DTYPES: dict[str, npt.DTypeLike] = {
    "suffix": np.uint8, "born": np.int32, "ssn": np.uint64, "ssn4": np.int16, "phone": np.uint64,
    "phone_number": np.int64, "email": np.uint64, "email_shape": np.uint64, "house": np.int32,
    "street": np.uint64, "street_shape": np.uint64, "unit": np.uint64, "zip": np.uint64,
    "city": np.uint64, "state": np.uint64, "licence": np.uint64, "licence4": np.uint64,
    "account": np.uint64, "passport": np.uint64, "device": np.uint64, "business": np.uint64,
    "business_shape": np.uint64, "ein": np.uint64,
}  # fmt: skip
_ABSENT = {"ssn4": -1, "phone_number": -1, "house": -1}


_BLOCK_ROWS = 1 << 18
"""Rows gathered before they are laid down in one piece: long-lived values do not lie between passing ones."""


def assemble(parts: Iterable[Part], record_id: I64 | None, *, secret: bool) -> Features:
    """Return the features of all batches, with one table of names for all of them.

    Args:
        parts: Batches, in row order.
        record_id: Id of each row; None counts the rows from 1.
        secret: Whether identifiers came in plain.
    """
    pieces: dict[str, list[Any]] = {name: [] for name in DTYPES}
    waiting: list[Part] = []
    named: list[Part] = []
    n = gathered = 0
    for part in parts:
        waiting.append(part)
        named.append(Part(part.first, part.middle, part.last, {}))
        n += len(part.first)
        gathered += len(part.first)
        if gathered >= _BLOCK_ROWS:
            _lay_down(pieces, waiting)
            waiting, gathered = [], 0
    _lay_down(pieces, waiting)
    columns: dict[str, Any] = {name: _joined(name, pieces.pop(name), n) for name in DTYPES}
    codes, names = _name_codes(named)
    if record_id is None:
        record_id = np.arange(1, n + 1, dtype=np.int64)
    return Features(
        record_id=record_id,
        first=codes[0],
        middle=codes[1],
        last=codes[2],
        names=names,
        secret=secret,
        **columns,
    )


def give_back() -> None:
    """Give memory that passing values have freed back to the system, where its allocator can be asked to."""
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


def _lay_down(pieces: dict[str, list[Any]], waiting: list[Part]) -> None:
    """Copy the columns of some batches into one piece each; a feature none of them has stays a single value."""
    for name, dtype in DTYPES.items():
        absent = np.array(_ABSENT.get(name, 0), dtype)
        some = any(name in part.columns for part in waiting)
        n = sum(len(part.first) for part in waiting)
        piece = np.empty(n, dtype) if some else np.broadcast_to(absent, (n,))
        at = 0
        for part in waiting if some else ():
            values = part.columns.pop(name, None)
            piece[at : at + len(part.first)] = absent if values is None else values
            at += len(part.first)
        pieces[name].append(piece)


def _joined(name: str, pieces: list[Any], n: int) -> npt.NDArray[np.generic]:
    """Return one feature over all pieces; one that nobody has needs no memory."""
    if all(piece.strides == (0,) for piece in pieces):
        return np.broadcast_to(np.array(_ABSENT.get(name, 0), DTYPES[name]), (n,))
    out = np.empty(n, DTYPES[name])
    at = 0
    for place, piece in enumerate(pieces):
        out[at : at + len(piece)] = piece
        at += len(piece)
        pieces[place] = None
    return out


def _name_codes(parts: list[Part]) -> tuple[list[I32], NameTable]:
    chunks = [p.first for p in parts] + [p.middle for p in parts] + [p.last for p in parts]
    if not chunks:
        empty = np.zeros(0, np.int32)
        return [empty, empty, empty], name_table([""])
    unified = pa.chunked_array(chunks).unify_dictionaries()
    words = unified.chunk(0).dictionary.to_pylist()
    distinct = sorted({"", *words})
    place = {w: i for i, w in enumerate(distinct)}
    to_code = np.array([0, *(place[w] for w in words)], np.int32)
    codes = [
        to_code[c.indices.fill_null(-1).to_numpy(zero_copy_only=False) + 1] for c in unified.chunks
    ]
    n = len(parts)
    return [np.concatenate(codes[k * n : (k + 1) * n]) for k in range(3)], name_table(distinct)


def packed(values: npt.NDArray[np.generic]) -> U64:
    """Return a feature as 64-bit values, for keys."""
    return as_u64(values)
