"""Address lines as the carrier's systems write them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.demo.people import Address, World
from amends.demo.places import FOREIGN, KINDS, KINDS_LONG, STREETS
from amends.demo.strings import (
    Ints,
    Mask,
    Text,
    as_text,
    blank,
    choose,
    digit_cells,
    fixed,
    join,
    patch,
    pattern,
    take,
)


@dataclass(frozen=True)
class Lines:
    """An address a row; null throughout where the carrier has none."""

    line1: Text
    line2: Text
    city: Text
    state: Text
    zip: Text
    country: Text

    def upper(self) -> Lines:
        """Return the lines in capitals without accents that a mainframe could not keep."""
        return Lines(*(pc.utf8_upper(part) for part in self._parts()))

    def one_line(self) -> Text:
        """Return street, city, state and ZIP on one line."""
        street = choose(_filled(self.line2), join(self.line1, self.line2, sep=" "), self.line1)
        whole = join(street, ", ", self.city, ", ", self.state, " ", self.zip)
        return blank(whole, ~_filled(self.line1))

    def _parts(self) -> tuple[Text, ...]:
        return self.line1, self.line2, self.city, self.state, self.zip, self.country


def _filled(values: Text) -> Mask:
    return np.asarray(pc.is_valid(values).to_numpy(zero_copy_only=False), dtype=np.bool_)


def write_lines(
    the: World,
    rng: np.random.Generator,
    address: Address,
    *,
    foreign: Mask,
    unknown: Mask,
    long_kinds: float = 0.1,
) -> Lines:
    """Return address lines, one a row.

    Args:
        the: The world.
        rng: Chance of this system's habits: spelled-out street types, ZIP+4, lost units.
        address: One address a row.
        foreign: Rows of people who live abroad.
        unknown: Rows of people whose address the carrier never had.
        long_kinds: Share of street types spelled out.
    """
    city = address.city
    n = len(city)
    state_of = the.map.city_state[city]
    number = as_text(address.number)
    street = take(as_text(STREETS), address.street)
    spelled = np.where(rng.random(n) < long_kinds, len(KINDS), 0)
    kind = take(as_text([*KINDS, *KINDS_LONG]), address.kind + spelled)
    line1 = join(number, street, kind, sep=" ")
    state = take(the.map.states, state_of)
    lines = Lines(
        _special(line1, state, address),
        _units(rng, address.unit),
        take(the.map.cities, city),
        state,
        _zips(rng, the, address),
        pa.repeat("US", n),
    )
    lines = _abroad(lines, foreign, address.number)
    return Lines(*(blank(part, unknown) for part in lines._parts()))


def _zips(rng: np.random.Generator, the: World, address: Address) -> Text:
    zip5 = the.map.city_prefix[address.city] * 100 + address.zip_tail
    cells = digit_cells(zip5 * 10_000 + address.number % 9000 + 1000, 9)
    plus = rng.random(len(zip5)) < 0.12
    return choose(plus, pattern(cells, "#####-####"), fixed(cells[:, :5]))


def _special(line1: Text, state: Text, address: Address) -> Text:
    """Write military and Puerto Rican lines as they are written there."""
    codes = np.asarray(state.to_numpy(zero_copy_only=False), dtype="U2")
    where = np.flatnonzero(np.isin(codes, ("AE", "AP", "AA", "PR")))
    written = [
        f"Calle {STREETS[street]} #{number}" if code == "PR" else f"PSC {number} Box {unit + 1000}"
        for code, street, number, unit in zip(
            codes[where].tolist(),
            address.street[where].tolist(),
            address.number[where].tolist(),
            address.unit[where].tolist(),
            strict=True,
        )
    ]
    return patch(line1, where, written)


def _units(rng: np.random.Generator, unit: Ints) -> Text:
    n = len(unit)
    word = take(as_text(["Apt ", "#", "Unit ", "Ste ", "Apt. "]), rng.integers(0, 5, n))
    lost = rng.random(n) < 0.08
    return blank(join(word, as_text(unit)), (unit == 0) | lost)


def _abroad(lines: Lines, foreign: Mask, pick: Ints) -> Lines:
    where = np.flatnonzero(foreign)
    homes = [FOREIGN[number % len(FOREIGN)] for number in pick[where].tolist()]
    if not homes:
        return lines
    line1, city, state, postal, country = (list(part) for part in zip(*homes, strict=True))
    return Lines(
        patch(lines.line1, where, line1),
        blank(lines.line2, foreign),
        patch(lines.city, where, city),
        patch(lines.state, where, state),
        patch(lines.zip, where, postal),
        patch(lines.country, where, country),
    )
