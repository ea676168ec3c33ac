"""How a table is declared: its name, what one row is, and what each column means.

Declarations stand in ``amends.tables``; the engine writes and checks Parquet by them, and the
tables reference of the documentation is made from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

Kind = Literal["text", "int", "float", "bool", "day", "instant", "texts", "ints", "fields"]

_ARROW: dict[str, pa.DataType] = {
    "text": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "day": pa.date32(),
    "instant": pa.timestamp("us", tz="UTC"),
    "texts": pa.list_(pa.string()),
    "ints": pa.list_(pa.int64()),
    "fields": pa.map_(pa.string(), pa.string()),
}

_SQL: dict[str, str] = {
    "text": "VARCHAR",
    "int": "BIGINT",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
    "day": "DATE",
    "instant": "TIMESTAMPTZ",
    "texts": "VARCHAR[]",
    "ints": "BIGINT[]",
    "fields": "MAP(VARCHAR, VARCHAR)",
}


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: Snake case; times end in ``_at``, days in ``_on``, counts begin with ``n_``.
        kind: One of text, int, float, bool, day, instant (UTC), texts (a list of
            text), ints (a list of whole numbers), fields (names with their texts).
        means: What a value says, with its unit; when it is null.
    """

    name: str
    kind: Kind
    means: str

    @property
    def arrow(self) -> pa.DataType:
        """Return the Arrow type."""
        return _ARROW[self.kind]

    @property
    def sql(self) -> str:
        """Return the SQL type, in DuckDB's dialect."""
        return _SQL[self.kind]


@dataclass(frozen=True)
class Table:
    """A table of the case, written whole by one stage.

    Attributes:
        name: Plural noun; also the folder under ``tables/``.
        one_row_is: Completes the sentence "One row is …".
        columns: In the order in which they are written.
    """

    name: str
    one_row_is: str
    columns: tuple[Column, ...]

    @property
    def schema(self) -> pa.Schema:
        """Return the Arrow schema."""
        return pa.schema([(c.name, c.arrow) for c in self.columns])

    @property
    def names(self) -> tuple[str, ...]:
        """Return the column names in order."""
        return tuple(c.name for c in self.columns)
