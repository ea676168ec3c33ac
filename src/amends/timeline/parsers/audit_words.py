# ruff: noqa: E501  (expressions and tables read best on one line)
"""What audit record types and system calls mean in the words of ``events``, and addresses out of ``saddr``.

Source: ``linux/audit.h`` record types; system call numbers of x86-64, i386 and arm64; ``struct sockaddr_in`` and ``_in6``.
"""

from __future__ import annotations

import ipaddress

import pyarrow as pa
import pyarrow.compute as pc

_TYPES = {
    "USER_LOGIN": ("login", "login"), "USER_LOGOUT": ("logout", "logout"), "USER_CMD": ("privilege", "elevate"),
    "ROLE_ASSIGN": ("privilege", "grant"), "ROLE_REMOVE": ("privilege", "revoke"),
    "ADD_USER": ("account", "create"), "DEL_USER": ("account", "delete"), "ADD_GROUP": ("account", "create"), "DEL_GROUP": ("account", "delete"),
    "USER_CHAUTHTOK": ("account", "password"), "USER_MGMT": ("account", "modify"), "GRP_MGMT": ("account", "group"), "ACCT_LOCK": ("account", "disable"), "ACCT_UNLOCK": ("account", "enable"),
    "ANOM_LOGIN_FAILURES": ("login", "lockout"), "RESP_ACCT_LOCK": ("login", "lockout"),
    "DAEMON_START": ("log", "start"), "DAEMON_END": ("log", "stop"), "DAEMON_ABORT": ("log", "stop"), "DAEMON_ROTATE": ("log", "rotate"),
    "CONFIG_CHANGE": ("config", "change"), "SERVICE_START": ("service", "start"), "SERVICE_STOP": ("service", "stop"),
    "SYSTEM_BOOT": ("system", "boot"), "SYSTEM_SHUTDOWN": ("system", "shutdown"), "KERN_MODULE": ("service", "install"),
    "TTY": ("process", "command"), "USER_TTY": ("process", "command"), "NETFILTER_CFG": ("config", "change"),
}  # fmt: skip
_CALLS = {
    "execve": ("process", "start"), "execveat": ("process", "start"),
    "open": ("file", "open"), "openat": ("file", "open"), "openat2": ("file", "open"), "creat": ("file", "create"), "truncate": ("file", "write"), "ftruncate": ("file", "write"),
    "unlink": ("file", "delete"), "unlinkat": ("file", "delete"), "rmdir": ("file", "delete"), "rename": ("file", "rename"), "renameat": ("file", "rename"), "renameat2": ("file", "rename"),
    "mkdir": ("file", "create"), "mkdirat": ("file", "create"), "chmod": ("file", "write"), "fchmod": ("file", "write"), "fchmodat": ("file", "write"), "chown": ("file", "write"), "fchown": ("file", "write"), "fchownat": ("file", "write"), "lchown": ("file", "write"),
    "connect": ("connection", "open"), "accept": ("connection", "open"), "accept4": ("connection", "open"),
    "adjtimex": ("system", "time"), "settimeofday": ("system", "time"), "clock_settime": ("system", "time"), "sethostname": ("system", "network"),
    "init_module": ("service", "install"), "finit_module": ("service", "install"),
}  # fmt: skip
_NUMBERS = {
    "59": "execve", "322": "execveat", "2": "open", "257": "openat", "437": "openat2", "85": "creat", "76": "truncate", "77": "ftruncate", "87": "unlink", "263": "unlinkat", "84": "rmdir",
    "82": "rename", "264": "renameat", "316": "renameat2", "83": "mkdir", "258": "mkdirat", "90": "chmod", "91": "fchmod", "268": "fchmodat", "92": "chown", "93": "fchown", "260": "fchownat", "94": "lchown",
    "42": "connect", "43": "accept", "288": "accept4", "159": "adjtimex", "164": "settimeofday", "227": "clock_settime", "170": "sethostname", "175": "init_module", "313": "finit_module",
    "221": "execve", "11": "execve", "203": "connect",
}  # fmt: skip


def syscall_of(number: pa.Array, name: pa.Array) -> pa.Array:
    """Return the names of system calls: as the enriched format writes them, else by number on x86-64."""
    coded = number.dictionary_encode()
    named = pa.array(
        [_NUMBERS.get(str(v), str(v)) for v in coded.dictionary.to_pylist()], pa.string()
    )
    return pc.coalesce(pc.utf8_lower(name), named.take(coded.indices))


def kind_of(
    kind: pa.Array, syscall: pa.Array, op: pa.Array, enabled: pa.Array
) -> tuple[pa.Array, pa.Array]:
    """Return kind and action of records by type and system call."""
    key = pc.binary_join_element_wise(
        kind, pc.fill_null(syscall, ""), pc.fill_null(op, ""), pc.fill_null(enabled, ""), "|"
    ).dictionary_encode()
    told = [_meaning(*str(k).split("|")[:4]) for k in key.dictionary.to_pylist()]
    return (
        pa.array([t[0] for t in told], pa.string()).take(key.indices),
        pa.array([t[1] for t in told], pa.string()).take(key.indices),
    )


def _meaning(kind: str, syscall: str, op: str, enabled: str) -> tuple[str, str]:
    if kind == "SYSCALL":
        return _CALLS.get(syscall, ("other", "other"))
    if kind == "CONFIG_CHANGE" and (enabled == "0" or "remove_rule" in op):
        return "log", "stop"
    return _TYPES.get(kind, ("other", "other"))


def addresses_of(saddr: pa.Array) -> dict[str, pa.Array]:
    """Return address and port of socket addresses in hex."""
    coded = saddr.dictionary_encode()
    told = [_socket(str(v)) for v in coded.dictionary.to_pylist()]
    return {
        name: pa.array([t[i] for t in told], pa.string()).take(coded.indices)
        for i, name in enumerate(("ip", "port"))
    }


def _socket(text: str) -> tuple[str | None, str | None]:
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        return None, None
    family = raw[0] if raw else 0
    if family == 2 and len(raw) >= 8:
        return str(ipaddress.IPv4Address(raw[4:8])), str(int.from_bytes(raw[2:4], "big"))
    if family == 10 and len(raw) >= 24:
        return str(ipaddress.IPv6Address(raw[8:24])), str(int.from_bytes(raw[2:4], "big"))
    return None, None
