# ruff: noqa: E501  (patterns and tables of names read best on one line)
"""Windows events exported as XML (wevtutil, Event Viewer, forwarders), and MySQL's audit as XML.

Elements are found in the text one by one and each is parsed by itself, without entities, so that one that is damaged costs no other
and no bomb goes off.

Source: Microsoft Learn, "Event schema"; MySQL 8.4 Reference Manual, "Audit log file formats" (new-style XML); read 2026.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError

import numpy as np
import pyarrow as pa
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from amends.kernel.contents import joined
from amends.timeline.parsers import cells, evtx_events, moments
from amends.timeline.parsers.base import Origin, Parsed
from amends.timeline.parsers.fields import Names, gather
from amends.timeline.parsers.json_databases import mysql_audit
from amends.timeline.parsers.json_found import Found
from amends.timeline.parsers.records import LONGEST_TEXT

_CHUNK = 4 << 20
_LONGEST = 4 << 20
"""An event longer than this is none: Windows keeps a record within 64 KiB."""
_BLOCK_EVENTS = 10_000
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&#(?:x0*(?:[0-8bcBC]|[eE]|1[0-9a-fA-F])|0*(?:[0-8]|1[124-9]|2\d|3[01]));"
)


def _decoder(head: bytes) -> str:
    if head.startswith(codecs.BOM_UTF16_LE) or head[:4] == b"<\0E\0" or head[:4] == b"<\0?\0":
        return "utf-16-le"
    return "utf-16-be" if head.startswith(codecs.BOM_UTF16_BE) else "utf-8"


def _elements(stream: BinaryIO, tag: str) -> Iterator[str | None]:
    """Yield each element of a name as text; ``None`` for one that does not end."""
    opens = re.compile(rf"<{tag}(?=[\s>])")
    closes = f"</{tag}>"
    chunk = stream.read(_CHUNK)
    decoder = codecs.getincrementaldecoder(_decoder(chunk[:4]))("replace")
    rest = ""
    while chunk or rest:
        rest += decoder.decode(chunk, not chunk)
        at = 0
        while True:
            begin = opens.search(rest, at)
            if begin is None:
                at = max(at, len(rest) - len(tag) - 2)
                break
            end = rest.find(closes, begin.start())
            following = opens.search(rest, begin.end())
            if end < 0 or (following and following.start() < end):
                if following is None:
                    at = begin.start()
                    break
                yield None
                at = following.start()
                continue
            at = end + len(closes)
            yield rest[begin.start() : at]
        rest = rest[at:]
        if not chunk:
            if opens.search(rest):
                yield None
            return
        if len(rest) > _LONGEST:
            yield None
            rest = ""
        chunk = stream.read(_CHUNK)


def _parsed_element(text: str | None) -> Element | None:
    if text is None or len(text) > _LONGEST:
        return None
    # XML 1.0 knows no control characters, but what Windows exports holds them.
    for attempt in (text, _CONTROL.sub("", text)):
        try:
            found: Element = fromstring(attempt, forbid_dtd=True)
        except (ParseError, DefusedXmlException, ValueError, RecursionError):
            continue
        return found
    return None


def _bare(tag: str) -> str:
    return tag.rsplit("}", 1)[-1]


@dataclass
class WindowsXml:
    """The parser of Windows events as XML."""

    name: str = "windows_xml"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether an event of Windows' schema stands in the first bytes."""
        text = head[:32768].decode(_decoder(head[:4]), "replace")
        return bool(
            re.search(
                r"<Event\s[^>]*schemas\.microsoft\.com/win/2004/08/events/event|<Event>\s*<System>",
                text,
            )
        )

    def read(self, stream: BinaryIO, origin: Origin) -> Iterator[Parsed]:
        """Yield the log in blocks of events."""
        names = Names()
        shapes: list[int] = []
        values: list[str | None] = []
        numbers: list[int] = []
        rejects: list[tuple[int, str]] = []
        for number, text in enumerate(_elements(stream, "Event"), 1):
            event = _parsed_element(text)
            if event is None or not _event(event, names, shapes, values):
                rejects.append((number, "not a whole event"))
            else:
                numbers.append(number)
            if len(shapes) >= _BLOCK_EVENTS:
                yield _block(names, shapes, values, numbers, rejects)
                shapes, values, numbers, rejects = [], [], [], []
        if shapes or rejects:
            yield _block(names, shapes, values, numbers, rejects)


def _block(
    names: Names,
    shapes: list[int],
    values: list[str | None],
    numbers: list[int],
    rejects: list[tuple[int, str]],
) -> Parsed:
    return evtx_events.parsed(
        gather(names, shapes, values), 1, rejects, np.array(numbers, dtype=np.int64)
    )


def _event(event: Element, names: Names, shapes: list[int], values: list[str | None]) -> bool:
    """Add the fields of an event as those of a binary log are added; answer whether it has a System part."""
    keys: list[str] = []
    texts: list[str | None] = []
    seen = False
    for part in event:
        name = _bare(part.tag)
        if name == "System":
            seen = True
            for child in part:
                _leaf(child, keys, texts)
        elif name in {
            "EventData",
            "UserData",
            "ProcessingErrorData",
            "DebugData",
            "BinaryEventData",
        }:
            for attribute, value in part.attrib.items():
                _set(_bare(attribute), value, keys, texts)
            _data(part, keys, texts, 0)
    if seen:
        shapes.append(names.shape(tuple(keys)))
        values.extend(texts)
    return seen


def _set(name: str, value: str | None, keys: list[str], texts: list[str | None]) -> None:
    keys.append(name)
    texts.append(value[:LONGEST_TEXT] if value else None)


def _leaf(child: Element, keys: list[str], texts: list[str | None]) -> None:
    name = _bare(child.tag)
    for attribute, value in child.attrib.items():
        _set(
            "Provider_Name" if name == "Provider" and attribute == "Name" else _bare(attribute),
            value,
            keys,
            texts,
        )
    if child.text and child.text.strip():
        _set(name, child.text.strip(), keys, texts)


def _data(part: Element, keys: list[str], texts: list[str | None], depth: int) -> None:
    """Add the data of an event: named ones under their name, the unnamed ones together as ``Data``."""
    unnamed: list[str] = []
    for child in part:
        name = _bare(child.tag)
        if name == "Data" and "Name" in child.attrib:
            _set(child.attrib["Name"], child.text, keys, texts)
        elif name == "Data":
            unnamed.append(child.text or "")
        elif len(child) and depth < 16:
            _data(child, keys, texts, depth + 1)
        else:
            _set(name, child.text, keys, texts)
    if unnamed:
        _set("Data", "\n".join(unnamed), keys, texts)


@dataclass
class MysqlXml:
    """The parser of MySQL's audit log as XML, old and new style."""

    name: str = "mysql_audit_xml"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether it is an ``AUDIT`` document."""
        return re.search(rb"<AUDIT>\s*<AUDIT_RECORD[\s>/]", head[:8192]) is not None

    def read(self, stream: BinaryIO, origin: Origin) -> Iterator[Parsed]:
        """Yield the log in blocks of records."""
        block = _Audit(Names())
        for number, text in enumerate(_audit_records(stream), 1):
            block.take(number, text)
            if len(block.shapes) >= _BLOCK_EVENTS:
                yield block.parsed(origin)
                block = _Audit(block.names)
        yield block.parsed(origin)


@dataclass
class _Audit:
    """Records of an audit read so far."""

    names: Names
    shapes: list[int] = field(default_factory=list)
    values: list[str | None] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    rejects: list[tuple[int, str]] = field(default_factory=list)

    def take(self, number: int, text: str | None) -> None:
        """Add a record, or a reject."""
        record = _parsed_element(text)
        if record is None:
            self.rejects.append((number, "not a whole record"))
            return
        held = {_bare(k): v for k, v in record.attrib.items()}
        held |= {_bare(c.tag): (c.text or "").strip() for c in record}
        self.shapes.append(self.names.shape(tuple(_AUDIT_NAMES.get(k, k) for k in held)))
        self.values.extend(v[:LONGEST_TEXT] for v in held.values())
        self.raw.append((text or "")[:LONGEST_TEXT])
        self.numbers.append(number)

    def parsed(self, origin: Origin) -> Parsed:
        """Return the block."""
        fields = gather(self.names, self.shapes, self.values)
        found, n = Found(fields), len(fields)
        stamp = found.of("audit_record.timestamp")
        wall, utc = moments.iso(stamp)
        at = pa.array(self.numbers, pa.int64())
        columns = mysql_audit(found, n, origin) | {
            "position": at, "line": at, "source": cells.constant("mysql/audit", n), "extra": fields.map(),
        }  # fmt: skip
        times = moments.times(wall, utc, stamp)
        return Parsed(
            n + len(self.rejects), times, columns, pa.array(self.raw, pa.string()), self.rejects
        )


# Element names of the two styles, as the JSON dialect has them.
_AUDIT_NAMES = {
    "TIMESTAMP": "audit_record.timestamp", "NAME": "audit_record.name", "SQLTEXT": "audit_record.sqltext", "USER": "audit_record.user",
    "HOST": "audit_record.host", "IP": "audit_record.ip", "STATUS": "audit_record.status", "CONNECTION_ID": "audit_record.connection_id",
    "DB": "audit_record.db", "COMMAND_CLASS": "audit_record.command_class", "RECORD_ID": "audit_record.record",
}  # fmt: skip


def _audit_records(stream: BinaryIO) -> Iterator[str | None]:
    """Yield records with children (new style) or with attributes only (old style)."""
    first = stream.read(8192)
    old = re.search(rb"<AUDIT_RECORD\s+[A-Z_]+=", first) is not None
    whole = joined(first, stream)
    if not old:
        yield from _elements(whole, "AUDIT_RECORD")
        return
    rest = ""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while True:
        chunk = whole.read(_CHUNK)
        rest += decoder.decode(chunk, not chunk)
        parts = re.split(r"(?<=/>)", rest)
        rest = parts.pop()
        for part in parts:
            begin = part.find("<AUDIT_RECORD")
            yield part[begin:] if begin >= 0 else None
        if not chunk:
            if "<AUDIT_RECORD" in rest:
                yield None
            return
        if len(rest) > _LONGEST:
            yield None
            rest = ""
