# ruff: noqa: E501  (patterns and tables of names read best on one line)
"""Audits of databases: PostgreSQL's jsonlog, MySQL, SQL Server, MongoDB; and what an audit of any database means.

Source: PostgreSQL manual, "jsonlog"; MySQL 8.4 manual, "Audit log file formats"; Percona audit log plugin; MongoDB manual, "Log
messages"; read 2026.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.parsers import cells
from amends.timeline.parsers.base import Origin
from amends.timeline.parsers.json_found import Columns, Found, word
from amends.timeline.parsers.postgres_events import read_messages
from amends.timeline.parsers.records import shortened
from amends.timeline.parsers.sql import read_statements


def postgres(f: Found, n: int, origin: Origin) -> Columns:
    """Return the columns of events of PostgreSQL's jsonlog."""
    names = {
        "user": "user", "database": "dbname", "pid": "pid", "client": "remote_host", "port": "remote_port", "session": "session_id",
        "severity": "error_severity", "state": "state_code", "message": "message", "query": "statement", "application": "application_name",
        "tag": "ps", "backend": "backend_type", "detail": "detail",
    }  # fmt: skip
    columns = read_messages(
        {ours: f.of(theirs) for ours, theirs in names.items()}, n, "postgres/jsonlog"
    )
    columns.pop("extra")
    return columns


def _query(statement: pa.StringArray) -> Columns:
    said = read_statements(statement)
    return {
        "kind": said.kind,
        "action": said.action,
        "command": shortened(pc.fill_null(statement, "")),
        "object": said.object,
        "object_kind": pc.if_else(pc.is_valid(said.object), "table", pa.scalar(None, pa.string())),
        "target_account": said.target_account,
    }


def _where(mask: pa.Array, one: str, columns: Columns, name: str) -> None:
    columns[name] = pc.if_else(pc.fill_null(mask, False), one, columns[name])


def database_event(
    *, verb: pa.StringArray, statement: pa.StringArray, status: pa.StringArray, account: pa.StringArray, address: pa.StringArray,
    session: pa.StringArray, rows: pa.StringArray, database: pa.StringArray, table: pa.StringArray,
) -> Columns:  # fmt: skip
    """Return the columns of events of a database's audit: logons by verb, everything else by statement."""
    low = pc.fill_null(pc.utf8_lower(verb), "")
    columns = _query(statement)
    come = pc.is_in(low, pa.array(["connect", "change user", "failed_connect", "logon", "login"]))
    gone = pc.is_in(low, pa.array(["disconnect", "quit", "logoff", "logout"]))
    for mask, kind, action in ((come, "login", "login"), (gone, "logout", "logout")):
        _where(mask, kind, columns, "kind")
        _where(mask, action, columns, "action")
    failed = pc.or_(
        pc.equal(low, "failed_connect"),
        pc.fill_null(pc.invert(pc.is_in(status, pa.array(["0", ""]))), False),
    )
    failed = pc.and_(failed, pc.is_valid(status)) if len(status) else failed
    columns["outcome"] = pc.if_else(
        pc.or_(failed, pc.equal(low, "failed_connect")), "failure", "success"
    )
    columns["object"] = pc.coalesce(cells.known(table), columns["object"])
    n = len(low)
    return columns | {
        "account": cells.account(account),
        "src_ip": cells.address(address),
        "session": session,
        "rows": cells.whole(rows),
        "logon_type": word("db", n),
        "process": word("database", n),
        "code": verb,
        "message": pc.coalesce(cells.known(statement), verb),
    }


def mysql_audit(f: Found, n: int, origin: Origin) -> Columns:
    """Return the columns of events of MySQL's audit, of either vendor."""
    host = f.of("login.ip", "account.host", "login.host", "audit_record.ip", "audit_record.host")
    user = f.of("login.user", "account.user", "audit_record.user", "audit_record.priv_user")
    verb = f.of("event", "audit_record.name")
    table = f.of("table_access_data.table")
    schema = f.of("table_access_data.db")
    return database_event(
        verb=verb,
        statement=f.of(
            "general_data.query",
            "table_access_data.query",
            "query_data.query",
            "audit_record.sqltext",
        ),
        status=f.of("general_data.status", "connection_data.status", "audit_record.status"),
        account=pc.struct_field(pc.extract_regex(user, r"^(?P<who>[^\[\s]*)"), "who"),
        address=host,
        session=f.of("connection_id", "audit_record.connection_id"),
        rows=f.of("query_statistics.rows_sent", "general_data.rows_sent"),
        database=f.of("connection_data.db", "audit_record.db"),
        table=pc.coalesce(pc.binary_join_element_wise(schema, table, "."), table),
    )


def mssql_audit(f: Found, n: int, origin: Origin) -> Columns:
    """Return the columns of events of SQL Server's audit."""
    schema, table = f.of("schema_name"), f.of("object_name")
    verb = pc.utf8_trim_whitespace(f.of("action_id"))
    columns = database_event(
        verb=cells.by_distinct(
            verb,
            lambda v: {"LGIS": "connect", "LGIF": "failed_connect", "LGO": "disconnect"}.get(v, v),
        ),
        statement=f.of("statement"),
        status=pa.nulls(n, pa.string()),
        account=f.of("server_principal_name", "session_server_principal_name"),
        address=f.of("client_ip"),
        session=f.of("session_id"),
        rows=f.of("affected_rows", "response_rows"),
        database=f.of("database_name"),
        table=pc.coalesce(pc.binary_join_element_wise(schema, table, "."), table),
    )
    failed = pc.is_in(
        pc.fill_null(pc.utf8_lower(f.of("succeeded")), "true"), pa.array(["false", "0"])
    )
    columns["outcome"] = pc.if_else(failed, "failure", columns["outcome"])
    return columns | {"code": verb, "host": f.of("server_instance_name")}


def mongo(f: Found, n: int, origin: Origin) -> Columns:
    """Return the columns of events of MongoDB's log."""
    message = pc.fill_null(f.of("msg"), "")
    accepted = pc.equal(message, "Connection accepted")
    ended = pc.equal(message, "Connection ended")
    good = pc.match_substring_regex(
        message, r"^(?:Successfully authenticated|Authentication succeeded)"
    )
    bad = pc.equal(message, "Authentication failed")
    slow = pc.equal(message, "Slow query")
    kind, action = word("other", n), word("other", n)
    for mask, known, act in (
        (accepted, "connection", "open"), (ended, "connection", "close"), (good, "login", "login"), (bad, "login", "login"),
        (slow, "query", "select"),
    ):  # fmt: skip
        kind, action = pc.if_else(mask, known, kind), pc.if_else(mask, act, action)
    remote = f.of("attr.remote", "attr.client")
    found = pc.extract_regex(remote, r"^(?P<ip>.*?)(?::(?P<port>\d+))?$")
    return {
        "kind": kind,
        "action": action,
        "outcome": pc.if_else(bad, "failure", pc.if_else(pc.or_(good, slow), "success", "")),
        "account": cells.account(f.of("attr.user", "attr.principalName", "attr.user.user")),
        "session": f.of("ctx"),
        "src_ip": cells.address(pc.struct_field(found, "ip")),
        "src_port": cells.port(pc.struct_field(found, "port")),
        "object": f.of("attr.ns"),
        "object_kind": word("table", n),
        "rows": cells.whole(f.of("attr.nreturned")),
        "bytes_out": cells.whole(f.of("attr.reslen")),
        "logon_type": word("db", n),
        "process": word("mongod", n),
        "code": f.of("id"),
        "message": message,
    }
