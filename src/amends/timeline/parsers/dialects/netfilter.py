"""Packets that the Linux kernel logs: iptables and nftables LOG rules, ufw.

Source: ``xt_LOG`` and ``nf_log_syslog`` of the Linux kernel; ``ufw(8)`` prefixes.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import Ints, numbers
from amends.timeline.parsers.dialects.base import (
    Dialect,
    Group,
    Messages,
    Shape,
    fields,
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
        groups.append(Group(rows, _packets(text), {"kind": "connection"}))
    rest = (~packets).nonzero()[0]
    if len(rest):
        text = messages.text.take(pa.array(rest))
        groups += [g.moved(rest) for g in read_shapes(text, _KERNEL_SHAPES)]
    return groups


def _packets(text: pa.Array) -> dict[str, pa.Array]:
    found = pairs_of(text).wanted(("SRC", "DST", "PROTO", "SPT", "DPT", "IN", "OUT"))
    n = len(text)
    prefix = pc.struct_field(
        pc.extract_regex(
            text, r"^(?:\[ *\d+\.\d+\] ?)?\[?(?P<prefix>[^=]*?)\]?:? *(?:IN|OUT|PHYSIN)="
        ),
        "prefix",
    )
    coded = pc.fill_null(prefix, "").dictionary_encode()
    denied = pc.match_substring_regex(coded.dictionary, _DENY)
    allowed = pc.and_not(pc.match_substring_regex(coded.dictionary, _ALLOW), denied)
    action = pc.if_else(denied, "deny", pc.if_else(allowed, "allow", "flow"))
    outcome = pc.if_else(denied, "failure", pc.if_else(allowed, "success", ""))
    columns = {
        "action": action.take(coded.indices),
        "outcome": outcome.take(coded.indices),
        "object": coded.cast(pa.string()),
        "object_kind": pa.repeat(pa.scalar("rule"), n),
        "src_ip": found["SRC"],
        "dst_ip": found["DST"],
    }
    if "PROTO" in found:
        columns["proto"] = pc.utf8_lower(found["PROTO"])
    for name, key in (("src_port", "SPT"), ("dst_port", "DPT")):
        if key in found:
            columns[name] = numbers(found[key])
    sides = {key: found[key] for key in ("IN", "OUT") if key in found}
    if sides:
        columns["extra"] = fields(n, sides)
    return columns


KERNEL = Dialect(
    "kernel", _read, frozenset({"kernel", "ulogd", "iptables", "nft", "ufw", "firewalld"})
)
