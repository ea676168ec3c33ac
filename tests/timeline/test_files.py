"""Where a log lies says whose it is, and which files are one log."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from amends.timeline.files import dated, host_of, older_than, origin_of, rotation, rotations
from amends.timeline.known import Host
from amends.timeline.roster import HostNames

NAMES = HostNames(
    (
        Host("jump1", ("10.0.0.5",), (), "America/New_York"),
        Host("rtr1.corp.example", ("10.0.0.1",)),
        Host("logsrv"),
    )
)


@pytest.mark.parametrize(
    ("path", "host"),
    [
        ("logs/jump1/var/log/auth.log.2.gz", "jump1"),
        ("logs/JUMP1/var/log/auth.log", "jump1"),
        ("logs/rtr1/flash/syslog", "rtr1.corp.example"),
        ("logs/10.0.0.1/messages", "rtr1.corp.example"),
        ("logs/logsrv/var/log/remote/rtr1.log", "logsrv"),
        ("logs/logsrv/var/log/rtr1/messages", "rtr1.corp.example"),
        ("evidence/web2/var/log/apache2/access.log", "web2"),
        ("logs/dc3/Windows/System32/winevt/Logs/Security.evtx", "dc3"),
        ("jump1.tar.gz/var/log/auth.log", "jump1"),
        ("logs/rtr1.log", "rtr1.corp.example"),
        ("logs/auth.log", ""),
        ("var/log/auth.log", ""),
        ("C:\\cases\\jump1\\var\\log\\auth.log", "jump1"),
    ],
)
def test_the_host_comes_from_the_folder(path: str, host: str) -> None:
    assert host_of(path, NAMES) == host


@pytest.mark.parametrize(
    ("path", "log", "age"),
    [
        ("a/auth.log", "a/auth.log", 0),
        ("a/auth.log.1", "a/auth.log", 1),
        ("a/auth.log.2.gz", "a/auth.log", 2),
        ("a/messages.old", "a/messages", 1),
    ],
)
def test_rotations_of_a_log_are_known_by_name(path: str, log: str, age: int) -> None:
    assert rotation(path) == (log, age)


def test_dated_rotations_are_older_the_earlier_they_are() -> None:
    paths = ["a/secure-20260801", "a/secure", "a/secure-20260808.gz"]
    assert sorted(paths, key=lambda p: rotation(p)[1]) == [
        "a/secure",
        "a/secure-20260808.gz",
        "a/secure-20260801",
    ]
    assert {rotation(p)[0] for p in paths} == {"a/secure"}


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("secure-20260801", date(2026, 8, 1)),
        ("access_2026-08-01.log", date(2026, 8, 1)),
        ("auth.log.1", None),
        ("u-20269999", None),
    ],
)
def test_a_day_in_a_name_is_the_last_day_of_the_file(name: str, day: date | None) -> None:
    assert dated(name) == day


def test_an_origin_knows_host_zone_and_last_day() -> None:
    origin = origin_of(
        "G1",
        "ab",
        "logs/jump1/var/log/secure-20260801.gz",
        "",
        "secure-20260801",
        NAMES,
        as_of=date(2026, 9, 1),
    )
    assert (origin.host, origin.zone, origin.as_of) == (
        "jump1",
        "America/New_York",
        date(2026, 8, 1),
    )
    other = origin_of("G2", "ab", "logs/jump1/var/log/secure-20260801.gz", "inner", "secure", NAMES)
    assert other.seed != origin.seed


def test_older_files_end_where_newer_ones_begin() -> None:
    origins = [
        origin_of(f"G{i}", "ab", f"logs/jump1/var/log/{n}", "", n, NAMES, as_of=date(2026, 9, 1))
        for i, n in enumerate(["auth.log.2", "auth.log", "auth.log.1", "syslog"])
    ]
    groups = rotations(origins)
    assert [[o.name for o in g] for g in groups] == [
        ["auth.log", "auth.log.1", "auth.log.2"],
        ["syslog"],
    ]
    assert older_than(groups[0][1], datetime(2026, 1, 5, tzinfo=UTC)).as_of == date(2026, 1, 5)
    assert older_than(groups[0][1], None) == groups[0][1]
