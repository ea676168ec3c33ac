# ruff: noqa: E501  (lines of logs are as long as they are)
"""SQL Server: ERRORLOG in both encodings, and audits as CSV."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.timeline.parsers.mssql import MssqlAudit, MssqlErrorlog
from tests.timeline.parsing import chosen, garbled, has, read

ERRORLOG = b"""2024-05-06 07:08:09.12 Server      Microsoft SQL Server 2019 (RTM)
\tSep 24 2019
2024-05-06 07:08:09.12 Logon       Error: 18456, Severity: 14, State: 8.
2024-05-06 07:08:09.12 Logon       Login failed for user 'sa'. Reason: Password did not match. [CLIENT: 10.0.0.5]
2024-05-06 07:08:10.12 Logon       Login succeeded for user 'CORP\\ann'. Connection made using Windows authentication. [CLIENT: <local machine>]
2024-05-06 07:08:10.12 spid51      Configuration option 'xp_cmdshell' changed from 0 to 1. Run the RECONFIGURE statement to install.
"""
AUDIT = b"""event_time,sequence_number,action_id,succeeded,session_id,server_principal_name,database_name,schema_name,object_name,statement,client_ip,affected_rows
2024-05-06 07:08:09.1234567,1,"SL  ",1,51,CORP\\ann,crm,dbo,customers,"select *
from customers",10.0.0.5,54000
2024-05-06 07:08:09.1234567,1,LGIF,0,51,sa,master,,,"Login failed",10.0.0.5,0
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_errorlog(encoding: str) -> None:
    log = ERRORLOG.decode().encode(encoding)
    assert chosen(log) == "mssql_errorlog"
    boot, error, failed, came, option = read(MssqlErrorlog(), log).events
    has(boot, kind="other")
    has(error, code="18456")
    has(failed, kind="login", outcome="failure", account="sa", src_ip="10.0.0.5", logon_type="db")
    has(came, kind="login", outcome="success", account="ann", src_ip=None)
    has(option, kind="config", action="change")


def test_an_audit_as_csv() -> None:
    assert chosen(AUDIT) == "mssql_audit"
    found = read(MssqlAudit(), AUDIT)
    select, refused = found.events
    has(
        select,
        kind="query",
        action="select",
        object="dbo.customers",
        rows=54000,
        account="ann",
        command="select *\nfrom customers",
        utc=True,
    )
    has(refused, kind="login", outcome="failure", account="sa")
    assert found.rejects == [(1, "heading or no audit record")]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
def test_lines_are_events_or_rejects_whatever_is_done_to_them(seed: int) -> None:
    read(MssqlErrorlog(), garbled(ERRORLOG, seed))
    read(MssqlAudit(), garbled(AUDIT, seed))
