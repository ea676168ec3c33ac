# ruff: noqa: E501  (a shape reads best on one line)
"""Juniper: Junos routers and SRX firewalls, in plain and in structured syslog.

Source: Junos System Log Explorer.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import numbers
from amends.timeline.parsers.dialects.base import (
    Dialect,
    Group,
    Messages,
    Shape,
    fields,
    read_shapes,
)
from amends.timeline.parsers.dialects.commands import by_command
from amends.timeline.parsers.dialects.pairs import pairs_of
from amends.timeline.parsers.dialects.sshd import SHAPES as SSH_SHAPES

_FLOW = r"(?P<src_ip>[\d.:a-fA-F]+)/(?P<src_port>\d+)->(?P<dst_ip>[\d.:a-fA-F]+)/(?P<dst_port>\d+)"
_SHAPES = (
    Shape(
        "RT_FLOW_SESSION_CREATE",
        rf"^RT_FLOW_SESSION_CREATE(?:_LS)?: session created {_FLOW} \S+ (?P<process>\S+)",
        "connection",
        "open",
        "success",
        {"code": "RT_FLOW_SESSION_CREATE"},
    ),
    Shape(
        "RT_FLOW_SESSION_CLOSE",
        rf"^RT_FLOW_SESSION_CLOSE(?:_LS)?: session closed (?P<x_reason>[^:]*): {_FLOW} \S+ (?:\S+ )?.*? (?P<session>\d+) \d+\((?P<bytes_in>\d+)\) \d+\((?P<bytes_out>\d+)\)",
        "connection",
        "close",
        "",
        {"code": "RT_FLOW_SESSION_CLOSE"},
    ),
    Shape(
        "RT_FLOW_SESSION_DENY",
        rf"^RT_FLOW_SESSION_DENY(?:_LS)?: session denied {_FLOW} (?:\S+ )?(?P<process>\S+)",
        "connection",
        "deny",
        "failure",
        {"code": "RT_FLOW_SESSION_DENY"},
    ),
    Shape(
        "UI_LOGIN_EVENT",
        r"^UI_LOGIN_EVENT: User '(?P<account>[^']*)' login, class '(?P<x_class>[^']*)'[^,]*(?:, ssh-connection '(?P<src_ip>[\d.:a-fA-F]+) (?P<src_port>\d+) (?P<dst_ip>\S+) (?P<dst_port>\d+)')?",
        "login",
        "login",
        "success",
        {"code": "UI_LOGIN_EVENT"},
    ),
    Shape(
        "UI_LOGOUT_EVENT",
        r"^UI_LOGOUT_EVENT: User '(?P<account>[^']*)' logout",
        "logout",
        "logout",
        "success",
        {"code": "UI_LOGOUT_EVENT"},
    ),
    Shape(
        "UI_CMDLINE_READ_LINE",
        r"^UI_CMDLINE_READ_LINE: User '(?P<account>[^']*)', command '(?P<command>.*)'\s*$",
        "config",
        "change",
        "",
        {"code": "UI_CMDLINE_READ_LINE"},
    ),
    Shape(
        "UI_CFG_AUDIT",
        r"^UI_CFG_AUDIT_(?:SET|OTHER|NEW|SET_SECRET): User '(?P<account>[^']*)' (?P<x_how>[a-z]+): (?P<object>.*)$",
        "config",
        "change",
        "success",
        {"code": "UI_CFG_AUDIT"},
    ),
    Shape(
        "UI_COMMIT",
        r"^UI_COMMIT(?:_COMPLETED|_PROGRESS)?: (?:User '(?P<account>[^']*)' )?",
        "config",
        "change",
        "success",
        {"code": "UI_COMMIT"},
    ),
    Shape(
        "UI_DBASE_LOG",
        r"^UI_DBASE_LOGIN_EVENT: User '(?P<account>[^']*)' entering configuration mode",
        "process",
        "command",
        "",
        {"code": "UI_DBASE_LOGIN_EVENT"},
    ),
    Shape(
        "UI_DBASE_LOG",
        r"^UI_DBASE_LOGOUT_EVENT: User '(?P<account>[^']*)' exiting configuration mode",
        "process",
        "command",
        "",
        {"code": "UI_DBASE_LOGOUT_EVENT"},
    ),
    Shape(
        "UI_AUTH_EVENT",
        r"^UI_AUTH_EVENT: Authenticated user '(?P<account>[^']*)' ",
        "other",
        "other",
        "success",
        {"code": "UI_AUTH_EVENT"},
    ),
    Shape(
        "SSHD_LOGIN_FAILED",
        r"^SSHD_LOGIN_FAILED: Login failed for user '(?P<account>[^']*)' from host '(?P<src_ip>[^']*)'",
        "login",
        "login",
        "failure",
        {"code": "SSHD_LOGIN_FAILED", "logon_type": "ssh"},
    ),
    Shape(
        "SSHD_LOGIN_ATTEMPTS",
        r"^SSHD_LOGIN_ATTEMPTS_THRESHOLD: .*",
        "login",
        "lockout",
        "failure",
        {"code": "SSHD_LOGIN_ATTEMPTS_THRESHOLD"},
    ),
    Shape(
        "LOGIN_FAILED",
        r"^LOGIN_FAILED: Login failed for user (?P<account>\S+) from host (?P<src_ip>\S+)",
        "login",
        "login",
        "failure",
        {"code": "LOGIN_FAILED"},
    ),
    Shape(
        "LOGIN_INFORMATION",
        r"^LOGIN_INFORMATION: User (?P<account>\S+) logged in from host (?P<src_ip>\S+)",
        "login",
        "login",
        "success",
        {"code": "LOGIN_INFORMATION"},
    ),
    Shape(
        "PFE_FW_SYSLOG_IP",
        r"^PFE_FW_SYSLOG_IP: FW: (?P<object>\S+)\s+(?P<outcome>[ADR])\s+(?P<proto>\w+) (?P<src_ip>[\d.]+) (?P<dst_ip>[\d.]+)\s+(?P<src_port>\d+)\s+(?P<dst_port>\d+) \((?P<x_packets>\d+) packets?\)",
        "connection",
        "allow",
        "",
        {"code": "PFE_FW_SYSLOG_IP"},
    ),
    *SSH_SHAPES,
)
_KEYS = (
    "source-address",
    "source-port",
    "destination-address",
    "destination-port",
    "protocol-id",
    "session-id-32",
    "session-id",
    "bytes-from-client",
    "bytes-from-server",
    "username",
    "command",
    "policy-name",
    "reason",
    "service-name",
    "application",
    "host-name",
)
_MEANINGS = {
    "RT_FLOW_SESSION_CREATE": ("connection", "open", "success"), "RT_FLOW_SESSION_CLOSE": ("connection", "close", ""),
    "RT_FLOW_SESSION_DENY": ("connection", "deny", "failure"), "UI_LOGIN_EVENT": ("login", "login", "success"),
    "UI_LOGOUT_EVENT": ("logout", "logout", "success"), "UI_CMDLINE_READ_LINE": ("config", "change", ""),
    "UI_CFG_AUDIT_SET": ("config", "change", "success"), "UI_CFG_AUDIT_OTHER": ("config", "change", "success"), "UI_COMMIT": ("config", "change", "success"),
    "SSHD_LOGIN_FAILED": ("login", "login", "failure"), "LOGIN_FAILED": ("login", "login", "failure"), "LOGIN_INFORMATION": ("login", "login", "success"),
}  # fmt: skip
_PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp"}


def _finish(columns: dict[str, pa.Array]) -> None:
    by_command(columns)
    outcome = columns.get("outcome")
    if outcome is not None:
        allowed = pc.equal(outcome, "A")
        columns["action"] = pc.if_else(allowed, "allow", "deny")
        columns["outcome"] = pc.if_else(allowed, "success", "failure")


def _read(messages: Messages) -> list[Group]:
    structured = pc.fill_null(
        pc.is_in(messages.code, value_set=pa.array([*_MEANINGS, *(f"{c}_LS" for c in _MEANINGS)])),
        False,
    )
    rows = np.flatnonzero(structured.to_numpy(zero_copy_only=False))
    groups: list[Group] = []
    if len(rows):
        groups.append(Group(rows, _structured(messages.take(rows)), {}))
    rest = np.flatnonzero(~structured.to_numpy(zero_copy_only=False))
    if len(rest):
        groups += [
            g.moved(rest) for g in read_shapes(messages.text.take(pa.array(rest)), _SHAPES, _finish)
        ]
    return groups


def _structured(messages: Messages) -> dict[str, pa.Array]:
    found = pairs_of(messages.text).wanted(_KEYS)
    n = len(messages.text)
    coded = pc.replace_substring_regex(messages.code, r"_LS$", "").dictionary_encode()
    told = [_MEANINGS.get(str(c), ("other", "other", "")) for c in coded.dictionary.to_pylist()]
    columns = {
        name: pa.array([t[i] for t in told], pa.string()).take(coded.indices)
        for i, name in enumerate(("kind", "action", "outcome"))
    }
    for name, key in (
        ("src_ip", "source-address"),
        ("dst_ip", "destination-address"),
        ("account", "username"),
        ("object", "policy-name"),
        ("session", "session-id-32"),
        ("session", "session-id"),
    ):
        if key in found:
            columns[name] = found[key]
    for name, key in (
        ("src_port", "source-port"),
        ("dst_port", "destination-port"),
        ("bytes_in", "bytes-from-client"),
        ("bytes_out", "bytes-from-server"),
    ):
        if key in found:
            columns[name] = numbers(found[key])
    if "protocol-id" in found:
        ids = found["protocol-id"].dictionary_encode()
        columns["proto"] = pa.array(
            [_PROTOCOLS.get(str(p), p) for p in ids.dictionary.to_pylist()], pa.string()
        ).take(ids.indices)
    if "command" in found:
        columns["command"] = found["command"]
        by = {"command": pc.fill_null(found["command"], "")}
        by_command(by)
        for name in ("kind", "action"):
            columns[name] = pc.coalesce(by[name], columns[name])
        if "target_account" in by:
            columns["target_account"] = by["target_account"]
    columns["extra"] = fields(
        n, {k: found[k] for k in ("reason", "service-name", "application") if k in found}
    )
    return columns


JUNIPER = Dialect(
    "juniper",
    _read,
    frozenset(
        {"rt_flow", "mgd", "rt_ids", "fwdd", "pfed", "jlaunchd", "junos", "feb", "ssb", "sfw"}
    ),
    codes=r"^(?:RT_|UI_|SSHD_LOGIN|LOGIN_|PFE_)",
    starts=("RT_FLOW", "UI_"),
)
