"""Which tokens are one person: a map that the company loads, so that three identifiers of a person count once.

Two sorted columns of 64-bit numbers in files, read in place: 16 bytes a token, whatever their number. The numbers are
keyed, so the map tells nobody who reads it whose tokens they are.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.kernel.errors import TableError, UsageError
from amends.vault.brake.brake import Brake
from amends.vault.brake.reading import Reader
from amends.vault.keyring import Keyring

_FILE = "persons.npy"
_PERSON = "person"

Numbers = NDArray[np.uint64]


class PersonMap:
    """The persons behind tokens.

    Args:
        brake: Whose keys number values and persons.
        keyring: Reads the tokens of a map that is loaded: what is kept are numbers of values, good for any key version.
    """

    def __init__(self, brake: Brake, keyring: Keyring) -> None:
        self._reader = Reader(keyring)
        self._path = brake.folder / _FILE
        self._brake = brake
        self._persons = brake.index(_PERSON)
        self._held: NDArray[np.uint64] | None = None
        self._mark: tuple[int, int] = (0, 0)

    def __len__(self) -> int:
        held = self._now()
        return 0 if held is None else held.shape[1]

    def numbers(
        self, tokens: Numbers, named: Sequence[str] | None
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return a number for the person behind each token, and the tokens whose person only the caller named.

        What the map knows it knows better than the caller. A token that neither it nor the caller names is a person of
        its own.

        Args:
            tokens: Keyed numbers of the values behind tokens.
            named: What the caller calls the persons, one a token; ``None`` when it names none.
        """
        persons = tokens.copy()
        known = np.zeros(len(tokens), np.bool_)
        held = self._now()
        if held is not None and held.shape[1]:
            places = np.minimum(np.searchsorted(held[0], tokens), held.shape[1] - 1)
            known = held[0][places] == tokens
            persons[known] = held[1][places[known]]
        if named is None:
            return tuple(map(int, persons)), ()
        own = self._persons.text_hashes(pa.array([f"caller/{n}" for n in named], pa.string()))
        persons[~known] = own[~known]
        return tuple(map(int, persons)), tuple(map(int, tokens[~known]))

    def load(self, batches: Iterable[pa.RecordBatch]) -> int:
        """Put a new map in place of the one before, whole or not at all; return its number of tokens.

        Args:
            batches: Columns ``domain``, ``token`` and ``person``, texts.

        Raises:
            TableError: A column is missing, a text is no token, or the file cannot be written.
        """
        parts = [self._numbered(batch) for batch in batches]
        pairs = np.concatenate(parts, axis=1) if parts else np.zeros((2, 0), np.uint64)
        pairs = pairs[:, np.argsort(pairs[0], kind="stable")]
        first = np.ones(pairs.shape[1], np.bool_)
        first[1:] = pairs[0, 1:] != pairs[0, :-1]
        half = self._path.with_name(f".{_FILE}.half")
        try:
            with os.fdopen(
                os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb"
            ) as out:
                np.save(out, np.ascontiguousarray(pairs[:, first]))
                out.flush()
                os.fsync(out.fileno())
            half.replace(self._path)
        except OSError as error:
            raise TableError(
                "The map of persons cannot be written; the one before stands",
                where=f"{self._path.name}: {error.strerror}",
                remedy="free disk space or mend the rights on the vault's folder, then run again",
            ) from error
        return int(first.sum())

    def _numbered(self, batch: pa.RecordBatch) -> NDArray[np.uint64]:
        names = ("domain", "token", "person")
        missing = [n for n in names if n not in batch.schema.names]
        if missing:
            raise TableError(
                f"The map of persons lacks the column {missing[0]}",
                remedy="give a table with the columns domain, token, person",
            )
        domain, token, person = (batch.column(n).cast(pa.string()) for n in names)
        numbers = np.zeros(len(token), np.uint64)
        for name in filter(None, domain.unique().to_pylist()):
            rows = np.asarray(pc.and_(pc.equal(domain, name), token.is_valid()).fill_null(False))
            values = self._reader.values(name, token.filter(pa.array(rows)))
            if values is None:
                raise TableError(
                    "The map of persons holds something that is no token of this vault and domain",
                    where=name,
                    remedy="give the tokens as they stand in the tables, under the domain they were made for",
                )
            numbers[rows] = self._brake.index(name).text_hashes(values)
        whole = np.asarray(person.is_valid()) & (numbers != 0)
        return np.stack([numbers[whole], self._persons.text_hashes(person)[whole]])

    def _now(self) -> NDArray[np.uint64] | None:
        """Return the map as it lies on disk now."""
        try:
            told = self._path.stat()
        except OSError:
            self._held, self._mark = None, (0, 0)
            return None
        mark = (told.st_ino, told.st_mtime_ns)
        if mark != self._mark:
            self._held = np.load(self._path, mmap_mode="r", allow_pickle=False)
            self._mark = mark
        return self._held


def read_map(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield a map from a file of columns ``domain``, ``token`` and ``person`` as texts.

    Raises:
        UsageError: The file cannot be read, or a column is missing.
    """
    from pyarrow import csv, parquet  # noqa: PLC0415 - few commands read a map

    names = ["domain", "token", "person"]
    try:
        if path.suffix == ".parquet":
            with parquet.ParquetFile(path) as opened:
                yield from opened.iter_batches(columns=names)
            return
        options = csv.ConvertOptions(
            include_columns=names, column_types=dict.fromkeys(names, pa.string())
        )
        with csv.open_csv(path, convert_options=options) as opened:
            yield from opened
    except (OSError, pa.ArrowException) as error:
        raise UsageError(
            "The map of persons cannot be read",
            where=str(path),
            remedy="give a .csv or .parquet file with the columns domain, token, person",
        ) from error
