"""What the store of files asks of a format; Parquet and CSV are the siblings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from amends.vault.stores.base import ColumnShape, Convert, Refusal

MAX_LINES = 1000
"""Places of unreadable rows that are kept by number; further ones are only counted."""

Form = dict[str, Any]
"""What must be remembered of a file to read it again the same way, as JSON. Any: JSON."""


@dataclass
class Faults:
    """Rows that could not be read, kept as they were.

    Attributes:
        rows: How many.
        places: Line and reason of the first thousand; never a value.
    """

    rows: int = 0
    places: list[tuple[int, str]] = field(default_factory=list)

    def add(self, line: int, reason: str) -> None:
        """Count one row."""
        self.rows += 1
        if len(self.places) < MAX_LINES:
            self.places.append((line, reason))


@dataclass
class Rewrite:
    """A file that is written again with other values in some columns.

    Attributes:
        columns: Columns whose values change.
        convert: Changes them.
        form: The file's form, as :meth:`FileKind.form` gave it before the first change.
        back: Whether tokens become clear again, in the types they had.
        faults: Takes the rows that could not be read.
    """

    columns: Sequence[str]
    convert: Convert
    form: Form
    back: bool = False
    faults: Faults = field(default_factory=Faults)


class FileKind(Protocol):
    """A format of files.

    Attributes:
        name: ``parquet`` or ``csv``.
    """

    name: str

    def fits(self, path: Path) -> bool:
        """Say by the name whether a file is of this format."""

    def columns(self, path: Path, form: Form | None = None) -> tuple[ColumnShape, ...]:
        """Return the columns of a file.

        Raises:
            TableError: It cannot be read.
        """

    def n_rows(self, path: Path, form: Form | None = None) -> int:
        """Return the rows of a file."""

    def form(self, path: Path, columns: Sequence[str]) -> Form:
        """Return what must be remembered of a file so that it is read the same way after a change."""

    def refusals(self, path: Path, columns: Sequence[str]) -> list[Refusal]:
        """Return why columns of a file cannot be protected."""

    def changes(self, path: Path, columns: Sequence[str]) -> list[str]:
        """Return what will be different in the file, in words."""

    def batches(
        self, path: Path, columns: Sequence[str], rows: int, form: Form | None
    ) -> Iterator[pa.RecordBatch]:
        """Yield rows as texts."""

    def rewrite(self, source: Path, target: Path, work: Rewrite) -> Iterator[int]:
        """Write a file again with other values in some columns; yield rows done now and then.

        Raises:
            TableError: The file cannot be read, or a column is not there.
        """
