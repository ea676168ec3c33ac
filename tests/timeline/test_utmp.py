"""utmp, wtmp, btmp and lastlog."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from amends.timeline.parsers.utmp import Lastlog, Utmp
from tests.timeline.parsing import chosen, garbled, has, read


def _record(
    kind: int, pid: int, line: str, user: str, host: str, second: int, address: bytes = b""
) -> bytes:
    texts = (line.encode(), b"ts/0", user.encode(), host.encode())
    return struct.pack(
        "<hxxi32s4s32s256shhiII16s20x",
        kind,
        pid,
        *texts,
        0,
        0,
        0,
        second,
        5,
        address.ljust(16, b"\0"),
    )


LOG = (
    _record(2, 0, "~", "reboot", "5.10", 1_700_000_000)
    + _record(7, 42, "pts/0", "Ann", "10.0.0.5", 1_700_000_100, bytes([10, 0, 0, 5]))
    + _record(8, 42, "pts/0", "", "", 1_700_000_200)
    + bytes(384)
    + _record(7, 43, "tty1", "root", "", 1_700_000_300)
    + _record(1, 0, "~~", "shutdown", "5.10", 1_700_000_400)
)


def test_logins_and_boots() -> None:
    assert chosen(LOG, "wtmp") == "utmp"
    found = read(Utmp(), LOG, "wtmp")
    boot, login, left, console, down = found.events
    has(boot, kind="system", action="boot")
    has(login, kind="login", outcome="success", account="ann", src_ip="10.0.0.5", logon_type="ssh", pid=42, utc=True,
        at=datetime(2023, 11, 14, 22, 15, 0, 5, UTC))  # fmt: skip
    has(left, kind="logout")
    has(console, logon_type="console", src_ip=None)
    has(down, action="shutdown")
    assert found.rejects == [(4, "empty record")]


def test_btmp_holds_failures() -> None:
    log = _record(
        6, 42, "ssh:notty", "root", "198.51.100.7", 1_700_000_100, bytes([198, 51, 100, 7])
    )
    (row,) = read(Utmp(), log, "btmp.1").events
    has(
        row,
        kind="login",
        outcome="failure",
        account="root",
        logon_type="ssh",
        src_ip="198.51.100.7",
        source="utmp/btmp",
    )


def test_ipv6_and_a_cut_record() -> None:
    log = (
        _record(
            7,
            1,
            "pts/1",
            "ann",
            "h",
            1_700_000_100,
            bytes.fromhex("20010db8000000000000000000000005"),
        )
        + b"abc"
    )
    found = read(Utmp(), log, "wtmp")
    has(found.events[0], src_ip="2001:db8::5")
    assert found.rejects == [(2, "record is cut off")]


def test_other_bytes_are_no_logins() -> None:
    for head in (b"", bytes(384), b"x" * 1000, b"plain text\n" * 100, bytes(range(256)) * 4):
        assert not Utmp().detect(head, None)  # type: ignore[arg-type]


def test_lastlog_names_accounts_by_number() -> None:
    log = bytes(292) + struct.pack("<I32s256s", 1_700_000_000, b"pts/0", b"10.0.0.5")
    assert chosen(log, "lastlog") == "lastlog"
    (row,) = read(Lastlog(), log, "lastlog").events
    has(row, account="uid:1", src_ip="10.0.0.5", kind="login")


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
def test_records_are_events_or_rejects_whatever_is_done_to_them(seed: int) -> None:
    read(Utmp(), garbled(LOG, seed), "wtmp")
    read(Lastlog(), garbled(LOG, seed), "lastlog")
