"""Rows made into records: what each row says about somebody, with identifiers as tokens.

One batch of a table goes in; out come a batch of ``records``, the counts of every column, and the
fingerprints of key columns by which rows without a name find their person. Identifiers are tokens
before they leave this file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.elements.columns_base import ColumnGuess
from amends.elements.headers import plain_header
from amends.elements.records_base import ITEM_SHIFT, PLACE_OF, ItemFacts, Made, Seen, Tally
from amends.elements.records_cells import read_prose
from amends.elements.records_names import NameReader, without_fillers
from amends.elements.records_person import Person, Tools
from amends.elements.records_values import TEXT, coalesce, joined, known_state
from amends.elements.shapes import Classified, Context, Found, classify, form_of
from amends.elements.shapes_cells import Cells
from amends.elements.shapes_data import word_set
from amends.elements.shapes_dates import DateReader
from amends.vault import Tokens

# Roles that name another person who is owed care as well; a doctor or an employer is not one.
OTHER_PERSONS = ("guardian", "spouse", "emergency_contact", "dependent", "beneficiary",
                 "co_applicant", "guarantor", "reference")  # fmt: skip
_EXTRA_HEADERS = {
    "language": "language lang preferred_language pref_language language_code idioma spoken_language",
    "consents_email": "consents_email consent_email email_consent e_consent esign_consent esign "
    "electronic_consent econsent consent_electronic paperless email_opt_in_legal e_notice_consent",
    "death_on": "death_on death_date date_of_death dod deceased_on deceased_date died died_on "
    "fecha_de_defuncion sterbedatum dt_death death_dt",
    "deceased": "deceased is_deceased deceased_flag deceased_ind dead fallecido",
}
EXTRAS = {header: name for name, headers in _EXTRA_HEADERS.items() for header in headers.split()}
# A row that is the holder of a shared account says so under one of these headers.
_HOLDER_HEADERS = word_set(
    "is_primary primary_flag primary is_holder holder account_holder is_account_holder account_role "
    "role relationship relation relationship_to_holder line_role member_type subscriber_type "
    "is_owner owner_flag primary_ind holder_flag head_of_household"
)
_HOLDER_WORDS = pa.array(
    ["primary", "holder", "account holder", "account_holder", "self", "owner", "head", "main", "y",
     "yes", "true", "t", "1", "subscriber", "primary holder", "p"]
)  # fmt: skip


class RecordMaker:
    """Makes the records of one table.

    Args:
        guesses: What its columns hold.
        facts: What every record inherits.
        vault: Tokens of the case.
        columns: All column names in order.
        backward: Full-name columns that write the family name first.
        keys: Columns whose fingerprints are wanted, for links between tables.
        prose: Columns whose cells are read as text.
        declared: Columns that the exhibit declares as keys: a row that holds one is somebody's,
            whatever else it holds.
    """

    def __init__(
        self,
        guesses: Sequence[ColumnGuess],
        facts: ItemFacts,
        vault: Tokens,
        backward: frozenset[str] = frozenset(),
        keys: Sequence[str] = (),
        prose: frozenset[str] = frozenset(),
        declared: Sequence[str] = (),
    ) -> None:
        self.guesses = list(guesses)
        self.keys = tuple(keys)
        self.prose = prose
        self.declared = tuple(declared)
        self.facts = facts
        self.tallies = {g.column: Tally() for g in guesses}
        self.n_rows = 0
        extras = {
            EXTRAS[plain_header(g.column)]: g.column
            for g in guesses
            if plain_header(g.column) in EXTRAS and g.element is None
        }
        self._tools = Tools(
            facts,
            vault,
            {g.column: NameReader(g.column in backward) for g in guesses},
            {g.column: DateReader(g.reading) for g in guesses},
            extras,
        )
        self.has_names = any(g.element == "name" and not g.role for g in guesses)

    def learn(self, guess: ColumnGuess) -> None:
        """Take a later guess for a column that was empty before."""
        at = next(i for i, g in enumerate(self.guesses) if g.column == guess.column)
        self.guesses[at] = guess
        self._tools.dates[guess.column] = DateReader(guess.reading)

    @property
    def is_personal(self) -> bool:
        """Say whether any column holds anybody's data."""
        known = any(g.element for g in self.guesses)
        return known or bool(self._tools.extras) or bool(self.prose)

    def make(self, batch: pa.RecordBatch) -> Made:
        """Return what a batch says: its records, its cells, the fingerprints of its keys."""
        self.n_rows += batch.num_rows
        seen = self._look(batch)
        n = batch.num_rows
        rows = np.asarray(batch.column("_row")).astype(np.int64)
        cells = {s.guess.column: s.cells for s in seen[: len(self.guesses)]}
        if not n or not self.is_personal:
            return Made(None, cells, self._key_table(cells, rows, pa.nulls(n, TEXT)))
        main = Person(self._tools, [s for s in seen if not s.guess.role], batch)
        somebodys = np.zeros(n, np.bool_)
        for column in self.declared:
            if column in cells:
                somebodys |= cells[column].present
        parts = [main.table(rows, 0, _guardian_names(seen, n), somebodys)]
        if main.second is not None:
            parts.append(main.second_table(rows, 1))
        for place, role in enumerate(OTHER_PERSONS, start=2):
            theirs = [s for s in seen if s.guess.role == role and s.guess.element]
            if theirs and place < len(PLACE_OF):
                parts.append(Person(self._tools, theirs, batch).table(rows, place, None))
        kept = [p for p in parts if p.num_rows]
        keys = self._key_table(cells, rows, main.who())
        return Made(pa.concat_tables(kept) if kept else None, cells, keys)

    def _key_table(
        self, cells: dict[str, Cells], rows: NDArray[np.int64], who: pa.Array
    ) -> pa.Table | None:
        """Return record ids, a fingerprint of the name, and one of each key value."""
        if not self.keys:
            return None
        record_id = (np.int64(self.facts.item_no) << ITEM_SHIFT) + rows
        columns = {
            "record_id": pa.array(record_id),
            "who": self._tools.vault.fingerprints(who, "who"),
            "main": self._main_holders(cells, len(rows)),
        }
        for column in self.keys:
            plain = pc.utf8_ltrim(cells[column].alnum_only(), "0")
            plain = pc.if_else(pc.equal(plain, ""), pa.scalar(None, TEXT), plain)
            columns[f"k{self._position(column)}"] = self._tools.vault.fingerprints(plain, "key")
        return pa.table(columns)

    def _main_holders(self, cells: dict[str, Cells], n: int) -> pa.Array:
        """Return which rows say that they are the holder of what they share with others."""
        for column, cell in cells.items():
            if plain_header(column) in _HOLDER_HEADERS:
                said = pc.utf8_lower(cell.values)
                return pc.is_in(said, value_set=_HOLDER_WORDS)
        return pa.repeat(pa.scalar(False), n)

    def _position(self, column: str) -> int:
        return next(g.position for g in self.guesses if g.column == column)

    def _look(self, batch: pa.RecordBatch) -> list[Seen]:
        """Classify every column once, and count."""
        held = [(g, Cells(batch.column(g.column))) for g in self.guesses]
        states = self._licence_states(held)
        out = []
        for guess, cells in held:
            if guess.element is None:
                nothing = np.zeros(cells.n, np.bool_)
                seen = Classified((), nothing, cells.n_present)
            else:
                context = Context(states, self._tools.dates[guess.column])
                seen = classify(guess.element, guess.part, cells, context)
            self.tallies[guess.column].add(seen)
            out.append(Seen(guess, cells, seen))
        for guess, _ in held:
            if guess.column in self.prose:
                out += self._read_cells(guess, batch.column(guess.column))
        return out

    def _read_cells(self, guess: ColumnGuess, values: pa.Array) -> list[Seen]:
        """Return what a column of prose holds, as columns of their own."""
        out = []
        for held in read_prose(guess.column, values):
            cells = Cells(held.values)
            why = "in the text of the cells"
            found = Found(held.element, held.valid & cells.present, form_of(held.element), why=why)
            seen = Classified((found,), cells.present & ~held.valid, 0)
            self.tallies[guess.column].add_prose(seen)
            theirs = replace(guess, element=held.element, part="", role="")
            out.append(Seen(theirs, cells, seen))
        return out

    def _licence_states(self, held: Sequence[tuple[ColumnGuess, Cells]]) -> pa.Array | None:
        """Return the state whose licence each row holds: its own column, else the address."""
        if not any(g.element == "drivers_licence" and not g.part for g, _ in held):
            return None
        sure = [c for g, c in held if g.kind == ("drivers_licence", "state")]
        home = [c for g, c in held if g.kind == ("address", "state") and not g.role]
        found = [known_state(c.values) for c in sure + home]
        return coalesce(found, 0) if found else None


def _guardian_names(seen: Sequence[Seen], n: int) -> pa.Array:
    names = [
        without_fillers(s.cells)
        for s in seen
        if s.guess.role == "guardian" and s.guess.element == "name" and s.guess.part != "business"
    ]
    return joined(names, n, " ")
