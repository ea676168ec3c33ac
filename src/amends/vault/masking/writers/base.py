"""What a place for a copy can do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa

from amends.kernel.errors import UsageError
from amends.vault.stores.base import Store, TableShape

HIDDEN = ".amends-copy-"
"""How the name of a copy under way begins."""


class Writer(Protocol):
    """A copy under way.

    Attributes:
        name: The address of the place, without a password.
        notes: What is not as in the source, in words.
    """

    name: str
    notes: list[str]

    def begin(self, shapes: Sequence[TableShape]) -> None:
        """Take away what a killed run left, and make the tables."""

    def write(self, table: str, batch: pa.RecordBatch) -> None:
        """Take rows, as texts."""

    def finish(self) -> None:
        """All rows are in: make keys and indexes."""

    def store(self) -> Store:
        """Return the hidden copy for reading."""

    def publish(self) -> None:
        """Give the copy its name, in one step."""

    def abandon(self) -> None:
        """Take the hidden copy away."""


def not_empty(where: str) -> UsageError:
    """Return the refusal to write over something."""
    return UsageError(
        "There is something at the place of the copy already",
        where=where,
        remedy="name a place that is empty or does not exist; Amends writes over nothing",
    )
