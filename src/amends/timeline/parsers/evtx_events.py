# ruff: noqa: E501  (patterns and tables of names read best on one line)
"""Fields of Windows events to columns, wherever the fields came from: a binary log, XML, JSON or CSV.

Every field stays in ``extra`` under its own name, as Sigma's rules for Windows expect it. What an event means stands in
``evtx_specs``; here each column is filled with one look at the fields, by the kinds of events that occur in the block.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.parsers import cells as cols
from amends.timeline.parsers import moments
from amends.timeline.parsers.base import NO_TIME, Parsed
from amends.timeline.parsers.evtx_names import LOGON_TYPES, log_of
from amends.timeline.parsers.evtx_specs import OTHER, SPECS, Spec
from amends.timeline.parsers.fields import Fields, Ints, Places

_FILLED = (
    "account", "target_account", "session", "logon_type", "src_ip", "src_port", "dst_ip", "dst_port", "proto",
    "process", "pid", "parent", "command", "object",
)  # fmt: skip
_HEAD = ("Provider_Name", "Channel", "EventID", "Computer", "SystemTime")
_WANTED = frozenset(
    (*_HEAD, "Data", "AccessMask", "ShareName", "Keywords", "Status", "FailureCode")
).union(
    *(names for log in SPECS.values() for spec in log.values() for names in spec.fields.values()),
    *OTHER.fields.values(),
)
_PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "47": "gre", "50": "esp", "58": "ipv6-icmp"}
_INSTANT = pa.timestamp("us", "UTC")
_AUDIT_FAILURE = "0x8010"
# Access rights of files: Microsoft Learn, event 4663, "Access Mask".
_DELETE, _WRITE = 0x10000, 0x2 | 0x4 | 0x40 | 0x100
_BY_ACCESS = (4656, 4663, 5145)


@dataclass(frozen=True)
class _Kind:
    """The events of a block that one spec speaks of."""

    log: str
    number: str
    spec: Spec
    events: Ints


def parsed(
    fields: Fields, first: int, rejects: list[tuple[int, str]], lines: Ints | None = None
) -> Parsed:
    """Return a block of Windows events.

    Args:
        fields: Their fields, flat, with the names of ``evtx_specs``.
        first: Number of the first record, from 1.
        rejects: Records that are none, with their reason.
        lines: Number of the record of each event; without it they follow one another.
    """
    n = len(fields)
    places = fields.places(_WANTED)
    head = {name: fields.texts(places[name]) for name in _HEAD}
    kinds = _kinds(head)
    out = _filled(fields, places, kinds)
    said = _said(kinds, fields, places)
    out |= said | {"logon_type": pc.coalesce(out["logon_type"], said["logon_type"])}
    _by_access(fields, places, kinds, out)
    _mssql(fields, places, kinds, out)
    numbers = np.arange(first, first + n, dtype=np.int64) if lines is None else lines
    out |= {
        "position": pa.array(numbers),
        "line": pa.array(numbers),
        "host": head["Computer"],
        "code": head["EventID"],
    }
    out["process"] = pc.coalesce(out["process"], head["Provider_Name"])
    out["extra"] = fields.map()
    wall, utc = _times(head["SystemTime"])
    return Parsed(
        n + len(rejects),
        moments.times(wall, utc, head["SystemTime"], 1),
        out,
        fields.joined(),
        rejects,
    )


def _times(stamp: pa.StringArray) -> tuple[Ints, moments.Bools]:
    """Return times as Windows writes them, with a Z; 1601-01-01 is how it writes "no time"."""
    try:
        wall = pc.fill_null(stamp.cast(_INSTANT).cast(pa.int64()), NO_TIME).to_numpy(
            zero_copy_only=False
        )
        utc = np.ones(len(wall), dtype=bool)
    except pa.ArrowInvalid:
        wall, utc = moments.iso(stamp)
    return np.where(wall > 0, wall, NO_TIME), utc


def _kinds(head: dict[str, pa.StringArray]) -> list[_Kind]:
    """Return the distinct kinds of events of a block, each with its events."""
    groups: dict[tuple[str | None, ...], list[int]] = {}
    marks = zip(
        *(head[name].to_pylist() for name in ("Provider_Name", "Channel", "EventID")), strict=True
    )
    for event, mark in enumerate(marks):
        groups.setdefault(mark, []).append(event)
    kinds = []
    for (provider, channel, given), events in groups.items():
        log, number = log_of(provider or "", channel or ""), given or ""
        known = number.isascii() and number.isdecimal() and len(number) < 7
        spec = SPECS.get(log, {}).get(int(number)) if known else None
        kinds.append(_Kind(log, number, spec or OTHER, np.array(events, dtype=np.int64)))
    return kinds


def _filled(fields: Fields, places: Places, kinds: list[_Kind]) -> dict[str, pa.Array]:
    """Return the columns that a field fills, cleaned."""
    found = {column: np.full(len(fields), -1, dtype=np.int64) for column in _FILLED}
    for kind in kinds:
        for column, names in kind.spec.fields.items():
            here = found[column][kind.events]
            for name in names:
                here = np.where(here < 0, places[name][kind.events], here)
            found[column][kind.events] = here
    return {column: _cleaned(column, fields, place) for column, place in found.items()}


_CLEAN: dict[str, Callable[[pa.Array], pa.Array]] = {
    "account": cols.account, "target_account": cols.account, "src_ip": cols.address, "dst_ip": cols.address,
    "src_port": cols.port, "dst_port": cols.port, "pid": cols.whole,
    "proto": lambda texts: cols.by_distinct(texts, lambda p: _PROTOCOLS.get(p, p.lower())),
    "logon_type": lambda texts: cols.by_distinct(texts, lambda t: LOGON_TYPES.get(t, "other")),
}  # fmt: skip


def _cleaned(column: str, fields: Fields, place: Ints) -> pa.Array:
    if not (place >= 0).any():
        return pa.nulls(
            len(place), pa.int64() if column in {"src_port", "dst_port", "pid"} else pa.string()
        )
    texts = fields.texts(place)
    return _CLEAN[column](texts) if column in _CLEAN else texts


def _said(kinds: list[_Kind], fields: Fields, places: Places) -> dict[str, pa.Array]:
    """Return the columns that the kind of an event says."""
    codes = np.zeros(len(fields), dtype=np.int64)
    for i, kind in enumerate(kinds):
        codes[kind.events] = i
    said = {
        "kind": [k.spec.kind for k in kinds],
        "action": [k.spec.action for k in kinds],
        "message": [k.spec.message for k in kinds],
        "object_kind": [k.spec.object_kind for k in kinds],
        "logon_type": [k.spec.logon_type for k in kinds],
        "source": [f"evtx/{k.log}" if k.log else "evtx" for k in kinds],
    }
    at = pa.array(codes)
    out: dict[str, pa.Array] = {
        name: pa.array([word or None for word in words], pa.string()).take(at)
        for name, words in said.items()
    }
    out["outcome"] = _OUTCOMES.take(pa.array(_outcome(codes, kinds, fields, places)))
    return out


_OUTCOMES = pa.array(["", "success", "failure"])
_SUCCESS, _FAILURE, _BY_STATUS = 1, 2, 3
_OUTCOME_CODES = {"": 0, "success": _SUCCESS, "failure": _FAILURE, "status": _BY_STATUS}


def _outcome(codes: Ints, kinds: list[_Kind], fields: Fields, places: Places) -> Ints:
    """Return the place of each event's outcome in ``_OUTCOMES``: its kind's, its status code's, or the audit's own word."""
    found = np.array([_OUTCOME_CODES[k.spec.outcome] for k in kinds] or [0])[codes]
    by_status = found == _BY_STATUS
    if by_status.any():
        status = pc.coalesce(fields.texts(places["Status"]), fields.texts(places["FailureCode"]))
        good = pc.fill_null(
            pc.or_(pc.equal(pc.utf8_lower(status), "0x0"), pc.equal(status, "0")), False
        )
        found[by_status] = np.where(good.to_numpy(zero_copy_only=False), _SUCCESS, _FAILURE)[
            by_status
        ]
    audited = np.array([k.log == "security" for k in kinds] or [False])[codes]
    if audited.any():
        failed = pc.fill_null(
            pc.starts_with(fields.texts(places["Keywords"]), _AUDIT_FAILURE), False
        )
        found[audited & failed.to_numpy(zero_copy_only=False)] = _FAILURE
    return found


def _by_access(
    fields: Fields, places: Places, kinds: list[_Kind], out: dict[str, pa.Array]
) -> None:
    """Tell reading, writing and deleting of objects apart, and name the file of a share with its share."""
    mine = [
        k
        for k in kinds
        if k.log == "security" and k.number.isdecimal() and int(k.number) in _BY_ACCESS
    ]
    if not mine:
        return
    events = np.concatenate([k.events for k in mine])
    rights = pc.fill_null(cols.whole(fields.texts(places["AccessMask"][events])), 0).to_numpy(
        zero_copy_only=False
    )
    picked = np.where(rights & _DELETE, 1, np.where(rights & _WRITE, 2, 0))
    actions = pc.if_else(
        pa.array(picked > 0),
        pa.array(["", "delete", "write"]).take(pa.array(picked)),
        out["action"].take(pa.array(events)),
    )
    out["action"] = _laid(out["action"], events, actions)
    for kind in (k for k in mine if k.number == "5145"):
        share, name = (
            fields.texts(places["ShareName"][kind.events]),
            out["object"].take(pa.array(kind.events)),
        )
        whole = pc.binary_join_element_wise(pc.fill_null(share, ""), pc.fill_null(name, ""), "\\")
        out["object"] = _laid(out["object"], kind.events, whole)


def _laid(column: pa.Array, events: npt.NDArray[np.int64], values: pa.Array) -> pa.Array:
    """Return a column with the values of some events replaced."""
    place = np.arange(len(column), dtype=np.int64)
    place[events] = len(column) + np.arange(len(events))
    return pa.concat_arrays([cols.flat(column), cols.flat(values)]).take(pa.array(place))


def _mssql(fields: Fields, places: Places, kinds: list[_Kind], out: dict[str, pa.Array]) -> None:
    """Read what SQL Server writes as text: who logged on from where, and the lines of an audit event."""
    mine = [k for k in kinds if k.log == "mssql"]
    if not mine:
        return
    for kind in mine:
        data = fields.texts(places["Data"][kind.events])
        found = _audit(data) if kind.number == "33205" else _logon(data, fields, places, kind)
        for column, values in found.items():
            out[column] = _laid(out[column], kind.events, values)


def _logon(
    data: pa.StringArray, fields: Fields, places: Places, kind: _Kind
) -> dict[str, pa.Array]:
    client = pc.struct_field(pc.extract_regex(data, r"\[CLIENT: (?P<ip>[^\]]+)\]"), "ip")
    name = pc.struct_field(pc.extract_regex(data, r"\A(?P<who>[^\n\[]+)"), "who")
    told = kind.number in {"18453", "18454", "18455", "18456"}
    return (
        {"account": cols.account(name), "src_ip": cols.address(client), "message": data}
        if told
        else {"message": data}
    )


def _audit(data: pa.StringArray) -> dict[str, pa.Array]:
    """Return the columns of event 33205, whose text is a line a field: ``server_principal_name:ann``."""

    def line(name: str) -> pa.StringArray:
        return cols.known(
            pc.struct_field(pc.extract_regex(data, rf"(?:\A|\n){name}:(?P<v>[^\n]*)"), "v")
        )

    what = pc.utf8_trim_whitespace(pc.fill_null(line("action_id"), ""))
    actions = pa.array([_AUDIT_ACTIONS.get(w, "other") for w in what.to_pylist()], pa.string())
    schema, name = line("schema_name"), line("object_name")
    outcome = pc.if_else(
        pc.equal(pc.utf8_lower(pc.fill_null(line("succeeded"), "")), "false"), "failure", "success"
    )
    return {
        "account": cols.account(line("server_principal_name")),
        "src_ip": cols.address(line("client_ip")),
        "session": line("session_id"),
        "command": line("statement"),
        "object": pc.coalesce(pc.binary_join_element_wise(schema, name, "."), name),
        "action": actions,
        "outcome": outcome,
    }


# SQL Server's action ids: Microsoft Learn, "sys.dm_audit_actions".
_AUDIT_ACTIONS = {
    "SL": "select", "IN": "insert", "UP": "update", "DL": "delete", "LGIS": "connect", "LGIF": "connect",
    "CR": "define", "AL": "define", "DR": "define", "G": "grant", "R": "grant", "D": "grant", "BA": "dump", "EX": "other",
}  # fmt: skip
