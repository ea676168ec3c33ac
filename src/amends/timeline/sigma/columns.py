"""Names of fields: columns of events, what is made of them, and the names that others use for them."""

from __future__ import annotations

from amends.tables.timeline import EVENTS

DERIVED = ("src_outside", "dst_outside", "src_network", "dst_network")
TYPED = frozenset(
    c.name for c in EVENTS.columns if c.name not in ("extra", "duplicate_of")
) | frozenset(DERIVED)

# Field as rules name it (lower case) -> column of events, where the product itself gives no such field.
ALIASES: dict[str, str] = {
    "commandline": "command",
    "image": "process",
    "parentimage": "parent",
    "user": "account",
    "username": "account",
    "src_user": "account",
    "dst_user": "target_account",
    "computer": "host",
    "computername": "host",
    "hostname": "host",
    "processid": "pid",
    "sourceip": "src_ip",
    "sourceport": "src_port",
    "destinationip": "dst_ip",
    "destinationport": "dst_port",
    "srcip": "src_ip",
    "dstip": "dst_ip",
    "srcport": "src_port",
    "dstport": "dst_port",
    "c-ip": "src_ip",
    "s-ip": "dst_ip",
    "s-port": "dst_port",
    "cs-username": "account",
    "cs-uri": "url",
    "c-uri": "url",
    "cs-uri-query": "url",
    "cs-uri-stem": "url",
    "sc-status": "status",
    "cs-user-agent": "user_agent",
    "c-useragent": "user_agent",
    "sc-bytes": "bytes_out",
    "cs-bytes": "bytes_in",
    "targetfilename": "object",
    "exe": "process",
    "id.orig_h": "src_ip",
    "id.orig_p": "src_port",
    "id.resp_h": "dst_ip",
    "id.resp_p": "dst_port",
    "sourceipaddress": "src_ip",
    "useragent": "user_agent",
    "uri": "url",
    "msg": "message",
}  # fmt: skip


def as_column(name: str) -> str:
    """Return the name of a field of our own rules: a column where there is one of that name."""
    lower = name.lower()
    return f"col:{lower}" if lower in TYPED else lower


def alias_of(field: str) -> str:
    """Return the column that may stand for a field; "" when none may."""
    if field in ALIASES:
        return ALIASES[field]
    return field if field in TYPED else ""
