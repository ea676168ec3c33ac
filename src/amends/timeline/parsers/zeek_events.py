# ruff: noqa: E501  (patterns and tables of names read best on one line)
"""What the rows of Zeek's logs mean, whether they came as columns or as JSON.

Source: Zeek manual, "Zeek Logs" (conn, dns, http, ssl, files, ftp, ssh, smb, rdp, kerberos, notice); read 2026.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.parsers import cells
from amends.timeline.parsers.headed import both, column
from amends.timeline.parsers.iis import of_status

Found = Mapping[str, pa.StringArray]
Columns = dict[str, pa.Array]
# Fields that stand in columns as they are: rules find them there.
_TYPED = frozenset(
    ("ts", "_path", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto")
)


def zeek_columns(path: str, found: Found, n: int) -> Columns:
    """Return the columns of events of rows of the log called ``path`` (conn, http …), every field in ``extra``."""
    # Fields of JSON come one by one when asked for (their mapping names none), and have no way of writing "unset".
    clean = found
    if "" not in found:
        clean = {k: v if k in _TYPED else cells.known(v) for k, v in found.items()}
    out: Columns = {
        "src_ip": cells.address(column(found, "id.orig_h", "tx_hosts", "src")),
        "src_port": cells.port(column(found, "id.orig_p")),
        "dst_ip": cells.address(column(found, "id.resp_h", "rx_hosts", "dst")),
        "dst_port": cells.port(column(found, "id.resp_p")),
        "proto": pc.utf8_lower(cells.known(column(found, "proto"))),
        "session": cells.known(column(found, "uid", "conn_uids")),
        "source": cells.constant(f"zeek/{path}", n),
        "extra": cells.named(
            {name: texts for name, texts in clean.items() if name not in _TYPED}, n
        ),
    }
    return out | _LOGS.get(path, _other)(clean, n)


def _said(n: int, kind: str, action: str, outcome: str = "") -> Columns:
    return {
        "kind": cells.constant(kind, n),
        "action": cells.constant(action, n),
        "outcome": _word(outcome, n),
    }


def _word(word: str, n: int) -> pa.StringArray:
    return pa.repeat(pa.scalar(word, pa.string()), n)


def _truth(texts: pa.StringArray) -> pa.StringArray:
    """Return success for T, failure for F, nothing where the log does not say."""
    low = pc.fill_null(pc.utf8_lower(texts), "")
    good = pc.is_in(low, pa.array(["t", "true"]))
    return pc.if_else(
        good, "success", pc.if_else(pc.is_in(low, pa.array(["f", "false"])), "failure", "")
    )


def _other(f: Found, n: int) -> Columns:
    return _said(n, "other", "other") | {"message": column(f, "msg", "name", "note")}


def _conn(f: Found, n: int) -> Columns:
    # S0: no answer; REJ: refused; RSTRH, SH: never set up. All else was, or was seen from the middle.
    state = column(f, "conn_state")
    refused = pc.fill_null(pc.is_in(state, pa.array(["REJ", "S0", "SH", "RSTOS0", "RSTRH"])), False)
    return _said(n, "connection", "flow") | {
        "outcome": pc.if_else(refused, "failure", pc.if_else(pc.is_valid(state), "success", "")),
        "bytes_in": cells.whole(column(f, "orig_ip_bytes", "orig_bytes")),
        "bytes_out": cells.whole(column(f, "resp_ip_bytes", "resp_bytes")),
        "object": column(f, "service"),
        "object_kind": pc.if_else(
            pc.is_valid(column(f, "service")), "service", pa.scalar(None, pa.string())
        ),
        "code": state,
    }


def _ssh(f: Found, n: int) -> Columns:
    return _said(n, "login", "login") | {
        "outcome": _truth(column(f, "auth_success")),
        "logon_type": _word("ssh", n),
        "process": column(f, "server"),
        "user_agent": column(f, "client"),
    }


def _http(f: Found, n: int) -> Columns:
    host, uri = column(f, "host"), column(f, "uri")
    status = cells.whole(column(f, "status_code"))
    url = pc.coalesce(pc.binary_join_element_wise(host, uri, ""), uri, host)
    return _said(n, "web", "request") | {
        "outcome": of_status(status),
        "account": cells.account(column(f, "username")),
        "url": url,
        "status": status,
        "user_agent": column(f, "user_agent"),
        "bytes_in": cells.whole(column(f, "request_body_len")),
        "bytes_out": cells.whole(column(f, "response_body_len")),
        "message": both(column(f, "method"), url, " "),
    }


def _dns(f: Found, n: int) -> Columns:
    code = column(f, "rcode_name")
    outcome = pc.if_else(pc.equal(code, "NOERROR"), "success", "failure")
    return _said(n, "connection", "open") | {
        "outcome": pc.fill_null(outcome, ""),
        "object": column(f, "query"),
        "object_kind": _word("name", n),
        "command": column(f, "answers"),
        "code": column(f, "qtype_name"),
    }


def _ssl(f: Found, n: int) -> Columns:
    return _said(n, "connection", "open") | {
        "outcome": _truth(column(f, "established")),
        "object": column(f, "server_name"),
        "object_kind": _word("name", n),
        "code": column(f, "version"),
    }


def _files(f: Found, n: int) -> Columns:
    return _said(n, "file", "download", "success") | {
        "object": pc.coalesce(column(f, "filename"), column(f, "fuid")),
        "object_kind": _word("file", n),
        "bytes_in": cells.whole(column(f, "seen_bytes", "total_bytes")),
        "process": column(f, "source"),
        "code": column(f, "mime_type"),
    }


def _by_verb(verbs: pa.StringArray, table: Mapping[str, str], otherwise: str) -> pa.StringArray:
    return pc.fill_null(
        cells.by_distinct(verbs, lambda v: table.get(v.upper(), otherwise)), otherwise
    )


_FTP = {
    "RETR": "download", "STOR": "upload", "STOU": "upload", "APPE": "upload", "DELE": "delete", "RNFR": "rename", "RNTO": "rename",
    "LIST": "list", "NLST": "list", "MLSD": "list", "MKD": "create",
}  # fmt: skip
_SMB = {
    "SMB::FILE_OPEN": "open", "SMB::FILE_READ": "read", "SMB::FILE_WRITE": "write", "SMB::FILE_CLOSE": "open",
    "SMB::FILE_DELETE": "delete", "SMB::FILE_RENAME": "rename", "SMB::PRINT_OPEN": "open",
}  # fmt: skip


def _ftp(f: Found, n: int) -> Columns:
    status = cells.whole(column(f, "reply_code"))
    action = _by_verb(column(f, "command"), _FTP, "open")
    size = cells.whole(column(f, "file_size"))
    up = pc.equal(action, "upload")
    return _said(n, "file", "open") | {
        "action": action,
        "outcome": of_status(status),
        "account": cells.account(column(f, "user")),
        "logon_type": _word("ftp", n),
        "object": column(f, "arg"),
        "object_kind": _word("file", n),
        "status": status,
        "bytes_in": pc.if_else(up, size, pa.scalar(None, pa.int64())),
        "bytes_out": pc.if_else(up, pa.scalar(None, pa.int64()), size),
        "command": column(f, "command"),
    }


def _smb(f: Found, n: int) -> Columns:
    name = column(f, "name")
    return _said(n, "file", "open", "success") | {
        "action": _by_verb(column(f, "action"), _SMB, "open"),
        "logon_type": _word("smb", n),
        "object": pc.coalesce(pc.binary_join_element_wise(column(f, "path"), name, "\\"), name),
        "object_kind": _word("file", n),
        "bytes_out": cells.whole(column(f, "size")),
    }


def _smb_mapping(f: Found, n: int) -> Columns:
    return _said(n, "file", "open", "success") | {
        "logon_type": _word("smb", n),
        "object": column(f, "path"),
        "object_kind": _word("share", n),
    }


def _rdp(f: Found, n: int) -> Columns:
    result = pc.fill_null(column(f, "result"), "")
    return _said(n, "connection", "open") | {
        "outcome": pc.if_else(pc.match_substring_regex(result, "(?i)success"), "success", ""),
        "account": cells.account(column(f, "cookie")),
        "logon_type": _word("rdp", n),
        "object": column(f, "client_name"),
    }


def _kerberos(f: Found, n: int) -> Columns:
    client = pc.struct_field(pc.extract_regex(column(f, "client"), r"^(?P<who>[^/]*)"), "who")
    return _said(n, "login", "login") | {
        "outcome": _truth(column(f, "success")),
        "account": cells.account(client),
        "logon_type": _word("kerberos", n),
        "object": column(f, "service"),
        "code": pc.coalesce(column(f, "error_msg"), column(f, "request_type")),
    }


def _ntlm(f: Found, n: int) -> Columns:
    return _said(n, "login", "login") | {
        "outcome": _truth(column(f, "success")),
        "account": cells.account(column(f, "username")),
        "logon_type": _word("ntlm", n),
        "object": column(f, "hostname"),
    }


def _notice(f: Found, n: int) -> Columns:
    return _said(n, "other", "other") | {
        "code": column(f, "note"),
        "message": column(f, "msg"),
        "object": column(f, "sub"),
    }


_LOGS: dict[str, Callable[[Found, int], Columns]] = {
    "conn": _conn, "ssh": _ssh, "http": _http, "dns": _dns, "ssl": _ssl, "files": _files, "ftp": _ftp, "smb_files": _smb,
    "smb_mapping": _smb_mapping, "rdp": _rdp, "kerberos": _kerberos, "ntlm": _ntlm, "notice": _notice, "weird": _other,
}  # fmt: skip
PATHS = tuple(_LOGS)
