# ruff: noqa: E501  (expressions and tables read best on one line)
"""Packets that the Linux kernel logs: iptables and nftables LOG rules, ufw.

Source: ``xt_LOG`` and ``nf_log_syslog`` of the Linux kernel; ``ufw(8)`` prefixes.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import Ints, distinct_map, layout, numbers, slices
from amends.timeline.parsers.dialects.base import (
    Dialect,
    Group,
    Messages,
    Shape,
    fields,
    parts_of,
    read_shapes,
)
from amends.timeline.parsers.dialects.pairs import pairs_of

_KERNEL_SHAPES = (
    Shape("", r"^(?:\[ *\d+\.\d+\] )?Linux version (?P<x_version>\S+)", "system", "boot", "success"),
    Shape("", r"^(?:\[ *\d+\.\d+\] )?(?:reboot: |Kernel logging \(proc\) stopped|Restarting system)", "system", "shutdown"),
)  # fmt: skip
_DENY = r"(?i)(?:block|drop|den(?:y|ied)|reject|invalid|limit|discard|bad|blacklist|banned)"
_ALLOW = r"(?i)(?:allow|accept|permit|pass|audit|new|forward|log)"


def _read(messages: Messages) -> list[Group]:
    packets = pc.match_substring_regex(messages.text, r"\bSRC=[\da-fA-F.:]+ DST=").to_numpy(
        zero_copy_only=False
    )
    rows: Ints = packets.nonzero()[0]
    groups = []
    if len(rows):
        text = messages.text if len(rows) == len(packets) else messages.text.take(pa.array(rows))
        groups.append(Group(rows, _packets(text), {"kind": "connection", "object_kind": "rule"}))
    rest = (~packets).nonzero()[0]
    if len(rest):
        text = messages.text.take(pa.array(rest))
        groups += [g.moved(rest) for g in read_shapes(text, _KERNEL_SHAPES)]
    return groups


_FIELDS = (
    r"^IN=(?P<IN>\S*) OUT=(?P<OUT>\S*) (?:PHYS\S* )*(?:MAC=\S* )?SRC=(?P<SRC>\S+) DST=(?P<DST>\S+) LEN=\d+ (?:TOS=\S+ PREC=\S+ TTL=\d+ ID=\d+ |TC=\d+ HOPLIMIT=\d+ FLOWLBL=\d+ )"
    r"(?:[CDM]\S+ )*PROTO=(?P<PROTO>\w+)(?: SPT=(?P<SPT>\d+) DPT=(?P<DPT>\d+))?"
)  # fmt: skip
_ALL = ("SRC", "DST", "PROTO", "SPT", "DPT", "IN", "OUT")
_EQUALS, _OPEN, _CLOSE = 61, 91, 93
_CLOCK = np.frombuffer(b" 0123456789", np.uint8)


def _packets(text: pa.Array) -> dict[str, pa.Array]:
    prefix, body = _split(text)
    n = len(text)
    read = [pc.extract_regex(body, part) for part in parts_of(_FIELDS)]
    fits = read[0].is_valid()
    found = {field.name: one.field(i) for one in read for i, field in enumerate(one.type)}
    if not pc.all(fits).as_py():
        other = body.filter(pc.invert(fits))
        odd = pairs_of(other).wanted(_ALL)
        for key in _ALL:
            values = odd.get(key, pa.nulls(len(other), pa.string()))
            found[key] = pc.replace_with_mask(found[key], pc.invert(fits), values)
    coded = prefix.dictionary_encode()
    denied = pc.match_substring_regex(coded.dictionary, _DENY)
    allowed = pc.and_not(pc.match_substring_regex(coded.dictionary, _ALLOW), denied)
    action = pc.if_else(denied, "deny", pc.if_else(allowed, "allow", "flow"))
    outcome = pc.if_else(denied, "failure", pc.if_else(allowed, "success", ""))
    named = pc.ascii_trim(coded.dictionary, "[]: ")
    return {
        "action": action.take(coded.indices),
        "outcome": outcome.take(coded.indices),
        "object": named.take(coded.indices),
        "src_ip": found["SRC"],
        "dst_ip": found["DST"],
        "proto": distinct_map(found["PROTO"], pc.utf8_lower),
        "src_port": numbers(found["SPT"]),
        "dst_port": numbers(found["DPT"]),
        "extra": fields(n, {"IN": found["IN"], "OUT": found["OUT"]}),
    }


def _split(text: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the rule's prefix without the kernel's clock, and the fields from ``IN=`` on."""
    buffer, at = layout(text)
    base, high = int(at[0]), int(at[-1])
    signs = np.append(np.flatnonzero(buffer[base:high] == _EQUALS) + base, high)
    first = np.minimum(signs[np.searchsorted(signs, at[:-1])], at[1:])
    begin = np.maximum(first - 2, at[:-1])
    closed = np.append(np.flatnonzero(buffer[base:high] == _CLOSE) + base, high)
    second = buffer[np.minimum(at[:-1] + 1, len(buffer) - 1)]
    clock = (buffer[at[:-1]] == _OPEN) & np.isin(second, _CLOCK)
    after = np.minimum(closed[np.searchsorted(closed, at[:-1])] + 1, begin)
    start = np.where(clock, after, at[:-1])
    return slices(buffer, start, begin - start), slices(buffer, begin, at[1:] - begin)


KERNEL = Dialect(
    "kernel", _read, frozenset({"kernel", "ulogd", "iptables", "nft", "ufw", "firewalld"})
)
