"""Open an exhibit: recognise what it is, read it, open what is inside, and never stop at a fault."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, cast

import pyarrow as pa

from amends.custody.limits import BOMB_REMEDY, Budget, LimitError, Limits
from amends.custody.names import unique
from amends.custody.readers import CONTAINERS, FORMATS
from amends.custody.readers.base import Format, Opener
from amends.custody.source import Source
from amends.kernel.contents import Fault, Part, RawPart, TablePart

LOG = logging.getLogger(__name__)
DAMAGED = (EOFError, zlib.error, pa.ArrowException)
Piece = TypeVar("Piece")
UNREADABLE_REMEDY = "open it with the program that made it and export it again"
UNKNOWN_REMEDY = "find out what made it; export it as text, CSV or PDF and add that"
READ_REMEDY = "check that it exists, is a file and may be read"
EMPTY_REMEDY = "ask the custodian whether it was empty at the source"


class Reader:
    """Reads exhibits; satisfies ``kernel.contents.Contents``."""

    def __init__(self, limits: Limits | None = None, passwords: tuple[str, ...] = ()) -> None:
        """Keep the bounds and the passwords to try."""
        self.limits = limits or Limits()
        self.passwords = passwords

    def parts(self, path: Path, name: str = "") -> Iterator[Part]:
        """Yield every part of the file at ``path``, in a fixed order; a fault never stops the rest.

        Args:
            path: The file.
            name: Its name as it was received, for hints by ending; by default the name of ``path``.
        """
        yield from self._walk(_Opening(self.limits, self.passwords), path, name)

    def _walk(self, opening: _Opening, path: Path, name: str) -> Iterator[Part]:
        try:
            if not path.is_file():
                yield Fault("", "", "unreadable", READ_REMEDY)
                return
            source = Source("", name or path.name, limits=self.limits, path=path)
        except OSError:
            yield Fault("", "", "unreadable", READ_REMEDY)
            return
        try:
            yield from opening.inside(source)
        finally:
            source.close()

    def raw(self, path: Path, name: str = "") -> Iterator[RawPart | Fault]:
        """Yield every file at ``path`` as bytes, in a fixed order; containers are opened, nothing else is."""
        opening = _RawOpening(self.limits, self.passwords)
        yield from cast("Iterator[RawPart | Fault]", self._walk(opening, path, name))


class _Opening:
    """One exhibit being read: its budget, and the way down into containers."""

    def __init__(self, limits: Limits, passwords: tuple[str, ...]) -> None:
        self.limits = limits
        self.passwords = passwords
        self.budget = Budget(limits)

    def inside(self, source: Source) -> Iterator[Part]:
        """Yield the parts of a source; what goes wrong becomes a fault."""
        try:
            if source.depth > self.limits.depth:
                raise LimitError("bomb", BOMB_REMEDY)
            if not source.head:
                self.budget.take_item()
                yield Fault(source.inner_path, "", "empty", EMPTY_REMEDY)
                return
            chosen = self._recognise(source)
            if chosen is None:
                self.budget.take_item()
                yield Fault(source.inner_path, "", "unknown_format", UNKNOWN_REMEDY)
                return
            found = False
            for part in chosen.map(source, self):
                found = True
                yield self._counted(part)
            if not found:
                self.budget.take_item()
                yield Fault(source.inner_path, "", "empty", EMPTY_REMEDY)
        except LimitError as error:
            yield Fault(source.inner_path, "", error.reason, error.remedy)
        except DAMAGED:
            yield Fault(source.inner_path, "", "truncated", UNREADABLE_REMEDY)
        except Exception as error:  # one bad item must not lose the rest
            LOG.debug("unreadable item: %s", type(error).__name__)
            yield Fault(source.inner_path, "", "unreadable", UNREADABLE_REMEDY)

    def _recognise(self, source: Source) -> Format | None:
        return next((form for form in FORMATS if form.detect(source)), None)

    def _counted(self, part: Part) -> Part:
        """Count a part once, make its name unique, and guard what streams out of it."""
        if isinstance(part, Fault | RawPart):
            return part
        if isinstance(part, TablePart):
            if isinstance(part.batches, _Guarded):
                return part
            self.budget.take_item()
            path = unique(part.inner_path, self.budget.names)
            return replace(part, inner_path=path, batches=_Guarded(part.batches, part.faults, path))
        if isinstance(part.blocks, _Guarded):
            return part
        self.budget.take_item()
        path = unique(part.inner_path, self.budget.names)
        return replace(part, inner_path=path, blocks=_Guarded(part.blocks, part.faults, path))


class _RawOpening(_Opening):
    """One exhibit being opened down to its files; the files themselves stay bytes."""

    def _recognise(self, source: Source) -> Format | None:
        return next((form for form in CONTAINERS if form.detect(source)), _AS_IT_IS)


class _AsItIs:
    """Hands a file on as bytes."""

    name = "raw"

    def detect(self, source: Source) -> bool:
        """Answer yes: anything is bytes."""
        return True

    def map(self, source: Source, opener: Opener) -> Iterator[Part]:
        """Yield the one file."""
        opener.budget.take_item()
        inner = unique(source.inner_path, opener.budget.names)
        # A raw opening yields raw parts and faults only; ``Reader.raw`` says so.
        yield cast("Part", RawPart(inner, source.name, source.stream()))


_AS_IT_IS = _AsItIs()


class _Guarded(Iterator[Piece]):
    """Batches or blocks whose failure ends them with a fault instead of an error."""

    def __init__(self, pieces: Iterator[Piece], faults: list[Fault], inner_path: str) -> None:
        self._pieces = pieces
        self._faults = faults
        self._inner_path = inner_path
        self._ended = False

    def __next__(self) -> Piece:
        """Return the next piece; a failure is a fault of the part, and its end."""
        if self._ended:
            raise StopIteration
        try:
            return next(self._pieces)
        except StopIteration:
            self._ended = True
            raise
        except LimitError as error:
            self._fail(error.reason, error.remedy)
        except DAMAGED:
            self._fail("truncated", UNREADABLE_REMEDY)
        except Exception as error:  # one bad item must not lose the rest
            LOG.debug("item ended early: %s", type(error).__name__)
            self._fail("unreadable", UNREADABLE_REMEDY)
        raise StopIteration

    def _fail(self, reason: str, remedy: str) -> None:
        self._ended = True
        self._faults.append(Fault(self._inner_path, "", reason, remedy, whole=False))
