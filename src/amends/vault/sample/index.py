"""The index: for each trait its number in every record, and the same sorted, in files that are mapped, not read.

A folder holds ``index.json``, ``source.npy``, ``person.npy``, and for each trait ``column-T.npy`` (by record),
``value-T.npy`` (the numbers that are there, each once, in order), ``start-T.npy`` and ``record-T.npy`` (whose they
are). It is made in a hidden folder beside its place and renamed, so a folder under its name is whole.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amends.kernel.errors import TableError, UsageError
from amends.vault.sample.traits import EVIDENCE, PAIRS, U64, with_pairs

FORMAT = 1
_HEAD = "index.json"
NO_PERSON = np.uint32(0xFFFFFFFF)


@dataclass(frozen=True)
class Source:
    """One table of one store as of one day.

    Attributes:
        store: Name of the store.
        table: Table, or path of the exhibit.
        as_of: Day of the copy, ISO; empty when nobody said.
        exposed: Whether its people count as told of already: data known to be stolen.
    """

    store: str
    table: str
    as_of: str = ""
    exposed: bool = False


@dataclass(frozen=True)
class Part:
    """Rows of one source.

    Attributes:
        source: Where they lie.
        traits: Their numbers by trait.
        persons: Number of the person each row belongs to, ``NO_PERSON`` for none; null when persons are not known.
    """

    source: Source
    traits: Mapping[str, U64]
    persons: NDArray[np.uint32] | None = None


@dataclass(frozen=True)
class Index:
    """An index, opened.

    Attributes:
        n: Records.
        sources: What ``source`` counts.
        source: Source of each record.
        person: Person of each record.
        columns: Trait → number of each record.
        values: Trait → the numbers that are there, each once, ascending.
        starts: Trait → where the records of each value begin; one more at the end.
        records: Trait → whose they are, value after value.
        made_from: Digest of what it was made from.
    """

    n: int
    sources: tuple[Source, ...]
    source: NDArray[np.uint16]
    person: NDArray[np.uint32]
    columns: Mapping[str, U64]
    values: Mapping[str, U64]
    starts: Mapping[str, NDArray[np.uint32]]
    records: Mapping[str, NDArray[np.uint32]]
    made_from: str


def build(folder: Path, parts: Iterable[Part], made_from: str = "") -> Index:
    """Write an index; a folder that stands there already is replaced when the new one is whole.

    Raises:
        UsageError: There is nothing to compare with, or more than 65,535 tables or 4 billion records.
    """
    half = folder.with_name(f".{folder.name}.{secrets.token_hex(6)}")
    half.mkdir(mode=0o700, parents=True)
    try:
        sources, n = _write_columns(half, parts)
        for trait in _held(half):
            _write_sorted(half, trait)
        head = {"format": FORMAT, "n": n, "made_from": made_from, "sources": [asdict(s) for s in sources]}  # fmt: skip
        (half / _HEAD).write_text(json.dumps(head, indent=1) + "\n", "utf-8")
        if folder.exists():
            old = folder.with_name(f".{folder.name}.{secrets.token_hex(6)}")
            folder.rename(old)
            half.rename(folder)
            shutil.rmtree(old, ignore_errors=True)
        else:
            half.rename(folder)
    except BaseException:
        shutil.rmtree(half, ignore_errors=True)
        raise
    return open_index(folder)


def open_index(folder: Path) -> Index:
    """Return an index.

    Raises:
        TableError: There is none, or it is damaged or of another version.
    """
    try:
        head = json.loads((folder / _HEAD).read_text("utf-8"))
        if head["format"] != FORMAT:
            raise ValueError("of another version")
        traits = _held(folder)
        index = Index(
            n=int(head["n"]),
            sources=tuple(Source(**s) for s in head["sources"]),
            source=_mapped(folder, "source"),
            person=_mapped(folder, "person"),
            columns={t: _mapped(folder, f"column-{t}") for t in traits},
            values={t: _mapped(folder, f"value-{t}") for t in traits},
            starts={t: _mapped(folder, f"start-{t}") for t in traits},
            records={t: _mapped(folder, f"record-{t}") for t in traits},
            made_from=str(head["made_from"]),
        )
        whole = {len(index.source), len(index.person), *(len(c) for c in index.columns.values())}
        if whole != {index.n}:
            raise ValueError("cut short")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TableError(
            "The index cannot be used", where=str(folder), remedy="make it again: amends sample index"
        ) from error  # fmt: skip
    return index


def _held(folder: Path) -> list[str]:
    return sorted(p.name[len("column-") : -len(".npy")] for p in folder.glob("column-*.npy"))


def _mapped(folder: Path, name: str) -> NDArray[Any]:  # the file says which numbers it holds
    path = folder / f"{name}.npy"
    held: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return held


def _write_columns(folder: Path, parts: Iterable[Part]) -> tuple[list[Source], int]:
    """Write every trait of every record, one batch after another, and return the sources and how many records."""
    numbers: dict[Source, int] = {}
    names = [*EVIDENCE, *("+".join(pair) for pair in PAIRS)]
    files = {name: (folder / f"{name}.raw").open("wb") for name in names}
    kinds = {"source": np.uint16, "person": np.uint32}
    files |= {name: (folder / f"{name}.raw").open("wb") for name in kinds}
    n, seen = 0, set()
    try:
        for part in parts:
            rows = len(next(iter(part.traits.values()), ()))
            number = numbers.setdefault(part.source, len(numbers))
            if number > np.iinfo(np.uint16).max or n + rows > np.iinfo(np.uint32).max:
                raise UsageError(
                    "This is more than one index can hold: 65,535 tables, 4 billion records",
                    remedy="make an index for each store and check against each",
                )
            made = with_pairs(part.traits)
            for name in names:
                column = made.get(name)
                seen.update([name] if column is not None and column.any() else [])
                (np.zeros(rows, "<u8") if column is None else column.astype("<u8")).tofile(
                    files[name]
                )
            np.full(rows, number, np.uint16).tofile(files["source"])
            persons = np.full(rows, NO_PERSON) if part.persons is None else part.persons
            persons.astype("<u4").tofile(files["person"])
            n += rows
    finally:
        for file in files.values():
            file.close()
    if not seen:
        raise UsageError(
            "Nothing here tells one person from another",
            remedy="give tables with names, birth dates, addresses or identifiers",
        )
    _name_columns(folder, [*seen, *kinds], kinds)
    for name in set(names) - seen:
        (folder / f"{name}.raw").unlink()
    return list(numbers), n


def _name_columns(folder: Path, names: Sequence[str], kinds: Mapping[str, type]) -> None:
    """Turn raw columns into files that say what they hold."""
    for name in names:
        raw = folder / f"{name}.raw"
        kind = np.dtype(kinds.get(name, np.uint64)).newbyteorder("<")
        rows = raw.stat().st_size // kind.itemsize
        shown = name if name in kinds else f"column-{name}"
        made = np.lib.format.open_memmap(folder / f"{shown}.npy", "w+", kind, (rows,))
        made[:] = np.memmap(raw, kind, "r", shape=(rows,))
        made.flush()
        raw.unlink()
    os.sync()


def _write_sorted(folder: Path, trait: str) -> None:
    column = np.asarray(_mapped(folder, f"column-{trait}"))
    held = np.flatnonzero(column).astype(np.uint32)
    values = column[held]
    order = np.argsort(values, kind="stable")
    values = values[order]
    first = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]])[: len(values)])
    np.save(folder / f"value-{trait}.npy", values[first])
    np.save(folder / f"start-{trait}.npy", np.append(first, len(values)).astype(np.uint32))
    np.save(folder / f"record-{trait}.npy", held[order])
