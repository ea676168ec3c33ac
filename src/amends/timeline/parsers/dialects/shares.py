# ruff: noqa: E501  (a shape reads best on one line)
"""Files over the network: Samba's full_audit, vsftpd, ProFTPD, Pure-FTPd, xferlog.

Source: ``vfs_full_audit(8)``, ``vsftpd.conf(5)``, ProFTPD's and Pure-FTPd's syslog messages, ``xferlog(5)``.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import blank_to_null
from amends.timeline.parsers.dialects.base import Dialect, Group, Messages, Shape, by_shapes, fields

_OPERATIONS = {
    "connect": ("login", "login"), "disconnect": ("logout", "logout"),
    "open": ("file", "open"), "openat": ("file", "open"), "create_file": ("file", "open"), "close": ("file", "open"),
    "read": ("file", "read"), "pread": ("file", "read"), "pread_send": ("file", "read"), "pread_recv": ("file", "read"), "sendfile": ("file", "read"), "offload_read_send": ("file", "read"),
    "write": ("file", "write"), "pwrite": ("file", "write"), "pwrite_send": ("file", "write"), "recvfile": ("file", "write"), "ftruncate": ("file", "write"),
    "mkdir": ("file", "create"), "mkdirat": ("file", "create"), "linkat": ("file", "create"), "symlinkat": ("file", "create"),
    "unlink": ("file", "delete"), "unlinkat": ("file", "delete"), "rmdir": ("file", "delete"),
    "rename": ("file", "rename"), "renameat": ("file", "rename"),
    "opendir": ("file", "list"), "fdopendir": ("file", "list"), "readdir": ("file", "list"),
}  # fmt: skip
_AUDIT = (
    r"^(?:\[[^\]]*\] )?(?P<prefix>.*?)\|(?P<op>[a-z_]+)\|(?P<result>ok|fail[^|]*)\|?(?P<rest>.*)$"
)


def _samba(messages: Messages) -> list[Group]:
    found = pc.extract_regex(messages.text, _AUDIT)
    fits = found.is_valid().to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(fits)
    if not len(rows):
        return []
    found = found.filter(pa.array(fits))
    part = {field.name: found.field(i) for i, field in enumerate(found.type)}
    op = part["op"].dictionary_encode()
    told = [_OPERATIONS.get(str(o), ("file", "open")) for o in op.dictionary.to_pylist()]
    failed = pc.starts_with(part["result"], "fail")
    prefix = part["prefix"].dictionary_encode()
    split = [_prefix(str(p)) for p in prefix.dictionary.to_pylist()]
    who, where, machine, share = (
        pa.array([s[i] for s in split], pa.string()).take(prefix.indices) for i in range(4)
    )
    path = pc.replace_substring_regex(
        part["rest"], r"^(?:[rw]|rw|0x[0-9a-fA-F]+\|(?:file|dir)\|\w+)\|", ""
    )
    moved = pc.struct_field(pc.extract_regex(path, r"^(?P<old>[^|]*)\|(?P<new>.*)$"), "old")
    opened = pc.equal(part["op"], "openat")
    action = pa.array([t[1] for t in told], pa.string()).take(op.indices)
    written = pc.and_(opened, pc.match_substring_regex(part["rest"], r"^(?:w|rw)\|"))
    columns = {
        "kind": pa.array([t[0] for t in told], pa.string()).take(op.indices),
        "action": pc.if_else(
            written,
            "write",
            pc.if_else(
                pc.and_(opened, pc.match_substring_regex(part["rest"], r"^r\|")), "read", action
            ),
        ),
        "outcome": pc.if_else(failed, "failure", "success"),
        "account": who,
        "src_ip": where,
        "object": blank_to_null(pc.coalesce(moved, path)),
        "code": part["op"],
        "extra": fields(
            len(rows),
            {
                "share": pc.fill_null(share, ""),
                "machine": pc.fill_null(machine, ""),
                "operation": part["op"],
                "result": part["result"],
            },
        ),
    }
    return [Group(rows, columns, {"logon_type": "smb", "object_kind": "file", "proto": "smb"})]


def _prefix(text: str) -> tuple[str | None, str | None, str | None, str | None]:
    """Return user, address, machine and share of a prefix; its order is the administrator's choice (%u|%I|%m|%S)."""
    parts = text.split("|")
    address = next(
        (
            p
            for p in parts
            if (p.count(".") == 3 and p.replace(".", "").isdigit()) or p.count(":") > 1
        ),
        None,
    )
    names = [p for p in parts if p != address]
    who = names[0] if names else None
    return who, address, names[1] if len(names) > 2 else None, names[-1] if len(names) > 1 else None


_FTP = {"logon_type": "ftp", "object_kind": "file"}
_PID = r"^(?:\[pid \d+\] )?"
VSFTPD_SHAPES = (
    Shape(
        "",
        _PID + r"\[(?P<account>[^\]]*)\] OK LOGIN: Client \"(?:::ffff:)?(?P<src_ip>[^\"]+)\"",
        "login",
        "login",
        "success",
        {"logon_type": "ftp"},
    ),
    Shape(
        "",
        _PID + r"\[(?P<account>[^\]]*)\] FAIL LOGIN: Client \"(?:::ffff:)?(?P<src_ip>[^\"]+)\"",
        "login",
        "login",
        "failure",
        {"logon_type": "ftp"},
    ),
    Shape(
        "",
        _PID
        + r"\[(?P<account>[^\]]*)\] (?P<outcome>OK|FAIL) DOWNLOAD: Client \"(?:::ffff:)?(?P<src_ip>[^\"]+)\", \"(?P<object>[^\"]*)\"(?:, (?P<bytes_out>\d+) bytes)?",
        "file",
        "download",
        "",
        _FTP,
    ),
    Shape(
        "",
        _PID
        + r"\[(?P<account>[^\]]*)\] (?P<outcome>OK|FAIL) UPLOAD: Client \"(?:::ffff:)?(?P<src_ip>[^\"]+)\", \"(?P<object>[^\"]*)\"(?:, (?P<bytes_in>\d+) bytes)?",
        "file",
        "upload",
        "",
        _FTP,
    ),
    Shape(
        "",
        _PID
        + r"\[(?P<account>[^\]]*)\] (?P<outcome>OK|FAIL) (?:DELETE|RMDIR): Client \"(?:::ffff:)?(?P<src_ip>[^\"]+)\", \"(?P<object>[^\"]*)\"",
        "file",
        "delete",
        "",
        _FTP,
    ),
    Shape(
        "",
        _PID
        + r"\[(?P<account>[^\]]*)\] (?P<outcome>OK|FAIL) RENAME: Client \"(?:::ffff:)?(?P<src_ip>[^\"]+)\", \"(?P<object>[^\"]*)\"",
        "file",
        "rename",
        "",
        _FTP,
    ),
    Shape(
        "",
        _PID
        + r"\[(?P<account>[^\]]*)\] (?P<outcome>OK|FAIL) (?P<code>[A-Z]+): Client \"(?:::ffff:)?(?P<src_ip>[^\"]+)\", \"(?P<object>[^\"]*)\"",
        "file",
        "open",
        "",
        _FTP,
    ),
    Shape(
        "",
        _PID + r"CONNECT: Client \"(?:::ffff:)?(?P<src_ip>[^\"]+)\"",
        "connection",
        "open",
        "",
        {"logon_type": "ftp"},
    ),
)
XFERLOG_SHAPES = (
    Shape(
        "",
        r"^\d+ (?P<src_ip>[\d.:a-fA-F]+) (?P<bytes_out>\d+) (?P<object>\S+) [ab] \S+ o [agru] (?P<account>\S+) \S+ [01] \S+ (?P<x_end>[ci])",
        "file",
        "download",
        "success",
        _FTP,
    ),
    Shape(
        "",
        r"^\d+ (?P<src_ip>[\d.:a-fA-F]+) (?P<bytes_in>\d+) (?P<object>\S+) [ab] \S+ i [agru] (?P<account>\S+) \S+ [01] \S+ (?P<x_end>[ci])",
        "file",
        "upload",
        "success",
        _FTP,
    ),
    Shape(
        "",
        r"^\d+ (?P<src_ip>[\d.:a-fA-F]+) \d+ (?P<object>\S+) [ab] \S+ d [agru] (?P<account>\S+) \S+",
        "file",
        "delete",
        "success",
        _FTP,
    ),
)
_PROFTPD_SHAPES = (
    Shape(
        "",
        r"^\S+ \((?:[^\[]*\[)?(?:::ffff:)?(?P<src_ip>[\d.:a-fA-F]+)\]?\)(?:\[[^\]]*\])?:? (?:- )?USER (?P<account>[^\s:]+): Login successful",
        "login",
        "login",
        "success",
        {"logon_type": "ftp"},
    ),
    Shape(
        "",
        r"^\S+ \((?:[^\[]*\[)?(?:::ffff:)?(?P<src_ip>[\d.:a-fA-F]+)\]?\)(?:\[[^\]]*\])?:? (?:- )?USER (?P<account>[^\s:]+)(?: \(Login failed\))?: (?P<x_reason>Incorrect password|no such user|Login failed).*",
        "login",
        "login",
        "failure",
        {"logon_type": "ftp"},
    ),
    Shape(
        "",
        r"^\S+ \((?:[^\[]*\[)?(?:::ffff:)?(?P<src_ip>[\d.:a-fA-F]+)\]?\)(?:\[[^\]]*\])?:? (?:- )?FTP session (?P<code>opened|closed)",
        "connection",
        "open",
        "",
        {"logon_type": "ftp"},
    ),
    Shape(
        "(",
        r"^\((?P<account>[^@]*)@(?P<src_ip>[^)]*)\) \[NOTICE\] (?P<object>\S+) (?P<code>downloaded)\s+\((?P<bytes_out>\d+) bytes",
        "file",
        "download",
        "success",
        _FTP,
    ),
    Shape(
        "(",
        r"^\((?P<account>[^@]*)@(?P<src_ip>[^)]*)\) \[NOTICE\] (?P<object>\S+) (?P<code>uploaded)\s+\((?P<bytes_in>\d+) bytes",
        "file",
        "upload",
        "success",
        _FTP,
    ),
    Shape(
        "(",
        r"^\([^@]*@(?P<src_ip>[^)]*)\) \[INFO\] (?P<account>\S+) is now logged in",
        "login",
        "login",
        "success",
        {"logon_type": "ftp"},
    ),
    Shape(
        "(",
        r"^\([^@]*@(?P<src_ip>[^)]*)\) \[WARNING\] Authentication failed for user \[(?P<account>[^\]]*)\]",
        "login",
        "login",
        "failure",
        {"logon_type": "ftp"},
    ),
)


def ftp_outcome(columns: dict[str, pa.Array]) -> None:
    """Say success for OK and failure for FAIL."""
    if "outcome" in columns:
        columns["outcome"] = pc.if_else(pc.equal(columns["outcome"], "OK"), "success", "failure")


SHARE_DIALECTS = (
    Dialect("samba", _samba, frozenset({"smbd_audit", "smbd", "samba"})),
    Dialect("vsftpd", by_shapes(VSFTPD_SHAPES, ftp_outcome), frozenset({"vsftpd"})),
    Dialect("xferlog", by_shapes(XFERLOG_SHAPES), frozenset({"xferlog"})),
    Dialect("proftpd", by_shapes(_PROFTPD_SHAPES), frozenset({"proftpd", "pure-ftpd", "ftpd"})),
)
