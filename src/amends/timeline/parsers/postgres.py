# ruff: noqa: E501  (patterns and tables of names read best on one line)
"""PostgreSQL's logs: csvlog, jsonlog, and stderr with the usual forms of ``log_line_prefix``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import Bools, slices
from amends.timeline.lines import Lines
from amends.timeline.parsers import cells, moments
from amends.timeline.parsers.base import NO_TIME, Origin, Parsed
from amends.timeline.parsers.postgres_events import read_messages
from amends.timeline.parsers.records import Records, csv_columns, grouped

# csvlog, in its order; 9.0 to 12 have the first 23, 13 adds backend_type, 14 the last two.
CSV_COLUMNS = (
    "log_time", "user_name", "database_name", "process_id", "connection_from", "session_id", "session_line_num",
    "command_tag", "session_start_time", "virtual_transaction_id", "transaction_id", "error_severity",
    "sql_state_code", "message", "detail", "hint", "internal_query", "internal_query_pos", "context", "query", "query_pos",
    "location", "application_name", "backend_type", "leader_pid", "query_id",
)  # fmt: skip
_NAMES = {
    "user": "user_name", "database": "database_name", "pid": "process_id", "client": "connection_from",
    "session": "session_id", "severity": "error_severity", "state": "sql_state_code", "message": "message",
    "query": "query", "application": "application_name", "tag": "command_tag", "backend": "backend_type",
    "detail": "detail",
}  # fmt: skip
_CSV_HEAD = (
    # The server quotes every text; what was exported again often quotes only where it must.
    r"^\"?\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,6})? ?[A-Za-z0-9+:-]{1,8}\"?,"
    r'(?:"(?:[^"]|"")*"|[^",]*),(?:"(?:[^"]|"")*"|[^",]*),"?\d*"?,(?:"[^"]*"|[^",]*),'
    r'"?[0-9a-f]+\.[0-9a-f]+"?,"?\d+"?,'
)
_SEVERITIES = "DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC"


@dataclass
class PostgresCsv:
    """The parser of csvlog."""

    name: str = "postgres_csvlog"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether the first lines have csvlog's first seven columns."""
        return _some_line(head, re.compile(_CSV_HEAD))

    def read(self, stream: BinaryIO, origin: Origin) -> Iterator[Parsed]:
        """Yield the log in blocks."""
        width = 0
        for records in grouped(stream, _csv_opens):
            width = width or _width(records)
            yield _csv_block(records, CSV_COLUMNS[: width or len(CSV_COLUMNS)])


def _some_line(head: bytes, pattern: re.Pattern[str]) -> bool:
    lines = head.decode("utf-8", "replace").replace("\ufeff", "").splitlines()
    return any(pattern.match(line) for line in lines[:200])


def _csv_opens(lines: Lines) -> Bools:
    found: Bools = pc.match_substring_regex(lines.text, _CSV_HEAD).to_numpy(zero_copy_only=False)
    return found


def _width(records: Records) -> int:
    """Return how many columns the log has: the widest of those that exist and that some record fits."""
    few = records.only(np.arange(len(records)) < 200)
    for width in (26, 24, 23):
        if csv_columns(few, CSV_COLUMNS[:width])[1].any():
            return width
    return 0


def _csv_block(records: Records, names: tuple[str, ...]) -> Parsed:
    found, good = csv_columns(records, names)
    kept = records.only(good)
    wall, utc = moments.iso(found["log_time"])
    columns = read_messages(
        {name: found[column] for name, column in _NAMES.items() if column in found},
        len(kept),
        "postgres/csvlog",
    )
    timed = moments.times(wall, utc, found["log_time"], 1)
    return Parsed(
        len(records),
        timed,
        columns | kept.places(),
        kept.text,
        records.rejects(~good, "not a csvlog record"),
    )


# Escapes of log_line_prefix as people combine them: a time, then the number in brackets, then named or bare parts, in any
# order, and the severity. Source: PostgreSQL manual, log_line_prefix.
_AFTER = "STATEMENT|DETAIL|HINT|CONTEXT|QUERY|LOCATION|BACKTRACE"
_CLOCK = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [A-Za-z0-9+:-]{1,8}|\d{10}\.\d{3}"
_PREFIX = (
    rf"^(?P<head>(?P<time>{_CLOCK})(?P<rest>[^\n]*?)\b(?P<word>{_SEVERITIES}|{_AFTER}):\s{{1,3}})"
)
_LONGEST_PREFIX = 320
"""Bytes within which the severity must stand: names are 63 bytes at most, and nobody logs more than a few."""
_PID = r"\[(?P<pid>\d+)(?:-\d+)?\]"
_SESSION = r"\b(?P<session>[0-9a-f]{8}\.[0-9a-f]{1,8})\b"
_USER_AT = r"(?:^|[\s:\]])(?P<user>[A-Za-z0-9_.$\[\]-]+)@(?P<database>[A-Za-z0-9_.$\[\]-]*)"
_CLIENT = r"(?:client|host|from|remote)[=:]\s?(?P<client>[^\s,]+)|\s(?P<bare>\d{1,3}(?:\.\d{1,3}){3}(?:\(\d+\)|:\d+)?|\[local\])(?:\s|$|:|,)"


@dataclass
class PostgresText:
    """The parser of PostgreSQL's log on stderr."""

    name: str = "postgres_stderr"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether a line has a time, a number in brackets and a severity as PostgreSQL writes them."""
        return _some_line(head, re.compile(_PREFIX.replace(r"\s{1,3}", r"\s{2}")))

    def read(self, stream: BinaryIO, origin: Origin) -> Iterator[Parsed]:
        """Yield the log in blocks; a STATEMENT or DETAIL line belongs to the message before it."""
        for records in grouped(stream, _text_opens):
            yield _text_block(records)


def _text_opens(lines: Lines) -> Bools:
    """Return which lines open a message; those that explain the one before do not."""
    word = pc.struct_field(pc.extract_regex(_heads(lines), _PREFIX), "word")
    opens: Bools = pc.fill_null(pc.invert(pc.is_in(word, _EXPLAINING)), False).to_numpy(
        zero_copy_only=False
    )
    known: Bools = word.is_valid().to_numpy(zero_copy_only=False)
    return opens & known


_EXPLAINING = pa.array(_AFTER.split("|"))


def _heads(lines: Lines | Records) -> pa.StringArray:
    """Return the first bytes of each line, in which its prefix must stand."""
    return slices(
        lines.buffer, lines.starts, np.minimum(lines.ends - lines.starts, _LONGEST_PREFIX)
    )


def _text_block(records: Records) -> Parsed:
    found = pc.extract_regex(_heads(records), _PREFIX)
    good = found.is_valid().to_numpy(zero_copy_only=False)
    kept, found = records.only(good), found.filter(pa.array(good))
    begin = kept.starts + pc.binary_length(pc.struct_field(found, "head")).to_numpy(
        zero_copy_only=False
    )
    told = slices(kept.buffer, begin, np.maximum(kept.ends - begin, 0))
    rest = pc.struct_field(found, "rest")
    stamp = pc.struct_field(found, "time")
    wall, utc = moments.iso(stamp)
    seconds = moments.epoch(stamp)
    late = wall == NO_TIME
    wall, utc = np.where(late, seconds, wall), utc | (late & (seconds != NO_TIME))
    message, query, detail = _told(told)
    given = _prefix_parts(rest) | {
        "severity": pc.struct_field(found, "word"), "message": message, "query": query, "detail": detail,
    }  # fmt: skip
    columns = read_messages(given, len(kept), "postgres/stderr")
    timed = moments.times(wall, utc, stamp, 1 if _fine(stamp) else 1000)
    return Parsed(
        len(records),
        timed,
        columns | kept.places(),
        kept.text,
        records.rejects(~good, "not a PostgreSQL line"),
    )


def _fine(stamp: pa.StringArray) -> bool:
    return bool(pc.all(pc.match_substring(stamp, ".")).as_py())


def _told(whole: pa.StringArray) -> tuple[pa.StringArray, pa.StringArray, pa.StringArray]:
    """Return message, statement and detail of a record that may hold lines explaining it."""
    several = pc.match_substring(whole, "\n").to_numpy(zero_copy_only=False)
    none = pa.nulls(len(whole), pa.string())
    rows = np.flatnonzero(several)
    if not len(rows):
        return whole, none, none
    mark = rf"\n(?:{_CLOCK})[^\n]*?\b"
    texts = pc.replace_substring(whole.take(pa.array(rows)), "\n\t", "\n")
    message = pc.replace_substring_regex(texts, rf"(?s){mark}(?:{_AFTER}):\s.*$", "")
    query = pc.struct_field(pc.extract_regex(texts, rf"(?s){mark}STATEMENT:\s+(?P<v>.*)$"), "v")
    detail = pc.struct_field(pc.extract_regex(texts, rf"(?s){mark}DETAIL:\s+(?P<v>[^\n]*)"), "v")
    place = np.arange(len(whole), dtype=np.int64)
    place[rows] = len(whole) + np.arange(len(rows))
    index = pa.array(place)
    return (
        pa.concat_arrays([whole, message]).take(index),
        pa.concat_arrays([none, query]).take(index),
        pa.concat_arrays([none, detail]).take(index),
    )


def _prefix_parts(rest: pa.StringArray) -> dict[str, pa.StringArray]:
    """Return what stands between time and severity; each distinct prefix is read once."""
    coded = rest.dictionary_encode()
    texts = coded.dictionary

    def named(*names: str) -> pa.StringArray:
        pattern = rf"(?:^|[\s,\[(])(?:{'|'.join(names)})=(?P<v>[^,\s]*)"
        return pc.struct_field(pc.extract_regex(texts, pattern), "v")

    at = pc.extract_regex(texts, _USER_AT)
    client = pc.extract_regex(texts, _CLIENT)
    parts = {
        "pid": pc.coalesce(named("pid", "p"), pc.struct_field(pc.extract_regex(texts, _PID), "pid"), pc.struct_field(
            pc.extract_regex(texts, r"^\s*(?P<v>\d{2,7})(?:\s|:|$)"), "v")),
        "user": pc.coalesce(named("user", "usr", "u"), pc.struct_field(at, "user")),
        "database": pc.coalesce(named("db", "database", "d"), pc.struct_field(at, "database")),
        "application": pc.struct_field(pc.extract_regex(
            texts, r"(?:app|application|application_name|a)=(?P<v>.*?)(?:,\s?(?:client|host|db|user|remote|r|h|u|d)=|$)"), "v"),
        "client": pc.coalesce(named("client", "host", "remote", "h", "r"), _nonempty(client, "client"), _nonempty(client, "bare")),
        "session": pc.struct_field(pc.extract_regex(texts, _SESSION), "session"),
    }  # fmt: skip
    return {name: cells.flat(_plain(part)).take(coded.indices) for name, part in parts.items()}


def _nonempty(found: pa.StructArray, name: str) -> pa.StringArray:
    text = pc.struct_field(found, name)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _plain(texts: pa.StringArray) -> pa.StringArray:
    """Return texts without what PostgreSQL writes for "not yet known"."""
    trimmed = pc.utf8_trim(pc.utf8_trim_whitespace(texts), ",:")
    return pc.if_else(
        pc.is_in(trimmed, pa.array(["[unknown]", ""])), pa.scalar(None, pa.string()), trimmed
    )
