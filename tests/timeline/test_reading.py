# ruff: noqa: E501  (a case of a table reads best on one line)
"""A log file read: every line is accounted for, ids are stable, times are UTC."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.kernel.contents import RawPart
from amends.timeline.known import Host
from amends.timeline.parsers.auditd import Auditd
from amends.timeline.parsers.plain import Plain
from amends.timeline.parsers.syslog import Syslog
from amends.timeline.reading import BATCH_SCHEMA, event_ids, read_log
from amends.timeline.roster import HostNames
from tests.timeline.logs import origin, read

LINES = [
    "Aug  4 02:11:09 jump1 sshd[123]: Accepted password for ann from 10.0.0.9 port 51234 ssh2",
    "Aug  4 02:11:10 jump1 sshd[123]: Failed password for invalid user bob from 2001:DB8:0::1 port 5 ssh2",
    "<189>125: *Aug  4 02:11:11.123: %SYS-5-CONFIG_I: Configured from console by admin on vty0 (203.0.113.4)",
    "Aug  4 02:11:12 fw1 %ASA-6-302014: Teardown TCP connection 1 for outside:203.0.113.4/443 to inside:10.0.0.5/51222 duration 0:01:02 bytes 123456 TCP FINs",
    "Aug  4 02:11:13 web1 kernel: [1.2] [UFW BLOCK] IN=eth0 OUT= MAC=00:11 SRC=203.0.113.4 DST=10.0.0.1 LEN=40 PROTO=TCP SPT=4444 DPT=23",
    "<14>1 2026-08-04T02:11:14.5Z srx1 RT_FLOW - RT_FLOW_SESSION_DENY [junos@2636 source-address=\"10.0.0.5\"] x",
    "date=2026-08-04 time=02:11:15 devname=\"F\" logid=\"1\" type=\"traffic\" srcip=10.0.0.5 dstip=203.0.113.4 action=\"deny\"",
    "Aug  4 02:11:16 jump1 sudo:  ann : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
    "type=EXECVE msg=audit(1785800000.1:7): argc=2 a0=\"ls\" a1=2F746D70",
    "type=SYSCALL msg=audit(1785800000.1:7): arch=c000003e syscall=59 success=yes pid=1 exe=\"/bin/ls\"",
    "Tue Aug  4 02:11:17 2026 : Auth: Login OK: [ann] (from client n port 0 cli 203.0.113.4)",
    "no head at all", "", "   ", "\0\0", "=", "= = =", '"', "%A-1-B: ", "Aug  4 02:11:09", "Aug  4 02:11:09 h", "<999>", "date= time=", "type= msg=audit(",
]  # fmt: skip


@given(
    st.lists(st.one_of(st.sampled_from(LINES), st.text(max_size=40)), max_size=25),
    st.integers(1, 300),
)
@settings(deadline=None, max_examples=60)
def test_lines_are_events_plus_rejects_and_blocks_change_nothing(
    lines: list[str], size: int
) -> None:
    raw = "\n".join(lines).encode("utf-8", "surrogatepass")
    head = ("#" * 4096 + "\n").encode()
    for kind in (Syslog, Auditd, Plain):
        whole, small = kind(), kind()
        small.block_bytes = size
        whole.detect = small.detect = lambda head, where: True  # type: ignore[method-assign]
        assert read(head + raw, parsers=[whole])[1] == read(head + raw, parsers=[small])[1]


@given(st.binary(max_size=600))
@settings(deadline=None, max_examples=100)
def test_any_bytes_are_read_without_an_error(raw: bytes) -> None:
    for kind in (Syslog, Auditd, Plain):
        parser = kind()
        parser.detect = lambda head, where: True  # type: ignore[method-assign]
        read(raw, parsers=[parser])
    read(raw)


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_a_damaged_line_is_never_an_error(data: st.DataObject) -> None:
    line = data.draw(st.sampled_from(LINES)).encode()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(len(line) - 1, 0)))
        line = (
            line[:at] + data.draw(st.binary(max_size=2)) + line[at + data.draw(st.integers(0, 3)) :]
        )
    for kind in (Syslog, Auditd, Plain):
        parser = kind()
        parser.detect = lambda head, where: True  # type: ignore[method-assign]
        read(line, parsers=[parser])


def test_ids_are_the_same_in_every_run_and_differ_by_place_and_file() -> None:
    positions = np.arange(0, 1_000_000, 7)
    ids = event_ids(5, positions)
    assert len(np.unique(ids)) == len(ids)
    assert (ids == event_ids(5, positions)).all()
    assert not (ids == event_ids(6, positions)).any()


def test_a_batch_has_the_columns_of_events_and_the_raw_line() -> None:
    reading = read_log(RawPart("", "a", io.BytesIO(LINES[0].encode())), origin())
    batch = next(iter(reading.batches))
    assert batch.schema == BATCH_SCHEMA
    assert batch.column("raw").to_pylist() == [LINES[0]]


def test_what_is_no_text_is_unread_with_a_remedy() -> None:
    reading, rows = read(bytes(range(32)) * 40)
    assert (reading.status, rows) == ("unread", [])
    assert reading.remedy
    assert reading.faults[0].reason == "unknown_format"


def test_an_empty_file_is_read() -> None:
    reading, rows = read(b"")
    assert (reading.status, reading.n_lines, rows) == ("read", 0, [])


def test_rejected_lines_are_named_by_place_and_reason_only() -> None:
    reading, _ = read(LINES[0] + "\n\n" + LINES[1] + "\n")
    assert reading.reject_places == ["line 2: blank"]
    assert reading.reasons == {"blank": 1}


def test_a_stream_that_breaks_gives_what_came_before() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() >= 300_000:
                raise OSError("cut")
            return super().read(min(size or 1, 100_000) if size and size > 0 else 100_000)

    body = (LINES[0] + "\n").encode() * 20_000
    reading = read_log(RawPart("", "a", Broken(body)), origin())
    rows = sum(b.num_rows for b in reading.batches)
    assert reading.status == "partly"
    assert [f.reason for f in reading.faults] == ["truncated"]
    assert rows == reading.n_events


def test_hosts_are_called_as_the_company_calls_them() -> None:
    names = HostNames((Host("jump1.larkspur.example", ("10.0.0.7",)),))
    line = "Aug  4 02:11:09 {} sshd[1]: Accepted password for CORP\\Ann from ::ffff:10.0.0.9 port 5 ssh2\n"
    for called in ("jump1", "JUMP1", "10.0.0.7", "jump1.larkspur.example"):
        reading = read_log(
            RawPart("", "a", io.BytesIO(line.format(called).encode())), origin(), names=names
        )
        row = next(iter(reading.batches)).to_pylist()[0]
        assert (row["host"], row["account"], row["src_ip"]) == (
            "jump1.larkspur.example",
            "ann",
            "10.0.0.9",
        )


def test_lines_without_a_host_belong_to_the_host_of_the_file() -> None:
    _, rows = read(
        "*Aug  4 02:11:11.123: %SYS-5-CONFIG_I: Configured from console by console\n",
        origin(host="rtr1"),
    )
    assert rows[0]["host"] == "rtr1"
    assert rows[0]["at"] == datetime(2026, 8, 4, 2, 11, 11, 123000, tzinfo=UTC)


@pytest.mark.parametrize("name", ["first_at", "last_at"])
def test_the_account_of_a_file_says_when_it_begins_and_ends(name: str) -> None:
    reading, rows = read("\n".join(LINES[:2]))
    assert getattr(reading, name) in [r["at"] for r in rows]
    assert reading.row("E0001", "", "logs/auth.log")["n_lines"] == 2
