"""Rows of an exhibit beside what they truly say about whom."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from amends.demo.strings import Ints, Mask, Text, present, take

# The order gives each element its bit in a person's mask.
ELEMENTS = (
    "name", "email", "phone", "address", "birth_date", "ssn", "ssn_last4", "itin", "ein",
    "drivers_licence", "state_id", "passport", "bank_account", "routing_number", "account_number",
    "username", "password_hash", "account_pin", "imei", "imsi", "iccid", "diagnosis",
    "employee_id", "ip",
)  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column: its values, the element they are, and which of them are not what they should be.

    Attributes:
        name: Header.
        values: Arrow array.
        element: Code of the taxonomy, or empty for a column without personal data.
        void: Rows whose value stands for nothing: 999-99-9999, ``none@example.com``.
        malformed: Rows whose value is a spoiled identifier: a digit short.
        other: Rows whose value is a different element: ``(element, rows)``.
    """

    name: str
    values: Text
    element: str = ""
    void: Mask | None = None
    malformed: Mask | None = None
    other: tuple[str, Mask] | None = None


@dataclass(frozen=True)
class Rows:
    """Rows of one table, in order.

    Attributes:
        table: Name of the table inside the exhibit; empty where the file is the table.
        person: Place in the chunk of the person a row is about; -1 for nobody.
        columns: The columns, in order.
        holder: Where a row also belongs to the holder of the account it names: the place of
            that person, else -1.
    """

    table: str
    person: Ints
    columns: tuple[Column, ...]
    holder: Ints | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.person)

    def arrow(self) -> pa.Table:
        """Return the rows as an Arrow table."""
        return pa.table({column.name: column.values for column in self.columns})

    def reordered(self, order: Ints) -> Rows:
        """Return the same rows in another order."""
        return Rows(
            self.table,
            self.person[order],
            tuple(_taken(column, order) for column in self.columns),
            None if self.holder is None else self.holder[order],
        )


def _taken(column: Column, order: Ints) -> Column:
    return Column(
        column.name,
        take(column.values, order),
        column.element,
        None if column.void is None else column.void[order],
        None if column.malformed is None else column.malformed[order],
        None if column.other is None else (column.other[0], column.other[1][order]),
    )


def standing(column: Column) -> Mask:
    """Return the rows where the column holds a true value of its element."""
    values = column.values
    if not pa.types.is_string(values.type):
        values = values.cast(pa.string())
    mask = present(values)
    if column.void is not None:
        mask &= ~column.void
    return mask
