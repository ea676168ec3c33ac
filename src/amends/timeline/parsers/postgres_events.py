# ruff: noqa: E501  (patterns and tables of names read best on one line)
"""What a message of PostgreSQL means, whichever of its logs it stood in: logons, statements, audit lines, faults.

Source: PostgreSQL manual, chapter "Error Reporting and Logging" (csvlog and jsonlog fields, log_connections, log_statement,
log_duration); pgaudit README, "Format" (class, command, object, rows); read 2026.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.tables.timeline import EVENTS
from amends.timeline.columns import Bools, Ints, gather, layout, slices
from amends.timeline.parsers import cells
from amends.timeline.parsers.records import shortened
from amends.timeline.parsers.sql import read_statements

_TYPES = {c.name: c.arrow for c in EVENTS.columns}
_AUDIT = (
    r"^(?P<head>AUDIT: (?P<type>SESSION|OBJECT),(?P<id>\d*),(?P<sub>\d*),(?P<class>[A-Z_]*),(?P<command>[^,\"]*),(?P<kind>[^,\"]*),"
    r'(?P<object>"(?:[^"]|"")*"|[^,]*),)'
)
_AUDIT_REST = r'^(?s:(?:"(?P<quoted>(?:[^"]|"")*)"|(?P<plain>[^,"]*)),(?P<parameter>"(?:[^"]|"")*"|[^,"]*)(?:,(?P<rows>\d+))?)\s*$'
_STATEMENT = (
    r"^(?s:(?:duration: (?P<ms>[\d.]+) ms\s+)?(?:statement|execute [^:\n]*|parse [^:\n]*|bind [^:\n]*|fastpath function call):"
    r" (?P<statement>.*))$"
)
_RECEIVED = r"^connection received: host=(?P<host>\S+)(?: port=(?P<port>\d+))?"
_AUTHORIZED = (
    r"^(?:replication )?connection authorized: user=(?P<user>.*?)(?: database=(?P<database>.*?))?"
    r"(?: application_name=(?P<application>.*?))?(?: (?:SSL|GSS) .*)?$"
)
_AUTHENTICATED = r'^connection authenticated: (?:identity="(?P<user>.*?)" method=(?P<method>\S+)|user="(?P<user2>.*?)" method=trust)'
_LEFT = (
    r"^disconnection: session time: (?P<span>[\d:.]+) user=(?P<user>.*?) database=(?P<database>.*?) host=(?P<host>\S+)"
    r"(?: port=(?P<port>\d+))?$"
)
_REFUSED = (
    r'(?:authentication failed for user "(?P<user>[^"]*)"|^role "(?P<role>[^"]*)" (?:does not exist|is not permitted to log in)'
    r'|^no pg_hba\.conf entry for (?:replication connection from )?host "(?P<host>[^"]*)", user "(?P<user2>[^"]*)"'
    r'|^pg_hba\.conf rejects connection for host "(?P<host2>[^"]*)", user "(?P<user3>[^"]*)"'
    r'|^permission denied for database "?(?P<database>[^"]*)"?|^too many connections|^database "(?P<database2>[^"]*)" does not exist)'
)
_DENIED = r'^permission denied for (?:(?:table|relation|view|schema|sequence|function|foreign table) )?"?(?P<object>[^"]+)"?$'
_FIXED = (
    (r"^database system is ready to accept", "system", "boot", "success"),
    (
        r"^(?:received (?:fast|smart|immediate) shutdown request|database system is shut down)",
        "system",
        "shutdown",
        "success",
    ),
    (r"^starting PostgreSQL", "system", "boot", "success"),
    (
        r'^(?:received SIGHUP, reloading|parameter "[^"]+" changed to|parameter "[^"]+" removed from)',
        "config",
        "change",
        "success",
    ),
)
_TAG_ROWS = r"^(?:SELECT|COPY|UPDATE|DELETE|MERGE|FETCH|MOVE|INSERT(?: \d+)?) (?P<rows>\d+)$"

Columns = dict[str, pa.Array]


def read_messages(given: Mapping[str, pa.Array], n: int, source: str) -> Columns:
    """Return the columns of events from the fields of PostgreSQL's messages.

    Args:
        given: user, database, pid, client, session, severity, state, message, query, application, tag, backend and detail, as far
            as the log has them.
        n: How many there are.
        source: Dialect: ``postgres/csvlog`` …
    """
    none = pa.nulls(n, pa.string())
    held = {name: cells.flat(given.get(name, none)) for name in _GIVEN}
    message = pc.fill_null(held["message"], "")
    groups: list[tuple[Ints, Columns]] = []
    left = np.ones(n, dtype=bool)
    for reader in (_audits, _statements, _connections, _refusals, _system, _faults):
        left = reader(message, held, left, groups)
    out = gather(n, groups, _TYPES)
    return _finished(out, held, message, n, source)


_GIVEN = (
    "user", "database", "pid", "client", "port", "session", "severity", "state", "message", "query", "application", "tag",
    "backend", "detail",
)  # fmt: skip


def _rows(left: Bools, message: pa.StringArray, *, start: str = "", pattern: str = "") -> Ints:
    """Return the rows still left whose message begins so, or matches."""
    found = pc.starts_with(message, start) if start else pc.match_substring_regex(message, pattern)
    return np.flatnonzero(left & found.to_numpy(zero_copy_only=False))


def _without(left: Bools, rows: Ints) -> Bools:
    rest = left.copy()
    rest[rows] = False
    return rest


def _part(found: pa.StructArray, name: str) -> pa.StringArray:
    """Return a group of an expression; null where it did not take part."""
    text = pc.struct_field(found, name)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _audits(
    message: pa.StringArray, held: Columns, left: Bools, groups: list[tuple[Ints, Columns]]
) -> Bools:
    rows = _rows(left, message, start="AUDIT: ")
    if not len(rows):
        return left
    texts = message.take(pa.array(rows))
    found = pc.extract_regex(texts, _AUDIT)
    fits = found.is_valid().to_numpy(zero_copy_only=False)
    rows, found, texts = rows[fits], found.filter(pa.array(fits)), texts.filter(pa.array(fits))
    tail = _behind(texts, pc.struct_field(found, "head"))
    rest = pc.extract_regex(tail, _AUDIT_REST)
    quoted = pc.replace_substring(pc.struct_field(rest, "quoted"), '""', '"')
    statement = pc.coalesce(
        pc.if_else(pc.equal(quoted, ""), None, quoted), _part(rest, "plain"), tail
    )
    groups.append((rows, _audit_columns(found, rest, statement)))
    return _without(left, rows)


def _behind(texts: pa.StringArray, heads: pa.StringArray) -> pa.StringArray:
    """Return what stands behind the head of each text."""
    held, at = layout(texts)
    sizes = pc.binary_length(heads).to_numpy(zero_copy_only=False)
    return slices(held, at[:-1] + sizes, np.diff(at) - sizes)


def _audit_columns(
    found: pa.StructArray, rest: pa.StructArray, statement: pa.StringArray
) -> Columns:
    said = read_statements(statement)
    named = _unquoted(_part(found, "object"))
    by_class = cells.by_distinct(
        pc.struct_field(found, "class"), lambda c: _CLASSES.get(c, "other")
    )
    command = pc.struct_field(found, "command")
    action = pc.if_else(pc.equal(said.action, "other"), by_class, said.action)
    # An object line speaks of one table: COPY and SELECT over several tables give a line for each.
    out = pc.and_(
        pc.equal(command, "COPY"), pc.is_in(pc.struct_field(found, "class"), pa.array(["READ"]))
    )
    action = pc.if_else(out, "dump", action)
    kind_word = pc.utf8_lower(pc.struct_field(found, "kind"))
    return {
        "kind": said.kind,
        "action": action,
        "outcome": cells.constant("success", len(statement)),
        "command": shortened(statement),
        "object": pc.coalesce(named, said.object),
        "object_kind": pc.if_else(pc.equal(kind_word, ""), "table", kind_word),
        "rows": cells.whole(_part(rest, "rows")),
        "target_account": said.target_account,
        "source": cells.constant("postgres/pgaudit", len(statement)),
        "code": pc.struct_field(found, "class"),
        "x:audit_type": pc.struct_field(found, "type"),
        "x:audit_class": pc.struct_field(found, "class"),
        "x:audit_command": command,
        "x:statement_id": pc.struct_field(found, "id"),
        "x:substatement_id": pc.struct_field(found, "sub"),
        "x:parameter": cells.known(_part(rest, "parameter")),
    }


# pgaudit's classes: README, "pgaudit.log".
_CLASSES = {
    "READ": "select",
    "WRITE": "update",
    "DDL": "define",
    "ROLE": "grant",
    "FUNCTION": "other",
    "MISC": "other",
}
_TYPES |= {f"x:{name}": pa.string() for name in (
    "audit_type", "audit_class", "audit_command", "statement_id", "substatement_id", "parameter", "duration_ms", "method",
    "session_time", "database", "application",
)}  # fmt: skip


def _unquoted(names: pa.StringArray) -> pa.StringArray:
    """Return names without the quotes of pgaudit's CSV and of SQL."""
    return pc.replace_substring(names, '"', "")


def _statements(
    message: pa.StringArray, held: Columns, left: Bools, groups: list[tuple[Ints, Columns]]
) -> Bools:
    rows = _rows(
        left,
        message,
        pattern=r"^(?:duration: |statement: |execute |parse |bind |fastpath function call: )",
    )
    if not len(rows):
        return left
    found = pc.extract_regex(message.take(pa.array(rows)), _STATEMENT)
    fits = found.is_valid().to_numpy(zero_copy_only=False)
    rows, found = rows[fits], found.filter(pa.array(fits))
    statement = pc.struct_field(found, "statement")
    groups.append((rows, _query(statement, "success") | {"x:duration_ms": _part(found, "ms")}))
    return _without(left, rows)


def _query(statement: pa.StringArray, outcome: str) -> Columns:
    said = read_statements(statement)
    return {
        "kind": said.kind,
        "action": said.action,
        "outcome": cells.constant(outcome, len(statement)),
        "command": shortened(statement),
        "object": said.object,
        "object_kind": pc.if_else(pc.is_valid(said.object), "table", pa.scalar(None, pa.string())),
        "target_account": said.target_account,
    }


def _same(n: int, kind: str, action: str, outcome: str) -> Columns:
    return {
        "kind": cells.constant(kind, n),
        "action": cells.constant(action, n),
        "outcome": cells.constant(outcome, n),
    }


def _connections(
    message: pa.StringArray, held: Columns, left: Bools, groups: list[tuple[Ints, Columns]]
) -> Bools:
    for start, pattern, said in (
        ("connection received: ", _RECEIVED, ("connection", "open", "")),
        ("connection authorized: ", _AUTHORIZED, ("login", "login", "success")),
        ("replication connection authorized: ", _AUTHORIZED, ("login", "login", "success")),
        # A step of the logon that the next line ("connection authorized") completes: no logon of its own.
        ("connection authenticated: ", _AUTHENTICATED, ("connection", "open", "success")),
        ("disconnection: ", _LEFT, ("logout", "logout", "success")),
    ):
        rows = _rows(left, message, start=start)
        if not len(rows):
            continue
        found = pc.extract_regex(message.take(pa.array(rows)), pattern)
        names = {field.name for field in found.type}
        part = {name: _part(found, name) if name in names else pa.nulls(len(rows), pa.string()) for name in (
            "host", "port", "user", "user2", "database", "application", "method", "span")}  # fmt: skip
        columns = _same(len(rows), *said) | {
            "account": cells.account(pc.coalesce(part["user"], part["user2"])),
            "src_ip": cells.address(part["host"]),
            "src_port": cells.port(part["port"]),
            "x:method": part["method"],
            "x:session_time": part["span"],
            "x:database": part["database"],
            "x:application": part["application"],
        }
        groups.append((rows, columns))
        left = _without(left, rows)
    return left


def _refusals(
    message: pa.StringArray, held: Columns, left: Bools, groups: list[tuple[Ints, Columns]]
) -> Bools:
    fatal = pc.is_in(pc.fill_null(held["severity"], ""), pa.array(["FATAL", "ERROR", "PANIC"]))
    faulty = left & fatal.to_numpy(zero_copy_only=False)
    rows = _rows(faulty, message, pattern=_REFUSED)
    if not len(rows):
        return left
    found = pc.extract_regex(message.take(pa.array(rows)), _REFUSED)
    user = pc.coalesce(*(_part(found, name) for name in ("user", "role", "user2", "user3")))
    host = pc.coalesce(_part(found, "host"), _part(found, "host2"))
    columns = _same(len(rows), "login", "login", "failure") | {
        "account": cells.account(user),
        "src_ip": cells.address(host),
    }
    groups.append((rows, columns))
    return _without(left, rows)


def _system(
    message: pa.StringArray, held: Columns, left: Bools, groups: list[tuple[Ints, Columns]]
) -> Bools:
    for pattern, kind, action, outcome in _FIXED:
        rows = _rows(left, message, pattern=pattern)
        if len(rows):
            groups.append((rows, _same(len(rows), kind, action, outcome)))
            left = _without(left, rows)
    return left


def _faults(
    message: pa.StringArray, held: Columns, left: Bools, groups: list[tuple[Ints, Columns]]
) -> Bools:
    """Take failed statements, and leave everything else as ``other``."""
    error = pc.is_in(pc.fill_null(held["severity"], ""), pa.array(["ERROR", "FATAL"])).to_numpy(
        zero_copy_only=False
    )
    told = pc.fill_null(pc.greater(pc.binary_length(held["query"]), 0), False).to_numpy(
        zero_copy_only=False
    )
    rows = np.flatnonzero(left & error & told)
    if len(rows):
        taken = pa.array(rows)
        columns = _query(held["query"].take(taken), "failure")
        denied = _part(pc.extract_regex(message.take(taken), _DENIED), "object")
        columns["object"] = pc.coalesce(columns["object"], denied)
        groups.append((rows, columns))
        left = _without(left, rows)
    rest = np.flatnonzero(left)
    failed = pa.array(error[rest])
    outcome = pc.if_else(failed, "failure", "")
    groups.append((rest, _same(len(rest), "other", "other", "") | {"outcome": outcome}))
    return np.zeros_like(left)


def _finished(out: Columns, held: Columns, message: pa.StringArray, n: int, source: str) -> Columns:
    """Return the columns with what the head of each line says, which the message did not."""
    none = pa.nulls(n, pa.string())
    extra = {name[2:]: out.pop(name) for name in tuple(out) if name.startswith("x:")}
    database = pc.coalesce(cells.known(held["database"]), extra.pop("database", none))
    application = pc.coalesce(cells.known(held["application"]), extra.pop("application", none))
    client, port = _client(held["client"], held["port"])
    tag_rows = pc.struct_field(pc.extract_regex(pc.fill_null(held["tag"], ""), _TAG_ROWS), "rows")
    out["rows"] = pc.coalesce(out.get("rows", pa.nulls(n, pa.int64())), cells.whole(tag_rows))
    out["account"] = pc.coalesce(cells.account(held["user"]), out.get("account", none))
    out["src_ip"] = pc.coalesce(client, out.get("src_ip", none))
    out["src_port"] = pc.coalesce(port, out.get("src_port", pa.nulls(n, pa.int64())))
    out["session"] = cells.known(held["session"])
    out["pid"] = cells.whole(held["pid"])
    out["process"] = pc.coalesce(application, cells.constant("postgres", n))
    out["logon_type"] = cells.constant("db", n)
    out["source"] = pc.coalesce(out.get("source", none), pa.scalar(source))
    out["code"] = pc.coalesce(out.get("code", none), cells.known(held["state"]))
    out["message"] = shortened(message)
    extra |= {
        "database": database, "application_name": application, "severity": held["severity"], "sqlstate": held["state"],
        "command_tag": held["tag"], "backend_type": held["backend"], "detail": shortened(pc.fill_null(held["detail"], "")),
    }  # fmt: skip
    out["extra"] = cells.named(extra, n)
    return out


def _client(client: pa.StringArray, port: pa.StringArray) -> tuple[pa.StringArray, pa.Int64Array]:
    """Return address and port of ``10.1.2.3:5432``, ``10.1.2.3(5432)``, ``10.1.2.3`` or ``[local]``."""
    texts = pc.fill_null(client, "")
    usual = pc.extract_regex(texts, r"^(?P<ip>[0-9.]+)[:(](?P<port>\d{1,5})\)?$")
    addresses, ports = (
        cells.address(pc.struct_field(usual, "ip")),
        cells.port(pc.struct_field(usual, "port")),
    )
    other = pc.and_(usual.is_null(), pc.not_equal(texts, ""))
    odd = np.flatnonzero(other.to_numpy(zero_copy_only=False))
    if len(odd):
        # csvlog writes IPv6 with a port and without brackets: an address may be read two ways, and the whole is tried first.
        some = texts.take(pa.array(odd))
        whole = cells.address(some)
        cut = pc.extract_regex(some, r"^\[?(?P<ip>.*?)\]?(?:[:(](?P<port>\d{1,5})\)?)?$")
        ip = cells.address(pc.struct_field(cut, "ip"))
        by_cut = pc.and_(pc.is_null(whole), pc.is_valid(ip))
        port_cut = pc.if_else(
            by_cut, cells.port(pc.struct_field(cut, "port")), pa.scalar(None, pa.int64())
        )
        place = np.arange(len(texts), dtype=np.int64)
        place[odd] = len(texts) + np.arange(len(odd))
        addresses = pa.concat_arrays([addresses, pc.if_else(by_cut, ip, whole)]).take(
            pa.array(place)
        )
        ports = pa.concat_arrays([ports, port_cut]).take(pa.array(place))
    return addresses, pc.coalesce(cells.port(port), ports)
