"""Columns of events from texts: accounts, addresses, ports, process numbers and counts in one form each.

All take and return whole Arrow arrays; a hyphen, which most logs write for "none", is null.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_WORDS = ("", "-", "--", "(null)", "null", "NULL", "(empty)", "unset", "N/A", "<unknown>")
_NONE, NONE_WORDS = pa.array(_WORDS), frozenset(_WORDS)
_FEW = 256
"""Up to so many values are looked at one by one: setting up an operation on a column costs more than they do."""

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_FIRST = _OCTET.replace("[1-9]?[0-9]", "[1-9][0-9]?")
# An IPv4 address in its shortest form; what begins with 0 is looked at one by one, for 0.0.0.0 is none.
_IPV4 = rf"^{_FIRST}(?:\.{_OCTET}){{3}}$"


def flat(texts: pa.Array | pa.ChunkedArray) -> pa.StringArray:
    """Return texts as one string array."""
    whole = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    return whole if whole.type == pa.string() else whole.cast(pa.string())


def known(texts: pa.Array) -> pa.StringArray:
    """Return texts with null for every way of writing "none"."""
    array = flat(texts)
    if len(array) <= _FEW:
        return _each(array, lambda text: None if text in NONE_WORDS else text)
    short = pc.less_equal(pc.binary_length(array), 9)
    if not pc.any(short).as_py():
        return array
    return pc.if_else(pc.is_in(array, _NONE), pa.scalar(None, pa.string()), array)


def _each(array: pa.StringArray, change: Callable[[str], str | None]) -> pa.StringArray:
    return pa.array([None if t is None else change(t) for t in array.to_pylist()], pa.string())


def by_distinct(texts: pa.Array, change: Callable[[str], str | None]) -> pa.StringArray:
    """Return texts with each distinct one changed once."""
    array = flat(texts)
    if len(array) <= _FEW:
        return _each(array, change)
    coded = array.dictionary_encode()
    words = pa.array(
        [None if w is None else change(w) for w in coded.dictionary.to_pylist()], pa.string()
    )
    return words.take(coded.indices)


def account(texts: pa.Array) -> pa.StringArray:
    r"""Return accounts in lower case without domain (``CORP\\ann``) or realm (``ann@CORP.EXAMPLE``)."""
    return by_distinct(known(texts), _account)


def _account(name: str) -> str | None:
    low = name.strip().strip("\"'").lower()
    low = low.rsplit("\\", 1)[-1] if "\\" in low else low
    if low.startswith("cn="):
        low = low[3:].split(",", 1)[0]
    low = low.split("@", 1)[0] or low
    return None if low in {"", "-", "n/a"} else low


def address(texts: pa.Array) -> pa.StringArray:
    """Return addresses in their shortest form; null for what is none, and for an address of all zeros."""
    array = flat(texts)
    if len(array) <= _FEW:
        return _each(array, shortest)
    coded = array.dictionary_encode()
    distinct = coded.dictionary
    usual = pc.match_substring_regex(distinct, _IPV4)
    if pc.all(usual).as_py():
        return distinct.take(coded.indices)
    odd = pc.if_else(usual, pa.scalar(None, pa.string()), distinct)
    made = pa.array([None if t is None else shortest(t) for t in odd.to_pylist()], pa.string())
    return pc.if_else(usual, distinct, made).take(coded.indices)


def shortest(text: str) -> str | None:
    """Return an address in its shortest form, ``None`` for what is none."""
    bare = text.strip().strip("[]").split("%", 1)[0].split("/", 1)[0]
    if bare.lower() in {
        "local",
        "localhost",
        "local machine",
        "<local machine>",
        "[local]",
        "lokal",
    }:
        return None
    try:
        found = ipaddress.ip_address(bare)
    except ValueError:
        return None
    inner = getattr(found, "ipv4_mapped", None)
    return None if int(found) == 0 else str(inner or found)


def whole(texts: pa.Array, top: int = 2**62) -> pa.Int64Array:
    """Return whole numbers, decimal or ``0x``; null for what is none, negative or above ``top``."""
    if len(texts) <= _FEW:
        return pa.array([_number(t, top) for t in flat(texts).to_pylist()], pa.int64())
    array = known(pc.utf8_trim_whitespace(flat(texts)))
    decimal = pc.fill_null(pc.match_substring_regex(array, r"^[0-9]{1,18}$"), False)
    numbers = pc.if_else(decimal, array, None).cast(pa.int64())
    if pc.any(pc.starts_with(array, "0x")).as_py():
        hexed = by_distinct(array, _hex)
        numbers = pc.coalesce(numbers, hexed.cast(pa.int64()))
    return pc.if_else(pc.fill_null(pc.less_equal(numbers, top), False), numbers, None)


def _number(text: str | None, top: int) -> int | None:
    """Return the number that a text is, as ``whole`` does for columns."""
    bare = (text or "").strip()
    if bare.isascii() and bare.isdecimal() and len(bare) <= 18:
        number = int(bare)
    elif bare.startswith("0x") and (found := _hex(bare)) is not None:
        number = int(found)
    else:
        return None
    return number if number <= top else None


def _hex(text: str) -> str | None:
    try:
        number = int(text, 16) if text.lower().startswith("0x") and len(text) <= 17 else -1
    except ValueError:
        number = -1
    return str(number) if 0 <= number < 2**62 else None


def port(texts: pa.Array) -> pa.Int64Array:
    """Return ports from 1 to 65535; null for anything else."""
    numbers = whole(texts, 65535)
    return pc.if_else(pc.greater(numbers, 0), numbers, None)


def size(texts: pa.Array) -> pa.Int64Array:
    """Return bytes, also as ``5.2 M`` (nfdump: thousands, millions …); null for what is none."""
    plain = whole(texts)
    if not pc.any(pc.match_substring_regex(flat(texts), "[KMGT.]")).as_py():
        return plain
    scaled = by_distinct(texts, _scaled)
    return pc.coalesce(plain, scaled.cast(pa.int64()))


def _scaled(text: str) -> str | None:
    bare = text.strip()
    factor = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}.get(bare[-1:], 1)
    try:
        number = float(bare.rstrip("KMGT ") if factor > 1 else bare)
    except ValueError:
        return None
    return str(round(number * factor)) if 0 <= number < 1e12 else None


def words(codes: npt.NDArray[np.int64], table: list[str]) -> pa.StringArray:
    """Return for each code its word; null where the word is empty or the code is -1."""
    values = pa.array([w or None for w in table], pa.string())
    return values.take(pa.array(codes, mask=codes < 0))


def constant(text: str | None, n: int) -> pa.StringArray:
    """Return a text n times."""
    return pa.repeat(pa.scalar(text or None, pa.string()), n)


def counted(n: int, first: int = 0) -> pa.Int64Array:
    """Return n whole numbers from ``first``."""
    return pa.array(np.arange(first, first + n, dtype=np.int64))


def named(columns: Mapping[str, pa.Array], n: int) -> pa.MapArray:
    """Return a map of named texts for each event, without the empty ones."""
    told = {name: flat(a) for name, a in columns.items() if a.null_count < len(a)}
    names, arrays = list(told), list(told.values())
    if not names or not n:
        return pa.MapArray.from_arrays(
            pa.array(np.zeros(n + 1, dtype=np.int32)),
            pa.array([], pa.string()),
            pa.array([], pa.string()),
        )
    full = np.empty((n, len(names)), dtype=bool)
    for i, array in enumerate(arrays):
        full[:, i] = pc.fill_null(pc.greater(pc.binary_length(array), 0), False).to_numpy(
            zero_copy_only=False
        )
    event, column = np.nonzero(full)
    values = pa.concat_arrays(arrays).take(pa.array(column * n + event))
    keys = pa.array(names).take(pa.array(column))
    starts = np.concatenate(([0], np.cumsum(full.sum(axis=1)))).astype(np.int32)
    return pa.MapArray.from_arrays(pa.array(starts), keys, values)
