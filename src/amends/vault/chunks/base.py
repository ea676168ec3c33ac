"""What a place must offer so that its tokens can be given a new key while it is in use.

A chunk is changed whole or not at all, and the mark that says so is written with it: in the same transaction, or in the
same file. So whoever is killed at any point leaves chunks of the old version and of the new one, and each says which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

CHUNK_ROWS = 65_536

Turn = Callable[[Mapping[str, pa.Array]], Mapping[str, pa.Array]]
"""Given the columns of a chunk, returns them anew."""


@dataclass(frozen=True)
class Chunk:
    """A piece as it is now.

    Attributes:
        columns: The columns that hold tokens, as texts.
        marks: Rotations that this piece has been through.
    """

    columns: Mapping[str, pa.Array]
    marks: frozenset[str]


class Chunks(Protocol):
    """Columns that hold tokens, in pieces.

    Attributes:
        name: What may be printed.
    """

    name: str

    def pieces(self, mark: str = "") -> Iterator[str]:
        """Yield the id of each piece, in order; each has been through the rotation ``mark`` wholly or not at all."""

    def todo(self, mark: str) -> Iterator[str]:
        """Yield the id of each piece that has not been through a rotation."""

    def read(self, piece: str) -> Chunk:
        """Return a piece and its marks, read together."""

    def change(self, piece: str, mark: str, turn: Turn) -> int:
        """Read a piece, turn its columns, write them and the mark; all or nothing. Return the rows changed.

        Does nothing to a piece that bears the mark.
        """

    def forget(self, mark: str) -> None:
        """Let go of what was noted of a rotation that is done, and of marks that begin with its own."""
