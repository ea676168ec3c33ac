"""The parsers of logs, one file a format; the order in which they are tried stands in ``PARSERS``."""

from __future__ import annotations

from amends.timeline.parsers.auditd import Auditd
from amends.timeline.parsers.base import Parser
from amends.timeline.parsers.evtx import Evtx
from amends.timeline.parsers.flow import FlowTable, FlowText
from amends.timeline.parsers.iis import W3c
from amends.timeline.parsers.json_lines import JsonLog
from amends.timeline.parsers.mssql import MssqlAudit, MssqlErrorlog
from amends.timeline.parsers.mysql import MariaAudit, MysqlGeneral, MysqlSlow
from amends.timeline.parsers.plain import Plain
from amends.timeline.parsers.postgres import PostgresCsv, PostgresText
from amends.timeline.parsers.syslog import Syslog
from amends.timeline.parsers.utmp import Lastlog, Utmp
from amends.timeline.parsers.web import Squid, WebAccess, WebError
from amends.timeline.parsers.windows_xml import MysqlXml, WindowsXml
from amends.timeline.parsers.zeek import Zeek

PARSERS: tuple[Parser, ...] = (
    Evtx(),
    Lastlog(),
    Utmp(),
    WindowsXml(),
    MysqlXml(),
    JsonLog(),
    Zeek(),
    W3c(),
    PostgresCsv(),
    PostgresText(),
    MssqlAudit(),
    MssqlErrorlog(),
    MariaAudit(),
    MysqlGeneral(),
    MysqlSlow(),
    FlowText(),
    FlowTable(),
    WebAccess(),
    Squid(),
    WebError(),
    Auditd(),
    Syslog(),
    Plain(),
)
"""Strict formats first: the first parser that knows a file's head reads it. ``Plain`` takes any text and stays last."""
