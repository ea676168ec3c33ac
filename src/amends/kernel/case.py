"""A case: one incident and all we know of it; a folder.

acme/
case.toml  evidence/  tables/NAME/*.parquet  register.db  ledger.jsonl  keys/  runs/  out/
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import sqlalchemy as sa

from amends.kernel import config, ids
from amends.kernel import register as registers
from amends.kernel.contents import Contents
from amends.kernel.engine.base import Engine
from amends.kernel.engine.duck import DuckEngine
from amends.kernel.errors import BusyError, UsageError
from amends.kernel.ledger import Ledger
from amends.kernel.progress import Progress, Silent
from amends.kernel.schema import Table
from amends.kernel.store import TableStore


class Case:
    """A case folder, opened.

    Args:
        folder: The case folder; made by ``Case.create``.
        progress: Where work reports how far it is.
        contents: Opens exhibits; the pipeline hands custody's reader in.
    """

    def __init__(
        self, folder: Path, *, progress: Progress | None = None, contents: Contents | None = None
    ) -> None:
        """Open a case and check its settings.

        Raises:
            UsageError: No case there, or a setting that cannot be used.
            TableError: A newer Amends made it.
        """
        self.folder = folder
        self.config = config.read_config(folder / "case.toml")
        self.progress = progress or Silent()
        self.ledger = Ledger(folder / "ledger.jsonl")
        self.tables = TableStore(folder / "tables")
        self._contents = contents
        self._engine: Engine | None = None

    @classmethod
    def create(cls, folder: Path, values: Mapping[tuple[str, str], config.Value]) -> Case:
        """Make a case folder with these settings and open it.

        Raises:
            UsageError: Something is already there.
        """
        if (folder / "case.toml").exists() or (folder.exists() and any(folder.iterdir())):
            raise UsageError(
                "There is already something in this folder",
                where=str(folder),
                remedy="choose another name for the case",
            )
        for name in ("evidence", "tables", "out", "runs"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "keys").mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
        given = {("case", "format"): config.FORMAT, ("case", "name"): folder.name, **values}
        (folder / "case.toml").write_text(config.toml_text(given), "utf-8")
        case = cls(folder)
        case.ledger.append(
            "new", case_id=ids.new(), settings={f"{s}.{k}": v for (s, k), v in given.items()}
        )
        return case

    @property
    def name(self) -> str:
        """Return the short name of the case."""
        return self.config.text("case", "name") or self.folder.name

    @property
    def case_id(self) -> str:
        """Return the id that the first line of the ledger gives the case; it goes with a copy of the folder."""
        first = next(self.ledger.lines(), None)
        if first is None:
            return ""
        return str(first.body.get("case_id") or first.digest[:16])

    @property
    def out(self) -> Path:
        """Return the folder of deliverables."""
        return self.folder / "out"

    @property
    def contents(self) -> Contents:
        """Return what opens exhibits."""
        if self._contents is None:
            raise UsageError(
                "This case was opened without a reader of exhibits",
                remedy="open it with amends.pipeline.open_case",
            )
        return self._contents

    @property
    def engine(self) -> Engine:
        """Return the engine, started at first use."""
        if self._engine is None:
            self._engine = DuckEngine(
                self.folder / f".spill-{os.getpid()}",
                self.config.text("engine", "memory"),
                self.config.number("engine", "threads"),
            )
        return self._engine

    @cached_property
    def register(self) -> sa.Engine:
        """Return the register database, its tables made."""
        return registers.open_register(
            self.config.text("register", "url"), self.folder / "register.db", self.case_id
        )

    @contextmanager
    def scratch(self, stage: str) -> Iterator[Path]:
        """Hold a folder for half-made tables, only for the owner; tokens and masked text, never an identifier."""
        folder = self.folder / f".spill-{stage}-{os.getpid()}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def read(self, table: Table) -> str:
        """Make a table readable in SQL and return its name, quoted.

        Raises:
            TableError: It does not exist yet, or another version wrote it.
        """
        return self.tables.view(self.engine, table)

    def has(self, table: Table) -> bool:
        """Say whether a table was written."""
        return self.tables.exists(table)

    def write(
        self, table: Table, rows: str | pa.Table | Iterable[pa.RecordBatch | pa.Table]
    ) -> int:
        """Write a table whole, from SQL, Arrow or a stream of batches; return the number of rows.

        Raises:
            TableError: A column is missing, or the disk is full; the table as it was before is
                kept.
        """
        if isinstance(rows, str):
            return self.tables.write_sql(self.engine, table, rows)
        if isinstance(rows, pa.Table):
            return self.tables.write_batches(table, [rows])
        return self.tables.write_batches(table, rows)

    def decide(
        self, kind: str, subject: Mapping[str, object], choice: str, note: str = ""
    ) -> registers.Decision:
        """Record what a person decided; the next run obeys."""
        made = registers.add_decision(self.register, kind, subject, choice, note)
        self.ledger.append("decide", decision=made.decision_id, kind=kind, choice=choice)
        return made

    def decisions(self, kind: str | None = None) -> list[registers.Decision]:
        """Return the decisions in force, oldest first."""
        return registers.decisions(self.register, kind)

    def add_event(
        self, kind: str, at: str, evidence: str = "", note: str = ""
    ) -> registers.CaseEvent:
        """Record a dated event of the case."""
        made = registers.add_event(self.register, kind, at, evidence, note)
        self.ledger.append("event", kind=kind, at=at, evidence=evidence)
        return made

    def events(self) -> dict[str, registers.CaseEvent]:
        """Return the event in force for each kind."""
        return {e.kind: e for e in registers.events(self.register)}

    def run_id(self) -> str:
        """Return the id of the last finished run, ``R0000`` before the first."""
        line = self.ledger.last("run")
        return str(line.body["run"]) if line else "R0000"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the case alone.

        Raises:
            BusyError: Another process holds it.
        """
        with (self.folder / ".lock").open("a") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise BusyError(
                    "Another Amends is working on this case",
                    where=str(self.folder),
                    remedy="wait for it to end, then give the same command again",
                ) from error
            self.tables.recover()
            yield

    def close(self) -> None:
        """Stop the engine and close the register."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None
        if "register" in self.__dict__:
            self.register.dispose()

    def __enter__(self) -> Case:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
