# ruff: noqa: E501  (patterns and tables of names read best on one line)
"""MySQL and MariaDB: the general log, the slow log, and MariaDB's server_audit; audit as JSON is read by ``json_lines``.

Source: MySQL 8.4 Reference Manual, "The General Query Log" and "The Slow Query Log"; MariaDB Knowledge Base, "MariaDB Audit
Plugin, log format"; read 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import Bools
from amends.timeline.lines import Lines
from amends.timeline.parsers import cells, moments
from amends.timeline.parsers.base import NO_TIME, Origin, Parsed
from amends.timeline.parsers.json_databases import database_event
from amends.timeline.parsers.records import Records, grouped
from amends.timeline.parsers.sessions import Owners

_ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?"
_OLD = r"\d{6}\s{1,2}\d{1,2}:\d\d:\d\d"
_COMMANDS = (
    "Connect|Query|Quit|Init DB|Prepare|Execute|Close stmt|Reset stmt|Field List|Statistics|Ping|Refresh|Shutdown|Change user|"
    "Create DB|Drop DB|Binlog Dump|Binlog Dump GTID|Register Slave|Long Data|Kill|Debug|Processlist|Set option|Fetch|Daemon|Error|"
    "Reset Connection|Table Dump|Connect Out|Sleep"
)
_CONNECT = r"^(?:Access denied for user '(?P<refused>[^']*)'@'(?P<refused_host>[^']*)'|(?P<user>[^@\s]*)@(?P<host>\S+)(?: (?:on|as) ?(?P<rest>.*))?)"


@dataclass
class MysqlGeneral:
    """The parser of the general query log."""

    name: str = "mysql_general"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether a line has a time, a connection and a command as the general log writes them."""
        text = head[:65536].decode("utf-8", "replace")
        return (
            re.search(rf"(?m)^(?:{_ISO}|{_OLD})\s+\d+\s(?:{_COMMANDS})(?:\t|$)", text) is not None
        )

    def read(self, stream: BinaryIO, origin: Origin) -> Iterator[Parsed]:
        """Yield the log in blocks; a line without a time (old servers) has that of the line before it."""
        last, owners = "", Owners()
        for records in grouped(stream, _general_opens):
            parsed, last = _general(records, last, owners)
            yield parsed


def _general_opens(lines: Lines) -> Bools:
    found: Bools = pc.match_substring_regex(
        lines.text, rf"^(?:(?:{_ISO}|{_OLD})\s+|\t\t\s*|\s{{4,}})\d+\s(?:{_COMMANDS})(?:\t|$)"
    ).to_numpy(zero_copy_only=False)
    return found


def _general(records: Records, last: str, owners: Owners) -> tuple[Parsed, str]:
    found = pc.extract_regex(
        records.text,
        rf"^(?P<time>{_ISO}|{_OLD})?\s*(?P<id>\d+)\s(?P<command>{_COMMANDS})(?:\t(?s:(?P<argument>.*)))?$",
    )
    good = found.is_valid().to_numpy(zero_copy_only=False)
    kept, found = records.only(good), found.filter(pa.array(good))
    part = {f.name: pc.struct_field(found, f.name) for f in found.type}
    own = pc.if_else(pc.equal(part["time"], ""), pa.scalar(None, pa.string()), part["time"])
    stamp = cells.flat(pc.fill_null(pc.fill_null_forward(own), last or ""))
    last = stamp[-1].as_py() if len(stamp) else last
    wall, utc = _times(stamp)
    command, argument = part["command"], part["argument"]
    who = pc.extract_regex(
        pc.if_else(pc.is_in(command, pa.array(["Connect", "Change user"])), argument, ""), _CONNECT
    )
    refused = _part(who, "refused")
    is_query = pc.is_in(command, pa.array(["Query", "Execute", "Prepare", "Create DB", "Drop DB"]))
    verb = pc.if_else(pc.is_valid(refused), "failed_connect", command)
    columns = database_event(
        verb=verb,
        statement=pc.if_else(is_query, argument, pa.scalar(None, pa.string())),
        status=pa.nulls(len(kept), pa.string()),
        account=pc.coalesce(refused, _part(who, "user")),
        address=pc.coalesce(_part(who, "refused_host"), _part(who, "host")),
        session=part["id"],
        rows=pa.nulls(len(kept), pa.string()),
        database=pa.nulls(len(kept), pa.string()),
        table=pa.nulls(len(kept), pa.string()),
    )
    columns["account"], columns["src_ip"] = owners.fill(
        columns["session"], columns["account"], columns["src_ip"]
    )
    # The general log is written before a statement runs: whether it worked, it does not say.
    told = pc.is_in(verb, pa.array(["failed_connect"]))
    columns["outcome"] = pc.if_else(
        told, "failure", pc.if_else(pc.equal(columns["kind"], "query"), "", columns["outcome"])
    )
    columns["message"] = pc.coalesce(cells.known(argument), command)
    out = _finish(
        columns,
        kept,
        "mysql/general",
        {"command": command, "argument_database": _part(who, "rest")},
    )
    return Parsed(
        len(records),
        moments.times(wall, utc, stamp),
        out,
        kept.text,
        records.rejects(~good, "heading or no entry"),
    ), last


def _part(found: pa.StructArray, name: str) -> pa.StringArray:
    text = pc.struct_field(found, name)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _times(stamp: pa.StringArray) -> tuple[moments.Ints, moments.Bools]:
    """Return times of ISO 8601, or of ``240506  7:08:09``."""
    wall, utc = moments.iso(stamp)
    if (wall == NO_TIME).any():
        long = pc.replace_substring_regex(
            stamp, r"^(\d\d)(\d\d)(\d\d)\s+(\d{1,2}:\d\d:\d\d)$", r"20\1-\2-\3 0\4"
        )
        long = pc.replace_substring_regex(long, r" 0(\d\d:)", r" \1")
        more, _ = moments.iso(long)
        wall = np.where(wall == NO_TIME, more, wall)
    return wall, utc


def _finish(
    columns: dict[str, pa.Array], kept: Records, source: str, extra: dict[str, pa.StringArray]
) -> dict[str, pa.Array]:
    n = len(kept)
    columns["process"] = cells.constant("mysqld", n)
    columns["source"] = cells.constant(source, n)
    columns["extra"] = cells.named(extra, n)
    return columns | kept.places()


# Slow log: comment lines open an entry, the statement follows.
_SLOW = (
    r"^(?s:(?:# Time: (?P<time>[^\n]+)\n)?# User@Host: (?P<user>[^\[\s]*)\[(?P<user2>[^\]]*)\] @ +(?P<host>[^\[\s]*) *\[(?P<ip>[^\]]*)\]"
    r"(?:\s+Id: +(?P<id>\d+))?[^\n]*\n(?P<head>(?:# [^\n]*\n)*)(?P<rest>.*))$"
)


@dataclass
class MysqlSlow:
    """The parser of the slow query log, which tells rows sent."""

    name: str = "mysql_slow"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether an entry begins as the slow log writes them."""
        return re.search(rb"(?m)^# User@Host: \S+\[[^\]]*\] @ ", head[:65536]) is not None

    def read(self, stream: BinaryIO, origin: Origin) -> Iterator[Parsed]:
        """Yield the log in blocks; an entry without a time line has the time of its SET timestamp."""
        for records in grouped(stream, _slow_opens):
            yield _slow(records)


def _slow_opens(lines: Lines) -> Bools:
    timed = pc.starts_with(lines.text, "# Time: ").to_numpy(zero_copy_only=False)
    by: Bools = pc.starts_with(lines.text, "# User@Host: ").to_numpy(zero_copy_only=False).copy()
    # A time line and the user line under it are one entry; where a block ends between the two, the next block opens a second.
    by[1:] &= ~timed[:-1]
    opens: Bools = by | timed
    return opens


def _slow(records: Records) -> Parsed:
    found = pc.extract_regex(records.text, _SLOW)
    good = found.is_valid().to_numpy(zero_copy_only=False)
    kept, found = records.only(good), found.filter(pa.array(good))
    n = len(kept)
    part = {f.name: pc.struct_field(found, f.name) for f in found.type}
    rest = part["rest"]
    said = pc.extract_regex(rest, r"(?:^|\n)SET timestamp=(?P<epoch>\d+);")
    wall = moments.epoch(_part(said, "epoch"))
    written, utc = _times(pc.fill_null(part["time"], ""))
    known = wall != NO_TIME
    statement = pc.replace_substring_regex(
        rest, r"^(?:use [^\n]*;\n)?(?:SET timestamp=\d+;\n)?", ""
    )
    numbers = {name: pc.struct_field(pc.extract_regex(part["head"], rf"{name}: (?P<v>[\d.]+)"), "v") for name in (
        "Rows_sent", "Rows_examined", "Query_time", "Bytes_sent")}  # fmt: skip
    none = pa.nulls(n, pa.string())
    columns = database_event(
        verb=cells.constant("Query", n), statement=pc.utf8_rtrim(statement, characters="\n;"), status=none,
        account=pc.coalesce(_part(found, "user2"), part["user"]), address=pc.coalesce(_part(found, "ip"), part["host"]),
        session=part["id"], rows=numbers["Rows_sent"], database=none, table=none,
    )  # fmt: skip
    columns["bytes_out"] = cells.whole(numbers["Bytes_sent"])
    out = _finish(
        columns, kept, "mysql/slow", {name.lower(): text for name, text in numbers.items()}
    )
    timed = moments.times(
        np.where(known, wall, written),
        np.where(known, True, utc),
        pc.coalesce(_part(found, "time"), _part(said, "epoch")),
    )
    return Parsed(
        len(records), timed, out, kept.text, records.rejects(~good, "heading or no entry")
    )


# 20240506 07:08:09,db1,app,10.0.0.5,5,42,QUERY,crm,'SELECT 1',0
_AUDIT = (
    r"^(?s:(?P<time>\d{8} \d\d:\d\d:\d\d),(?P<server>[^,]*),(?P<user>[^,]*),(?P<host>[^,]*),(?P<id>\d*),(?P<query>\d*),(?P<verb>[A-Z_]+),"
    r"(?P<database>[^,]*),(?:'(?P<object>.*)'|(?P<bare>[^,]*)),(?P<code>-?\d*)(?:,.*)?)$"
)
_AUDIT_OPENS = r"^\d{8} \d\d:\d\d:\d\d,[^,]*,[^,]*,[^,]*,\d*,\d*,(?:CONNECT|QUERY|READ|WRITE|CREATE|ALTER|RENAME|DROP|DISCONNECT|FAILED_CONNECT|PROXY_CONNECT|QUERY_[A-Z]+),"


@dataclass
class MariaAudit:
    """The parser of MariaDB's server_audit."""

    name: str = "mariadb_audit"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether a line is one of server_audit."""
        return re.search("(?m)" + _AUDIT_OPENS, head[:65536].decode("utf-8", "replace")) is not None

    def read(self, stream: BinaryIO, origin: Origin) -> Iterator[Parsed]:
        """Yield the log in blocks."""
        for records in grouped(stream, _audit_opens):
            yield _audit(records)


def _audit_opens(lines: Lines) -> Bools:
    found: Bools = pc.match_substring_regex(lines.text, _AUDIT_OPENS).to_numpy(zero_copy_only=False)
    return found


def _audit(records: Records) -> Parsed:
    found = pc.extract_regex(records.text, _AUDIT)
    good = found.is_valid().to_numpy(zero_copy_only=False)
    kept, found = records.only(good), found.filter(pa.array(good))
    n = len(kept)
    part = {f.name: pc.struct_field(found, f.name) for f in found.type}
    stamp = part["time"]
    wall, utc = moments.iso(
        pc.replace_substring_regex(stamp, r"^(\d{4})(\d\d)(\d\d) ", r"\1-\2-\3 ")
    )
    verb = part["verb"]
    query = pc.starts_with(verb, "QUERY")
    statement = pc.replace_substring_regex(part["object"], r"\\(['\\])", r"\1")
    table = pc.is_in(verb, pa.array(["READ", "WRITE", "CREATE", "ALTER", "RENAME", "DROP"]))
    named = pc.binary_join_element_wise(
        part["database"], pc.coalesce(_part(found, "bare"), _part(found, "object")), "."
    )
    columns = database_event(
        verb=verb,
        statement=pc.if_else(query, statement, pa.scalar(None, pa.string())),
        status=part["code"],
        account=part["user"],
        address=part["host"],
        session=part["id"],
        rows=pa.nulls(n, pa.string()),
        database=part["database"],
        table=pc.if_else(table, named, pa.scalar(None, pa.string())),
    )
    words = {
        "READ": "select",
        "WRITE": "update",
        "CREATE": "define",
        "ALTER": "define",
        "RENAME": "define",
        "DROP": "define",
    }
    by_table = cells.by_distinct(verb, words.get)
    columns["action"] = pc.coalesce(by_table, columns["action"])
    columns["object_kind"] = pc.if_else(
        pc.is_valid(columns["object"]), "table", pa.scalar(None, pa.string())
    )
    out = _finish(
        columns,
        kept,
        "mysql/server_audit",
        {"database": part["database"], "query_id": part["query"], "retcode": part["code"]},
    )
    out["host"] = cells.known(part["server"])
    return Parsed(
        len(records),
        moments.times(wall, utc, stamp),
        out,
        kept.text,
        records.rejects(~good, "not an audit line"),
    )
