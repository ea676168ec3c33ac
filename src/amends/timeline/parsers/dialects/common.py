# ruff: noqa: E501  (a shape reads best on one line)
"""Bodies that many products write: CEF, LEEF, and Palo Alto's comma separated fields.

Source: ArcSight Common Event Format; IBM LEEF; PAN-OS Syslog Field Descriptions.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import blank_to_null, numbers
from amends.timeline.parsers.dialects.base import (
    Dialect,
    Group,
    Messages,
    Shape,
    fields,
    read_shapes,
)
from amends.timeline.parsers.dialects.pairs import pairs_of

_TEXTS = {
    "src_ip": ("src", "srcIP", "source"), "dst_ip": ("dst", "dstIP"), "account": ("suser", "usrName", "duser"), "target_account": ("duser",),
    "proto": ("proto",), "object": ("fname", "filePath", "cs1"), "url": ("request", "url"), "process": ("sproc", "app"), "command": ("cmd",),
}  # fmt: skip
_NUMBERS = {
    "src_port": ("spt", "srcPort"),
    "dst_port": ("dpt", "dstPort"),
    "bytes_in": ("out", "srcBytes"),
    "bytes_out": ("in", "dstBytes"),
}
_EXTRA = (
    "act",
    "outcome",
    "cat",
    "reason",
    "deviceAction",
    "externalId",
    "cs1",
    "cs2",
    "msg",
    "sev",
    "devname",
    "dhost",
    "shost",
)
_HEAD = r"^(?:CEF|LEEF):\d+(?:\.\d+)?\|(?P<vendor>[^|]*)\|(?P<product>[^|]*)\|[^|]*\|(?P<code>[^|]*)\|(?P<name>[^|]*)"


def _spaced(texts: pa.Array) -> pa.Array:
    """Put values that hold spaces in quotes: in CEF a value goes to the next key, in LEEF to the next tab."""
    begins = r"(^|[|\t ])([\w.\-]+)=([^=\"|\t]*[^=\"|\t\s\\]) *"
    out = pc.replace_substring_regex(texts, begins + r"(\t|$)", '\\1\\2="\\3" ')
    for _ in range(2):  # a key that ends one value begins the next: every other pair in each turn
        out = pc.replace_substring_regex(out, begins + r"( [\w.\-]+=)", '\\1\\2="\\3"\\4')
    return pc.replace_substring(out, "\t", " ")


def _event_format(messages: Messages) -> list[Group]:
    text = _spaced(messages.text)
    n = len(text)
    head = pc.extract_regex(text, _HEAD)
    body = pc.replace_substring_regex(text, r"^(?:CEF|LEEF):[^|]*(?:\|[^|=]*){4,6}\|", "")
    found = pairs_of(body).wanted(
        tuple(
            dict.fromkeys(
                [*_EXTRA, *(k for ks in (*_TEXTS.values(), *_NUMBERS.values()) for k in ks)]
            )
        )
    )
    columns: dict[str, pa.Array] = {}
    for name, keys in (*_TEXTS.items(), *_NUMBERS.items()):
        having = [blank_to_null(found[k]) for k in keys if k in found]
        if having:
            column = pc.coalesce(*having)
            columns[name] = numbers(column) if name in _NUMBERS else column
    columns["code"] = pc.struct_field(head, "code")
    named = pc.utf8_lower(pc.fill_null(pc.struct_field(head, "name"), ""))
    told = pc.binary_join_element_wise(
        named,
        *(
            pc.utf8_lower(pc.fill_null(found.get(k, pa.nulls(n, pa.string())), ""))
            for k in ("act", "outcome", "cat")
        ),
        "|",
    ).dictionary_encode()
    meant = [_of(str(t)) for t in told.dictionary.to_pylist()]
    for i, name in enumerate(("kind", "action", "outcome")):
        columns[name] = pa.array([m[i] for m in meant], pa.string()).take(told.indices)
    if "proto" in columns:
        columns["proto"] = pc.utf8_lower(columns["proto"])
    columns["extra"] = fields(n, {k: found[k] for k in _EXTRA if k in found})
    return [Group(np.arange(n), columns, {})]


def _of(told: str) -> tuple[str, str, str]:
    failed = any(
        w in told for w in ("fail", "deny", "denied", "block", "drop", "reject", "invalid")
    )
    outcome = (
        "failure"
        if failed
        else "success"
        if any(w in told for w in ("success", "allow", "accept", "permit"))
        else ""
    )
    if any(w in told for w in ("logout", "logoff", "log out", "signed out")):
        return "logout", "logout", outcome
    if any(
        w in told
        for w in ("login", "logon", "log in", "log on", "authenticat", "sign in", "signed in")
    ):
        return "login", "login", outcome
    if any(
        w in told
        for w in (
            "traffic",
            "connection",
            "session",
            "flow",
            "packet",
            "accept",
            "deny",
            "denied",
            "drop",
            "allow",
        )
    ):
        return "connection", "deny" if failed else "allow", outcome
    if "config" in told:
        return "config", "change", outcome
    return "other", "other", outcome


_ANY = r"[^,]*,"
_PAN_HEAD = rf"^{_ANY}{_ANY}{_ANY}TRAFFIC,(?P<code>[^,]*),{_ANY}{_ANY}(?P<src_ip>[^,]*),(?P<dst_ip>[^,]*),{_ANY}{_ANY}(?P<object>[^,]*),(?P<account>[^,]*),{_ANY}(?P<process>[^,]*),{_ANY}{_ANY}{_ANY}{_ANY}{_ANY}{_ANY}{_ANY}(?P<session>\d+),{_ANY}(?P<src_port>\d+),(?P<dst_port>\d+),{_ANY}{_ANY}{_ANY}(?P<proto>[^,]*),(?P<outcome>[^,]*),{_ANY}(?P<bytes_in>\d+),(?P<bytes_out>\d+),"
_PAN_TO_ACTION = _PAN_HEAD.replace("TRAFFIC", "(?:THREAT|DECRYPTION)").split(
    rf"{_ANY}(?P<bytes_in>"
)[0]
_SYSTEM = rf"^{_ANY}{_ANY}{_ANY}SYSTEM,[^,]*,{_ANY}{_ANY}{_ANY}(?P<code>[^,]*),{_ANY}{_ANY}{_ANY}{_ANY}{_ANY}.*?"
_WHO = r"[Uu]ser(?: name)?:? '?(?P<account>[^'\s,]+)'?"
_IP = r"(?P<src_ip>[\d.]*\d|[\da-fA-F:]*:[\da-fA-F:]+)"
_PAN_SHAPES = (Shape("", _PAN_HEAD, "connection", "close", "", {"object_kind": "rule"}),)
_PAN_MORE = (
    Shape("", rf"^{_ANY}{_ANY}{_ANY}CONFIG,{_ANY}{_ANY}{_ANY}(?P<src_ip>[^,]*),{_ANY}(?P<command>[^,]*),(?P<account>[^,]*),(?P<logon_type>[^,]*),(?P<x_result>[^,]*),(?P<object>[^,]*)", "config", "change", ""),
    Shape("", _SYSTEM + rf"(?:authentication failed|[Ll]ogin failed|failed authentication).*?(?:Login )?[Ff]rom:? {_IP}.*?{_WHO}", "login", "login", "failure", {"logon_type": "vpn"}),
    Shape("", _SYSTEM + rf"(?:failed authentication for|authentication failed for|[Ll]ogin failed for) {_WHO}(?:.*?[Ff]rom:? {_IP})?", "login", "login", "failure"),
    Shape("", _SYSTEM + rf"(?:user authentication succeeded|[Ll]ogin succeeded|client switch to).*?[Ff]rom:? {_IP}.*?{_WHO}", "login", "login", "success", {"logon_type": "vpn"}),
    Shape("", _SYSTEM + rf"(?:authenticated for|authentication succeeded for) {_WHO}(?:.*?[Ff]rom:? {_IP})?", "login", "login", "success"),
    Shape("", _SYSTEM + rf"{_WHO} logged in via (?P<logon_type>\w+) from {_IP}", "login", "login", "success"),
    Shape("", _SYSTEM + rf"{_WHO} logged out via (?P<logon_type>\w+) from {_IP}", "logout", "logout", "success"),
    Shape("", _SYSTEM + rf"client logout succeeded.*?{_WHO}", "logout", "logout", "success", {"logon_type": "vpn"}),
    Shape("", rf"^{_ANY}{_ANY}{_ANY}SYSTEM,(?P<x_subtype>[^,]*),{_ANY}{_ANY}{_ANY}(?P<code>[^,]*),", "other", "other", ""),
)  # fmt: skip
_PAN_THREAT = (Shape("", _PAN_TO_ACTION, "connection", "close", "", {"object_kind": "rule"}),)


def _pan_finish(columns: dict[str, pa.Array]) -> None:
    allowed = pc.is_in(columns["outcome"], value_set=pa.array(["allow", "alert"]))
    columns["action"] = pc.if_else(
        allowed, pc.if_else(pc.equal(columns["code"], "start"), "open", "close"), "deny"
    )
    columns["outcome"] = pc.if_else(allowed, "success", "failure")


def _palo_alto(messages: Messages) -> list[Group]:
    groups = read_shapes(messages.text, _PAN_SHAPES, _pan_finish)
    groups += read_shapes(messages.text, _PAN_THREAT, _pan_finish)
    return groups + read_shapes(messages.text, _PAN_MORE, _pan_lower)


def _pan_lower(columns: dict[str, pa.Array]) -> None:
    if "logon_type" in columns:
        columns["logon_type"] = pc.utf8_lower(columns["logon_type"])


EVENT_FORMAT = Dialect("cef", _event_format, starts=("CEF:", "LEEF:"))
PALO_ALTO = Dialect("palo_alto", _palo_alto, starts=("1,20", "0,20"))
