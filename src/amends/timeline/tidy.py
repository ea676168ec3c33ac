"""Last touches to parsed columns: accounts and addresses in one spelling, hosts by the company's names.

Work is done once for each distinct value of a column.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import distinct_map
from amends.timeline.parsers.base import Origin
from amends.timeline.roster import HostNames

_ACCOUNTS = ("account", "target_account")
_ADDRESSES = ("src_ip", "dst_ip")
_PLAIN_IPV4 = r"^(?:(?:[1-9]?\d|1\d\d|2[0-4]\d|25[0-5])\.){3}(?:[1-9]?\d|1\d\d|2[0-4]\d|25[0-5])$"


def tidied(
    columns: Mapping[str, pa.Array], n: int, origin: Origin, names: HostNames | None
) -> dict[str, pa.Array]:
    """Return the columns of a block in the spelling of ``events``."""
    out = dict(columns)
    for name in _ACCOUNTS:
        if name in out:
            out[name] = distinct_map(_flat(out[name]), accounts)
    for name in _ADDRESSES:
        if name in out:
            out[name] = distinct_map(_flat(out[name]), addresses)
    host = _flat(out["host"]) if "host" in out else pa.nulls(n, pa.string())
    if origin.host and host.null_count:
        host = pc.fill_null(host, origin.host)
    if names is not None:
        host = distinct_map(host, names.known_as)
    out["host"] = host
    if "extra" in out:
        out["extra"] = _filled(out["extra"])
    if "kind" not in out:
        out["kind"] = out["action"] = pa.repeat(pa.scalar("other"), n)
    if "outcome" not in out:
        out["outcome"] = pa.repeat(pa.scalar(""), n)
    return out


def accounts(texts: pa.Array) -> pa.Array:
    """Return accounts in lower case, without domain (before a backslash) and realm (behind an at sign)."""
    low = pc.ascii_trim_whitespace(pc.utf8_lower(texts))
    low = pc.replace_substring_regex(low, r"^[^\\]*\\+([^\\]+)$", r"\1")
    low = pc.replace_substring_regex(low, r"^([^@]+)@.*$", r"\1")
    return _nulled(low)


def addresses(texts: pa.Array) -> pa.Array:
    """Return addresses in their shortest form; null where a text is no address."""
    plain = pc.fill_null(pc.match_substring_regex(texts, _PLAIN_IPV4), True)
    if pc.all(plain).as_py():
        return texts
    odd = texts.filter(pc.invert(plain))
    mended = pa.array([_address(text) for text in odd.to_pylist()], pa.string())
    return pc.replace_with_mask(texts, pc.invert(plain), mended)


def _address(text: str) -> str | None:
    bare = text.strip("[]() \t").split("%")[0].split("/")[0]
    try:
        found = ipaddress.ip_address(bare)
    except ValueError:
        parts = bare.split(".")
        if len(parts) == 4 and all(p.isdigit() and len(p) <= 3 and int(p) < 256 for p in parts):
            return ".".join(str(int(p)) for p in parts)
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return found.compressed


def _filled(fields: pa.Array) -> pa.Array:
    """Return a map column with empty maps made null."""
    if isinstance(fields, pa.ChunkedArray):
        fields = fields.combine_chunks()
    if not len(fields):
        return fields
    empty = np.diff(fields.offsets.to_numpy(zero_copy_only=False)) == 0
    if int(empty.sum()) == fields.null_count:
        return fields
    return fields.take(pa.array(np.arange(len(fields)), mask=empty))


def _nulled(texts: pa.Array) -> pa.Array:
    empty = pc.fill_null(
        pc.is_in(texts, value_set=pa.array(["", "-", "(null)", "<unknown>"])), False
    )
    return (
        pc.if_else(empty, pa.scalar(None, pa.string()), texts) if pc.any(empty).as_py() else texts
    )


def _flat(column: pa.Array) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return column.cast(pa.string()) if column.type != pa.string() else column
