"""What the rows of a batch say about one of the persons they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.elements.records_address import (
    as_suffix,
    padded_zip,
    split_address,
    split_initial,
    split_suffix,
)
from amends.elements.records_base import ItemFacts, Seen, finish
from amends.elements.records_names import NameReader, Names, without_fillers
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
from amends.elements.shapes import is_filler, normal_values
from amends.elements.shapes_cells import Cells, Mask
from amends.elements.shapes_dates import NO_DATE, US_DATES, DateReader
from amends.vault import Tokens

TOKEN_COLUMNS = {
    "ssn": "ssn_token", "itin": "ssn_token", "ein": "ein_token", "passport": "passport_token",
    "account_number": "account_token", "bank_account": "bank_token", "card": "card_token",
    "imei": "imei_token", "imsi": "imsi_token", "username": "username_token",
}  # fmt: skip
# SSN and ITIN stand in one column and are compared with each other: one domain.
_DOMAINS = {"itin": "ssn"}
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
class Tools:
    """What a table's rows are read with.

    Attributes:
        facts: What every record inherits.
        vault: Tokens of the case.
        names: Reader of full names by column.
        dates: Reader of birth dates by column.
        extras: What rosters tell beside (language, death …) → column.
        plain_dates: Reader of all other dates.
    """

    facts: ItemFacts
    vault: Tokens
    names: Mapping[str, NameReader]
    dates: dict[str, DateReader]
    extras: Mapping[str, str]
    plain_dates: DateReader = field(default_factory=lambda: DateReader(US_DATES))


def _is_row_id(one: Seen) -> bool:
    """Say whether a column is a table's own number of a row; beside the number people know, that one comes first."""
    return one.guess.element == "account_number" and one.guess.column.lower().endswith("id")


class Person:
    """What the rows of a batch say about one of the persons they name."""

    def __init__(self, tools: Tools, seen: Sequence[Seen], batch: pa.RecordBatch) -> None:
        self._tools = tools
        self._seen = seen
        self._batch = batch
        self._n = batch.num_rows
        self.elements = SetColumn(self._n)
        self.possible = SetColumn(self._n)
        self.secured = SetColumn(self._n)
        self._values: dict[str, list[pa.Array]] = {}
        for one in sorted(seen, key=_is_row_id):
            self._note(one)
        self.second: Names | None = None
        self._name_columns = self._read_names()

    def _note(self, one: Seen) -> None:
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
            last, more = split_suffix(self._clean_names("last"))
            first, initials = split_initial(first[0])
            return {
                "name_first": first, "name_middle": coalesce([*middle, initials], self._n),
                "name_last": last,
                "name_suffix": coalesce([*(as_suffix(s) for s in suffix), more], self._n),
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
        names = self._tools.names[full[0].guess.column].read(full[0].cells)
        self.second = names.second
        return {
            "name_first": names.first, "name_middle": coalesce([names.middle, *middle], self._n),
            "name_last": names.last,
            "name_suffix": coalesce([names.suffix, *(as_suffix(s) for s in suffix)], self._n),
        }  # fmt: skip

    def table(
        self,
        rows: NDArray[np.int64],
        place: int,
        guardian: pa.Array | None,
        somebodys: Mask | None = None,
    ) -> pa.Table:
        """Return the records, one row for each row that names somebody or carries data.

        Args:
            rows: Row numbers.
            place: Which person of the row, from 0.
            guardian: Names of guardians.
            somebodys: Rows to keep whatever they hold: the exhibit itself ties them to somebody.
        """
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
        if somebodys is not None:
            keep |= somebodys
        for extra in ("death_on", "deceased"):
            keep |= np.asarray(pc.is_valid(columns[extra]))
        columns["elements"] = self.elements.array()
        columns["possible"] = self.possible.without(self.elements).array()
        columns["secured"] = self.secured.array()
        return finish(columns, self._tools.facts, rows, place, keep)

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
        return finish(columns, self._tools.facts, rows, place, keep)

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
            street, city, state, zip_ = split_address(street, state, zip_)
        out = {
            "street": street, "city": city, "state": state, "zip": padded_zip(zip_, state),
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
        for held in (self.elements, self.possible):
            held.put("zip", held.mask("zip") & ~whole)

    def _identifiers(self) -> dict[str, pa.Array]:
        n, vault = self._n, self._tools.vault
        out = {c: pa.nulls(n, TEXT) for c in _IDENTIFIER_COLUMNS}
        made: dict[str, list[pa.Array]] = {}
        for element, column in TOKEN_COLUMNS.items():
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
        state, numbers = _state_written(state, numbers)
        both = pc.binary_join_element_wise(pc.fill_null(state, ""), numbers, ":")
        return {
            "licence_token": self._tools.vault.tokens("drivers_licence", both),
            "licence_last4": pc.utf8_slice_codeunits(numbers, -4),
        }

    def _birth_days(self) -> pa.Array:
        out: NDArray[np.int32] | None = None
        for one in self._seen:
            if one.guess.kind == ("birth_date", ""):
                days = self._tools.dates[one.guess.column].days(one.cells)
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
        days = self._tools.plain_dates.days(whole)
        self.elements.add("birth_date", days != NO_DATE)
        return days

    def _extras(self) -> dict[str, pa.Array]:
        n, tools = self._n, self._tools
        out = _no_extras(n)
        held = {name: Cells(self._batch.column(column)) for name, column in tools.extras.items()}
        if "language" in held:
            out["language"] = pc.utf8_slice_codeunits(pc.utf8_lower(held["language"].values), 0, 2)
        for name in ("consents_email", "deceased"):
            if name in held:
                said = mapped(held[name].values, {**_YES, **_NO})
                out[name] = pc.equal(said, "1")
        if "death_on" in held:
            days = tools.plain_dates.days(held["death_on"])
            out["death_on"] = day_array(days, n, NO_DATE)
            dead = pc.is_valid(out["death_on"])
            out["deceased"] = pc.if_else(dead, pa.scalar(True), out["deceased"])
        return out


_IDENTIFIER_COLUMNS = (
    "ssn_token", "ssn_last4", "ein_token", "licence_token", "licence_last4", "passport_token",
    "account_token", "bank_token", "card_token", "imei_token", "imsi_token", "username_token",
)  # fmt: skip


def _state_written(state: pa.Array, numbers: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Take a state written before the number off it: ``CA D1234567``."""
    head = pc.utf8_slice_codeunits(numbers, 0, 2)
    coded = known_state(head)
    if coded.null_count == len(coded):
        return state, numbers
    tail = pc.utf8_slice_codeunits(numbers, 2)
    written = pc.and_(pc.is_valid(coded), pc.match_substring_regex(tail, r"^[A-Z]?\d{6,}$"))
    same = pc.or_kleene(pc.equal(head, state), pc.is_null(state))
    moved = pc.and_(written.fill_null(False), same.fill_null(False))
    return pc.if_else(moved, head, state), pc.if_else(moved, tail, numbers)


def _no_extras(n: int) -> dict[str, pa.Array]:
    return {
        "language": pa.nulls(n, TEXT),
        "consents_email": pa.nulls(n, pa.bool_()),
        "death_on": pa.nulls(n, pa.date32()),
        "deceased": pa.nulls(n, pa.bool_()),
    }
