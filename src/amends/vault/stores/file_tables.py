"""Which tables a file or a folder of files holds.

A file is a table. Files of one shape that lie alone in a folder, or in Hive partitions (``year=2024/``) under it, are
the parts of one table, named ``folder/``. Names that begin with a dot or an underscore are not looked at, as engines
do.

Source:
    Apache Hive, "Dynamic partitions" (``key=value`` folders); Apache Spark and PyArrow leave out names that begin
    with ``_`` or ``.`` (``pyarrow.dataset``, ``ignore_prefixes``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from amends.kernel.errors import AmendsError, UsageError
from amends.vault.stores.file_kinds import FileKind

LAKES = {"_delta_log": "Delta Lake", "metadata": "Apache Iceberg", ".hoodie": "Apache Hudi"}
"""Folders by which a table format keeps its own list of files; changing files under it breaks the table."""


@dataclass(frozen=True)
class FileTable:
    """A table of files.

    Attributes:
        name: Its name in the store.
        kind: Its format.
        live: The file, or the folder of its parts.
        base: The folder the parts' names are relative to.
        parts: Names of its files, sorted; for a single file, its own name.
    """

    name: str
    kind: FileKind
    live: Path
    base: Path
    parts: tuple[str, ...]

    @property
    def is_folder(self) -> bool:
        """Say whether it consists of parts in a folder."""
        return self.name.endswith("/")

    @property
    def paths(self) -> list[Path]:
        """Return the paths of its parts."""
        return [self.base / part for part in self.parts]


def find_tables(root: Path, kinds: tuple[FileKind, ...]) -> list[FileTable]:
    """Return the tables at a path, sorted by name.

    Args:
        root: A file or a folder.
        kinds: Formats to look for.

    Raises:
        UsageError: There is nothing at the path.
    """
    if root.is_file():
        kind = kind_of(root, kinds)
        return [FileTable(root.name, kind, root, root.parent, (root.name,))] if kind else []
    if not root.is_dir():
        raise UsageError(
            "There is nothing at this path", where=root.name, remedy="check the path to the data"
        )
    return sorted(_in_folder(root, root, kinds), key=lambda t: t.name)


def _in_folder(folder: Path, root: Path, kinds: tuple[FileKind, ...]) -> Iterator[FileTable]:
    """Yield the tables in a folder and below it."""
    files, inner = _listing(folder)
    held = [(f, kind) for f in files if (kind := kind_of(f, kinds))]
    hive = [f for f in inner if "=" in f.name]
    below = [t for f in inner if f not in hive for t in _in_folder(f, root, kinds)]
    yield from below
    parts = held + [
        (p, kind) for f in hive for p in walk(f) if (kind := kind_of(p, kinds)) is not None
    ]
    if not parts:
        return
    if not below and (hive or len(parts) > 1) and _alike(parts):
        name = folder.name if folder == root else folder.relative_to(root).as_posix()
        listed = tuple(sorted(p.relative_to(folder).as_posix() for p, _ in parts))
        yield FileTable(f"{name}/", parts[0][1], folder, folder, listed)
        return
    for path, kind in parts:
        yield FileTable(path.relative_to(root).as_posix(), kind, path, path.parent, (path.name,))


def _alike(parts: list[tuple[Path, FileKind]]) -> bool:
    """Say whether files are parts of one table: one format, the same columns."""
    try:
        shapes = {(k.name, tuple(c.name for c in k.columns(p))) for p, k in parts}
    except AmendsError:
        return False
    return len(shapes) == 1


def kind_of(path: Path, kinds: tuple[FileKind, ...]) -> FileKind | None:
    """Return the format of a file by its name, or nothing."""
    if path.name.startswith((".", "_")):
        return None
    return next((k for k in kinds if k.fits(path)), None)


def walk(folder: Path, *, every: bool = False) -> Iterator[Path]:
    """Yield the files under a folder, sorted; those that begin with a dot or an underscore only when asked for."""
    for at, inner, names in os.walk(folder):
        inner[:] = sorted(i for i in inner if every or not i.startswith((".", "_")))
        for name in sorted(names):
            if every or not name.startswith((".", "_")):
                yield Path(at) / name


def _listing(folder: Path) -> tuple[list[Path], list[Path]]:
    seen = sorted(p for p in folder.iterdir() if not p.name.startswith((".", "_")))
    return [p for p in seen if p.is_file()], [p for p in seen if p.is_dir() and not p.is_symlink()]


def hive_keys(part: str) -> dict[str, str]:
    """Return the partition values in the path of a part."""
    pairs = (folder.partition("=") for folder in part.split("/")[:-1] if "=" in folder)
    return {unquote(key): unquote(value) for key, _, value in pairs}


def lake_of(table: FileTable, root: Path) -> str:
    """Return the name of the table format that keeps a list of these files, empty when there is none."""
    folder = table.live if table.is_folder else table.live.parent
    while True:
        for mark, name in LAKES.items():
            found = folder / mark
            if found.is_dir() and (mark != "metadata" or any(found.glob("*.metadata.json"))):
                return name
        if folder in (root, folder.parent) or root not in folder.parents:
            return ""
        folder = folder.parent
