"""What a SQL statement does, and to which table."""

from __future__ import annotations

import pyarrow as pa
import pytest

from amends.timeline.parsers.sql import read_statements

CASES = [
    ("SELECT * FROM customers", "query", "select", "customers"),
    (' select a, b from public."Cust Omers" c join x', "query", "select", "public.Cust Omers"),
    ("COPY public.customers (id, ssn) TO stdout;", "query", "dump", "public.customers"),
    ("COPY (SELECT * FROM a.b) TO '/tmp/x'", "query", "dump", "a.b"),
    ("copy t from stdin", "query", "insert", "t"),
    ("INSERT INTO `db`.`t` (a) VALUES (1)", "query", "insert", "db.t"),
    ("UPDATE ONLY a.b SET x=1", "query", "update", "a.b"),
    ("with q as (select 1 from z) delete from y where", "query", "delete", "z"),
    ("CREATE ROLE evil LOGIN PASSWORD 'x'", "account", "create", None),
    ("ALTER USER bob WITH PASSWORD 'x'", "account", "password", None),
    ("DROP USER IF EXISTS bob", "account", "delete", None),
    ("GRANT SELECT ON TABLE a.b TO c", "query", "grant", "a.b"),
    ("/* hi */ select 1", "query", "select", None),
    ("-- hi\nselect * from y", "query", "select", "y"),
    ("begin", "query", "other", None),
    ("", "query", "other", None),
    (None, "query", "other", None),
    ("SELECT * FROM t INTO OUTFILE '/tmp/a'", "query", "dump", "t"),
    ("CREATE TABLE IF NOT EXISTS a.b (x int)", "query", "define", "a.b"),
    ("select [a] from [dbo].[Cust]", "query", "select", "dbo.Cust"),
    ("TRUNCATE TABLE x", "query", "delete", "x"),
    ("LOCK TABLE public.c IN ACCESS SHARE MODE", "query", "other", "public.c"),
    ("SELECT now()", "query", "select", None),
    ("BACKUP DATABASE crm TO DISK='x'", "query", "dump", "crm"),
]


@pytest.mark.parametrize(("text", "kind", "action", "table"), CASES)
def test_each_statement(text: str | None, kind: str, action: str, table: str | None) -> None:
    found = read_statements(pa.array([text], pa.string()))
    assert (found.kind[0].as_py(), found.action[0].as_py(), found.object[0].as_py()) == (
        kind,
        action,
        table,
    )


def test_the_account_of_a_statement_on_accounts() -> None:
    found = read_statements(pa.array(["CREATE USER 'Evil'@'%' IDENTIFIED BY 'x'", "select 1"]))
    assert found.target_account.to_pylist() == ["evil", None]
