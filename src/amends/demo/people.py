"""The people behind the data: households of one seed, chunk by chunk, never all at once.

A chunk holds whole households: a head, perhaps a spouse who may keep her name, children with twins
and namesakes among them. What a person is, is drawn here; in which of the carrier's systems the
person appears is drawn in ``carrier``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from amends.demo import numbers
from amends.demo.names import Names, names
from amends.demo.places import STREETS, Places, places
from amends.demo.strings import Ints, Mask, Text, choose, digits, join, take

CHUNK = 100_000
Days = npt.NDArray[np.datetime64]
DISCOVERED_ON = np.datetime64("2026-08-17")


@dataclass(frozen=True)
class World:
    """What every chunk shares: the seed, the size, names and map."""

    people: int
    seed: int
    names: Names
    map: Places

    @property
    def chunks(self) -> int:
        """Number of chunks."""
        return -(-self.people // CHUNK)

    def rng(self, chunk: int, salt: int) -> np.random.Generator:
        """Return the chance of one step on one chunk."""
        return np.random.default_rng([self.seed, chunk, salt])


def world(people: int, seed: int) -> World:
    """Return the world of one seed."""
    return World(people, seed, names(), places())


@dataclass(frozen=True)
class Address:
    """Where a person lives or lived, as indexes; ``city`` leads to state and ZIP prefix."""

    city: Ints
    zip_tail: Ints
    number: Ints
    street: Ints
    kind: Ints
    unit: Ints

    def of(self, who: Ints) -> Address:
        """Return the addresses of some people, one a row."""
        return Address(*(part[who] for part in self._parts()))

    def unless(self, moved: Mask, other: Address) -> Address:
        """Return the other address where the mask is true."""
        both = zip(self._parts(), other._parts(), strict=True)
        return Address(*(np.where(moved, theirs, own) for own, theirs in both))

    def _parts(self) -> tuple[Ints, ...]:
        return self.city, self.zip_tail, self.number, self.street, self.kind, self.unit


@dataclass(frozen=True)
class People:
    """One chunk of true persons, one array element a person."""

    first_id: int
    household: Ints
    head: Ints
    place: Ints
    female: Mask
    given: Ints
    middle: Ints
    surname: Ints
    second_surname: Ints
    maiden: Ints
    suffix: Ints
    born_on: Days
    age: Ints
    died_on: Days
    ssn: Ints
    has_itin: Mask
    no_ssn: Mask
    home: Address
    before: Address
    state: Ints
    foreign: Mask
    unknown: Mask

    def __len__(self) -> int:
        """Return the number of persons."""
        return len(self.household)

    @property
    def ids(self) -> Ints:
        """Return the true ids: place in the population, from 1."""
        return self.first_id + np.arange(len(self), dtype=np.int64)

    @property
    def adult(self) -> Mask:
        """Return who is 18 or older on the day of discovery."""
        return self.age >= 18


def make_people(the: World, chunk: int) -> People:
    """Return one chunk of the population."""
    n = min(CHUNK, the.people - chunk * CHUNK)
    rng = the.rng(chunk, 1)
    household, place, head = _households(rng, n)
    first_id = chunk * CHUNK + 1
    female = rng.random(n) < 0.51
    spouse = place == 1
    same_sex = rng.random(n) < 0.03
    female = np.where(spouse & ~same_sex, ~female[head], female)
    born, twin = _births(rng, place, head)
    age = _age(born)
    given = the.names.draw_given(rng, female, born >= np.datetime64("1990-01-01"))
    middle = the.names.draw_given(rng, female, born >= np.datetime64("1990-01-01"))
    surname, second, maiden = _surnames(rng, the.names, place, head, female)
    suffix = _namesakes(rng, place, head, female, given, surname)
    ids = first_id + np.arange(n, dtype=np.int64)
    owner = np.where(twin, ids - 1, ids)
    itin = rng.random(n) < 0.012
    home, state = _address(rng, the.map, head)
    before, _ = _address(rng, the.map, np.arange(n))
    nowhere = rng.random(n)[head]
    return People(
        first_id, household, head, place, female, given, middle, surname, second, maiden, suffix,
        born, age, _deaths(rng, age, born), numbers.ssn_numbers(owner, twin.astype(np.int64), the.seed),
        itin, ~itin & (rng.random(n) < 0.03), home, before, state, nowhere < 0.004,
        (nowhere >= 0.004) & (nowhere < 0.012),
    )  # fmt: skip


def _households(rng: np.random.Generator, n: int) -> tuple[Ints, Ints, Ints]:
    sizes = rng.choice(7, size=n, p=[0.29, 0.35, 0.15, 0.13, 0.05, 0.02, 0.01]) + 1
    count = int(np.searchsorted(np.cumsum(sizes), n)) + 1
    starts = np.concatenate([[0], np.cumsum(sizes[:count])])[:count]
    household = np.repeat(np.arange(count), sizes[:count])[:n].astype(np.int64)
    head = starts[household].astype(np.int64)
    return household, np.arange(n) - head, head


def _births(rng: np.random.Generator, place: Ints, head: Ints) -> tuple[Days, Mask]:
    n = len(place)
    age = rng.triangular(20, 40, 94, n)
    age = np.where(place == 1, np.clip(age[head] + rng.normal(0, 4, n), 18, 99), age)
    child = place >= 2
    oldest = np.maximum(np.minimum(age[head] - 17, 26), 1)
    age = np.where(child, np.maximum(rng.random(n) * oldest, 0.05), age)
    days = (age * 365.2425).astype(np.int64).astype("timedelta64[D]")
    born = DISCOVERED_ON - days
    twin = (place >= 3) & (rng.random(n) < 0.035)
    twin[1:] &= ~twin[:-1]
    born = np.where(twin, np.roll(born, 1), born)
    return born, twin


def _age(born: Days) -> Ints:
    today = DISCOVERED_ON.astype("datetime64[M]").astype(np.int64)
    months = today - born.astype("datetime64[M]").astype(np.int64)
    day = (born - born.astype("datetime64[M]")).astype(np.int64)
    age: Ints = (months - (day > 16)) // 12
    return age


def _deaths(rng: np.random.Generator, age: Ints, born: Days) -> Days:
    chance = np.minimum(0.00045 * np.exp(np.maximum(age - 20, 0) * 0.078), 0.6)
    died = rng.random(len(age)) < chance
    on = np.datetime64("2017-01-01") + rng.integers(0, 3500, len(age)).astype("timedelta64[D]")
    return np.where(died & (on > born) & (age >= 18), on, np.datetime64("NaT"))


def _surnames(
    rng: np.random.Generator, pool: Names, place: Ints, head: Ints, female: Mask
) -> tuple[Ints, Ints, Ints]:
    n = len(place)
    own = pool.surnames.draw(rng, n)
    keeps = (place == 1) & (rng.random(n) < 0.28)
    other_father = (place >= 2) & (rng.random(n) < 0.12)
    family = (place > 0) & ~keeps & ~other_father
    surname = np.where(family, own[head], own)
    maiden = np.where((place == 1) & female & family, own, -1)
    widow_or_divorced = (place == 0) & female & (rng.random(n) < 0.35)
    maiden = np.where(widow_or_divorced, pool.surnames.draw(rng, n), maiden)
    at = (rng.random(n) * len(pool.spanish_places)).astype(np.int64)
    doubled = pool.spanish[surname] & (rng.random(n) < 0.38)[head]
    second = np.where(doubled, pool.spanish_places[at], -1)
    children = place >= 2
    second = np.where(children & doubled, np.roll(second, 1), second)
    return surname, np.where(doubled, second, -1), maiden


def _namesakes(
    rng: np.random.Generator, place: Ints, head: Ints, female: Mask, given: Ints, surname: Ints
) -> Ints:
    """Name some sons as their father, in place; return 0 none, 1 Jr, 2 Sr, 3 III."""
    like_father = (place >= 2) & ~female & ~female[head] & (rng.random(len(place)) < 0.06)
    sons = np.flatnonzero(like_father & (surname == surname[head]))
    sons = sons[np.unique(head[sons], return_index=True)[1]] if len(sons) else sons
    given[sons] = given[head[sons]]
    suffix = np.zeros(len(place), np.int64)
    suffix[sons] = np.where(rng.random(len(sons)) < 0.9, 1, 3)
    suffix[head[sons]] = np.where(suffix[sons] == 1, 2, 1)
    return suffix


def _address(rng: np.random.Generator, where: Places, head: Ints) -> tuple[Address, Ints]:
    n = len(head)
    city = where.draw_cities(rng, n)[head]
    number = np.maximum(1, np.exp(rng.normal(6.4, 1.4, n)).astype(np.int64) % 19_999)[head]
    unit = np.where(rng.random(n) < 0.24, rng.integers(1, 480, n), 0)[head]
    tail = rng.integers(1, 100, n)[head]
    street = rng.integers(0, len(STREETS), n)[head]
    kind = rng.integers(0, 12, n)[head]
    return Address(city, tail, number, street, kind, unit), where.city_state[city]


@dataclass(frozen=True)
class Numbers:
    """The numbers and names on the web of one chunk of people, as they are (no slips)."""

    phone: Ints
    second_phone: Ints
    account: Text
    old_account: Text
    email: Text
    second_email: Text
    username: Text
    licence: Text
    imei: Text
    imsi: Text
    iccid: Text
    customer: Ints


_DOMAINS = (
    "example.com", "example.net", "example.org", "postbox.example", "inbox.example",
    "webmail.test", "larkmail.example", "cablehome.example", "uni.test",
)  # fmt: skip


def make_numbers(the: World, people: People, chunk: int) -> Numbers:
    """Return the numbers of a chunk of people."""
    rng = the.rng(chunk, 2)
    ids, seed = people.ids, the.seed
    codes = the.map.area_codes[people.state]
    n_codes = the.map.n_area_codes[people.state]
    given = take(the.names.given.upper, people.given)
    last = take(the.names.surnames.upper, people.surname)
    account = 4_000_000_000 + numbers.scatter(people.first_id + people.head, 999_999_937, seed, 21)
    old = 2_000_000_000 + numbers.scatter(ids, 1_999_999_943, seed, 22)
    login = _handles(rng, given, last, len(people))
    return Numbers(
        phone=numbers.phone_numbers(ids * 2, codes, n_codes, seed),
        second_phone=numbers.phone_numbers(ids * 2 + 1, codes, n_codes, seed),
        account=digits(account, 10),
        old_account=digits(old, 10),
        email=_at_domain(rng, _handles(rng, given, last, len(people))),
        second_email=_at_domain(rng, _handles(rng, given, last, len(people))),
        username=login,
        licence=numbers.licence_text(ids, people.state, the.map.states, last, seed),
        imei=numbers.imei_text(ids, seed),
        imsi=numbers.imsi_text(ids, seed),
        iccid=numbers.iccid_text(ids, seed),
        customer=100_200_300 + ids,
    )


def _handles(rng: np.random.Generator, given: Text, last: Text, n: int) -> Text:

    given = pc.replace_substring(pc.utf8_lower(given), " ", "")
    last = pc.replace_substring(pc.utf8_lower(last), " ", "")
    style = rng.integers(0, 4, n)
    first = choose(style == 1, pc.utf8_slice_codeunits(given, 0, 1), given)
    dot = choose(style == 2, ".", "")
    tail = digits(rng.integers(0, 10_000, n), 4)
    tail = choose(rng.random(n) < 0.5, pc.utf8_slice_codeunits(tail, 0, 2), tail)
    return join(first, dot, last, tail)


def _at_domain(rng: np.random.Generator, handles: Text) -> Text:

    pick = np.minimum(rng.zipf(1.5, len(handles)) - 1, len(_DOMAINS) - 1)
    return join(handles, take(pa.array(_DOMAINS), pick), sep="@")
