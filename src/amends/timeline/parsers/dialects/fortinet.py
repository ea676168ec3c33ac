# ruff: noqa: E501  (expressions and tables read best on one line)
"""FortiGate: traffic, event and VPN logs as ``key=value`` words.

Source: FortiOS Log Message Reference.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import blank_to_null, numbers
from amends.timeline.parsers.dialects.base import Dialect, Group, Messages
from amends.timeline.parsers.dialects.pairs import pairs_of

_COLUMNS = {
    "src_ip": ("srcip", "src", "remip"),
    "src_port": ("srcport", "src_port"),
    "dst_ip": ("dstip", "dst"),
    "dst_port": ("dstport", "dst_port"),
    "account": ("user", "srcuser", "unauthuser"),
    "session": ("sessionid", "tunnelid"),
    "bytes_in": ("sentbyte",),
    "bytes_out": ("rcvdbyte",),
    "object": ("cfgobj", "policyname", "policyid"),
    "url": ("url", "hostname"),
    "code": ("logid", "log_id"),
    "process": ("app", "service"),
    "user_agent": ("agent",),
}
_NUMBERS = frozenset({"src_port", "dst_port", "bytes_in", "bytes_out"})
_EXTRA = (
    "type", "subtype", "level", "action", "status", "reason", "logdesc", "msg", "cfgpath", "cfgattr", "cfgobj", "ui", "method",
    "policyid", "service", "srcintf", "dstintf", "srccountry", "dstcountry", "group", "tunneltype", "duration", "vd", "attack", "proto",
)  # fmt: skip
_PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "47": "gre", "50": "esp", "58": "icmpv6"}


def _read(messages: Messages) -> list[Group]:
    pairs = pairs_of(messages.text)
    keys = tuple(
        dict.fromkeys(
            [*_EXTRA, *(k for names in _COLUMNS.values() for k in names), "devname", "proto"]
        )
    )
    found = pairs.wanted(keys)
    n = pairs.n
    nothing = pa.nulls(n, pa.string())
    marks = pc.coalesce(*(found.get(key, nothing) for key in ("type", "logid", "log_id", "srcip")))
    mine = np.flatnonzero(marks.is_valid().to_numpy(zero_copy_only=False))
    if not len(mine):
        return []
    if len(mine) < n:
        return [group.moved(mine) for group in _read(messages.take(mine))]
    columns: dict[str, pa.Array] = {}
    for name, names in _COLUMNS.items():
        having = [blank_to_null(found[k]) for k in names if k in found]
        if having:
            column = pc.coalesce(*having)
            columns[name] = numbers(column) if name in _NUMBERS else column
    if "devname" in found:
        columns["host"] = found["devname"]
    ui = found.get("ui")
    if ui is not None:
        inside = pc.struct_field(pc.extract_regex(ui, r"^(?P<how>\w+)\((?P<ip>[^)]+)\)"), "ip")
        columns["src_ip"] = (
            pc.coalesce(columns["src_ip"], inside) if "src_ip" in columns else inside
        )
    columns["proto"] = _protocol(found.get("proto", pa.nulls(n, pa.string())))
    kind, action, outcome = _what(found, n)
    columns |= {"kind": kind, "action": action, "outcome": outcome}
    vpn = pc.and_(
        pc.equal(_word(found, "subtype", n), "vpn"),
        pc.is_in(kind, value_set=pa.array(["login", "logout"])),
    )
    columns["logon_type"] = pc.if_else(vpn, "vpn", _ways(found, n))
    columns["extra"] = pairs.some(_EXTRA)
    return [Group(np.arange(n), columns, {})]


def _word(found: dict[str, pa.Array], key: str, n: int) -> pa.Array:
    return pc.utf8_lower(pc.fill_null(found.get(key, pa.nulls(n, pa.string())), ""))


def _protocol(texts: pa.Array) -> pa.Array:
    coded = texts.dictionary_encode()
    words = [_PROTOCOLS.get(str(p), str(p)) for p in coded.dictionary.to_pylist()]
    return pa.array(words, pa.string()).take(coded.indices)


def _ways(found: dict[str, pa.Array], n: int) -> pa.Array:
    way = pc.struct_field(
        pc.extract_regex(_word(found, "ui", n), r"^(?P<way>ssh|telnet|https?|console|jsconsole)"),
        "way",
    )
    return pc.if_else(pc.match_substring(pc.fill_null(way, ""), "http"), "web", way)


def _what(found: dict[str, pa.Array], n: int) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Return kind, action and outcome by type, subtype, action, status and description."""
    key = pc.binary_join_element_wise(
        *(
            _word(found, k, n)
            for k in ("type", "subtype", "action", "status", "logdesc", "cfgpath")
        ),
        "|",
    ).dictionary_encode()
    told = [_of(*str(text).split("|")) for text in key.dictionary.to_pylist()]
    parts = [pa.array([t[i] for t in told], pa.string()).take(key.indices) for i in range(3)]
    return parts[0], parts[1], parts[2]


def _of(
    kind: str, subtype: str, action: str, status: str, told: str, path: str
) -> tuple[str, str, str]:
    failed = status in ("failed", "failure", "deny") or "fail" in action or "fail" in told
    outcome = "failure" if failed else "success" if status else ""
    if kind == "traffic":
        if action in ("deny", "blocked", "block", "dropped", "ip-conn"):
            return "connection", "deny", "failure"
        return "connection", "open" if action == "start" else "close", "success"
    if kind == "utm":
        stopped = "block" in action or "drop" in action
        word = "request" if subtype == "webfilter" else "deny" if stopped else "allow"
        return (
            "web" if word == "request" else "connection",
            word,
            "failure" if stopped else "success",
        )
    if action == "ssl-new-con":
        return "connection", "open", ""
    if action in _LOGINS or ("login" in told and "logout" not in told):
        return "login", "login", "failure" if failed else "success"
    if action in _LOGOUTS or "logout" in told:
        return "logout", "logout", outcome
    return _of_system(action, told, path, outcome)


_LOGINS = ("login", "auth-logon", "ssl-login-fail", "tunnel-up", "authentication")
_LOGOUTS = ("logout", "tunnel-down", "auth-logout")


def _of_system(action: str, told: str, path: str, outcome: str) -> tuple[str, str, str]:
    if path in ("system.admin", "user.local"):
        return "account", {"add": "create", "delete": "delete"}.get(action, "modify"), "success"
    if path:
        return "config", "change", "success"
    if "backup" in action or "backup" in told or "download" in action:
        return "config", "export", outcome or "success"
    if "log" in told and ("clear" in told or "delete" in told):
        return "log", "clear", outcome
    if "reboot" in action or "shutdown" in action:
        return "system", "shutdown", ""
    return "other", "other", outcome


FORTINET = Dialect(
    "fortinet",
    _read,
    starts=(
        "date=",
        "devname=",
        "logver=",
        "logid=",
        "eventtim",
        "timestam",
        "devid=",
        "vd=",
        "tz=",
    ),
)
