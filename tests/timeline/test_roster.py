# ruff: noqa: E501  (a case of a table reads best on one line)
"""What the company told, as strangers write it."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.timeline.facts import known_facts
from amends.timeline.known import Host
from amends.timeline.roster import HostNames, read_known

HOSTS = [
    b"host,ip,outside_ip,time_zone,role\njump1,10.0.0.5,,America/New_York,jump\nrtr1,10.0.0.1,203.0.113.9,UTC,router\n",
    "Role;Host Name;Time Zone;Owner;Outside IP;IP Address\nJump;jump1;America/New_York;x;;10.0.0.5\nRouter;rtr1;UTC;y;203.0.113.9;10.0.0.1\n".encode("utf-16"),
    b"\xef\xbb\xbfHOSTNAME|IPs|public ip|TZ|function\n\n# ours\njump1|10.0.0.5||America/New_York|JUMP\nrtr1|10.0.0.1|203.0.113.9|UTC|Router\n",
    b'device\taddresses\twan ip\tzone\ttype\njump1\t10.0.0.5\t\tAmerica/New_York\tjump\nrtr1\t10.0.0.1\t203.0.113.9\tUTC\trouter\n',
]  # fmt: skip


@pytest.mark.parametrize("body", HOSTS)
def test_hosts_are_read_in_any_dialect(body: bytes) -> None:
    known = read_known([("whatever.txt", body)])
    assert known.hosts == (
        Host("jump1", ("10.0.0.5",), (), "America/New_York", "jump"),
        Host("rtr1", ("10.0.0.1",), ("203.0.113.9",), "UTC", "router"),
    )


def test_several_addresses_in_a_cell_are_several() -> None:
    known = read_known([("h", b'host,ip,role\ndb1,"10.0.0.5, 10.1.0.5;2001:db8::5/64",db\n')])
    assert known.hosts[0].ips == ("10.0.0.5", "10.1.0.5", "2001:db8::5")


def test_stores_are_read_with_counts_as_people_write_them() -> None:
    body = b'Store,Table,Elements,Rows,Unit,Avg Bytes\ncustdb,customers,"name; ssn, dob","1,200,000",rows,210\nfiles1,/srv/x,ssn,5k,files,\nx,y,ssn,many,,\n'
    known = read_known([("hosts.csv", b"host,ip\ncustdb,10.0.0.8\n"), ("s.csv", body)])
    assert [
        (s.store, s.table, s.host, s.elements, s.rows, s.unit, s.avg_bytes) for s in known.stores
    ] == [
        ("custdb", "customers", "custdb", ("name", "ssn", "dob"), 1_200_000, "rows", 210.0),
        ("files1", "/srv/x", "", ("ssn",), 5000, "files", None),
        ("x", "y", "", ("ssn",), None, "rows", None),
    ]


def test_a_list_of_people_is_none_of_ours() -> None:
    people = b"name,address,city,phone\n" + b"Ann Example,1 Main St,Springfield,5550100\n" * 5
    assert read_known(
        [("members.csv", people), ("x.bin", bytes(range(256))), ("e", b"")]
    ) == read_known([])


def test_a_host_is_known_by_every_name_but_never_by_two_companies_of_one() -> None:
    names = HostNames(
        (
            Host("db1.east.example", ("10.0.0.5",)),
            Host("db1.west.example", ("10.1.0.5",)),
            Host("web1", (), ("203.0.113.9",)),
        )
    )
    assert names.name("DB1.east.example") == "db1.east.example"
    assert names.name("10.1.0.5") == "db1.west.example"
    assert names.name("db1") is None
    assert names.name("web1.corp.example") == "web1"
    assert names.name("203.0.113.9") == "web1"
    assert names.name("unknown") is None


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("Nightly backup: svc_backup runs pg_dump on db1 at 02:15 UTC and copies it to 10.0.9.9.", {"kind": "backup", "hosts": ("db1",), "accounts": ("svc_backup",), "networks": (ip_network("10.0.9.9"),), "daily_minutes": (135, 255)}),
        ("Every night between 01:00 and 03:30 EST the customer database is backed up by user bk.", {"kind": "backup", "accounts": ("bk",), "daily_minutes": (360, 510)}),
        ("Penetration test SEC-123 by Acme from 198.51.100.7, 3-5 August 2026, 09:00-17:00 EDT.", {"kind": "test", "networks": (ip_network("198.51.100.7"),), "from_at": datetime(2026, 8, 3, 4, tzinfo=UTC), "to_at": datetime(2026, 8, 6, 4, tzinfo=UTC), "daily_minutes": (780, 1260)}),
        ("Ticket 77: red team exercise 2026-08-04 to 2026-08-06 from 198.51.100.0/28", {"kind": "test", "networks": (ip_network("198.51.100.0/28"),), "from_at": datetime(2026, 8, 4, tzinfo=UTC), "to_at": datetime(2026, 8, 7, tzinfo=UTC)}),
        ("VPN clients get addresses from 10.9.0.0 - 10.9.0.255", {"kind": "vpn_pool", "networks": (ip_network("10.9.0.0/24"),)}),
        ("The VPN pool is 10.9.0.0 255.255.255.0.", {"kind": "vpn_pool", "networks": (ip_network("10.9.0.0/24"),)}),
        ("Our office has the public addresses 203.0.113.8/29 and 2001:db8::/48.", {"kind": "address", "networks": (ip_network("203.0.113.8/29"), ip_network("2001:db8::/48"))}),
        ("Nessus (10.0.7.7) scans all hosts every Sunday at 1 am", {"kind": "scanner", "networks": (ip_network("10.0.7.7"),), "daily_minutes": (60, 180)}),
        ("Firmware upgrade of rtr1 on August 4, 2026 from 22:00 to 01:00 UTC by user netops.", {"kind": "maintenance", "hosts": ("rtr1",), "accounts": ("netops",), "from_at": datetime(2026, 8, 4, 22, tzinfo=UTC), "to_at": datetime(2026, 8, 5, 1, tzinfo=UTC)}),
        ("There was no penetration test in August 2026.", {"kind": "other"}),
        ("Please call Ann.", {"kind": "other", "networks": (), "accounts": ()}),
    ],
)  # fmt: skip
def test_a_sentence_gives_what_can_be_read_out_of_it(sentence: str, wanted: dict) -> None:
    facts = known_facts(sentence, ("db1", "rtr1"))
    assert len(facts) == 1
    assert {k: getattr(facts[0], k) for k in wanted} == wanted


def test_bullets_paragraphs_and_wrapped_lines_are_sentences() -> None:
    text = "Known facts\n===========\n\n- Backups run nightly at 02:00\n  from db1.\n* VPN pool: 10.9.0.0/24\n\n1. One thing. Another thing.\n"
    assert [f.sentence for f in known_facts(text)] == [
        "Known facts",
        "Backups run nightly at 02:00 from db1.",
        "VPN pool: 10.9.0.0/24",
        "One thing.",
        "Another thing.",
    ]


@given(st.text(max_size=300))
@settings(deadline=None, max_examples=200)
def test_no_text_is_an_error(text: str) -> None:
    known_facts(text, ("db1",))
    read_known(
        [
            ("a", text.encode("utf-8", "surrogatepass")),
            ("h.csv", ("host,ip\n" + text).encode("utf-8", "surrogatepass")),
        ]
    )


def test_rows_and_dates_begin_sentences_of_their_own() -> None:
    text = (
        "Pen test 2026-08-03..2026-08-07 from 198.51.100.0/28\n"
        "04.08.2026 - 06.08.2026: penetration test by order, source 198.51.100.9\n"
        "backup,db1,01:00,03:00,svc_bkp\nbackup,db2,02:00,04:00,svc_bkp\n"
    )
    facts = known_facts(text, ("db1", "db2"))
    assert [(f.kind, f.hosts, [str(n) for n in f.networks]) for f in facts] == [
        ("test", (), ["198.51.100.0/28"]),
        ("test", (), ["198.51.100.9/32"]),
        ("backup", ("db1",), []),
        ("backup", ("db2",), []),
    ]
    assert facts[1].from_at is not None
    assert facts[1].from_at.isoformat()[:10] == "2026-08-04"
