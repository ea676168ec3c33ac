"""People as a document names them: a few of a chunk, as plain values."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np

from amends.demo.carrier import Chunk
from amends.demo.strings import Ints, as_text, digits, take


@dataclass(frozen=True)
class Subject:
    """One true person; every value as it truly is."""

    place: int
    true_id: int
    first: str
    last: str
    plain: str
    street: str
    city: str
    state: str
    zip: str
    phone: str
    email: str
    born: datetime.date
    ssn: str
    licence: str
    account: str
    imei: str
    username: str

    @property
    def full(self) -> str:
        """Return the first and last name."""
        return f"{self.first} {self.last}"

    @property
    def address(self) -> str:
        """Return the address on one line."""
        return f"{self.street}, {self.city}, {self.state} {self.zip}"


def subjects(chunk: Chunk, rng: np.random.Generator, count: int) -> list[Subject]:
    """Return up to ``count`` different adults with an address in the country and their own SSN."""
    people = chunk.people
    fit = people.adult & ~people.foreign & ~people.unknown & ~people.no_ssn & ~people.has_itin
    fit &= np.isnat(people.died_on)
    found = np.flatnonzero(fit)
    chosen = rng.permutation(found)[:count]
    return _as_subjects(chunk, rng, chosen)


def _as_subjects(chunk: Chunk, rng: np.random.Generator, who: Ints) -> list[Subject]:
    people, numbers, pool = chunk.people, chunk.numbers, chunk.the.names
    lines = chunk.lines(rng, who)
    columns = (
        take(pool.given.written, people.given[who]),
        take(pool.surnames.written, people.surname[who]),
        take(pool.given.plain, people.given[who]),
        take(pool.surnames.plain, people.surname[who]),
        lines.line1, lines.line2, lines.city, lines.state, lines.zip,
        digits(numbers.phone[who], 10), take(numbers.email, who), digits(people.ssn[who], 9),
        take(numbers.licence, who), take(numbers.account, people.head[who]),
        take(numbers.imei, who), take(numbers.username, who),
    )  # fmt: skip
    cells = zip(*(as_text(c).to_pylist() for c in columns), strict=True)
    days = people.born_on[who].astype("datetime64[D]").tolist()
    return [
        _subject(int(place), people.first_id + int(place), row, day)
        for place, row, day in zip(who, cells, days, strict=True)
    ]


def _subject(place: int, true_id: int, row: tuple[str, ...], born: datetime.date) -> Subject:
    first, last, plain_first, plain_last, line1, line2, city, state, postal, phone = row[:10]
    email, ssn, licence, account, imei, username = row[10:]
    return Subject(
        place, true_id, first, last, f"{plain_first} {plain_last}",
        f"{line1} {line2}" if line2 else line1, city, state, postal,
        f"({phone[:3]}) {phone[3:6]}-{phone[6:]}", email, born,
        f"{ssn[:3]}-{ssn[3:5]}-{ssn[5:]}", licence, account, imei, username,
    )  # fmt: skip
