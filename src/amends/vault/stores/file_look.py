"""What is said of tables of files: what stands on them, what a change would meet, where clear values are left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from amends.kernel.errors import AmendsError
from amends.vault.stores.base import Change, Outlook, Refusal
from amends.vault.stores.csv_streams import PACKED, unpacked
from amends.vault.stores.file_changes import SUMMARIES, FileChange
from amends.vault.stores.file_marks import digest_of
from amends.vault.stores.file_tables import FileTable, hive_keys, lake_of, walk
from amends.vault.stores.file_work import PREFIX, Work

TOKEN_BYTES = 48
"""What a token of nine digits takes in a file with its length: 3 + 34 letters, and room for longer values."""
SAMPLE_BYTES = 1 << 20
PACKED_SHRINKS = 8
"""How much packing shrinks a table at most: gzip and zstd take tables of customers to a quarter or a sixth."""
LINES_SHOWN = 20


def uses_of(table: FileTable) -> tuple[str, ...]:
    """Return what stands on the files of a table, in words."""
    said: list[str] = []
    linked = [p for p in table.paths if p.stat().st_nlink > 1]
    if linked:
        said.append(f"{len(linked)} of its files have another name too (hard links)")
    if table.is_folder:
        said.append(f"{len(table.parts)} parts")
        found = [name for name in SUMMARIES if (table.live / name).exists()]
        if found:
            said.append(f"summary of all parts: {', '.join(found)}")
    return tuple(said)


def outlook_of(table: FileTable, root: Path, change: Change) -> Outlook:
    """Return what a change of a table would meet."""
    refusals = list(_refusals(table, root, change))
    changes: list[str] = []
    if not refusals:
        changes = list(dict.fromkeys(_changes(table, change)))
    size = sum(path.stat().st_size for path in table.paths)
    grown = sum(_rows(table, path) for path in table.paths) * TOKEN_BYTES * len(change.columns)
    return Outlook(tuple(refusals), tuple(changes), size + grown)


def _rows(table: FileTable, path: Path) -> int:
    """Return the rows of a file; of CSV about so many, since counting would mean to read it."""
    try:
        if table.kind.name == "parquet":
            return table.kind.n_rows(path)
        with unpacked(path) as stream:
            head = stream.read(SAMPLE_BYTES)
    except (AmendsError, OSError, EOFError, ValueError):
        return 0
    unpacks = PACKED_SHRINKS if path.suffix.lower() in PACKED else 1
    return path.stat().st_size * unpacks * head.count(b"\n") // max(len(head), 1)


def _refusals(table: FileTable, root: Path, change: Change) -> Iterator[Refusal]:
    lake = lake_of(table, root)
    if lake:
        yield Refusal(
            f"The files belong to a table of {lake}, which keeps its own list of them",
            f"write the table out as plain Parquet, or change its columns through {lake}",
        )
    other = _other_change(table, change)
    if other:
        yield Refusal(
            f"Another change of this table is under way: {other}",
            "finish it, or undo it",
        )
    folder = table.live.parent
    if not os.access(folder, os.W_OK | os.X_OK):
        yield Refusal(
            "The folder around the table cannot be written to",
            "get the right to write to it: the shadow is built beside the table",
        )
    if table.is_folder and folder.stat().st_dev != table.live.stat().st_dev:
        yield Refusal(
            "The table's folder is where a file system is mounted, so it cannot change its name",
            "put the parts in a folder below it",
        )
    for part, path in zip(table.parts, table.paths, strict=True):
        yield from _part_refusals(table, part, path, change)


def _part_refusals(table: FileTable, part: str, path: Path, change: Change) -> Iterator[Refusal]:
    if path.is_symlink():
        yield Refusal(
            f"{part} is a link to a file elsewhere",
            "protect the file it leads to: a swap here would leave that one in clear",
        )
    for key in hive_keys(part) if table.is_folder else ():
        if key in change.columns:
            yield Refusal(
                f"Values of {key} stand in the names of folders ({key}=…)",
                "write the table out with another partition first",
            )
    try:
        for refusal in table.kind.refusals(path, change.columns):
            yield Refusal(f"{refusal.what} ({part})", refusal.remedy)
    except AmendsError as error:
        yield Refusal(f"{error.what} ({part})", error.remedy)


def _changes(table: FileTable, change: Change) -> Iterator[str]:
    for path in table.paths:
        yield from table.kind.changes(path, change.columns)
    if change.guard:
        yield "files refuse no values: a program that still writes clear ones is not stopped; verify finds them"
    if table.is_folder:
        yield "all parts change in one step; checksum files (.crc) of changed parts are left out"
        if any((table.live / name).exists() for name in SUMMARIES):
            yield (
                "the summary _metadata is left out, since it shows the least and greatest clear value of each part: "
                "let your writer make it again"
            )


def _other_change(table: FileTable, change: Change) -> str:
    for folder in sorted(table.live.parent.glob(f"{PREFIX}*")):
        held = Work(folder, table.live.name, "").read()
        same = held.get("table") == table.name and held.get("change") != change.change_id
        if same and held.get("phase") not in ("undone", "dropped"):
            return str(held.get("change"))
    return ""


def copies_left(under_way: FileChange, root: Path) -> list[str]:
    """Return, in words, where values of a change may still stand in clear."""
    said: list[str] = []
    state, work = under_way.state, under_way.work
    if state == "none":
        return said
    if state in ("copying", "copied"):
        said.append(f"{under_way.change.table}: still in clear; nothing was swapped yet")
    if state == "swapped":
        said.append(
            f"{work.folder.name}/clear: the clear copy, readable by its owner; amends vault drop destroys it"
        )
    said += _unread(work)
    said += _same_bytes(under_way, root)
    said += _unseen_files(under_way)
    if state == "dropped":
        said.append(
            "the disk: the clear copy was overwritten once, which proves nothing on SSDs, on file systems that copy on "
            "write, and in snapshots"
        )
    said.append("backups, snapshots and replicas of the folder made before the swap")
    return said


def _unread(work: Work) -> Iterator[str]:
    """Yield the rows that were kept as they were because they could not be read."""
    for part, made in sorted(work.done().items()):
        if made.faults:
            lines = ", ".join(f"{line} ({why})" for line, why in made.places[:LINES_SHOWN])
            more = ", …" if made.faults > LINES_SHOWN else ""
            rows = "row was" if made.faults == 1 else "rows were"
            yield f"{part}: {made.faults} {rows} not as the others: line {lines}{more}; look at them"


def _same_bytes(under_way: FileChange, root: Path) -> Iterator[str]:
    """Yield files near the table that are copies of what was protected."""
    sources = {(m.source.size, m.source.digest) for m in under_way.work.done().values()}
    sizes = {size for size, _ in sources}
    top = root if root.is_dir() else root.parent
    own = under_way.live if under_way.state in ("copying", "copied") else None
    for path in walk(top, every=True):
        inside = any(p.name.startswith(PREFIX) for p in path.parents)
        is_own = own is not None and (path == own or own in path.parents)
        if inside or is_own or path.is_symlink() or not path.is_file():
            continue
        size = path.stat().st_size
        if size and size in sizes and (size, digest_of(path)) in sources:
            yield f"{path.relative_to(top).as_posix()}: a copy of what was protected, byte for byte"


def _unseen_files(under_way: FileChange) -> Iterator[str]:
    """Yield files under a table's folder that engines do not look at, and neither did the change."""
    if not under_way.is_folder or not under_way.live.is_dir():
        return
    for path in walk(under_way.live, every=True):
        place = path.relative_to(under_way.live)
        hidden = any(piece.startswith((".", "_")) for piece in place.parts)
        bare = path.with_name(path.name.lstrip("._") or "x")
        if hidden and any(kind.fits(bare) for kind in under_way.kinds):
            yield f"{place.as_posix()}: a hidden file of the same format, which was not looked at"
