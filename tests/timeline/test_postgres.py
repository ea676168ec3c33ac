# ruff: noqa: E501  (lines of logs are as long as they are)
"""PostgreSQL: csvlog, stderr and pgaudit, with statements over several lines."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.timeline.parsers.postgres import PostgresCsv, PostgresText
from tests.timeline.parsing import chosen, garbled, has, read

HEAD = '2024-05-06 07:08:09.123 UTC,"app","crm",4242,"10.1.2.3:51514",65f1a2b3.1092,3,"SELECT",2024-05-06 07:08:00 UTC,3/17,0,'
TAIL_14 = ',,,,,,,,,"psql","client backend",,0'
TAIL_13 = ',,,,,,,,,"psql","client backend"'
TAIL_12 = ',,,,,,,,,"psql"'


def _csv(message: str, tail: str = TAIL_14, severity: str = "LOG,00000") -> bytes:
    quoted = message.replace('"', '""')
    return f'{HEAD}{severity},"{quoted}"{tail}\n'.encode()


@pytest.mark.parametrize("tail", [TAIL_12, TAIL_13, TAIL_14])
def test_each_number_of_columns_is_read(tail: str) -> None:
    log = _csv("statement: SELECT 1 FROM a.b", tail)
    assert chosen(log) == "postgres_csvlog"
    (row,) = read(PostgresCsv(), log).events
    has(row, kind="query", action="select", object="a.b", account="app", src_ip="10.1.2.3", src_port=51514, pid=4242,
        session="65f1a2b3.1092", logon_type="db", process="psql", utc=True, at=datetime(2024, 5, 6, 7, 8, 9, 123000, UTC))  # fmt: skip
    assert row["extra"]["database"] == "crm"


AUDITS = {
    'AUDIT: SESSION,1,1,READ,SELECT,TABLE,public.customers,"select *\nfrom public.customers where name = \'x,y\'",<none>,54000':
        {"action": "select", "object": "public.customers", "rows": 54000, "source": "postgres/pgaudit", "code": "READ"},
    "AUDIT: SESSION,2,1,READ,SELECT,TABLE,public.customers,select 1,<not logged>": {"action": "select", "rows": None, "command": "select 1"},
    'AUDIT: OBJECT,3,1,READ,SELECT,TABLE,"public.""Cust""",select 1 from x,<none>': {"object": "public.Cust"},
    'AUDIT: SESSION,4,1,READ,COPY,,,"COPY public.customers (a, b) TO stdout;",<none>': {"action": "dump", "object": "public.customers"},
    'AUDIT: SESSION,5,1,ROLE,CREATE ROLE,,,"create role evil login password <REDACTED>",<none>': {"kind": "account", "action": "create", "target_account": "evil"},
    "AUDIT: SESSION,6,1,WRITE,DELETE,TABLE,public.t,delete from public.t,<none>": {"action": "delete"},
    "AUDIT: SESSION,7,1,DDL,DROP TABLE,TABLE,public.t,drop table public.t,<none>": {"action": "define"},
    'AUDIT: SESSION,8,1,READ,SELECT,,,"select ""a"", \'it\'\'s\'","1,2",7': {"rows": 7, "command": "select \"a\", 'it''s'"},
}  # fmt: skip


@pytest.mark.parametrize("message", AUDITS)
def test_audit_lines_say_what_was_read(message: str) -> None:
    (row,) = read(PostgresCsv(), _csv(message)).events
    has(row, **({"kind": "query"} | AUDITS[message]))


MESSAGES = {
    "connection received: host=10.1.2.3 port=51515": {"kind": "connection", "action": "open", "src_ip": "10.1.2.3"},
    "connection authorized: user=app database=crm application_name=psql SSL enabled (protocol=TLSv1.3, cipher=X, bits=256)":
        {"kind": "login", "action": "login", "outcome": "success", "account": "app"},
    'connection authenticated: identity="app" method=scram-sha-256 (/etc/pg_hba.conf:97)': {"kind": "connection"},
    "disconnection: session time: 0:00:01.234 user=bob database=crm host=10.1.2.3 port=51515": {"kind": "logout"},
    "statement: COPY public.customers TO STDOUT (FORMAT csv)": {"kind": "query", "action": "dump", "object": "public.customers"},
    "duration: 12.345 ms  execute <unnamed>: SELECT 1 FROM a.b": {"kind": "query", "action": "select", "object": "a.b"},
    "duration: 0.100 ms": {"kind": "other"},
    "database system is ready to accept connections": {"kind": "system", "action": "boot"},
    "received SIGHUP, reloading configuration files": {"kind": "config", "action": "change"},
    "checkpoint complete: wrote 3 buffers": {"kind": "other", "outcome": ""},
    "AUDIT: not one": {"kind": "other"},
}  # fmt: skip


@pytest.mark.parametrize("message", MESSAGES)
def test_messages_mean_what_they_say(message: str) -> None:
    (row,) = read(PostgresCsv(), _csv(message)).events
    has(row, **MESSAGES[message])


@pytest.mark.parametrize("message", [
    'password authentication failed for user "app"',
    'no pg_hba.conf entry for host "10.1.2.3", user "app", database "crm", no encryption',
    'role "app" does not exist',
])  # fmt: skip
def test_refused_logons_are_failures(message: str) -> None:
    (row,) = read(PostgresCsv(), _csv(message, severity="FATAL,28P01")).events
    has(
        row,
        kind="login",
        action="login",
        outcome="failure",
        account="app",
        src_ip="10.1.2.3",
        code="28P01",
    )


def test_a_failed_statement_keeps_its_text() -> None:
    log = f'{HEAD}ERROR,42501,"permission denied for table secrets",,,,,,"SELECT * FROM secrets",15,,"psql","client backend",,0\n'
    (row,) = read(PostgresCsv(), log.encode()).events
    has(row, kind="query", outcome="failure", command="SELECT * FROM secrets", object="secrets")


def test_a_quote_too_few_costs_one_record() -> None:
    good = _csv("statement: SELECT 1")
    bad = f"{HEAD}LOG,00000,\"statement: SELECT 'oops{TAIL_14}\n".encode()
    found = read(PostgresCsv(), good + bad + good)
    assert len(found.events) == 2
    assert [reason for _, reason in found.rejects] == ["not a csvlog record"]


def test_times_with_a_zone_name_that_nobody_knows_stay_open() -> None:
    found = read(
        PostgresCsv(), _csv("statement: SELECT 1").replace(b"09.123 UTC", b"09.123 QQT", 1)
    )
    assert found.events[0]["utc"] is False
    assert (
        read(PostgresCsv(), _csv("x").replace(b"09.123 UTC", b"09.123 EST", 1)).events[0]["at"].hour
        == 12
    )


TEXT = b"""2024-05-06 07:08:09.123 UTC [4242] LOG:  database system is ready to accept connections
2024-05-06 07:08:09.123 UTC [4242] app@crm LOG:  statement: SELECT *
\tFROM public.customers
2024-05-06 07:08:10 UTC [4243]: [3-1] user=app,db=crm,app=psql,client=10.1.2.3 ERROR:  permission denied for table secrets
2024-05-06 07:08:10 UTC [4243]: [4-1] user=app,db=crm,app=psql,client=10.1.2.3 STATEMENT:  select * from secrets
2024-05-06 07:08:10 UTC [4243]: [5-1] user=[unknown],db=[unknown],app=[unknown],client=10.1.2.3 LOG:  connection received: host=10.1.2.3 port=51515
1714979289.123 [4244] bob@crm FATAL:  password authentication failed for user "bob"
"""


def test_stderr_lines_with_the_usual_prefixes() -> None:
    assert chosen(TEXT) == "postgres_stderr"
    found = read(PostgresText(), TEXT)
    boot, statement, denied, received, refused = found.events
    has(boot, kind="system", action="boot", pid=4242)
    has(
        statement,
        command="SELECT *\nFROM public.customers",
        account="app",
        object="public.customers",
    )
    assert statement["extra"]["database"] == "crm"
    has(
        denied,
        kind="query",
        outcome="failure",
        command="select * from secrets",
        src_ip="10.1.2.3",
        process="psql",
    )
    has(received, kind="connection", account=None, src_port=51515)
    has(
        refused,
        kind="login",
        outcome="failure",
        account="bob",
        at=datetime(2024, 5, 6, 7, 8, 9, 123000, UTC),
    )
    assert found.rejects == []


def test_nothing_is_lost_between_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    from amends.timeline.parsers import records

    log = _csv("statement: SELECT 1\nFROM a") * 40
    whole = read(PostgresCsv(), log)
    small = records.grouped
    monkeypatch.setattr("amends.timeline.parsers.postgres.grouped", lambda s, o: small(s, o, 300))
    assert read(PostgresCsv(), log).events == whole.events


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
def test_lines_are_events_or_rejects_whatever_is_done_to_them(seed: int) -> None:
    log = b"".join(_csv(m) for m in (*AUDITS, *MESSAGES))
    read(PostgresCsv(), garbled(log, seed))
    read(PostgresText(), garbled(TEXT, seed))


def test_a_csvlog_that_was_exported_again_without_its_quotes_is_read_the_same() -> None:
    quoted = (
        b'2026-03-16 01:30:00.000 UTC,"barman","orders",7094,"10.137.60.2:46300",65b9dfc.1a,3,"COPY",'
        b'2026-03-16 01:30:00 UTC,5/88,0,LOG,00000,"AUDIT: SESSION,1,1,READ,COPY,TABLE,public.customers,'
        b'""COPY public.customers TO stdout"",<not logged>,183420",,,,,,,,,"pg_dump","client backend",,0\n'
    )
    bare = quoted
    for word in (
        b"barman",
        b"orders",
        b"10.137.60.2:46300",
        b"COPY",
        b"pg_dump",
        b"client backend",
    ):
        bare = bare.replace(b'"' + word + b'",', word + b",")
    assert bare.count(b'"') < quoted.count(b'"')
    assert chosen(bare) == "postgres_csvlog"
    (one,), (other,) = (read(PostgresCsv(), text).events for text in (quoted, bare))
    assert one["rows"] == 183420
    assert one == other | {"position": one["position"]}
