"""The desk: one case held open for everybody who is signed in, safe for threads, with what a run cost to count kept.

A page borrows a case for as long as it reads (``Desk.case``), or holds it alone while it changes something that the
command line also changes (``Desk.alone``). Appending a decision needs neither: ``case.decide`` is one transaction.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from amends.console.shelf import COPIES, Shelf
from amends.custody import open_case
from amends.kernel import ids
from amends.kernel.case import Case
from amends.kernel.engine.base import Engine
from amends.kernel.engine.duck import DuckEngine
from amends.kernel.errors import AmendsError, BusyError, EvidenceError, UsageError
from amends.kernel.ledger import Ledger, Line
from amends.kernel.schema import Table
from amends.tables import ALL
from amends.tables.persons import PERSONS

T = TypeVar("T")
log = logging.getLogger(__name__)

SORTED = frozenset(c.stands_for for c in COPIES if c.stands_for is not None)
PATIENCE_SECONDS = 8.0
LOOK_SECONDS = 3.0

ENGINES = 3
"""Pages that read at the same time; a fourth waits. Each has an engine of its own: engines share no connection."""

WAIT_SECONDS = 30.0
"""How long a page waits for its turn before it says that the console is busy."""

PASSING = frozenset({"look", "reveal", "sign_in", "sign_out", "sign_in_refused", "alarm", "export"})
"""Acts that change no number on any page."""


class Preparing(AmendsError):  # noqa: N818 - reads as the state it is
    """Something is being made for this page: answered 503, and the page comes back by itself."""


class LiveLedger(Ledger):
    """A ledger whose lines are read once and then only as they are added; ``faults`` still reads all from disk."""

    def __init__(self, path: Path) -> None:
        """Open the ledger at ``path``."""
        super().__init__(path)
        self._kept: list[Line] = []
        self._read_to = 0
        self._reading = threading.Lock()

    def lines(self) -> Iterator[Line]:
        """Yield every line in order, without checking the seals."""
        return iter(self.kept())

    def kept(self) -> list[Line]:
        """Return every line in order; the list is shared and must not be changed."""
        with self._reading:
            size = self.path.stat().st_size if self.path.exists() else 0
            if size < self._read_to:  # a copy was put back
                self._forget()
            try:
                self._read_on(size)
            except (
                EvidenceError
            ):  # lines moved under us: read all of it anew, up to what is no line
                self._forget()
                self._read_on(size, as_far_as_it_goes=True)
            return self._kept

    def _forget(self) -> None:
        self._kept, self._read_to = [], 0

    def _read_on(self, size: int, *, as_far_as_it_goes: bool = False) -> None:
        if size <= self._read_to:
            return
        with self.path.open("rb") as stream:
            stream.seek(self._read_to)
            whole, found, _ = stream.read().rpartition(b"\n")
        for text in whole.split(b"\n") if found else ():
            try:
                self._kept.append(self._parsed(text, f"line {len(self._kept) + 1}"))
            except EvidenceError:
                if not as_far_as_it_goes:
                    raise
                log.error("the ledger holds a line that is not one of its own; verify names it")
                break
        self._read_to += len(whole) + len(found)

    def append(self, act: str, **body: object) -> Line:
        """Write one line and force it to disk; threads wait for each other."""
        with self._reading:
            return super().append(act, **body)

    def faults(self) -> Iterator[str]:
        """Yield a sentence for every broken seal, read anew from disk."""
        yield from Ledger(self.path).faults()


class DeskCase(Case):
    """A case with an engine of its own, that shares ledger and register with the others on the desk."""

    def __init__(
        self,
        folder: Path,
        number: int,
        ledger: LiveLedger,
        register: sa.Engine,
        shelf: Shelf | None = None,
    ) -> None:
        """Open the case as number ``number`` of the desk; without a shelf it reads the tables themselves."""
        super().__init__(folder, contents=open_case(folder).contents)
        self.ledger = ledger
        self.__dict__["register"] = register
        self._spill = folder / f".spill-{os.getpid()}-{number}"
        self._views: dict[str, object] = {}
        self._shelf = shelf

    @property
    def engine(self) -> Engine:
        """Return the engine, started at first use, with a folder of its own for what does not fit in memory."""
        if self._engine is None:
            # Pages look up one person: a second thread costs more than it brings (measured), and others wait for it.
            threads = 1 if self._shelf else self.config.number("engine", "threads")
            self._engine = DuckEngine(self._spill, "2GB", threads)
        return self._engine

    def read(self, table: Table) -> str:
        """Make a table readable in SQL and return its name, quoted; a view stays while its files do."""
        found = self.tables.files(table)
        sorted_copy = self._shelf.file(table.name) if self._shelf and table in SORTED else None
        files = stamp_of([*found, *([sorted_copy] if sorted_copy else [])])
        if not files or self._views.get(table.name) != files:
            super().read(table)
            if sorted_copy:
                self.engine.view(table.name, [sorted_copy])
            self._views[table.name] = files
        return f'"{table.name}"'

    def close(self) -> None:
        """Stop the engine; ledger and register belong to the desk."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None


class Desk:
    """A case, open for many.

    Attributes:
        folder: The case folder.
        config: Its settings, as they were when the console started.
        ledger: Its ledger, one for all threads.
        register: Its register database; safe for threads.
    """

    def __init__(self, folder: Path) -> None:
        """Open a case.

        Raises:
            UsageError: No case there, or a setting that cannot be used.
        """
        self.folder = folder
        self.ledger = LiveLedger(folder / "ledger.jsonl")
        first = Case(folder)
        self.config = first.config
        self.name = first.name
        self.case_id = first.case_id
        self.register = first.register
        self.shelf = Shelf(folder / "console", self.tables_stamp)
        self._maker = DeskCase(folder, ENGINES, self.ledger, self.register, None)
        self._free: queue.Queue[DeskCase] = queue.Queue()
        self._made: list[DeskCase] = []
        for number in range(ENGINES):
            made = DeskCase(folder, number, self.ledger, self.register, self.shelf)
            self._made.append(made)
            self._free.put(made)
        self._writing = threading.Lock()
        self._kept: dict[str, tuple[object, object]] = {}
        self._making: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()
        self._shelving = threading.Lock()
        self._ended = threading.Event()

    @contextmanager
    def case(self) -> Iterator[Case]:
        """Lend a case to this thread alone, for reading and for ``decide``.

        Raises:
            BusyError: Others read for too long.
        """
        try:
            borrowed = self._free.get(timeout=WAIT_SECONDS)
        except queue.Empty:
            raise BusyError(
                "The console is busy with other pages", remedy="try again in a moment"
            ) from None
        try:
            yield borrowed
        finally:
            self._free.put(borrowed)

    @contextmanager
    def alone(self) -> Iterator[Case]:
        """Lend a case whose lock is held: for what the command line does under the lock (seal, approve, send, run).

        Raises:
            BusyError: A run, a sender or another person holds it.
        """
        with self._writing, self.case() as borrowed, borrowed.lock():
            yield borrowed

    def tables_stamp(self, tables: Iterable[Table] = ALL) -> str:
        """Return what changes when one of these tables is written anew."""
        root = self.folder / "tables"
        files = [p for t in tables for p in sorted((root / t.name).glob("*.parquet"))]
        return ids.digest_value(stamp_of(files))[:16]

    def on_shelf(self, case: Case, name: str) -> str:
        """Return the name in SQL of a copy of the shelf (``people``, ``names``), made first when it is not there.

        Raises:
            Preparing: It takes longer than a page may wait; the page comes back by itself.
        """
        if not case.has(PERSONS):
            raise UsageError("There has been no run yet", remedy="run: amends run CASE")
        until = time.monotonic() + PATIENCE_SECONDS
        while (file := self.shelf.file(name)) is None:
            if time.monotonic() > until or not self._make_copy(name, until):
                raise Preparing(
                    "The index of this run is being made",
                    remedy="this page comes back by itself; a million people take under a minute",
                )
        return case.engine.view(f"shelf_{name}", [file])

    def _make_copy(self, name: str, until: float) -> bool:
        """Make one copy, or wait for whoever makes it; say whether it was our turn."""
        if not self._shelving.acquire(timeout=max(0.0, until - time.monotonic())):
            return False
        try:
            wanted = [c for c in self.shelf.missing() if c.name == name]
            for copy in wanted:
                self.shelf.make(self._maker, copy)
            return not wanted or self.shelf.file(name) is not None
        finally:
            self._shelving.release()

    def keep_up(self, also: Callable[[], object] = lambda: None) -> None:
        """Make what a new run made stale, in a thread of its own, until the desk is closed.

        Args:
            also: Called after each look, to count what the first page shows.
        """

        def look() -> None:
            while not self._ended.wait(LOOK_SECONDS):
                try:
                    self.catch_up()
                    also()
                except AmendsError as error:  # a run may be writing; the next look finds it done
                    log.info("not caught up: %s", type(error).__name__)

        threading.Thread(target=look, name="shelf", daemon=True).start()

    def catch_up(self) -> None:
        """Make every copy that is missing."""
        for copy in self.shelf.missing():
            with self._shelving:
                if not self.shelf.place(copy).parent.exists() and not self._ended.is_set():
                    self.shelf.make(self._maker, copy)

    def acts_stamp(self) -> int:
        """Return the number of the last ledger line that may change a number on a page."""
        for line in reversed(self.ledger.kept()):
            if line.act not in PASSING:
                return line.seq
        return 0

    def run_id(self) -> str:
        """Return the id of the last finished run, ``R0000`` before the first."""
        for line in reversed(self.ledger.kept()):
            if line.act == "run":
                return str(line.body["run"])
        return "R0000"

    def minute(self) -> int:
        """Return the minute the console is in: what others change without a trace is looked at once in each."""
        return int(time.monotonic() / 60)

    def kept(self, name: str, key: object, make: Callable[[], T]) -> T:
        """Return what ``make`` made for this key, made once however many ask at once; one value a name is kept."""
        with self._guard:
            lock = self._making.setdefault(name, threading.Lock())
        with lock:
            have = self._kept.get(name)
            if have is None or have[0] != key:
                have = (key, make())
                self._kept[name] = have
            return have[1]  # type: ignore[return-value]  # one name, one type, by its only caller

    def remember(self, name: str, value: object) -> None:
        """Keep a value until the console ends."""
        with self._guard:
            self._kept[name] = (None, value)

    def remembered(self, name: str) -> object:
        """Return a value that was remembered, or ``None``."""
        return self._kept.get(name, (None, None))[1]

    def kept_for(self, name: str, seconds: float, make: Callable[[], T]) -> T:
        """Return what ``make`` made at most so many seconds ago."""
        return self.kept(name, int(time.monotonic() / seconds), make)

    def close(self) -> None:
        """Stop the engines and close the register."""
        self._ended.set()
        with self._shelving:
            self._maker.close()
        for made in self._made:
            made.close()
        self.register.dispose()


def stamp_of(files: list[Path]) -> list[tuple[str, int, int, int]]:
    """Return path, inode, size and time of files: what changes when one is written anew."""
    found = []
    for path in files:
        try:
            stat = path.stat()
        except FileNotFoundError:  # a run is just putting the new one in its place
            continue
        found.append((str(path), stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return found
