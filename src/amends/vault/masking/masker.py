"""Second reading: batches in, masked batches out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.vault.masking.allocate import Allocation, is_in, masks_of
from amends.vault.masking.census import DomainSet, Shifts, links_of, row_numbers
from amends.vault.masking.dates import Days, shift
from amends.vault.masking.domains import keep_fillers
from amends.vault.masking.free_text import (
    Finder,
    Span,
    names_in,
    put,
    tokens_of,
    with_known,
)
from amends.vault.masking.normal import is_filler, texts
from amends.vault.masking.plan import ColumnPlan, Plan
from amends.vault.masking.rules import default_for
from amends.vault.masking.sweep import Sweep
from amends.vault.masking.words import CityDomain, mask_lines, mask_names
from amends.vault.stores.base import ColumnShape

REDACTED = "redacted"
_NUMBER_TYPES = (
    "int",
    "num",
    "dec",
    "real",
    "float",
    "double",
    "money",
    "serial",
    "halffloat",
    "year",
    "bit",
)


@dataclass
class ColumnCount:
    """What became of a column's values.

    Attributes:
        n_rows: Rows.
        n_values: Values that are not empty and stand for something.
        n_same: Values that came out as they were, though their rule is to change them.
        n_malformed: Dates that are none; they were scrambled or emptied.
        n_found: Identifiers replaced inside texts.
    """

    n_rows: int = 0
    n_values: int = 0
    n_same: int = 0
    n_malformed: int = 0
    n_found: int = 0


class Masker:
    """Masks the tables of one source.

    Args:
        domains: The value domains.
        plan: What becomes of each column.
        shapes: The columns of each table, by name.
        allocations: What the census settled.
        shifts: By how much dates move.
        sweep: Knows every original of the source.
        finder: Finds elements in texts; nothing where there is no scanner.
    """

    def __init__(
        self,
        domains: DomainSet,
        plan: Plan,
        shapes: dict[str, Sequence[ColumnShape]],
        allocations: dict[str, Allocation],
        shifts: Shifts,
        sweep: Sweep,
        finder: Finder | None = None,
    ) -> None:
        self.domains = domains
        self.plan = plan
        self.allocations = allocations
        self.counts: dict[tuple[str, str], ColumnCount] = {}
        self._shapes = {t: {c.name: c for c in columns} for t, columns in shapes.items()}
        self._of = {t: {c.column: c for c in plan.of(t)} for t in shapes}
        self._ties = {t: links_of(plan, t) for t in shapes}
        self._shifts = shifts
        self._finder = finder
        self._sweep = sweep

    def mask(self, table: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch with every column under its rule."""
        held = self._of[table]
        dated = [c for c in held.values() if c.rule in ("shift", "text")]
        days = self._days(table, batch, dated) if dated else np.zeros(batch.num_rows, np.int64)
        made = []
        for name in batch.schema.names:
            values = texts(batch.column(name))
            one = held[name]
            out = self._fitted(one, self._column(one, values, days, batch))
            self._count(one, values, out)
            made.append(out)
        return pa.RecordBatch.from_arrays(made, names=batch.schema.names)

    def _days(self, table: str, batch: pa.RecordBatch, dated: list[ColumnPlan]) -> Days:
        instead = texts(batch.column(dated[0].column))
        return self._shifts.days(row_numbers(self.domains, self._ties[table], batch), instead)

    def _column(
        self, one: ColumnPlan, values: pa.Array, days: Days, batch: pa.RecordBatch
    ) -> pa.Array:
        if one.rule == "keep":
            return values
        if one.rule == "null":
            return pa.nulls(len(values), pa.string())
        if one.rule == "redact":
            return self._redacted(one, values)
        if one.rule == "shift":
            return self._shifted(one, values, days)
        if one.rule == "text":
            return self._texts(one, values, days)
        if one.rule == "round":
            return pc.replace_substring_regex(values, r"([0-9]\.[0-9])[0-9]+", r"\1")
        if one.domain == "city" and one.beside in batch.schema.names:
            return keep_fillers(values, self._city(values, texts(batch.column(one.beside))))
        coded = values.dictionary_encode()
        if len(coded.dictionary) > len(values) * 0.7:
            return keep_fillers(values, self.replace(one.domain, values))
        distinct = keep_fillers(coded.dictionary, self.replace(one.domain, coded.dictionary))
        return distinct.take(coded.indices)

    def _fitted(self, one: ColumnPlan, masked: pa.Array) -> pa.Array:
        """Return masks no longer than the column takes; of mail addresses the end is kept, by which they differ."""
        column = self._shapes[one.table].get(one.column)
        width = width_of(column.type) if column is not None else 0
        if not width or not len(masked) or (pc.max(pc.utf8_length(masked)).as_py() or 0) <= width:
            return masked
        if one.domain == "email":
            return pc.utf8_ltrim(pc.utf8_slice_codeunits(masked, -width), ".")
        return pc.utf8_slice_codeunits(masked, 0, width)

    def replace(self, name: str, values: pa.Array) -> pa.Array:
        """Return the masks of values of a domain, written as the values are; null for null."""
        get = self.domains
        if name in ("name", "business"):
            return mask_names(
                get["given_name"],
                get["surname"],
                values,
                "business" if name == "business" else "full",
            )
        if name in ("given_name", "surname"):
            return mask_names(
                get["given_name"],
                get["surname"],
                values,
                "first" if name == "given_name" else "last",
            )
        if name == "address":
            return mask_lines(get["street"], self._city_domain(), get["zip"], values)
        domain = get[name]
        normals = domain.normal(values)
        masks = masks_of(
            domain, self.allocations.get(name, Allocation(np.zeros(0, np.uint64))), normals
        )
        return domain.write(values, normals, masks)

    def _city_domain(self) -> CityDomain:
        domain = self.domains["city"]
        assert isinstance(domain, CityDomain)
        return domain

    def _city(self, values: pa.Array, states: pa.Array) -> pa.Array:
        domain = self._city_domain()
        normals = domain.normal(values)
        return domain.write(values, normals, domain.pick_beside(normals, states))

    def _redacted(self, one: ColumnPlan, values: pa.Array) -> pa.Array:
        column = self._shapes[one.table].get(one.column)
        text = blank_for(column.type if column else "", column.nullable if column else True)
        return pc.if_else(
            pc.is_valid(values), pa.scalar(text, pa.string()), pa.scalar(None, pa.string())
        )

    def _shifted(self, one: ColumnPlan, values: pa.Array, days: Days) -> pa.Array:
        moved = shift(values, days, one.day_first)
        lost = pc.and_(pc.is_null(moved), pc.invert(is_filler(values)))
        n_lost = int(pc.sum(lost).as_py() or 0)
        if n_lost:
            self._of_count(one).n_malformed += n_lost
            domain = self.domains["date"]
            normals = domain.normal(values.filter(lost))
            scrambled = domain.write(values.filter(lost), normals, domain.draw(normals, 0))
            moved = pc.replace_with_mask(moved, lost, scrambled)
        return keep_fillers(values, moved)

    def _texts(self, one: ColumnPlan, values: pa.Array, days: Days) -> pa.Array:
        plain = values.to_pylist()
        spans = [
            with_known(known, self._found(t))
            for t, known in zip(plain, self._known_spans(plain), strict=True)
        ]
        flat = [(row, s) for row, held in enumerate(spans) for s in held]
        masks = self._span_masks(plain, flat, days)
        made, at = [], 0
        for text, held in zip(plain, spans, strict=True):
            made.append(None if text is None else put(text, held, masks[at : at + len(held)]))
            at += len(held)
        self._of_count(one).n_found += len(flat)
        return pa.array(made, pa.string())

    def _found(self, text: str | None) -> Sequence[Span]:
        return self._finder(text) if text and self._finder is not None else ()

    def _known_spans(self, plain: Sequence[str | None]) -> list[list[Span]]:
        """Return, for each text, the originals of this source that stand in it."""
        places = [
            (row, *span) for row, text in enumerate(plain) if text for span in tokens_of(text)
        ]
        out: list[list[Span]] = [[] for _ in plain]
        self._known_names(plain, out)
        if not places:
            return out
        tokens = pa.array([(plain[row] or "")[a:b] for row, a, b in places], pa.string())
        hits = self._sweep.hits(tokens)
        for place, domain in zip(hits.places, hits.domains, strict=True):
            row, start, end = places[int(place)]
            out[row].append(Span(start, end, f"={self._sweep.names[int(domain)]}"))
        return out

    def _known_names(self, plain: Sequence[str | None], out: list[list[Span]]) -> None:
        """Add first and last names that stand together in a row of the source."""
        places = [(row, *span) for row, text in enumerate(plain) if text for span in names_in(text)]
        held = self.allocations.get("name")
        if held is None or not places:
            return
        pieces = pa.array([(plain[row] or "")[a:b] for row, a, b in places], pa.string())
        for place in np.flatnonzero(is_in(self.domains.numbers("name", pieces), held.originals)):
            row, start, end = places[int(place)]
            out[row].append(Span(start, end, "=name"))

    def _span_masks(
        self, plain: Sequence[str | None], flat: Sequence[tuple[int, Span]], days: Days
    ) -> list[str]:
        """Return the masks of spans, domain by domain."""
        masks = ["[removed]"] * len(flat)
        groups: dict[str, list[int]] = {}
        for place, (_, span) in enumerate(flat):
            groups.setdefault(_domain_of(span.element), []).append(place)
        for name, places in groups.items():
            if not name:
                continue
            values = pa.array(
                [(plain[flat[p][0]] or "")[flat[p][1].start : flat[p][1].end] for p in places],
                pa.string(),
            )
            if name == "birth_date":
                made = shift(values, days[[flat[p][0] for p in places]])
            else:
                made = self.replace(name, values)
            for place, mask in zip(places, made.to_pylist(), strict=True):
                masks[place] = mask or "[removed]"
        return masks

    def _of_count(self, one: ColumnPlan) -> ColumnCount:
        return self.counts.setdefault((one.table, one.column), ColumnCount())

    def _count(self, one: ColumnPlan, values: pa.Array, out: pa.Array) -> None:
        count = self._of_count(one)
        count.n_rows += len(values)
        real = pc.invert(is_filler(values))
        count.n_values += int(pc.sum(real).as_py() or 0)
        if one.rule in ("fpe", "pool", "shift") and one.domain not in ("zip", "street2"):
            same = pc.and_(pc.fill_null(pc.equal(values, out), False), real)
            count.n_same += int(pc.sum(same).as_py() or 0)


def _domain_of(element: str) -> str:
    """Return the domain by which a span is masked; empty where it is only taken out."""
    if element.startswith("="):
        return element[1:]
    default = default_for(element, "")
    if default is None or default.rule not in ("fpe", "pool", "shift"):
        return ""
    return default.domain or element


def blank_for(kind: str, nullable: bool) -> str | None:
    """Return what a redacted column of a type holds: a word, 0, a day, or nothing."""
    plain = kind.lower()
    if "bool" in plain:
        return "false"
    if (
        any(word in plain for word in _NUMBER_TYPES)
        and "interval" not in plain
        and "point" not in plain
    ):
        return "0"
    if "date" in plain or "time" in plain:
        return None if nullable else "1900-01-01"
    if (
        plain in ("", "string", "large_string")
        or "char" in plain
        or "text" in plain
        or "clob" in plain
    ):
        width = width_of(plain)
        return REDACTED[:width] if width else REDACTED
    return None if nullable else ""


def width_of(kind: str) -> int:
    """Return how many signs a text type takes; 0 where it is no text type or takes any number."""
    plain = kind.lower()
    width = plain.partition("(")[2].partition(")")[0]
    return int(width) if "char" in plain and width.isdigit() else 0
