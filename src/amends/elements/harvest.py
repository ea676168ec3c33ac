"""What reading the exhibits yields, gathered part by part and kept in scratch files.

Records and key fingerprints stream into Parquet as they are made; counts stay in memory. An
identifier is a token before it gets here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from amends.elements.coverage import Looked
from amends.elements.links import KeyColumn, is_short, key_columns, table_word
from amends.elements.records import RecordMaker
from amends.elements.records_base import ItemFacts
from amends.elements.records_mentions import DocumentReader
from amends.elements.records_tables import column_rows, read_table
from amends.elements.records_values import rows_table
from amends.kernel.contents import DocumentPart, TablePart
from amends.tables.elements import FINDINGS, RECORDS
from amends.vault import Tokens

_GROUP_ROWS = 1 << 17


class Harvest:
    """Gathers records, columns, findings and keys of a case.

    Args:
        vault: Tokens of the case.
        scratch: Folder for half-made tables.
        decided: (item, column) → element and decision.
    """

    def __init__(
        self,
        vault: Tokens,
        scratch: Path,
        decided: Mapping[tuple[str, str], tuple[str | None, str]],
    ) -> None:
        self.looked = Looked()
        self.column_rows: list[dict[str, object]] = []
        self.key_columns: list[KeyColumn] = []
        self.key_files: dict[str, Path] = {}
        self.declared: list[tuple[str, str, str, str]] = []
        self._vault = vault
        self._scratch = scratch
        self._decided = decided
        self._records = _Writer(scratch / "records.parquet", RECORDS.schema)
        self._findings = _Writer(scratch / "findings.parquet", FINDINGS.schema)
        self._documents = DocumentReader(vault)

    @property
    def record_files(self) -> list[Path]:
        """Return where the records lie."""
        return [self._records.path]

    def findings(self) -> Iterator[pa.RecordBatch]:
        """Stream the findings."""
        with pq.ParquetFile(self._findings.path) as opened:
            yield from opened.iter_batches()

    def close(self) -> None:
        """End the scratch files."""
        self._records.close()
        self._findings.close()

    def take_table(self, part: TablePart, facts: ItemFacts, exhibit_path: str) -> None:
        """Make the records of a table, count its columns, and keep its keys."""
        decided = {
            column: choice
            for (item, column), choice in self._decided.items()
            if item in (facts.item_id, part.inner_path)
        }
        reading = read_table(part, facts, self._vault, decided, key_columns)
        maker = reading.maker
        keys = self._keys_of(maker, facts, table_word(part.inner_path, exhibit_path))
        path = self._scratch / f"keys-{facts.item_no}.parquet"
        writer: _Writer | None = None
        for made in reading.made:
            if made.records is not None:
                self._records.add(made.records)
            if made.keys is not None:
                writer = writer or _Writer(path, made.keys.schema)
                writer.add(made.keys)
                for key in keys:
                    key.add(made.keys.column(f"k{key.position}").combine_chunks())
                    key.short = key.short or is_short(made.cells[key.column])
        if writer is not None:
            writer.close()
            self.key_files[facts.item_id] = path
            self.key_columns += [key for key in keys if key.n_values]
        for declared in part.keys:
            target = table_word(declared.to_table, "")
            self.declared.append((facts.item_id, declared.column, target, declared.to_column))
        self._count(maker, facts)

    def _keys_of(self, maker: RecordMaker, facts: ItemFacts, word: str) -> list[KeyColumn]:
        held = {g.column: g for g in maker.guesses}
        return [
            KeyColumn(
                facts.item_id, word, column, held[column].position, held[column].element,
                facts.owner, maker.has_names, facts.exhibit_id, facts.store, facts.role,
            )
            for column in maker.keys
        ]  # fmt: skip

    def _count(self, maker: RecordMaker, facts: ItemFacts) -> None:
        rows = column_rows(facts.item_id, maker)
        self.column_rows += rows
        if facts.role != "stolen":
            return
        self.looked.n_items += 1
        self.looked.n_values += sum(t.n_values for t in maker.tallies.values())
        for row in rows:
            if row["element"]:
                n_valid, n_malformed = row["n_valid"], row["n_malformed"]
                assert isinstance(n_valid, int) and isinstance(n_malformed, int)
                self.looked.add(str(row["element"]), n_valid, n_malformed)

    def take_document(self, part: DocumentPart, facts: ItemFacts) -> None:
        """Find what a document holds, and make a record of every mention of somebody."""
        for read in self._documents.read(part, facts):
            if read.records is not None:
                self._records.add(read.records)
            self._findings.add(rows_table(FINDINGS, read.findings))
            if facts.role == "stolen":
                self.looked.n_characters += read.n_characters
                for row in read.findings:
                    valid = bool(row["valid"])
                    self.looked.add(str(row["element"]), int(valid), int(not valid))
        if facts.role == "stolen":
            self.looked.n_items += 1


class _Writer:
    """A Parquet file that is written in groups of rows; made even when it stays empty."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self._writer = pq.ParquetWriter(path, schema, compression="zstd", compression_level=1)
        self._schema = schema
        self._held: list[pa.Table] = []
        self._n = 0

    def add(self, table: pa.Table) -> None:
        """Take rows."""
        self._held.append(table)
        self._n += table.num_rows
        if self._n >= _GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._held:
            self._writer.write_table(pa.concat_tables(self._held).cast(self._schema))
        self._held, self._n = [], 0

    def close(self) -> None:
        """Write what is held and end the file."""
        self._flush()
        self._writer.close()
