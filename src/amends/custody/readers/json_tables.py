"""JSON and JSON Lines: arrays of objects are tables, nested objects become dotted columns.

Numbers keep the digits they were written with. A top-level array or a file of lines streams; what is not an array
of objects is read whole, up to the limit for things held in memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

import pyarrow as pa

from amends.custody.limits import TOO_BIG_REMEDY, LimitError
from amends.custody.names import clean_leaf, join, unique_columns
from amends.custody.readers.base import BATCH_ROWS, Opener, add_fault, batch_of_rows, blocks_of
from amends.custody.source import Source
from amends.custody.text import looks_like_text, sniff_encoding, text_of
from amends.kernel.contents import DocumentPart, Fault, Part, TablePart

MEDIA_TYPE = "application/json"
LOOK_OBJECTS = 20_000
LOOK_CHARACTERS = 1 << 24
MOST_TABLES = 50
MOST_INDEX = 20
MOST_NESTED = 32
LONGEST_VALUE = 1 << 28
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str, strict=False)
LINE_REMEDY = "look at the line in the original; the others were read"

Flat = dict[str, str]


class Json:
    """Reads JSON and JSON Lines."""

    name = "json"

    def detect(self, source: Source) -> bool:
        """Answer whether the text begins like JSON and its first value parses, as far as it is seen."""
        if source.head[:1] in (b"", b"<") or not looks_like_text(source.head):
            return False
        encoding, skip = sniff_encoding(source.head)
        text = source.head[skip:].decode(encoding, "replace").lstrip("\ufeff \t\r\n")
        if not text.startswith(("{", "[")):
            return False
        return _begins_like_json(text, source.is_whole, source.ending)

    def map(self, source: Source, opener: Opener) -> Iterator[Part]:
        """Yield the tables."""
        text = _Text(text_of(source.stream(), source.head))
        faults: list[Fault] = []
        first = text.peek()
        if first == "[":
            yield from self._array(source, text, opener, faults)
            return
        objects = _lines(text, source.inner_path, faults, opener.limits.faults)
        start = list(islice(objects, 2))
        if len(start) == 2 or (start and faults):
            yield from self._tables(source.inner_path, chain(start, objects), faults)
        elif start:
            yield from self._tree(source.inner_path, start[0], faults)
        else:
            opener.budget.take_item()
            yield Fault(source.inner_path, "", "truncated", LINE_REMEDY)

    def _array(
        self, source: Source, text: _Text, opener: Opener, faults: list[Fault]
    ) -> Iterator[Part]:
        values = _elements(text, source.inner_path, faults)
        start = list(islice(values, 1))
        if not start:
            opener.budget.take_item()
            yield (
                faults[0]
                if faults
                else Fault(
                    source.inner_path,
                    "",
                    "empty",
                    "ask the custodian whether it was empty at the source",
                )
            )
            return
        yield from self._tables(source.inner_path, chain(start, values), faults)

    def _tables(self, inner: str, values: Iterable[Any], faults: list[Fault]) -> Iterator[Part]:
        """Yield one table; another one begins where objects have columns not seen before."""
        flow = _Flow(flatten(value) for value in values)
        table = 0
        known: dict[str, None] = {}
        while flow.has_more():
            table += 1
            for flat in flow.look(LOOK_OBJECTS, LOOK_CHARACTERS):
                known.update(dict.fromkeys(flat))
            keys = list(known)
            open_end = table < MOST_TABLES
            path = f"{inner}#{table}" if table > 1 else inner
            columns = unique_columns([*keys, *([] if open_end else ["_other"])])
            batches = _Batches(flow, keys, columns, open_end)
            yield TablePart(
                path,
                MEDIA_TYPE,
                self.name,
                columns,
                batches,
                True,
                (),
                faults if table == 1 else [],
            )
            for _ in batches:
                pass

    def _tree(self, inner: str, value: Any, faults: list[Fault]) -> Iterator[Part]:
        """Yield a table for each array of objects in a wrapped value, and one row for what is around them."""
        found: list[tuple[str, list[Any]]] = []
        rest = _without_tables(value, "", found)
        for name, rows in found:
            yield from self._tables(join(inner, clean_leaf(name)), rows, faults)
        flat = flatten(rest)
        if flat:
            yield from self._tables(f"{inner}#values" if found else inner, [rest], faults)
        if not flat and not found:
            yield DocumentPart(inner, MEDIA_TYPE, self.name, blocks_of([json.dumps(value)]))


def _begins_like_json(text: str, whole: bool, ending: str) -> bool:
    if ending in (".json", ".jsonl", ".ndjson", ".geojson"):
        return True
    if text[0] == "[":
        return re.match(r"\[\s*[\[{\"]", text) is not None and _parses(text, whole)
    return re.match(r'\{\s*("|\})', text) is not None and _parses(text, whole)


def _parses(text: str, whole: bool) -> bool:
    try:
        _DECODER.raw_decode(text)
    except json.JSONDecodeError as error:
        return (not whole and error.pos > 0.9 * len(text)) or _cut_value(text, error)
    except RecursionError:
        return False
    return True


def _cut_value(text: str, error: json.JSONDecodeError) -> bool:
    """Answer whether a value failed only because the text ends."""
    return error.pos >= len(text) - 1 or error.msg.startswith("Unterminated string")


class _Text:
    """Text read as needed, for values that may be long."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces
        self.waiting = ""
        self.at = 0
        self.is_final = False

    def more(self) -> bool:
        """Read one more piece; ``False`` at the end."""
        piece = next(self._pieces, None)
        if piece is None:
            self.is_final = True
            return False
        self.waiting = self.waiting[self.at :] + piece
        self.at = 0
        if len(self.waiting) > LONGEST_VALUE:
            raise LimitError("too_big_inside", TOO_BIG_REMEDY)
        return True

    def peek(self) -> str:
        """Return the next character that is not a space; "" at the end."""
        while True:
            found = _SPACE.match(self.waiting, self.at)
            self.at = found.end() if found else self.at
            if self.at < len(self.waiting) and self.waiting[self.at] != "\ufeff":
                return self.waiting[self.at]
            if self.at < len(self.waiting):
                self.at += 1
            elif not self.more():
                return ""

    def value(self) -> Any:
        """Return the next value.

        Raises:
            ValueError: There is none, or it is cut.
        """
        tries = 1
        while True:
            try:
                value, end = _DECODER.raw_decode(self.waiting, self.at)
            except json.JSONDecodeError:
                if not any([self.more() for _ in range(tries)]):
                    raise
                tries = min(tries * 2, 16)
                continue
            except RecursionError as error:
                raise ValueError("nested too deeply") from error
            if end < len(self.waiting) or self.is_final or not self.more():
                self.at = end
                return value

    def skip_line(self) -> None:
        """Go to the start of the next line."""
        while True:
            end = self.waiting.find("\n", self.at)
            if end >= 0:
                self.at = end + 1
                return
            self.at = len(self.waiting)
            if not self.more():
                return


def _elements(text: _Text, inner: str, faults: list[Fault]) -> Iterator[Any]:
    """Yield the elements of a top-level array."""
    text.at += 1
    number = 0
    while True:
        sign = text.peek()
        if sign == ",":
            text.at += 1
            continue
        if sign == "]":
            return
        number += 1
        try:
            if sign == "":
                raise ValueError("the array has no end")
            yield text.value()
        except ValueError:
            faults.append(
                Fault(
                    inner,
                    f"element {number}",
                    "truncated",
                    "get a complete copy; what comes before was read",
                    whole=False,
                )
            )
            return


def _lines(text: _Text, inner: str, faults: list[Fault], most: int) -> Iterator[Any]:
    """Yield one value after another; a broken line is a fault and the next one is tried."""
    number = 0
    while text.peek():
        number += 1
        try:
            yield _line_value(text)
        except ValueError:
            add_fault(
                faults,
                Fault(inner, f"line {number}", "malformed_row", LINE_REMEDY, whole=False),
                most,
            )
            text.skip_line()
        while text.peek() == ",":
            text.at += 1


def _line_value(text: _Text) -> Any:
    """Return the next value, tried on its own line first so that a broken line is not read to the end."""
    end = text.waiting.find("\n", text.at)
    if end >= 0:
        try:
            value, text.at = _DECODER.raw_decode(text.waiting, text.at)
            return value
        except (json.JSONDecodeError, RecursionError) as error:
            after = text.waiting[end + 1 : end + 64].lstrip()
            if (
                after.startswith("{")
                and text.waiting[text.at] == "{"
                and not text.waiting[text.at : end].rstrip().endswith(("{", "[", ","))
            ):
                raise ValueError("broken line") from error
    return text.value()


class _Flow:
    """Flat objects with a look ahead."""

    def __init__(self, flats: Iterator[Flat]) -> None:
        self._flats = flats
        self.waiting: list[Flat] = []
        self.at = 0

    def look(self, count: int, characters: int) -> list[Flat]:
        """Return the next objects without taking them."""
        self.waiting = self.waiting[self.at :]
        self.at = 0
        size = 0
        while len(self.waiting) < count and size < characters:
            flat = next(self._flats, None)
            if flat is None:
                break
            size += sum(map(len, flat.values()))
            self.waiting.append(flat)
        return self.waiting

    def has_more(self) -> bool:
        """Answer whether an object is left."""
        return self.at < len(self.waiting) or bool(self.look(1, 1))

    def peek(self) -> Flat | None:
        """Return the next object without taking it."""
        return self.waiting[self.at] if self.has_more() else None


class _Batches(Iterator[pa.RecordBatch]):
    """Batches of one table of flat objects; ends where an object has a column not known."""

    def __init__(
        self, flow: _Flow, keys: list[str], columns: tuple[str, ...], open_end: bool
    ) -> None:
        self._flow = flow
        self._keys = keys
        self._known = set(keys)
        self._columns = columns
        self._open_end = open_end
        self._number = 0

    def __next__(self) -> pa.RecordBatch:
        """Return the next batch."""
        rows: list[list[str | None]] = []
        while len(rows) < BATCH_ROWS // 4:
            flat = self._flow.peek()
            if flat is None or (self._open_end and not self._known.issuperset(flat)):
                break
            self._flow.at += 1
            row: list[str | None] = [flat.get(key) or None for key in self._keys]
            if not self._open_end:
                other = {key: value for key, value in flat.items() if key not in self._known}
                row.append(json.dumps(other, ensure_ascii=False) if other else None)
            rows.append(row)
        if not rows:
            raise StopIteration
        numbers = list(range(self._number + 1, self._number + 1 + len(rows)))
        self._number += len(rows)
        return batch_of_rows(self._columns, rows, numbers)


def flatten(value: Any) -> Flat:
    """Return an object as one row: nested keys joined by dots, list elements by their number."""
    if isinstance(value, dict) and all(inner.__class__ is str for inner in value.values()):
        return value
    flat: Flat = {}
    _flatten(value, "", flat, 0)
    return flat


def _flatten(value: Any, prefix: str, flat: Flat, depth: int) -> None:
    if isinstance(value, dict) and depth < MOST_NESTED:
        for key, inner in value.items():
            _flatten(inner, f"{prefix}.{key}" if prefix else str(key), flat, depth + 1)
    elif isinstance(value, list) and depth < MOST_NESTED and len(value) <= MOST_INDEX:
        for number, inner in enumerate(value, start=1):
            _flatten(inner, f"{prefix}.{number}" if prefix else f"value.{number}", flat, depth + 1)
    else:
        text = _scalar(value)
        flat[prefix or "value"] = text


def _scalar(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _without_tables(
    value: Any, name: str, found: list[tuple[str, list[Any]]], depth: int = 0
) -> Any:
    """Return a value without its arrays of objects, which go into ``found`` under their dotted names."""
    if depth >= MOST_NESTED or not isinstance(value, dict):
        return value
    rest = {}
    for key, inner in value.items():
        path = f"{name}.{key}" if name else str(key)
        if isinstance(inner, list) and inner and all(isinstance(item, dict) for item in inner):
            found.append((path, inner))
        elif isinstance(inner, dict):
            kept = _without_tables(inner, path, found, depth + 1)
            if kept or not inner:
                rest[key] = kept
        else:
            rest[key] = inner
    return rest
