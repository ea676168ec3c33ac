"""Samples, tables and cases as traits: what the scanner makes of their rows, as keyed numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends import custody
from amends.elements.records_base import ItemFacts
from amends.elements.records_tables import column_rows, read_table
from amends.kernel.case import Case
from amends.kernel.contents import Fault, TablePart, files_of
from amends.kernel.errors import UsageError
from amends.persons import text
from amends.persons.places import streets_of
from amends.tables.elements import RECORDS
from amends.tables.persons import MEMBERSHIPS
from amends.taxonomy.reference import rows as reference_rows
from amends.vault import Tokens
from amends.vault.blind import BlindIndex
from amends.vault.keys import domain_key, load_root
from amends.vault.sample.index import NO_PERSON, Part, Source
from amends.vault.sample.traits import U64

TOKENS = {
    "ssn": "ssn_token", "ein": "ein_token", "licence": "licence_token", "passport": "passport_token",
    "account": "account_token", "bank": "bank_token", "card": "card_token", "imei": "imei_token",
    "imsi": "imsi_token", "username": "username_token", "phone": "phone", "email": "email",
}  # fmt: skip
"""Trait → column of ``records`` that holds it, as a token or in its normal form."""

_READ = (*TOKENS.values(), "name_first", "name_last", "business", "birth_on", "street", "zip")
_DAY = re.compile(r"(?<![0-9])(20[0-9]{2})-?([01][0-9])-?([0-3][0-9])(?![0-9])")
_RESERVED_MAIL = r"@(?:.*\.)?(?:example\.(?:com|net|org)|.*\.?(?:example|test|invalid))$"
"""Domains nobody can have: RFC 2606 and RFC 6761."""

_CASE_ROWS = 1 << 18


class Numbers:
    """Turns rows of ``records`` into traits, under one key.

    Args:
        keys: Folder of the key: a case's, or an index's own.
    """

    def __init__(self, keys: Path) -> None:
        self.tokens = Tokens(keys)
        self._blind = BlindIndex(domain_key(load_root(keys), "fingerprint", "sample"))

    def traits(self, records: pa.Table) -> dict[str, U64]:
        """Return the numbers of each trait of rows shaped as ``records``."""
        made = {t: self._blind.text_hashes(records.column(c)) for t, c in TOKENS.items()}
        made["name"] = self._name(records)
        born = pc.cast(records.column("birth_on"), pa.string())
        made["birth_date"] = self._blind.text_hashes(born)
        made["address"] = self._address(records)
        return made

    def _name(self, records: pa.Table) -> U64:
        """Return one number for given and family name, however they are written; for a business its name."""
        first, last, business = (
            _folded(records.column(c)) for c in ("name_first", "name_last", "business")
        )
        whole = pc.if_else(
            pc.and_(pc.greater(pc.utf8_length(first), 0), pc.greater(pc.utf8_length(last), 0)),
            pc.binary_join_element_wise(last, first, "|"),
            pa.scalar(None, pa.string()),
        )
        company = pc.if_else(
            pc.greater(pc.utf8_length(business), 0), business, pa.scalar(None, pa.string())
        )
        return self._blind.text_hashes(pc.coalesce(whole, company))

    def _address(self, records: pa.Table) -> U64:
        """Return one number for house, street and five-digit ZIP."""
        lines = _whole(records.column("street"))
        streets = streets_of(text.fold(text.as_text(lines)))
        data, offsets = text.keep(text.as_text(_whole(records.column("zip"))), text.NUMBER)
        codes = pc.utf8_slice_codeunits(text.to_arrow(data, offsets), 0, 5)
        zips = np.asarray(pc.fill_null(pc.cast(_digits(codes), pa.int64()), -1), np.int64)
        rows = np.stack(
            [streets.house.astype("<i8"), streets.street.view("<i8"), zips.astype("<i8")], axis=1
        )
        made = self._blind.hashes(np.ascontiguousarray(rows).view(np.uint8))
        made[(streets.street == 0) | (streets.house < 0) | (zips < 0)] = 0
        return made


def _digits(codes: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(pc.utf8_length(codes), 5), codes, pa.scalar(None, pa.string()))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    made = column.combine_chunks()
    return made if isinstance(made, pa.Array) else pa.concat_arrays(made.chunks)


def _folded(column: pa.ChunkedArray) -> pa.Array:
    """Return a name in plain capitals without signs; empty where it is missing."""
    held = text.fold(text.as_text(_whole(column)))
    plain = pc.replace_substring_regex(pc.utf8_upper(held), r"[^\p{L}\p{N}]+", "")
    return pc.fill_null(plain, "")


@dataclass
class Sample:
    """A sample, read.

    Attributes:
        traits: Its numbers.
        signs: Signs of invention, with the share of values that show them.
        faults: What could not be read.
        tables: Names of its tables.
    """

    traits: dict[str, U64]
    signs: dict[str, float]
    faults: list[Fault] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)


def read_sample(paths: Sequence[Path], numbers: Numbers) -> Sample:
    """Read a sample.

    Args:
        paths: Files or folders.
        numbers: Key of what it is held against.

    Raises:
        UsageError: No table was found in it.
    """
    pieces: list[dict[str, U64]] = []
    made = Sample({}, {})
    tally: dict[str, tuple[int, int]] = {}
    for path in files_of(paths):
        for part in custody.Reader().parts(path):
            if isinstance(part, Fault):
                made.faults.append(part)
            elif isinstance(part, TablePart):
                made.tables.append(part.inner_path or path.name)
                pieces += _piece(part, numbers, tally)
                made.faults += part.faults
    if not pieces:
        raise UsageError(
            "No table was found in the sample",
            where=", ".join(map(str, paths)),
            remedy="give it as CSV, Excel, Parquet, JSON or an SQL dump: one row a person",
        )
    made.traits = {t: np.concatenate([p[t] for p in pieces]) for t in pieces[0]}
    made.signs = {words: bad / n for words, (bad, n) in sorted(tally.items()) if n}
    return made


def _piece(
    part: TablePart, numbers: Numbers, tally: dict[str, tuple[int, int]]
) -> list[dict[str, U64]]:
    reading = read_table(part, ItemFacts("", 0, ""), numbers.tokens)
    pieces = []
    for batch in reading.made:
        if batch.records is not None:
            pieces.append(numbers.traits(batch.records))
            _count_signs(batch.records, tally)
    for row in column_rows("", reading.maker):
        if row["element"] in (
            "ssn",
            "card",
            "imei",
            "bank_account",
            "drivers_licence",
            "phone",
            "birth_date",
        ):
            _add(
                tally,
                "values no such element can have",
                int(str(row["n_malformed"])),
                int(str(row["n_values"])),
            )
    return pieces


def _count_signs(records: pa.Table, tally: dict[str, tuple[int, int]]) -> None:
    mails = records.column("email")
    reserved = pc.sum(pc.match_substring_regex(mails, _RESERVED_MAIL)).as_py() or 0
    _add(
        tally,
        "e-mail addresses at domains nobody can have",
        reserved,
        len(mails) - mails.null_count,
    )
    homes = {r["prefix"]: r["state"] for r in reference_rows("zip_prefix_state")}
    prefix = pc.utf8_slice_codeunits(records.column("zip"), 0, 3)
    keys = pa.array(list(homes))
    home = pc.take(pa.array(list(homes.values())), pc.index_in(prefix, keys))
    wrong = pc.and_(pc.not_equal(home, records.column("state")), pc.not_equal(home, ""))
    _add(
        tally,
        "ZIP codes of another state",
        pc.sum(wrong).as_py() or 0,
        len(wrong) - wrong.null_count,
    )


def _add(tally: dict[str, tuple[int, int]], words: str, bad: int, n: int) -> None:
    before = tally.get(words, (0, 0))
    tally[words] = (before[0] + bad, before[1] + n)


def table_parts(paths: Sequence[Path], numbers: Numbers, faults: list[Fault]) -> Iterator[Part]:
    """Yield the rows of tables in files, each file a store as of the day its name or folder says.

    Args:
        paths: Files or folders.
        numbers: Key of the index.
        faults: What could not be read is added here.
    """
    for path in files_of(paths):
        store, as_of = _store_of(path, paths)
        for part in custody.Reader().parts(path):
            if isinstance(part, Fault):
                faults.append(part)
            elif isinstance(part, TablePart):
                source = Source(store, part.inner_path or path.name, as_of)
                for batch in read_table(part, ItemFacts("", 0, ""), numbers.tokens).made:
                    if batch.records is not None:
                        yield Part(source, numbers.traits(batch.records))
                faults.extend(part.faults)


def _store_of(path: Path, given: Sequence[Path]) -> tuple[str, str]:
    """Return the store a file belongs to and the day it shows: both from its path below what was given."""
    root = next((g for g in given if path == g or g in path.parents), path)
    inner = path.name if path == root else f"{root.name}/{path.relative_to(root)}"
    as_of = ""
    for year, month, day in _DAY.findall(inner):
        try:
            as_of = date(int(year), int(month), int(day)).isoformat()
        except ValueError:
            continue
    stem = re.sub(r"(\.[A-Za-z0-9]{1,8}){1,2}$", "", inner)
    store = re.sub(r"[-_. ]*$|^[-_. ]*", "", re.sub(r"[-_. ]*" + _DAY.pattern, "", stem)).strip("/")
    return store or root.name, as_of


def case_parts(case: Case, numbers: Numbers) -> Iterator[Part]:
    """Yield the records of a case; what was stolen counts as told of, what a roster says does not."""
    columns = ", ".join(f"r.{c}" for c in _READ)
    held = case.has(MEMBERSHIPS)
    person = "DENSE_RANK() OVER (ORDER BY m.person_id) - 1" if held else "NULL"
    join = f"LEFT JOIN {case.read(MEMBERSHIPS)} AS m ON m.record_id = r.record_id" if held else ""
    sql = f"""
        SELECT {columns}, COALESCE(NULLIF(r.store, ''), r.exhibit_id) AS store, r.exhibit_id,
               CAST(r.as_of_on AS VARCHAR) AS as_of, r.role = 'stolen' AS exposed,
               CASE WHEN {"m.person_id IS NULL" if held else "TRUE"} THEN NULL ELSE {person} END AS person
        FROM {case.read(RECORDS)} AS r {join}
        ORDER BY store, r.exhibit_id, as_of, exposed
    """
    for batch in case.engine.batches(sql, rows=_CASE_ROWS):
        yield from _by_source(pa.Table.from_batches([batch]), numbers)


def _by_source(rows: pa.Table, numbers: Numbers) -> Iterator[Part]:
    """Yield the rows of a batch source by source; they come sorted by it."""
    names = ("store", "exhibit_id", "as_of", "exposed")
    texts = [pc.fill_null(pc.cast(rows.column(n), pa.string()), "") for n in names]
    codes = np.asarray(
        pc.binary_join_element_wise(*texts, "\x1f").combine_chunks().dictionary_encode().indices
    )
    starts = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
    for start, end in pairwise(starts):
        store, exhibit, as_of, exposed = (str(t[start]) for t in texts)
        cut = rows.slice(start, end - start)
        people = np.asarray(pc.fill_null(cut.column("person"), int(NO_PERSON)), np.int64)
        source = Source(store, exhibit, as_of, exposed == "true")
        yield Part(source, numbers.traits(cut), people.astype(np.uint32))
