"""The store of files: tables of Parquet or CSV, protected beside themselves and put in place in one step.

A shadow is built in a hidden folder beside the table; the swap is a rename, after which the file in clear lies in
the same hidden folder, readable by its owner alone. How far a change is can be read from the folder at any moment, so
whoever starts again after a kill goes on. Other programs are not locked out: a file that changed since it was read is
read again before the swap, a file somebody has open for writing is not swapped, and what was displaced is looked at
once more afterwards.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyarrow as pa

from amends.kernel.errors import AmendsError, TableError, UsageError
from amends.vault.stores.base import (
    BATCH_ROWS,
    Change,
    ChangeState,
    ColumnShape,
    Convert,
    Copying,
    Outlook,
    Refusal,
    TableShape,
)
from amends.vault.stores.file_changes import FileChange
from amends.vault.stores.file_kinds import FileKind, Form
from amends.vault.stores.file_look import copies_left, outlook_of, uses_of
from amends.vault.stores.file_tables import FileTable, find_tables, hive_keys, kind_of, walk
from amends.vault.stores.file_work import PREFIX, Work, work_for


class FileStore:
    """A file, or a folder of files, as a store.

    Args:
        path: The file or folder; a link is followed.
        kinds: Formats it may hold.

    Raises:
        UsageError: There is nothing at the path.
    """

    def __init__(self, path: Path, kinds: tuple[FileKind, ...]) -> None:
        self.name = str(path)
        self.root = path.resolve()
        self.kinds = kinds
        if not self.root.exists() and not any(self.root.parent.glob(f"{PREFIX}*")):
            raise UsageError(
                "There is nothing at this path",
                where=path.name,
                remedy="check the path to the data",
            )

    def __repr__(self) -> str:
        return f"FileStore({self.name!r})"

    def close(self) -> None:
        """Let the store go; nothing is held open."""

    def tables(self, *, count: bool = True) -> list[TableShape]:
        """Return the tables, sorted by name.

        Raises:
            TableError: A file cannot be read.
        """
        return [self._shape(table, count) for table in find_tables(self.root, self.kinds)]

    def batches(
        self, table: str, columns: Sequence[str] = (), rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """Yield rows as texts, part after part in the order of their names.

        Raises:
            TableError: A file cannot be read, or a column is not there.
        """
        held = self._table(table)
        forms = self._forms(held)
        keys = _partition_names(held)
        inner = [c for c in columns if c not in keys]
        for part, path in zip(held.parts, held.paths, strict=True):
            values = hive_keys(part) if held.is_folder else {}
            form = forms.get(part)
            for batch in held.kind.batches(path, inner, rows, form):
                yield _with_keys(batch, values, columns, keys)

    def outlook(self, change: Change) -> Outlook:
        """Return what stands in the way of a change and what will be different after it."""
        try:
            table = self._table(change.table)
        except AmendsError as error:
            return Outlook(refusals=(_as_refusal(error),))
        return outlook_of(table, self.root, change)

    def state(self, change: Change) -> ChangeState:
        """Return how far a change is, read from the folder."""
        return self._change(change).state

    def start(self, change: Change) -> None:
        """Make the hidden folder of a change; harmless when done before.

        Raises:
            TableError: The table cannot be protected as it lies.
        """
        under_way = self._change(change)
        if under_way.state != "none":
            return
        found = self.outlook(change)
        if found.refusals:
            first = found.refusals[0]
            raise TableError(first.what, where=change.table, remedy=first.remedy)
        under_way.begin(self._table(change.table))

    def copy(self, change: Change, convert: Convert) -> Iterator[Copying]:
        """Copy what is not in the shadow yet, and what was written meanwhile; yield rows done.

        Raises:
            BusyError: A file is changed faster than it can be read.
            TableError: A file cannot be read, or a value cannot be converted.
        """
        under_way = self._change(change)
        with under_way.work.alone():
            yield from under_way.copy(convert)

    @contextmanager
    def instant(self, changes: Mapping[Change, Convert]) -> Iterator[None]:
        """Catch the shadows up; files cannot be held still, so a writer may go on."""
        for change, convert in changes.items():
            for _ in self.copy(change, convert):
                pass
        yield

    def shadow(self, change: Change) -> str:
        """Return the name under which :meth:`batches` reads the shadow, or the clear copy after the swap."""
        under_way = self._change(change)
        role = "clear" if under_way.state in ("swapped", "dropped") else "shadow"
        shown = under_way.work.at(role).relative_to(self.root.parent).as_posix()
        return f"{shown}/" if change.table.endswith("/") else shown

    def swap(self, changes: Mapping[Change, Convert]) -> None:
        """Put the shadows in place; what was there is kept in clear beside them.

        Each table changes in one step, several one after the other.

        Raises:
            BusyError: A file is open for writing or changes all the time; nothing was changed.
            TableError: A change is not copied yet, or a file was written under both its names.
        """
        under_way = {self._change(c): convert for c, convert in changes.items()}
        with ExitStack() as held:
            for change in under_way:
                held.enter_context(change.work.alone())
            for change, convert in under_way.items():
                change.ready_to_swap(convert)
            for change, convert in under_way.items():
                change.swap(convert)

    def undo(self, changes: Mapping[Change, Convert]) -> Iterator[Copying]:
        """Bring tables back in clear, parts and rows written since the swap included."""
        for change, reveal in changes.items():
            under_way = self._change(change)
            with under_way.work.alone():
                yield from under_way.undo(reveal)

    def drop_clear(self, change: Change) -> None:
        """Overwrite the copy in clear once and take it away.

        Raises:
            TableError: The change is not swapped yet, or the copy was written to after the swap.
            BusyError: A program still writes to the copy.
        """
        under_way = self._change(change)
        with under_way.work.alone():
            under_way.drop()

    def leftovers(self, change: Change) -> list[str]:
        """Return, in words, where values in clear may still be."""
        under_way = self._change(change)
        return copies_left(under_way, self.root)

    def _change(self, change: Change) -> FileChange:
        live = self._live(change.table)
        work = work_for(change, live)
        return FileChange(change, live, work, self.kinds)

    def _shape(self, table: FileTable, count: bool) -> TableShape:
        paths = table.paths
        forms = self._forms(table)
        columns = list(table.kind.columns(paths[0], forms.get(table.parts[0])))
        known = {c.name for c in columns}
        columns += [c for c in _partition_columns(table) if c.name not in known]
        parts = zip(table.parts, paths, strict=True)
        rows = sum(table.kind.n_rows(p, forms.get(part)) for part, p in parts) if count else -1
        size = sum(p.stat().st_size for p in paths)
        return TableShape(
            table.name, tuple(columns), n_rows=rows, uses=uses_of(table), size_bytes=size
        )

    def _live(self, name: str) -> Path:
        """Return the file or folder of a table's name.

        Raises:
            UsageError: The name leads out of the store.
        """
        if name.rstrip("/") == self.root.name and not (self.root / name).exists():
            return self.root
        live = self.root / name.rstrip("/")
        if ".." in Path(name).parts or Path(name).is_absolute():
            raise _no_table(name)
        return live

    def _table(self, name: str) -> FileTable:
        """Return a table, or one of the copies that a change keeps.

        Raises:
            UsageError: There is no such table.
        """
        if any(piece.startswith(PREFIX) for piece in name.split("/")):
            return self._hidden(name)
        live = self._live(name)
        if not name.endswith("/") and live.is_file():
            kind = kind_of(live, self.kinds)
            if kind is not None:
                return FileTable(name, kind, live, live.parent, (live.name,))
        for table in find_tables(self.root, self.kinds):
            if table.name == name:
                return table
        held = folder_table(name, live, self.kinds) if name.endswith("/") else None
        if held is None:
            raise _no_table(name)
        return held

    def _hidden(self, name: str) -> FileTable:
        live = self.root.parent / name.rstrip("/")
        if ".." not in Path(name).parts:
            if name.endswith("/"):
                held = folder_table(name, live, self.kinds)
                if held is not None:
                    return held
            elif live.is_file() and (kind := kind_of(live, self.kinds)) is not None:
                return FileTable(name, kind, live, live.parent, (live.name,))
        raise _no_table(name)

    def _forms(self, table: FileTable) -> dict[str, Form]:
        """Return the forms that a change of this table remembers: what it says of headers outlives the change."""
        inside = next((p for p in table.live.parents if p.name.startswith(PREFIX)), None)
        places = [inside] if inside else sorted(table.live.parent.glob(f"{PREFIX}*"))
        for folder in places:
            held = Work(folder, table.live.name, "").read()
            if inside or held.get("table") == table.name:
                forms: dict[str, Form] = held.get("forms", {})
                first = next(iter(forms.values()), None)
                if first is not None:
                    return {part: forms.get(part, first) for part in table.parts}
        return {}


def folder_table(name: str, live: Path, kinds: tuple[FileKind, ...]) -> FileTable | None:
    """Return what a folder holds as one table, whether or not its parts are alike."""
    if not live.is_dir():
        return None
    held = [(p, kind) for p in walk(live) if (kind := kind_of(p, kinds))]
    if not held:
        return None
    listed = tuple(sorted(p.relative_to(live).as_posix() for p, _ in held))
    return FileTable(name, held[0][1], live, live, listed)


def _partition_names(table: FileTable) -> list[str]:
    found = [hive_keys(part) for part in table.parts] if table.is_folder else []
    return list(dict.fromkeys(key for keys in found for key in keys))


def _partition_columns(table: FileTable) -> Iterator[ColumnShape]:
    for name in _partition_names(table):
        yield ColumnShape(name, "partition", False)


def _with_keys(
    batch: pa.RecordBatch, values: dict[str, str], columns: Sequence[str], keys: list[str]
) -> pa.RecordBatch:
    """Return a batch with its partition values, in the order asked for."""
    for key in keys:
        if (not columns or key in columns) and key not in batch.schema.names:
            shown = pa.array([values.get(key)] * batch.num_rows, pa.string())
            batch = batch.append_column(key, shown)
    return batch.select(list(columns)) if columns else batch


def _no_table(name: str) -> UsageError:
    return UsageError(
        "There is no such table in this store",
        where=os.fsencode(name).decode("utf-8", "replace"),
        remedy="name one that amends vault plan shows",
    )


def _as_refusal(error: AmendsError) -> Refusal:
    return Refusal(error.what, error.remedy)
