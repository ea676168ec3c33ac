# ruff: noqa: E501  (lines of logs are as long as they are)
"""Flows of nfdump, SiLK, VPC and other tables."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.timeline.parsers.flow import FlowTable, FlowText
from tests.timeline.parsing import chosen, garbled, has, read

NFDUMP = b"""ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt,in,out
2024-05-06 07:08:09,2024-05-06 07:08:12,2.512,10.0.0.5,203.0.113.9,51514,443,TCP,...AP.SF,0,0,12,5200,9,8800,1,2
2024-05-06 07:08:09,2024-05-06 07:08:12,2.512,2001:db8:0:0::5,203.0.113.9,0,8.0,ICMP,........,0,0,12,5200,0,0,1,2
Summary
flows,bytes,packets,avg_bps,avg_pps,avg_bpp
1,5200,12,0,0,0
"""
SILK = b"""            sIP|            dIP|sPort|dPort|pro|   packets|     bytes|   flags|                  sTime| duration|                  eTime|sensor|
       10.0.0.5|    203.0.113.9|51514|  443|  6|        12|      5200|FS PA   |2024/05/06T07:08:09.123|    2.512|2024/05/06T07:08:11.635|    S0|
"""
VPC = b"""2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK
2 123456789010 eni-1235b8ca123456789 172.31.9.69 172.31.9.12 49761 3389 6 20 4249 1418530010 1418530070 REJECT OK
2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - NODATA
"""
VPC_NAMED = b"""version vpc-id srcaddr dstaddr srcport dstport protocol bytes start action log-status pkt-srcaddr
3 vpc-1 10.0.1.5 10.0.2.7 40000 5432 6 99 1418530010 ACCEPT OK 10.0.1.5
"""
LONG = b"""Date first seen          Duration Proto      Src IP Addr:Port          Dst IP Addr:Port   Flags Tos  Packets    Bytes      pps      bps    Bpp Flows
2024-05-06 07:08:09.123     2.512 TCP         10.0.0.5:51514 ->      203.0.113.9:443   .AP.SF   0       12    5.2 M      4      100   433     1
Summary: total flows: 1, total bytes: 5200
"""
BOTH_WAYS = b"""Date first seen          Duration Proto      Src IP Addr:Port          Dst IP Addr:Port     Out Pkt   In Pkt Out Byte  In Byte Flows
2024-05-06 07:08:09.123     2.512 TCP         10.0.0.5:51514 <->      203.0.113.9:443         12       30     5200    1.2 M     2
"""
NAMED = b"""timestamp,src_ip,src_port,dst_ip,dst_port,protocol,bytes_sent,bytes_received
2024-05-06T07:08:09Z,10.0.0.5,51514,203.0.113.9,443,17,5200,100
"""


@pytest.mark.parametrize(("log", "wanted"), [
    (NFDUMP, {"bytes_in": 5200, "bytes_out": 8800, "proto": "tcp", "source": "flow/nfdump", "src_port": 51514, "dst_port": 443, "utc": False}),
    (SILK, {"bytes_in": 5200, "bytes_out": None, "proto": "tcp", "source": "flow/silk", "host": "S0"}),
    (VPC, {"bytes_in": 4249, "action": "allow", "outcome": "success", "source": "flow/vpc", "dst_port": 22, "utc": True}),
    (VPC_NAMED, {"bytes_in": 99, "action": "allow", "dst_port": 5432, "src_ip": "10.0.1.5"}),
    (LONG, {"bytes_in": 5_200_000, "proto": "tcp", "at": datetime(2024, 5, 6, 7, 8, 9, 123000, UTC)}),
    (BOTH_WAYS, {"bytes_in": 5200, "bytes_out": 1_200_000}),
    (NAMED, {"bytes_in": 5200, "bytes_out": 100, "proto": "udp", "utc": True, "source": "flow/csv"}),
])  # fmt: skip
def test_bytes_in_go_from_source_to_destination(log: bytes, wanted: dict) -> None:
    parser = FlowText() if log.startswith(b"Date first") else FlowTable()
    assert chosen(log) == parser.name
    has(read(parser, log).events[0], **({"kind": "connection"} | wanted))


def test_what_is_no_flow_is_a_reject() -> None:
    found = read(FlowTable(), NFDUMP)
    assert [row["src_ip"] for row in found.events] == ["10.0.0.5", "2001:db8::5"]
    assert [line for line, _ in found.rejects] == [1, 4, 5, 6]
    assert [row["action"] for row in read(FlowTable(), VPC).events] == ["allow", "deny"]


@pytest.mark.parametrize("head", [
    b"name,src,dst\n1,2,3\n", b"id,source,destination,weight,colour\n1,2,3,4,5\n", b"time,level,message\n", b"", b"a,b,c,d,e\n",
    b"customer_id,first,last,ssn,address,city\n",
])  # fmt: skip
def test_other_tables_are_no_flows(head: bytes) -> None:
    assert not FlowTable().detect(head, None)  # type: ignore[arg-type]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.sampled_from([NFDUMP, SILK, VPC, LONG, NAMED]))
def test_lines_are_events_or_rejects_whatever_is_done_to_them(seed: int, log: bytes) -> None:
    read(FlowText() if log is LONG else FlowTable(), garbled(log, seed))
