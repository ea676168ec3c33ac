# ruff: noqa: E501  (a case of a table reads best on one line)
"""Zeek's columns, with headings in mid-file."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.timeline.parsers.zeek import Zeek
from tests.timeline.parsing import chosen, garbled, has, read

AT = datetime(2023, 11, 14, 22, 13, 20, 500000, UTC)
HEAD = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n"
ID = "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p"
ROW = "1700000000.500000\tC1\t10.0.0.5\t51514\t203.0.113.9\t443"


def _log(path: str, names: str, values: str) -> bytes:
    return f"{HEAD}#path\t{path}\n#fields\t{ID}\t{names}\n{ROW}\t{values}\n#close\t2023\n".encode()


@pytest.mark.parametrize(("path", "names", "values", "wanted"), [
    ("conn", "proto\tservice\torig_bytes\tresp_bytes\tconn_state\torig_ip_bytes\tresp_ip_bytes", "tcp\tssl\t10\t20\tSF\t30\t40",
     {"kind": "connection", "action": "flow", "bytes_in": 30, "bytes_out": 40, "proto": "tcp", "outcome": "success"}),
    ("conn", "proto\torig_bytes\tresp_bytes\tconn_state", "tcp\t-\t-\tREJ", {"outcome": "failure", "bytes_in": None}),
    ("ssh", "auth_success\tclient\tserver", "T\tSSH-2.0-x\tSSH-2.0-OpenSSH", {"kind": "login", "outcome": "success", "logon_type": "ssh"}),
    ("ssh", "auth_success\tclient", "-\tSSH-2.0-x", {"kind": "login", "outcome": ""}),
    ("http", "method\thost\turi\tstatus_code\tuser_agent\tresponse_body_len", "GET\texample.com\t/x\t404\tcurl\t12",
     {"kind": "web", "url": "example.com/x", "status": 404, "outcome": "failure", "bytes_out": 12, "user_agent": "curl"}),
    ("dns", "proto\tquery\tqtype_name\trcode_name", "udp\texample.com\tA\tNXDOMAIN", {"kind": "connection", "object": "example.com", "outcome": "failure"}),
    ("ssl", "version\tserver_name\testablished", "TLSv13\texample.com\tT", {"object": "example.com", "outcome": "success"}),
    ("ftp", "user\tcommand\targ\tfile_size\treply_code", "ann\tRETR\tftp://x/a.csv\t5200\t226",
     {"kind": "file", "action": "download", "account": "ann", "bytes_out": 5200, "status": 226}),
    ("smb_files", "action\tpath\tname\tsize", "SMB::FILE_OPEN\t\\\\srv\\share\ta.csv\t12",
     {"kind": "file", "action": "open", "object": "\\\\srv\\share\\a.csv", "logon_type": "smb"}),
    ("rdp", "cookie\tresult", "ann\tencrypted", {"kind": "connection", "account": "ann", "logon_type": "rdp"}),
    ("kerberos", "request_type\tclient\tservice\tsuccess", "AS\tann/CORP\tkrbtgt/CORP\tF",
     {"kind": "login", "account": "ann", "outcome": "failure"}),
    ("notice", "note\tmsg", "Scan::Port_Scan\tscanned", {"kind": "other", "code": "Scan::Port_Scan", "message": "scanned"}),
    ("weird", "name", "odd", {"kind": "other"}),
    ("unheard_of", "thing", "x", {"kind": "other", "source": "zeek/unheard_of"}),
])  # fmt: skip
def test_each_log(path: str, names: str, values: str, wanted: dict) -> None:
    log = _log(path, names, values)
    assert chosen(log) == "zeek"
    found = read(Zeek(), log)
    (row,) = found.events
    has(
        row,
        **(
            {"src_ip": "10.0.0.5", "dst_ip": "203.0.113.9", "session": "C1", "at": AT, "utc": True}
            | wanted
        ),
    )
    assert len(found.rejects) == 7


def test_headings_may_change_and_rows_must_fit() -> None:
    log = _log("conn", "proto", "tcp") + b"1\t2\n" + _log("ssh", "auth_success", "T")
    found = read(Zeek(), log)
    assert [row["source"] for row in found.events] == ["zeek/conn", "zeek/ssh"]
    assert (9, "other columns than its heading") in found.rejects


def test_unset_and_empty_are_nothing() -> None:
    (row,) = read(Zeek(), _log("http", "method\thost\turi\ttags", "-\t-\t/x\t(empty)")).events
    has(row, url="/x")
    assert "tags" not in row["extra"] and "method" not in row["extra"]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
def test_lines_are_events_or_rejects_whatever_is_done_to_them(seed: int) -> None:
    read(Zeek(), garbled(_log("conn", "proto", "tcp") + _log("ssh", "auth_success", "T"), seed))
