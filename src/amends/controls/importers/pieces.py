"""JSON and text of any size in bounded memory: a file is read piece by piece, and what is broken is stepped over.

``walk`` goes down only to the places that are asked for and gives each value there; everything else is skipped without
being built. A list of a million results therefore needs no more memory than one of them.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

from amends.controls.importers.base import Unread

CHUNK = 1 << 20
MOST = (
    4 << 20
)  # characters of one value: a result of a scanner has a few thousand; 4 Mi bounds what a bomb can build
MOST_LINE = 1 << 20

Tree = Mapping[
    str, Any
]  # a nested mapping of names; a leaf is None: "take the value here"; hence Any

_SPACE = re.compile(r"[ \t\r\n]*")
_BETWEEN = re.compile(r"[ \t\r\n]*([,\]])[ \t\r\n]*")
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|"|[\[\]{}]', re.DOTALL)
_STRING_REST = re.compile(r'(?:[^"\\]++|\\.)*+', re.DOTALL)
_SCALAR = re.compile(r"[^,\]\}\s\"\[\{]+")
_DECODER = json.JSONDecoder()


class Piece(NamedTuple):
    """A value found at a wanted place.

    Attributes:
        path: Names and numbers from the root.
        value: What stands there. ``Any``: it is foreign JSON.
    """

    path: tuple[str | int, ...]
    value: Any


class _CutError(Exception):
    """The text ends in the middle of a value."""


class _FaultyError(Exception):
    """What stands here is no JSON."""


class Texts:
    """The text of a stream, chunk by chunk, whatever its encoding; ``odd`` says that signs were lost."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decode: codecs.IncrementalDecoder | None = None
        self.odd = False
        self.cut = False

    def more(self) -> str:
        """Return the next chunk, "" at the end."""
        while True:
            try:
                body = self._stream.read(CHUNK)
            except (OSError, EOFError, ValueError):
                body, self.cut = b"", True
            if self._decode is None:
                self._decode = codecs.getincrementaldecoder(encoding_of(body))("replace")
            text = self._decode.decode(body, final=not body)
            if "\ufffd" in text:
                self.odd = True
            if text or not body:
                return text


def encoding_of(head: bytes) -> str:
    """Return the encoding of a file by its first bytes: byte order mark, zeros of UTF-16, else UTF-8."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if head.startswith(mark):
            return encoding
    some = head[:4096]
    if some and some.count(0) > len(some) // 4:
        return "utf-16-le" if some[1::2].count(0) > some[::2].count(0) else "utf-16-be"
    return "utf-8"


def walk(stream: BinaryIO, wanted: Tree) -> Iterator[Piece | Unread]:
    """Yield each value at the wanted places of a JSON document.

    Args:
        stream: Its bytes.
        wanted: Nested names; ``*`` stands for every element or name; ``None`` takes the value.

    Yields:
        Pieces in the order of the file, and what could not be read; nothing raises.
    """
    walker = _Walker(Texts(stream))
    try:
        yield from walker.down(wanted, ())
    except _CutError:
        yield Unread("", "truncated", "Export the file again; what came before its end was read.")
    except _FaultyError:
        yield Unread("", "malformed", "Export the file again; what came before the fault was read.")
    if walker.texts.odd:
        yield Unread(
            "", "odd_encoding", "Export the file as UTF-8; signs that were lost show as �."
        )


class _Walker:
    """A place in a text that is read as it is needed."""

    def __init__(self, texts: Texts) -> None:
        self.texts = texts
        self.text = ""
        self.at = 0
        self.ended = False

    def _more(self) -> bool:
        """Append the next chunk and drop what was used; answer whether there was any."""
        if self.ended:
            return False
        fresh = self.texts.more()
        self.text = self.text[self.at :] + fresh
        self.at = 0
        self.ended = not fresh
        return bool(fresh)

    def _next(self) -> str:
        """Return the next sign that is no space, without using it."""
        while True:
            found = _SPACE.match(self.text, self.at)
            assert found is not None  # the pattern takes nothing as well
            self.at = found.end()
            if self.at < len(self.text):
                return self.text[self.at]
            if not self._more():
                raise _CutError

    def _use(self, sign: str) -> None:
        if self._next() != sign:
            raise _FaultyError
        self.at += 1

    def down(self, wanted: Tree | None, path: tuple[str | int, ...]) -> Iterator[Piece | Unread]:
        """Yield what is wanted of the value that begins here, and step behind it."""
        sign = self._next()
        if wanted is None:
            yield self._taken(path)
        elif sign == "{":
            yield from self._members(wanted, path)
        elif sign == "[" and "*" in wanted:
            yield from self._elements(wanted["*"], path)
        else:
            self.skip()

    def _members(self, wanted: Tree, path: tuple[str | int, ...]) -> Iterator[Piece | Unread]:
        self._use("{")
        if self._next() == "}":
            self.at += 1
            return
        while True:
            if self._next() != '"':
                raise _FaultyError
            name = self._value()
            self._use(":")
            if name in wanted:
                yield from self.down(wanted[name], (*path, name))
            elif "*" in wanted:
                yield from self.down(wanted["*"], (*path, name))
            else:
                self.skip()
            if self._next() == "}":
                self.at += 1
                return
            self._use(",")

    def _elements(
        self, wanted: Tree | None, path: tuple[str | int, ...]
    ) -> Iterator[Piece | Unread]:
        self._use("[")
        if self._next() == "]":
            self.at += 1
            return
        number = 0
        while True:
            if (
                wanted is None
            ):  # the many: a generator of its own for each would cost as much as the parsing
                yield self._taken((*path, number))
            else:
                yield from self.down(wanted, (*path, number))
            number += 1
            found = _BETWEEN.match(self.text, self.at)
            if found and found.end() < len(self.text):
                self.at = found.end()
                if found[1] == "]":
                    return
                continue
            if self._next() == "]":
                self.at += 1
                return
            self._use(",")

    def _taken(self, path: tuple[str | int, ...]) -> Piece | Unread:
        self._next()
        try:
            return Piece(path, self._value())
        except (_FaultyError, RecursionError, ValueError) as error:
            if not self.text.startswith(("{", "["), self.at):
                raise _FaultyError from error
            reason = "too_deep" if isinstance(error, RecursionError) else "malformed"
            if isinstance(error, _FaultyError) and error.args:
                reason = error.args[0]
            self.skip()
            place = "/".join(str(p + 1) if isinstance(p, int) else p for p in path)
            return Unread(
                words_of_place(place), reason, "Mend this entry, or export the file again."
            )

    def _value(self) -> Any:  # foreign JSON
        """Return the value that begins here and step behind it."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self.text, self.at)
            except json.JSONDecodeError as error:
                unfinished = error.msg.startswith("Unterminated") or error.pos > len(self.text) - 16
                if not unfinished:
                    raise _FaultyError from error
                self._grow()
                continue
            if end == len(self.text) and self._more():
                continue  # a number may go on
            if end - self.at > MOST:
                raise _FaultyError("too_large")
            self.at = end
            return value

    def _grow(self) -> None:
        """Read as much again, so that a long value is tried a few times only."""
        if len(self.text) - self.at > MOST:
            raise _FaultyError("too_large")
        wanted = 2 * (len(self.text) - self.at)
        if not self._more():
            raise _CutError
        while len(self.text) - self.at < wanted and self._more():
            pass

    def skip(self) -> None:
        """Step behind the value that begins here without building it, however deep or long it is."""
        sign = self._next()
        if sign == '"':
            self.at += 1
            self._skip_string()
        elif sign in "{[":
            self._skip_nested()
        else:
            found = _SCALAR.match(self.text, self.at)
            if found is None:
                raise _FaultyError
            self.at = found.end()
            while self.at == len(self.text) and self._more():
                found = _SCALAR.match(self.text, self.at)
                self.at = found.end() if found else self.at

    def _skip_nested(self) -> None:
        depth = 0
        while True:
            for found in _TOKEN.finditer(self.text, self.at):
                sign = found[0]
                if sign == '"':  # a string that goes on behind this chunk
                    self.at = found.end()
                    self._skip_string()
                    break
                if sign[0] == '"':
                    continue
                depth += 1 if sign in "{[" else -1
                if not depth:
                    self.at = found.end()
                    return
            else:
                self.at = len(self.text)
                if not self._more():
                    raise _CutError

    def _skip_string(self) -> None:
        """Step behind the end of a string whose first quote was used."""
        while True:
            found = _STRING_REST.match(self.text, self.at)
            assert found is not None  # the pattern takes nothing as well
            self.at = found.end()
            if self.text.startswith('"', self.at):
                self.at += 1
                return
            if not self._more():
                raise _CutError


def words_of_place(place: str) -> str:
    """Return a path in a document without what could be evidence: names are kept to 40 signs each."""
    return "/".join(part[:40] for part in place.split("/"))[:200]


def lines(stream: BinaryIO, faults: list[Unread]) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text with their numbers from 1; one too long to be a line is a fault and left out."""
    texts = Texts(stream)
    number, rest, dropping = 0, "", False
    while fresh := texts.more():
        parts = (rest + fresh).split("\n")
        rest = parts.pop()
        for part in parts:
            number += 1
            if dropping or len(part) > MOST_LINE:
                faults.append(
                    Unread(
                        f"line {number}", "line_too_long", "Split the line and add the file again."
                    )
                )
                dropping = False
                continue
            yield number, part
        if len(rest) > MOST_LINE:
            rest, dropping = "", True
    if rest and not dropping:
        yield number + 1, rest
    elif dropping:
        faults.append(
            Unread(f"line {number + 1}", "line_too_long", "Split the line and add the file again.")
        )
    if texts.cut:
        faults.append(
            Unread("", "truncated", "Add the file again; it could not be read to its end.")
        )
    if texts.odd:
        faults.append(
            Unread("", "odd_encoding", "Export the file as UTF-8; signs that were lost show as �.")
        )
