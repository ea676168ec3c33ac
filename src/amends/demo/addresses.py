"""Address lines as the carrier's systems write them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.demo.people import Address, World
from amends.demo.places import FOREIGN, KINDS, KINDS_LONG, STREETS
from amends.demo.strings import Ints, Mask, Text, as_text, blank, choose, digits, join, take


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
    who: Ints,
    *,
    foreign: Mask,
    unknown: Mask,
    long_kinds: float = 0.1,
) -> Lines:
    """Return the address of each person in ``who``.

    Args:
        the: The world.
        rng: Chance of this system's habits: spelled-out street types, ZIP+4, lost units.
        address: Addresses of the chunk.
        who: Places in the chunk, one a row.
        foreign: People of the chunk who live abroad.
        unknown: People of the chunk whose address the carrier never had.
        long_kinds: Share of street types spelled out.
    """
    n = len(who)
    city = address.city[who]
    state_of = the.map.city_state[city]
    number = as_text(address.number[who])
    street = take(as_text(STREETS), address.street[who])
    kind = choose(
        rng.random(n) < long_kinds,
        take(as_text(KINDS_LONG), address.kind[who]),
        take(as_text(KINDS), address.kind[who]),
    )
    line1 = join(number, street, kind, sep=" ")
    state = take(the.map.states, state_of)
    line1 = _special(line1, state, number, street, address.unit[who])
    line2 = _units(rng, address.unit[who])
    zip5 = the.map.city_prefix[city] * 100 + address.zip_tail[who]
    five = digits(zip5, 5)
    plus = join(five, digits(address.number[who] % 9000 + 1000, 4), sep="-")
    lines = Lines(
        line1, line2, take(the.map.cities, city), state,
        choose(rng.random(n) < 0.12, plus, five), pa.repeat("US", n),
    )  # fmt: skip
    return _abroad(lines, foreign[who], unknown[who], address.number[who])


def _special(line1: Text, state: Text, number: Text, street: Text, unit: Ints) -> Text:
    military = pc.is_in(state, pa.array(["AE", "AP", "AA"])).to_numpy(zero_copy_only=False)
    puerto_rico = pc.equal(state, "PR").to_numpy(zero_copy_only=False)
    line1 = choose(military, join("PSC ", number, " Box ", as_text(unit + 1000)), line1)
    return choose(puerto_rico, join("Calle ", street, " #", number), line1)


def _units(rng: np.random.Generator, unit: Ints) -> Text:
    n = len(unit)
    word = take(as_text(["Apt ", "#", "Unit ", "Ste ", "Apt. "]), rng.integers(0, 5, n))
    lost = rng.random(n) < 0.08
    return blank(join(word, as_text(unit)), (unit == 0) | lost)


def _abroad(lines: Lines, foreign: Mask, unknown: Mask, pick: Ints) -> Lines:
    if foreign.any():
        line1, city, state, postal, country = (
            take(as_text(list(part)), pick % len(FOREIGN)) for part in zip(*FOREIGN, strict=True)
        )
        lines = Lines(
            choose(foreign, line1, lines.line1), blank(lines.line2, foreign),
            choose(foreign, city, lines.city), choose(foreign, state, lines.state),
            choose(foreign, postal, lines.zip), choose(foreign, country, lines.country),
        )  # fmt: skip
    return Lines(*(blank(part, unknown) for part in lines._parts()))
