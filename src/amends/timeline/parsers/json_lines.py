# ruff: noqa: E501  (patterns and tables of names read best on one line)
"""Logs as JSON: an event a line, an array of them, or a document that holds them (``{"Records": [...]}``).

Each event is made flat (``winlog.event_data.TargetUserName``); ``json_dialects`` says what its fields mean. What no dialect knows but
has a time is an event of kind ``other`` with all its fields.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO

import numpy as np
import orjson
import pyarrow as pa

from amends.tables.timeline import EVENTS
from amends.timeline.columns import Ints, gather
from amends.timeline.lines import blocks
from amends.timeline.parsers import evtx, evtx_events
from amends.timeline.parsers import json_dialects as dialects
from amends.timeline.parsers.base import Origin, Parsed, Times
from amends.timeline.parsers.fields import Names
from amends.timeline.parsers.fields import gather as gather_fields
from amends.timeline.parsers.headed import joined
from amends.timeline.parsers.records import LONGEST_TEXT

Json = Any  # what a JSON document holds

_TYPES = {c.name: c.arrow for c in EVENTS.columns}
_DEEPEST, _MOST_FIELDS = 12, 400
_LONGEST_DOCUMENT = 32 << 20
"""One event of a document must fit in this; a longer one is no log."""
_CHUNK = 4 << 20
_MOST_TRIES = 100
"""How often reading goes on behind what is no JSON; each try may look at everything that follows."""
_BLOCK_EVENTS = 20_000
# Keys under which vendors hold the events of a document: CloudTrail, Azure, Google, Okta, Elasticsearch, MISP-like exports.
_HOLDERS = (
    "Records",
    "records",
    "value",
    "events",
    "Events",
    "hits",
    "entries",
    "logEvents",
    "items",
)


@dataclass
class _Block:
    """Events read so far."""

    names: Names
    shapes: list[int] = field(default_factory=list)
    values: list[str | None] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    windows: list[bool] = field(default_factory=list)
    rejects: list[tuple[int, str]] = field(default_factory=list)

    def take(self, event: Json, raw: str, line: int, position: int) -> None:
        """Add an event, or a reject."""
        if not isinstance(event, dict):
            self.rejects.append((line, "not a JSON object"))
            return
        inner = event.get("Event")
        native = isinstance(inner, dict) and isinstance(inner.get("System"), dict)
        if len(raw) <= LONGEST_TEXT and _PLAIN.issuperset(map(type, event.values())):
            # a flat event, as most are; what is null is dropped with what is empty
            self.shapes.append(self.names.shape(tuple(event)[: _MOST_FIELDS + 1]))
            self.values += [
                v if type(v) is str else _WORDS[type(v)](v)
                for v in islice(event.values(), _MOST_FIELDS + 1)
            ]
        elif native:
            evtx.flatten(event["Event"], self.names, self.shapes, self.values)
        else:
            keys: list[str] = []
            texts: list[str | None] = []
            _flatten(event, "", keys, texts, 0)
            self.shapes.append(self.names.shape(tuple(keys)))
            self.values += texts
        self.windows.append(native)
        self.lines.append(line)
        self.positions.append(position)
        self.raw.append(raw)


_WORDS: dict[type, Callable[[Json], str | None]] = {
    str: str, int: str, float: str, bool: lambda v: "true" if v else "false", type(None): lambda _: None,
}  # fmt: skip
_PLAIN = frozenset(_WORDS)


def _flatten(part: Json, prefix: str, keys: list[str], texts: list[str | None], depth: int) -> None:
    for name, value in part.items():
        path = f"{prefix}{name}"
        kind = type(value)
        if kind is str:
            keys.append(path)
            texts.append(value if len(value) <= LONGEST_TEXT else value[:LONGEST_TEXT])
        elif kind is dict and depth < _DEEPEST:
            _flatten(value, path + ".", keys, texts, depth + 1)
        elif value is not None:
            keys.append(path)
            texts.append(_text(value))
        if len(keys) > _MOST_FIELDS:
            return


def _text(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, list) and all(isinstance(v, (str, int, float)) for v in value):
        return "\n".join(map(str, value))[:LONGEST_TEXT]
    return json.dumps(value)[:LONGEST_TEXT]


@dataclass
class JsonLog:
    """The parser of JSON logs."""

    name: str = "json"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether it begins with a JSON object, or an array or document of them, with a known meaning or a time."""
        bare = head.lstrip(b"\xef\xbb\xbf \t\r\n")
        if not bare.startswith((b"{", b"[{", b"[\n", b"[\r", b"[ ")):
            return False
        block = _Block(Names())
        for event in _first_events(bare):
            block.take(event, "", 1, 0)
        if not block.shapes:
            return False
        found = gather_fields(block.names, block.shapes, block.values)
        return any(block.windows) or bool((dialects.choose(found, origin) >= 0).any())

    def read(self, stream: BinaryIO, origin: Origin) -> Iterator[Parsed]:
        """Yield the log in blocks."""
        head = stream.read(65536)
        rest = _Rejoined(head, stream)
        names = Names()
        blocks_read = _by_line(rest, names) if _is_lines(head) else _by_document(rest, names)
        for block in blocks_read:
            yield _parsed(block, origin)


class _Rejoined:
    """A stream with its first bytes put back."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head, self._stream = head, stream

    def read(self, size: int = -1) -> bytes:
        if not self._head:
            return self._stream.read(size)
        part, self._head = (self._head, b"") if size < 0 else (self._head[:size], self._head[size:])
        return part if size >= 0 else part + self._stream.read()


def _loads(text: bytes | str) -> Json:
    """Return a JSON value; raise ``ValueError`` for what is none."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            return json.loads(text)
        except RecursionError as error:
            raise ValueError from error


def _bare(line: bytes) -> bytes:
    """Return a line without what an array puts around an event."""
    bare = line.strip(b" \t\r\n\xef\xbb\xbf")
    if bare.startswith(b"["):
        bare = bare[1:].lstrip()
    bare = bare.rstrip(b",").rstrip()
    return bare[:-1].rstrip() if bare.endswith(b"}]") else bare


def _is_lines(head: bytes) -> bool:
    """Answer whether each line is an event: the first that is no bracket parses by itself and holds no others."""
    for line in head.split(b"\n")[:5]:
        bare = _bare(line)
        if not bare or bare in (b"]", b"["):
            continue
        try:
            event = _loads(bare)
        except ValueError:
            return (
                b"\n" in head[:-1]
                and not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
                and _later_lines(head)
            )
        return isinstance(event, dict) and _held(event) is None
    return False


def _later_lines(head: bytes) -> bool:
    """Answer whether some later line is an event: the first may be damaged."""
    for line in head.split(b"\n")[1:20]:
        try:
            if isinstance(_loads(_bare(line)), dict):
                return True
        except ValueError:
            continue
    return False


def _held(event: dict[str, Json]) -> list[Json] | None:
    for holder in _HOLDERS:
        inner = event.get(holder)
        if (
            isinstance(inner, list)
            and len(event) <= 6
            and all(isinstance(e, dict) for e in inner[:20])
        ):
            return inner
    return None


def _first_events(bare: bytes) -> list[Json]:
    if _is_lines(bare):
        found = []
        for line in bare.split(b"\n")[:20]:
            try:
                found.append(_loads(_bare(line)))
            except ValueError:
                continue
        return found
    return [event for event, _ in _documents(bare[:65536].decode("utf-8", "replace"))[0][:20]]


def _by_line(stream: Any, names: Names) -> Iterator[_Block]:
    for lines in blocks(stream):
        block = _Block(names)
        body = lines.buffer.tobytes()
        for start, end, number, position in zip(
            lines.starts.tolist(),
            lines.ends.tolist(),
            lines.numbers.tolist(),
            lines.positions.tolist(),
            strict=True,
        ):
            bare = body[start:end]
            if not (bare.startswith(b"{") and bare.endswith(b"}")):
                bare = _bare(bare)
            if len(bare) < 2:
                block.rejects.append((number, "no event"))
                continue
            try:
                event = _loads(bare)
            except ValueError:
                block.rejects.append((number, "not JSON"))
                continue
            block.take(event, bare.decode("utf-8", "replace"), number, position)
        yield block


def _documents(text: str) -> tuple[list[tuple[Json, str]], str, str]:
    """Return the events of a text, what is left of it for more text to complete, and why it can go no further."""
    found: list[tuple[Json, str]] = []
    at, decode = 0, json.JSONDecoder().raw_decode
    while True:
        while at < len(text) and text[at] in " \t\r\n,[]}\ufeff":
            at += 1
        if at >= len(text):
            return found, "", ""
        inside = _into(text, at)
        if inside > at:
            at = inside
            continue
        if text[at] != "{":
            step = text.find("{", at)
            if step < 0:
                return found, "", "text that is no JSON"
            at = step
            continue
        try:
            event, end = decode(text, at)
        except (ValueError, RecursionError):
            return found, text[at:], "unfinished"
        found.append((event, text[at:end]))
        at = end


def _into(text: str, at: int) -> int:
    """Return where the first event of a document such as ``{"Records": [`` begins; ``at`` when it is none."""
    head = text[at : at + 4096]
    for holder in _HOLDERS:
        mark = head.find(f'"{holder}"')
        if mark > 0 and "{" not in head[1:mark]:
            after = head[mark + len(holder) + 2 :].lstrip(" :\r\n\t")
            if after.startswith("["):
                return at + len(head) - len(after) + 1
    return at


def _by_document(stream: Any, names: Names) -> Iterator[_Block]:
    block, rest, number, tries = _Block(names), "", 0, 0
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while True:
        chunk = stream.read(_CHUNK)
        rest += decoder.decode(chunk, not chunk)
        while True:
            found, rest, _ = _documents(rest)
            for event, text in found:
                number += 1
                block.take(event, text[:LONGEST_TEXT], number, number)
            if not rest or (chunk and len(rest) <= _LONGEST_DOCUMENT):
                break
            number += 1
            block.rejects.append((number, "cut off or not JSON"))
            tries += 1
            after = rest.find("\n{", 1) if tries <= _MOST_TRIES else -1
            rest = rest[after:] if after > 0 else ""
        if len(block.shapes) >= _BLOCK_EVENTS or not chunk:
            yield block
            block = _Block(names)
        if not chunk:
            return


def _parsed(block: _Block, origin: Origin) -> Parsed:
    """Return a block of events: those of Windows by their own tables, the others by dialect."""
    n = len(block.shapes)
    found = gather_fields(block.names, block.shapes, block.values)
    lines, positions = (
        np.array(block.lines, dtype=np.int64),
        np.array(block.positions, dtype=np.int64),
    )
    of = dialects.choose(found, origin)
    native = np.array(block.windows, dtype=bool)
    groups: list[tuple[Ints, dict[str, pa.Array]]] = []
    timed: list[tuple[Ints, Times]] = []
    of[native] = -2
    for number in np.unique(of):
        rows = np.flatnonzero(of == number)
        if number == -1:
            block.rejects += [(int(line), "no time and no known shape") for line in lines[rows]]
            continue
        part = found.only(rows) if len(rows) < n else found
        if number == -2 or dialects.DIALECTS[number].name == "windows":
            part = part if number == -2 else dialects.as_windows(part)
            parsed = evtx_events.parsed(part, 1, [])
            groups.append(
                (rows, {k: v for k, v in parsed.columns.items() if k not in ("position", "line")})
            )
            timed.append((rows, parsed.times))
        else:
            columns, times = dialects.DIALECTS[number].read(part, origin)
            groups.append((rows, columns | {"extra": part.map()}))
            timed.append((rows, times))
    good = np.flatnonzero(of != -1)
    place = np.cumsum(of != -1) - 1
    columns = gather(len(good), [(place[r], c) for r, c in groups], _TYPES)
    columns |= {"position": pa.array(positions[good]), "line": pa.array(lines[good])}
    raw = pa.array([block.raw[i] for i in good], pa.string())
    return Parsed(
        n + len(block.rejects) - int((of == -1).sum()),
        joined(len(good), [(place[r], t) for r, t in timed]),
        columns,
        raw,
        sorted(block.rejects),
    )
