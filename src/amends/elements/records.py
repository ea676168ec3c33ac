"""Rows made into records: what each row says about somebody, with identifiers as tokens.

One batch of a table goes in; out come a batch of ``records``, the counts of every column, and the
fingerprints of key columns by which rows without a name find their person. Identifiers are tokens
before they leave this file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.elements.columns import ColumnGuess
from amends.elements.headers import plain_header
from amends.elements.records_names import SUFFIXES, NameReader, Names, without_fillers
from amends.elements.records_values import (
    TEXT,
    SetColumn,
    as_state,
    coalesce,
    day_array,
    joined,
    known_state,
    mapped,
)
from amends.elements.shapes import Classified, Context, classify, is_filler, normal_values
from amends.elements.shapes_cells import Cells, Mask
from amends.elements.shapes_data import word_set
from amends.elements.shapes_dates import NO_DATE, DateReader, DateReading
from amends.kernel.schema import Table
from amends.tables.elements import RECORDS
from amends.vault import Tokens

ITEM_SHIFT = 36
# Where further persons of one row are numbered: the second adds 2^35, later ones the places below.
PLACES = tuple(
    m << s for m, s in ((0, 0), (1, 35), (1, 34), (3, 34), (1, 33), (3, 33), (5, 33), (7, 33))
)
# Roles that name another person who is owed care as well; a doctor or an employer is not one.
OTHER_PERSONS = ("guardian", "spouse", "emergency_contact", "dependent", "beneficiary",
                 "co_applicant", "guarantor", "reference")  # fmt: skip
_TOKENS = {
    "ssn": "ssn_token", "itin": "ssn_token", "ein": "ein_token", "passport": "passport_token",
    "account_number": "account_token", "bank_account": "bank_token", "card": "card_token",
    "imei": "imei_token", "imsi": "imsi_token", "username": "username_token",
}  # fmt: skip
# SSN and ITIN stand in one column and are compared with each other: one domain.
_DOMAINS = {"itin": "ssn"}
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
_YES = {
    "Y": "1",
    "YES": "1",
    "TRUE": "1",
    "T": "1",
    "1": "1",
    "SI": "1",
    "SÍ": "1",
    "X": "1",
    "ON": "1",
}
_NO = {"N": "0", "NO": "0", "FALSE": "0", "F": "0", "0": "0", "OFF": "0"}


@dataclass(frozen=True)
class ItemFacts:
    """What every record of an item inherits.

    Attributes:
        item_id: The item.
        item_no: Its number.
        exhibit_id: The exhibit.
        role: stolen or roster.
        owner: From the exhibit.
        population: From the exhibit.
        store: From the exhibit.
        as_of_on: From the exhibit.
    """

    item_id: str
    item_no: int
    exhibit_id: str
    role: str = "stolen"
    owner: str = ""
    population: str = ""
    store: str = ""
    as_of_on: date | None = None


@dataclass
class Tally:
    """How many values of a column there are, by what they turned out to be.

    Attributes:
        n_values: Values that are there.
        n_malformed: Values of no element of the column.
        n_valid: Valid values by element and reason.
        n_secured: Values that were encrypted or tokenised.
    """

    n_values: int = 0
    n_malformed: int = 0
    n_valid: dict[tuple[str, str], int] = field(default_factory=dict)
    n_secured: int = 0

    def add(self, seen: Classified) -> None:
        """Count one batch."""
        self.n_values += seen.n_values
        self.n_malformed += int(seen.malformed.sum())
        for found in seen.found:
            held = int(found.mask.sum())
            if held:
                key = (found.element, found.why)
                self.n_valid[key] = self.n_valid.get(key, 0) + held
                self.n_secured += held if found.secured else 0


@dataclass(frozen=True)
class Made:
    """What one batch of a table gave.

    Attributes:
        records: Rows of ``records``; null when there are none.
        cells: Its cells by column.
        keys: ``record_id``, ``who`` (fingerprint of the name, null for a row without one), ``main``
            (whether the row is the holder of what it shares) and one fingerprint a key column,
            ``k`` and its position; null when the table has no keys.
    """

    records: pa.Table | None
    cells: dict[str, Cells]
    keys: pa.Table | None


@dataclass
class _Seen:
    """One column of a batch, looked at."""

    guess: ColumnGuess
    cells: Cells
    classified: Classified


class RecordMaker:
    """Makes the records of one table.

    Args:
        guesses: What its columns hold.
        facts: What every record inherits.
        vault: Tokens of the case.
        columns: All column names in order.
        backward: Full-name columns that write the family name first.
        keys: Columns whose fingerprints are wanted, for links between tables.
    """

    def __init__(
        self,
        guesses: Sequence[ColumnGuess],
        facts: ItemFacts,
        vault: Tokens,
        backward: frozenset[str] = frozenset(),
        keys: Sequence[str] = (),
    ) -> None:
        self.guesses = list(guesses)
        self.keys = tuple(keys)
        self.facts = facts
        self.tallies = {g.column: Tally() for g in guesses}
        self.n_rows = 0
        self._vault = vault
        self._dates = {g.column: DateReader(g.reading) for g in guesses}
        self._names = {g.column: NameReader(g.column in backward) for g in guesses}
        self._extras = {
            EXTRAS[plain_header(g.column)]: g.column
            for g in guesses
            if plain_header(g.column) in EXTRAS and g.element is None
        }
        self._plain_dates = DateReader(DateReading())
        self.has_names = any(g.element == "name" and not g.role for g in guesses)

    def learn(self, guess: ColumnGuess) -> None:
        """Take a later guess for a column that was empty before."""
        at = next(i for i, g in enumerate(self.guesses) if g.column == guess.column)
        self.guesses[at] = guess
        self._dates[guess.column] = DateReader(guess.reading)

    @property
    def is_personal(self) -> bool:
        """Say whether any column holds anybody's data."""
        return any(g.element for g in self.guesses) or bool(self._extras)

    def make(self, batch: pa.RecordBatch) -> Made:
        """Return what a batch says: its records, its cells, the fingerprints of its keys."""
        self.n_rows += batch.num_rows
        seen = self._look(batch)
        n = batch.num_rows
        rows = np.asarray(batch.column("_row")).astype(np.int64)
        cells = {s.guess.column: s.cells for s in seen}
        if not n or not self.is_personal:
            return Made(None, cells, self._key_table(cells, rows, pa.nulls(n, TEXT)))
        main = _Person(self, [s for s in seen if not s.guess.role], batch)
        parts = [main.table(rows, 0, _guardian_names(seen, n))]
        if main.second is not None:
            parts.append(main.second_table(rows, 1))
        for place, role in enumerate(OTHER_PERSONS, start=2):
            theirs = [s for s in seen if s.guess.role == role and s.guess.element]
            if theirs and place < len(PLACES):
                parts.append(_Person(self, theirs, batch).table(rows, place, None))
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
            "who": self._vault.fingerprints(who, "who"),
            "main": self._main_holders(cells, len(rows)),
        }
        for column in self.keys:
            plain = pc.utf8_ltrim(cells[column].alnum_only(), "0")
            plain = pc.if_else(pc.equal(plain, ""), pa.scalar(None, TEXT), plain)
            columns[f"k{self._position(column)}"] = self._vault.fingerprints(plain, "key")
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

    def _look(self, batch: pa.RecordBatch) -> list[_Seen]:
        """Classify every column once, and count."""
        held = [(g, Cells(batch.column(g.column))) for g in self.guesses]
        states = self._licence_states(held)
        out = []
        for guess, cells in held:
            if guess.element is None:
                nothing = np.zeros(cells.n, np.bool_)
                seen = Classified((), nothing, cells.n_present)
            else:
                context = Context(states, self._dates[guess.column])
                seen = classify(guess.element, guess.part, cells, context)
            self.tallies[guess.column].add(seen)
            out.append(_Seen(guess, cells, seen))
        return out

    def _licence_states(self, held: Sequence[tuple[ColumnGuess, Cells]]) -> pa.Array | None:
        """Return the state whose licence each row holds: its own column, else the address."""
        if not any(g.element == "drivers_licence" and not g.part for g, _ in held):
            return None
        sure = [c for g, c in held if g.kind == ("drivers_licence", "state")]
        home = [c for g, c in held if g.kind == ("address", "state") and not g.role]
        found = [known_state(c.values) for c in sure + home]
        return coalesce(found, 0) if found else None


def _guardian_names(seen: Sequence[_Seen], n: int) -> pa.Array:
    names = [
        without_fillers(s.cells)
        for s in seen
        if s.guess.role == "guardian" and s.guess.element == "name" and s.guess.part != "business"
    ]
    return joined(names, n, " ")


class _Person:
    """What the rows of a batch say about one of the persons they name."""

    def __init__(self, maker: RecordMaker, seen: Sequence[_Seen], batch: pa.RecordBatch) -> None:
        self._maker = maker
        self._seen = seen
        self._batch = batch
        self._n = batch.num_rows
        self.elements = SetColumn(self._n)
        self.possible = SetColumn(self._n)
        self.secured = SetColumn(self._n)
        self._values: dict[str, list[pa.Array]] = {}
        for one in seen:
            self._note(one)
        self.second: Names | None = None
        self._name_columns = self._read_names()

    def _note(self, one: _Seen) -> None:
        element, part = one.guess.kind
        if element is None or part in ("year", "month", "day", "expiry"):
            return
        if element == "drivers_licence" and part == "state":
            return
        for found in one.classified.found:
            self.elements.add(found.element, found.mask)
            if found.secured:
                self.secured.add(found.element, found.mask)
            if found.form not in ("none", "date"):
                key = f"{found.element}.{part}" if part and part != "or_ein" else found.element
                self._values.setdefault(key, []).append(normal_values(one.cells, found))
        self.possible.add(element, one.classified.malformed)

    def _of(self, key: str) -> pa.Array:
        return coalesce(self._values.get(key, ()), self._n)

    def _read_names(self) -> dict[str, pa.Array]:
        first = list(self._values.get("name.first", ()))
        middle = list(self._values.get("name.middle", ()))
        last = list(self._values.get("name.last", ()))
        suffix = list(self._values.get("name.suffix", ()))
        if first or last:
            first = [self._clean_names("first")]
            last, more = _split_suffix(self._clean_names("last"))
            first, initials = _split_initial(first[0])
            return {
                "name_first": first, "name_middle": coalesce([*middle, initials], self._n),
                "name_last": last,
                "name_suffix": coalesce([*(_as_suffix(s) for s in suffix), more], self._n),
            }  # fmt: skip
        return self._full_names(middle, suffix)

    def _clean_names(self, part: str) -> pa.Array:
        held = [without_fillers(s.cells) for s in self._seen if s.guess.kind == ("name", part)]
        return coalesce(held, self._n)

    def _full_names(self, middle: list[pa.Array], suffix: list[pa.Array]) -> dict[str, pa.Array]:
        full = [s for s in self._seen if s.guess.kind == ("name", "full")]
        if not full:
            nothing = pa.nulls(self._n, TEXT)
            return dict.fromkeys(("name_first", "name_middle", "name_last", "name_suffix"), nothing)
        names = self._maker._names[full[0].guess.column].read(full[0].cells)
        self.second = names.second
        return {
            "name_first": names.first, "name_middle": coalesce([names.middle, *middle], self._n),
            "name_last": names.last,
            "name_suffix": coalesce([names.suffix, *(_as_suffix(s) for s in suffix)], self._n),
        }  # fmt: skip

    def table(self, rows: NDArray[np.int64], place: int, guardian: pa.Array | None) -> pa.Table:
        """Return the records, one row for each row that names somebody or carries data."""
        n = self._n
        columns = dict(self._name_columns)
        columns["business"] = self._business()
        columns |= self._contact()
        columns |= self._identifiers()
        columns["birth_on"] = self._birth_days()
        columns |= self._extras() if not place else _no_extras(n)
        columns["guardian"] = guardian if guardian is not None else pa.nulls(n, TEXT)
        named = np.zeros(n, np.bool_)
        for key in ("name_first", "name_last", "business"):
            named |= np.asarray(pc.is_valid(columns[key]))
        self.elements.put("name", named)
        keep = named | self.elements.any() | self.possible.any()
        for extra in ("death_on", "deceased"):
            keep |= np.asarray(pc.is_valid(columns[extra]))
        columns["elements"] = self.elements.array()
        columns["possible"] = self.possible.without(self.elements).array()
        columns["secured"] = self.secured.array()
        return _finish(columns, self._maker.facts, rows, place, keep)

    def who(self) -> pa.Array:
        """Return one text a row that is the same for the same name; null for a row without."""
        names = [
            self._name_columns["name_first"],
            self._name_columns["name_last"],
            self._business(),
        ]
        plain = [pc.fill_null(pc.utf8_upper(v), "") for v in names]
        line = pc.binary_join_element_wise(*plain, "|")
        return pc.if_else(pc.equal(line, "||"), pa.scalar(None, TEXT), line)

    def second_table(self, rows: NDArray[np.int64], place: int) -> pa.Table:
        """Return records for second persons named in the same cell: their name and address."""
        n = self._n
        assert self.second is not None
        two = self.second
        columns = {
            "name_first": two.first, "name_middle": two.middle, "name_last": two.last,
            "name_suffix": two.suffix, "business": pa.nulls(n, TEXT),
        }  # fmt: skip
        contact = self._contact()
        columns |= {k: contact[k] for k in ("street", "city", "state", "zip", "country")}
        columns |= {"phone": pa.nulls(n, TEXT), "email": pa.nulls(n, TEXT)}
        columns |= {c: pa.nulls(n, TEXT) for c in _IDENTIFIER_COLUMNS}
        columns["birth_on"] = pa.nulls(n, pa.date32())
        columns |= _no_extras(n)
        columns["guardian"] = pa.nulls(n, TEXT)
        keep = np.asarray(pc.is_valid(two.first)) | np.asarray(pc.is_valid(two.last))
        sets = SetColumn(n)
        sets.add("name", keep)
        sets.add("address", self.elements.mask("address") & keep)
        columns["elements"] = sets.array()
        columns["possible"] = SetColumn(n).array()
        columns["secured"] = SetColumn(n).array()
        return _finish(columns, self._maker.facts, rows, place, keep)

    def _business(self) -> pa.Array:
        held = [
            without_fillers(s.cells) for s in self._seen if s.guess.kind == ("name", "business")
        ]
        return coalesce(held, self._n)

    def _contact(self) -> dict[str, pa.Array]:
        n = self._n
        street = joined(
            [
                coalesce(self._values.get("address.street", ()), n),
                *self._values.get("address.street2", ()),
            ],
            n,
        )
        city, state = self._of("address.city"), as_state(self._of("address.state"))
        zip_ = self._of("zip")
        if "address.city" not in self._values and "address.street" in self._values:
            street, city, state, zip_ = _split_address(street, state, zip_)
        out = {
            "street": street, "city": city, "state": state, "zip": _padded_zip(zip_, state),
            "country": self._of("address.country"),
            "phone": self._of("phone"), "email": self._of("email"),
        }  # fmt: skip
        self._whole_address(out)
        return out

    def _whole_address(self, parts: dict[str, pa.Array]) -> None:
        """Count a street, or a city with state or ZIP, as an address; a lone ZIP as a ZIP."""
        has = {k: np.asarray(pc.is_valid(parts[k])) for k in ("street", "city", "state", "zip")}
        whole = has["street"] | (has["city"] & (has["state"] | has["zip"]))
        self.elements.put("address", whole)
        self.elements.put("zip", self.elements.mask("zip") & ~whole)

    def _identifiers(self) -> dict[str, pa.Array]:
        n, vault = self._n, self._maker._vault
        out = {c: pa.nulls(n, TEXT) for c in _IDENTIFIER_COLUMNS}
        made: dict[str, list[pa.Array]] = {}
        for element, column in _TOKENS.items():
            if element in self._values:
                domain = _DOMAINS.get(element, element)
                made.setdefault(column, []).append(vault.tokens(domain, self._of(element)))
        for column, held in made.items():
            out[column] = coalesce(held, n)
        whole = [self._of(e) for e in ("ssn", "itin") if e in self._values]
        tails = [pc.utf8_slice_codeunits(w, -4) for w in whole]
        out["ssn_last4"] = coalesce([*tails, *self._values.get("ssn_last4", ())], n)
        if "drivers_licence" in self._values:
            out |= self._licences()
        return out

    def _licences(self) -> dict[str, pa.Array]:
        numbers = self._of("drivers_licence")
        own = [s.cells.values for s in self._seen if s.guess.kind == ("drivers_licence", "state")]
        states = [known_state(v) for v in own] + [known_state(self._of("address.state"))]
        state = coalesce(states, self._n)
        head, tail = pc.utf8_slice_codeunits(numbers, 0, 2), pc.utf8_slice_codeunits(numbers, 2)
        # "CA D1234567": the state written before the number.
        written = pc.and_(
            pc.is_valid(known_state(head)), pc.match_substring_regex(tail, r"^[A-Z]?\d{6,}$")
        )
        same = pc.or_(pc.equal(head, state), pc.is_null(state))
        moved = pc.and_(written.fill_null(False), same.fill_null(False))
        state = pc.if_else(moved, head, state)
        numbers = pc.if_else(moved, tail, numbers)
        both = pc.binary_join_element_wise(pc.fill_null(state, ""), numbers, ":")
        return {
            "licence_token": self._maker._vault.tokens("drivers_licence", both),
            "licence_last4": pc.utf8_slice_codeunits(numbers, -4),
        }

    def _birth_days(self) -> pa.Array:
        out: NDArray[np.int32] | None = None
        for one in self._seen:
            if one.guess.kind == ("birth_date", ""):
                days = self._maker._dates[one.guess.column].days(one.cells)
                days = np.where(is_filler(one.cells, "birth_date"), NO_DATE, days)
                out = days if out is None else np.where(out == NO_DATE, days, out)
        if out is None:
            out = self._birth_from_parts()
        return day_array(out, self._n, NO_DATE)

    def _birth_from_parts(self) -> NDArray[np.int32] | None:
        parts = {s.guess.part: s.cells for s in self._seen if s.guess.element == "birth_date"}
        if not {"year", "month", "day"} <= parts.keys():
            return None
        texts = [pc.fill_null(parts[p].values, "") for p in ("year", "month", "day")]
        whole = Cells(pc.binary_join_element_wise(*texts, "-"))
        days = self._maker._plain_dates.days(whole)
        self.elements.add("birth_date", days != NO_DATE)
        return days

    def _extras(self) -> dict[str, pa.Array]:
        n, maker = self._n, self._maker
        out = _no_extras(n)
        held = {name: Cells(self._batch.column(column)) for name, column in maker._extras.items()}
        if "language" in held:
            out["language"] = pc.utf8_slice_codeunits(pc.utf8_lower(held["language"].values), 0, 2)
        for name in ("consents_email", "deceased"):
            if name in held:
                said = mapped(held[name].values, {**_YES, **_NO})
                out[name] = pc.equal(said, "1")
        if "death_on" in held:
            days = maker._plain_dates.days(held["death_on"])
            out["death_on"] = day_array(days, n, NO_DATE)
            dead = pc.is_valid(out["death_on"])
            out["deceased"] = pc.if_else(dead, pa.scalar(True), out["deceased"])
        return out


_IDENTIFIER_COLUMNS = (
    "ssn_token", "ssn_last4", "ein_token", "licence_token", "licence_last4", "passport_token",
    "account_token", "bank_token", "card_token", "imei_token", "imsi_token", "username_token",
)  # fmt: skip


def _no_extras(n: int) -> dict[str, pa.Array]:
    return {
        "language": pa.nulls(n, TEXT),
        "consents_email": pa.nulls(n, pa.bool_()),
        "death_on": pa.nulls(n, pa.date32()),
        "deceased": pa.nulls(n, pa.bool_()),
    }


def _finish(
    columns: dict[str, pa.Array],
    facts: ItemFacts,
    rows: NDArray[np.int64],
    place: int,
    keep: Mask,
) -> pa.Table:
    n = len(rows)
    locators = rows + PLACES[place]
    columns["record_id"] = pa.array((np.int64(facts.item_no) << ITEM_SHIFT) + locators)
    columns["locator"] = pa.array(locators)
    same = {
        "item_id": facts.item_id, "exhibit_id": facts.exhibit_id, "kind": "row", "role": facts.role,
        "owner": facts.owner, "population": facts.population, "store": facts.store,
    }  # fmt: skip
    for name, value in same.items():
        columns[name] = pa.repeat(pa.scalar(value, TEXT), n)
    columns["as_of_on"] = pa.repeat(pa.scalar(facts.as_of_on, pa.date32()), n)
    columns["linked_to"] = pa.nulls(n, pa.int64())
    columns["link_reason"] = columns["ambiguous"] = pa.nulls(n, TEXT)
    table = as_table(RECORDS, columns)
    return table if keep.all() else table.filter(pa.array(keep))


def as_table(table: Table, columns: dict[str, pa.Array]) -> pa.Table:
    """Return columns as a table of the declared shape."""
    return pa.table([columns[c.name] for c in table.columns], schema=table.schema)


def _as_suffix(values: pa.Array) -> pa.Array:
    return mapped(values, SUFFIXES)


def _split_suffix(last: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Take ``Jr`` and the like off family names."""
    pattern = r"(?i)^(?P<name>.+?)[ ,]+(?P<suffix>JR|SR|II|III|IV|JNR|SNR)\.?$"
    with_space = pc.match_substring(last, " ")
    if not pc.any(with_space).as_py():
        return last, pa.nulls(len(last), TEXT)
    found = pc.extract_regex(last, pattern)
    name, suffix = pc.struct_field(found, [0]), pc.struct_field(found, [1])
    return pc.coalesce(name, last), _as_suffix(suffix)


def _split_initial(first: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Take a middle initial off given names: ``Mary T.``."""
    with_space = pc.match_substring(first, " ")
    if not pc.any(with_space).as_py():
        return first, pa.nulls(len(first), TEXT)
    found = pc.extract_regex(first, r"^(?P<name>\S+) (?P<middle>\p{L}\.?)$")
    name, middle = pc.struct_field(found, [0]), pc.struct_field(found, [1])
    return pc.coalesce(name, first), middle


_ONE_LINE_COMMA = (
    r"^(?P<street>.+), *(?P<city>[^,\d]+), *(?P<state>[A-Za-z]{2})\.?,? +(?P<zip>\d{5}(?:-\d{4})?)"
    r"(?:,? +(?:USA?|United States))?$"
)


def _split_address(
    street: pa.Array, state: pa.Array, zip_: pa.Array
) -> tuple[pa.Array, pa.Array, pa.Array, pa.Array]:
    """Take city, state and ZIP off a line that holds the whole address."""
    line = pc.replace_substring_regex(street, r"[\r\n]+", ", ")
    found = pc.extract_regex(line, _ONE_LINE_COMMA)
    parts = [pc.struct_field(found, [i]) for i in range(4)]
    return (
        pc.coalesce(parts[0], street),
        parts[1],
        pc.coalesce(state, as_state(parts[2])),
        pc.coalesce(zip_, parts[3]),
    )


def _padded_zip(zip_: pa.Array, state: pa.Array) -> pa.Array:
    """Give ZIPs of three or four digits their leading zeros back, where the state is one."""
    short = pc.and_(
        pc.match_substring_regex(zip_, r"^\d{3,4}$"), pc.is_valid(known_state(state))
    ).fill_null(False)
    out = pc.if_else(short, pc.utf8_lpad(zip_, 5, "0"), zip_)
    # A spreadsheet's "2139.0", and nine digits without the hyphen.
    return pc.replace_substring_regex(out, r"^(\d{5})(\d{4})$", r"\1-\2")
