# ruff: noqa: E501  (lines of logs are as long as they are)
"""Web access, proxies, error logs, and W3C logs whose columns change."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.custody import Reader
from amends.timeline.detecting import Detecting
from amends.timeline.parsers.iis import W3c
from amends.timeline.parsers.web import Squid, WebAccess, WebError
from amends.timeline.sigma.loading import load_rules
from tests.timeline.parsing import chosen, garbled, has, read

ACCESS = {
    '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326':
        {"src_ip": "127.0.0.1", "account": "frank", "url": "/apache_pb.gif", "status": 200, "bytes_out": 2326, "at": datetime(2000, 10, 10, 20, 55, 36, tzinfo=UTC)},
    '10.0.0.5 - - [10/Oct/2000:13:55:36 +0000] "GET /a?x=1 HTTP/1.1" 404 - "http://x/" "Mozilla/5.0 (X11)"':
        {"account": None, "outcome": "failure", "bytes_out": None, "user_agent": "Mozilla/5.0 (X11)"},
    'www.example.com:443 2001:db8:0::5 - ann [10/Oct/2000:13:55:36 +0000] "POST /login HTTP/1.1" 302 12 "-" "curl/8"':
        {"src_ip": "2001:db8::5", "account": "ann", "url": "/login"},
    '10.0.0.5 - ann lee [10/Oct/2000:13:55:36 +0000] "GET /\\"q HTTP/1.1" 200 1 "-" "a \\"b\\""': {"account": "ann lee", "user_agent": 'a \\"b\\"'},
    '10.0.0.5 - - [10/Oct/2000:13:55:36 +0000] "\\x16\\x03\\x01" 400 226 "-" "-"': {"url": "\\x16\\x03\\x01", "status": 400},
    '10.0.0.5 - - [10/Oct/2000:13:55:36 +0000] "-" 408 0 "-" "-" "10.9.9.9"': {"status": 408},
    '10.0.0.5 - - [10/Oct/2000:13:55:36 +0000] "GET /a b c HTTP/1.1" 200 5': {"url": "GET /a b c HTTP/1.1", "bytes_out": 5},
    '::1 - - [10/Oct/2000:13:55:36 +0000] "GET /[x] HTTP/2.0" 200 5 "-" "x [y]"': {"url": "/[x]", "src_ip": "::1"},
}  # fmt: skip


@pytest.mark.parametrize("line", ACCESS)
def test_an_access_line(line: str) -> None:
    assert chosen(line.encode() + b"\n") == "web_access"
    (row,) = read(WebAccess(), line.encode() + b"\n").events
    has(row, **({"kind": "web", "action": "request", "utc": True} | ACCESS[line]))


def test_fields_go_by_the_names_of_sigma() -> None:
    line = list(ACCESS)[1]
    extra = read(WebAccess(), line.encode()).events[0]["extra"]
    assert extra == {"cs-method": "GET", "cs-referer": "http://x/", "cs-uri-query": "x=1"}


def test_short_and_long_way_read_alike() -> None:
    every = "".join(f"{line}\n" for line in ACCESS).encode()
    alone = [read(WebAccess(), line.encode() + b"\n").events[0] for line in ACCESS]
    for one, row in zip(alone, read(WebAccess(), every).events, strict=True):
        assert {k: v for k, v in row.items() if k not in ("position", "line")} == {
            k: v for k, v in one.items() if k not in ("position", "line")
        }


@pytest.mark.parametrize("line", [
    b"garbage", b'10.0.0.5 - - "GET / HTTP/1.1" 200 1', b"10.0.0.5 - - [10/Oct/2000] unquoted 200 1", b'[] "" 200 1', b'"""""" [ ]',
])  # fmt: skip
def test_a_near_miss_is_a_reject(line: bytes) -> None:
    found = read(WebAccess(), line + b"\n" + next(iter(ACCESS)).encode() + b"\n")
    assert len(found.events) == 1
    assert found.rejects == [(1, "not an access line")]


SQUID = b"""1286536308.779    180 192.168.0.224 TCP_MISS/200 411 GET http://www.example.com/a ann HIER_DIRECT/198.51.100.10 image/jpeg
1286536309.450    100 192.168.0.227 TCP_TUNNEL/200 4110 CONNECT up.example.com:443 - HIER_DIRECT/198.51.100.11 -
nope
"""


def test_squid() -> None:
    assert chosen(SQUID) == "squid"
    found = read(Squid(), SQUID)
    has(
        found.events[0],
        account="ann",
        src_ip="192.168.0.224",
        dst_ip="198.51.100.10",
        bytes_out=411,
        status=200,
    )
    has(found.events[1], account=None, dst_port=443, url="up.example.com:443")
    assert found.events[1]["extra"]["cs-host"] == "up.example.com"
    assert found.rejects == [(3, "not a line of Squid")]


ERRORS = b"""[Wed Oct 11 14:32:52.123456 2000] [authz_core:error] [pid 35708:tid 4328636416] [client 198.51.100.9:5555] AH01630: client denied by server configuration: /x
[Wed Oct 11 14:32:52 2000] [error] [client 127.0.0.1] client denied
[Wed Oct  1 14:32:52 2000] [notice] Apache configured
2024/05/06 07:08:09 [error] 1234#0: *5 open() "/x" failed (2: No such file or directory), client: 198.51.100.4, server: _, request: "GET /x HTTP/1.1", host: "h"
"""


def test_error_logs() -> None:
    assert chosen(ERRORS) == "web_error"
    first, second, third, fourth = read(WebError(), ERRORS).events
    has(first, kind="web", src_ip="198.51.100.9", src_port=5555, pid=35708, code="AH01630", outcome="failure",
        at=datetime(2000, 10, 11, 14, 32, 52, 123456, UTC))  # fmt: skip
    has(second, src_ip="127.0.0.1")
    has(third, kind="other", at=datetime(2000, 10, 1, 14, 32, 52, tzinfo=UTC))
    has(fourth, src_ip="198.51.100.4", url="/x", source="web/nginx_error")


W3C = b"""#Software: Microsoft Internet Information Services 10.0
#Version: 1.0
#Date: 2024-05-06 07:08:09
#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-bytes
2024-05-06 07:08:09 10.0.0.1 GET /a.aspx x=1 443 CORP\\ann 10.0.0.5 Mozilla/5.0+(X) - 200 1234
#Fields: time c-ip cs-method cs-uri-stem sc-status
07:08:10 10.0.0.5 POST /b.aspx 500
bad line

"""
CLOUDFRONT = (
    b"#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent)\n"
    b"2024-05-06\t07:08:09\tFRA2\t2390\t203.0.113.5\tGET\td1.cloudfront.net\t/x.csv\t200\t-\tMozilla/5.0%20(X)\n"
)


def test_columns_of_a_w3c_log_may_change() -> None:
    assert chosen(W3C) == "web_w3c"
    found = read(W3c(), W3C)
    first, second = found.events
    has(
        first,
        account="ann",
        src_ip="10.0.0.5",
        url="/a.aspx?x=1",
        status=200,
        bytes_out=1234,
        user_agent="Mozilla/5.0 (X)",
        utc=True,
    )
    has(second, url="/b.aspx", outcome="failure", at=datetime(2024, 5, 6, 7, 8, 10, tzinfo=UTC))
    assert first["extra"]["cs-method"] == "GET"
    assert [line for line, _ in found.rejects] == [1, 2, 3, 4, 6, 8, 9]


def test_cloudfront() -> None:
    (row,) = read(W3c(), CLOUDFRONT).events
    has(row, src_ip="203.0.113.5", bytes_out=2390, url="/x.csv", user_agent="Mozilla/5.0 (X)")
    assert row["extra"]["cs-host"] == "d1.cloudfront.net"


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
def test_lines_are_events_or_rejects_whatever_is_done_to_them(seed: int) -> None:
    read(WebAccess(), garbled("".join(f"{line}\n" for line in ACCESS).encode(), seed))
    for parser, log in ((Squid(), SQUID), (WebError(), ERRORS), (W3c(), W3C)):
        read(parser, garbled(log, seed))


def test_rules_on_what_columns_say_fire_on_access_lines(tmp_path: Path) -> None:
    rule = tmp_path / "rule.yml"
    rule.write_text(
        "title: t\nid: 00000000-0000-4000-8000-000000000001\nlogsource:\n  category: webserver\ndetection:\n"
        "  s:\n    c-uri|contains: '/a?'\n    sc-status: 404\n    cs-user-agent|startswith: Mozilla\n    c-ip|cidr: 10.0.0.0/8\n"
        "    cs-method: GET\n    cs-uri-query: x=1\n  condition: s\nlevel: low\n"
    )
    log = tmp_path / "access.log"
    log.write_text(
        '10.0.0.5 - - [06/May/2024:07:08:09 +0000] "GET /a?x=1 HTTP/1.1" 404 5 "-" "Mozilla/5.0"\n'
    )
    run = Detecting([log], Reader(), load_rules([rule], keep=tmp_path))
    run.run()
    assert [r["count"] for r in run.rows()] == [1]
