"""Which of Larkspur's systems know which people: one chunk with all an exhibit needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.demo.addresses import Lines, write_lines
from amends.demo.people import Numbers, People, World, make_numbers, make_people
from amends.demo.strings import Ints, Mask, Text, blank, choose, join, mistype, spoil, take


@dataclass(frozen=True)
class Chunk:
    """A chunk of the population with its numbers and its place in the carrier's systems.

    Attributes:
        current: People with a row in the customer table (holders, users of a line).
        with_line: Those of them with a line of their own.
        former, applicant, prepaid: People in those systems.
        later: People whom only the second tranche exposes.
    """

    the: World
    number: int
    people: People
    numbers: Numbers
    current: Mask
    with_line: Mask
    former: Mask
    applicant: Mask
    prepaid: Mask
    later: Mask

    def rng(self, salt: int) -> np.random.Generator:
        """Return the chance of one exhibit on this chunk."""
        return self.the.rng(self.number, salt)

    def lines(self, rng: np.random.Generator, who: Ints, *, moved: Mask | None = None) -> Lines:
        """Return address lines of some people: of the home before this one where they moved."""
        people = self.people
        address = people.home.of(who)
        if moved is not None:
            address = address.unless(moved, people.before.of(who))
        return write_lines(
            self.the, rng, address, foreign=people.foreign[who], unknown=people.unknown[who]
        )


def make_chunk(the: World, number: int) -> Chunk:
    """Return one chunk of the carrier's population."""
    people = make_people(the, number)
    rng = the.rng(number, 3)
    n = len(people)
    adult = people.adult
    # Who died before 2021 left the current systems; the archive keeps them.
    alive = np.isnat(people.died_on) | (people.died_on > np.datetime64("2021-01-01"))
    family = (rng.random(n) < 0.52)[people.head]
    chance = rng.random(n)
    member = (people.place == 0) | ((people.place == 1) & (chance < 0.72))
    child_line = (people.place >= 2) & (people.age >= 7) & (chance < 0.6)
    current = family & (member | child_line) & alive & alive[people.head]
    former = adult & (rng.random(n) < 0.42)
    applicant = adult & alive & (rng.random(n) < 0.38)
    prepaid = adult & alive & (rng.random(n) < 0.14)
    nowhere = ~(current | former | applicant | prepaid)
    return Chunk(
        the, number, people, make_numbers(the, people, number), current,
        current & ((people.place != 1) | (rng.random(n) < 0.85)),
        former, applicant, prepaid, nowhere & adult & alive & (rng.random(n) < 0.35),
    )  # fmt: skip


@dataclass(frozen=True)
class NameColumns:
    """Name parts, one row a person."""

    first: Text
    middle: Text
    last: Text
    suffix: Text


_SUFFIXES = ("", "Jr", "Sr", "III")


def write_names(
    chunk: Chunk,
    rng: np.random.Generator,
    who: Ints,
    *,
    style: str,
    slips: float,
    nicknames: float = 0.0,
    maiden: float = 0.0,
    middles: float = 0.5,
    suffixes: float = 0.7,
) -> NameColumns:
    """Return the names of some people as one system keeps them.

    Args:
        chunk: The chunk.
        rng: Chance of this system.
        who: Places in the chunk, one a row.
        style: ``written`` (accents), ``plain`` (none) or ``upper`` (capitals without marks).
        slips: Share of first and of last names with a slip of the keyboard.
        nicknames: Share of first names given as a nickname.
        maiden: Share of those with an earlier surname who stand under it.
        middles: Share with a middle name or initial, where ``written`` keeps whole names.
        suffixes: Share of namesakes whose suffix is kept.
    """
    people, pool, n = chunk.people, chunk.the.names, len(who)
    given = getattr(pool.given, style)
    surnames = getattr(pool.surnames, style)
    first = take(given, people.given[who])
    short = pool.nickname(rng, people.given[who])
    use = (short >= 0) & (rng.random(n) < nicknames)
    if use.any():
        nick = take(pool.nicknames, np.maximum(short, 0))
        first = choose(use, _as_style(nick, style), first)
    last = _surname_text(chunk, rng, who, surnames, maiden)
    middle = take(given, people.middle[who])
    initial = _initials(middle)
    middle = choose(rng.random(n) < 0.6, initial, middle)
    suffix = take(_word(_SUFFIXES, style), people.suffix[who])
    return NameColumns(
        spoil(first, rng.random(n) < slips, rng, mistype),
        blank(middle, rng.random(n) >= middles),
        spoil(last, rng.random(n) < slips, rng, mistype),
        blank(suffix, (people.suffix[who] == 0) | (rng.random(n) >= suffixes)),
    )


def _surname_text(
    chunk: Chunk, rng: np.random.Generator, who: Ints, surnames: Text, maiden: float
) -> Text:
    people, n = chunk.people, len(who)
    earlier = (people.maiden[who] >= 0) & (rng.random(n) < maiden)
    last = take(surnames, np.where(earlier, people.maiden[who], people.surname[who]))
    # A second family name is often left out, sometimes hyphenated.
    second = people.second_surname[who]
    keeps = (second >= 0) & ~earlier & (rng.random(n) < 0.7)
    both = join(last, take(surnames, np.maximum(second, 0)), sep=" ")
    last = choose(keeps, both, last)
    hyphen = (
        (people.maiden[who] >= 0) & ~earlier & (people.place[who] == 1) & (rng.random(n) < 0.04)
    )
    doubled = join(take(surnames, np.maximum(people.maiden[who], 0)), last, sep="-")
    return choose(hyphen, doubled, last)


def _initials(words: Text) -> Text:
    return pc.utf8_slice_codeunits(words, 0, 1)


def _as_style(words: Text, style: str) -> Text:
    return pc.utf8_upper(words) if style == "upper" else words


def _word(words: tuple[str, ...], style: str) -> Text:
    return pa.array([word.upper() if style == "upper" else word for word in words])
