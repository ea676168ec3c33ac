"""MySQL and MariaDB: general log, slow log, server_audit."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.timeline.parsers.mysql import MariaAudit, MysqlGeneral, MysqlSlow
from tests.timeline.parsing import chosen, garbled, has, read

GENERAL = b"""/usr/sbin/mysqld, Version: 8.0.36 (Ubuntu). started with:
Tcp port: 3306  Unix socket: /run/mysqld.sock
Time                 Id Command    Argument
2024-05-06T07:08:09.123456Z\t    8 Connect\tapp@10.0.0.5 on crm using TCP/IP
2024-05-06T07:08:09.223456Z\t    8 Query\tSELECT *
FROM customers
2024-05-06T07:08:10.123456Z\t    9 Connect\troot@10.0.0.9 on  using TCP/IP
2024-05-06T07:08:10.223456Z\t    9 Connect\tAccess denied for user 'root'@'10.0.0.9' (using password: YES)
2024-05-06T07:08:11.123456Z\t    8 Query\tSELECT * FROM orders INTO OUTFILE '/tmp/x'
2024-05-06T07:08:12.123456Z\t    8 Quit\t
"""
OLD = b"""240506  7:08:09\t    8 Connect\tapp@10.0.0.5 on crm
\t\t    8 Query\tSELECT 1 FROM t
"""
SLOW = b"""# Time: 2024-05-06T07:08:09.123456Z
# User@Host: app[app] @  [10.0.0.5]  Id:     8
# Query_time: 2.000000  Lock_time: 0.000000 Rows_sent: 54000  Rows_examined: 54000
use crm;
SET timestamp=1714979289;
SELECT * FROM customers;
# User@Host: root[root] @ localhost []  Id:     9
# Query_time: 2.000000  Lock_time: 0.000000 Rows_sent: 1  Rows_examined: 1
SET timestamp=1714979290;
select sleep(1);
"""
AUDIT = b"""20240506 07:08:09,db1,app,10.0.0.5,5,0,CONNECT,crm,,0
20240506 07:08:09,db1,app,10.0.0.5,5,42,QUERY,crm,'SELECT * FROM t WHERE a=\\'x\\'
 AND b=1',0
20240506 07:08:09,db1,app,10.0.0.5,5,42,READ,crm,customers,
20240506 07:08:10,db1,root,10.0.0.9,6,0,FAILED_CONNECT,,,1045
20240506 07:08:10,db1,app,10.0.0.5,5,43,QUERY,crm,'SELECT * FROM secret',1142
20240506 07:08:10,db1,app,10.0.0.5,5,0,DISCONNECT,crm,,0
"""


def test_the_general_log_names_the_account_once_a_connection() -> None:
    assert chosen(GENERAL) == "mysql_general"
    found = read(MysqlGeneral(), GENERAL)
    connect, select, _, refused, dump, left = found.events
    has(connect, kind="login", outcome="success", account="app", src_ip="10.0.0.5", session="8")
    has(
        select,
        kind="query",
        action="select",
        object="customers",
        account="app",
        src_ip="10.0.0.5",
        command="SELECT *\nFROM customers",
    )
    has(refused, kind="login", outcome="failure", account="root", src_ip="10.0.0.9")
    has(dump, action="dump", object="orders", account="app")
    has(left, kind="logout", account="app", at=datetime(2024, 5, 6, 7, 8, 12, 123456, UTC))
    assert found.rejects == [(1, "heading or no entry")]


def test_connections_are_remembered_between_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    from amends.timeline.parsers import records

    wanted = read(MysqlGeneral(), GENERAL).events
    whole = records.grouped
    monkeypatch.setattr("amends.timeline.parsers.mysql.grouped", lambda s, o: whole(s, o, 90))
    assert read(MysqlGeneral(), GENERAL).events == wanted


def test_old_times_hold_for_the_lines_that_follow() -> None:
    first, second = read(MysqlGeneral(), OLD).events
    assert first["at"] == second["at"] == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    has(second, account="app", object="t", utc=False)


def test_the_slow_log_counts_rows() -> None:
    assert chosen(SLOW) == "mysql_slow"
    first, second = read(MysqlSlow(), SLOW).events
    has(
        first,
        rows=54000,
        account="app",
        src_ip="10.0.0.5",
        command="SELECT * FROM customers",
        object="customers",
        utc=True,
    )
    has(second, rows=1, account="root", src_ip=None)


def test_server_audit() -> None:
    assert chosen(AUDIT) == "mariadb_audit"
    connect, query, table, refused, denied, left = read(MariaAudit(), AUDIT).events
    has(connect, kind="login", outcome="success", host="db1")
    has(query, command="SELECT * FROM t WHERE a='x'\n AND b=1", outcome="success")
    has(table, kind="query", action="select", object="crm.customers")
    has(refused, kind="login", outcome="failure", account="root")
    has(denied, kind="query", outcome="failure")
    has(left, kind="logout")


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
def test_lines_are_events_or_rejects_whatever_is_done_to_them(seed: int) -> None:
    for parser, log in ((MysqlGeneral(), GENERAL), (MysqlSlow(), SLOW), (MariaAudit(), AUDIT)):
        read(parser, garbled(log, seed))
