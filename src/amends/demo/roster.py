"""The company's own rosters: customer master, death list, guardians. They add no exposure.

The master is kept by another department: newer addresses, opt-ins and languages, people who were
never in the stolen systems, and not everybody who was.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from amends.demo.carrier import Chunk, write_names
from amends.demo.crm import days_between, spanish_readers
from amends.demo.numbers import written_ssn
from amends.demo.rows import Column, Rows
from amends.demo.strings import Mask, as_text, blank, choose, digits, iso_day, join, take


def master_rows(chunk: Chunk) -> Iterator[Rows]:
    """Yield the customer master."""
    rng = chunk.rng(60)
    people, numbers = chunk.people, chunk.numbers
    chance = rng.random(len(people))
    listed = (chunk.current & (chance < 0.97)) | (chunk.former & (chance < 0.8))
    listed |= (chunk.prepaid & (chance < 0.7)) | (people.adult & (chance < 0.12))
    who = np.flatnonzero(listed)
    n = len(who)
    name = write_names(chunk, rng, who, style="written", slips=0.001, middles=0.3)
    lines = chunk.lines(rng, who)
    no_mail = ~people.adult[who] | (rng.random(n) < 0.1)
    status = np.where(chunk.current[who], 0, np.where(chunk.former[who], 1, 2))
    yield Rows("", who, (
        Column("master_id", join("CM", digits(people.first_id + who, 10))),
        Column("first_name", name.first), Column("middle_name", name.middle),
        Column("last_name", name.last), Column("suffix", name.suffix),
        Column("birth_date", blank(iso_day(people.born_on[who]), rng.random(n) < 0.1)),
        Column("address_line_1", lines.line1), Column("address_line_2", lines.line2),
        Column("city", lines.city), Column("state", lines.state), Column("zip", lines.zip),
        Column("country", lines.country),
        Column("address_as_of", days_between(rng, n, "2025-09-01", "2026-08-10")),
        Column("email", blank(take(numbers.email, who), no_mail)),
        Column("email_consent", choose((rng.random(n) < 0.55) & ~no_mail, "Y", "N")),
        Column("mobile_phone", digits(numbers.phone[who], 10)),
        Column("language", choose(spanish_readers(chunk, who), "es", "en")),
        Column("account_number", take(numbers.account, people.head[who])),
        Column("customer_status", take(as_text(["active", "closed", "prospect"]), status)),
    ))  # fmt: skip


def on_death_list(chunk: Chunk) -> Mask:
    """Return who stands on the death list: most of those who died."""
    known = chunk.rng(63).random(len(chunk.people)) < 0.93
    listed: Mask = ~np.isnat(chunk.people.died_on) & known
    return listed


def death_rows(chunk: Chunk) -> Iterator[Rows]:
    """Yield the death list, as bought: most of those who died, ours or not."""
    rng = chunk.rng(61)
    people = chunk.people
    who = rng.permutation(np.flatnonzero(on_death_list(chunk)))
    n = len(who)
    name = write_names(chunk, rng, who, style="upper", slips=0.003, middles=0.6)
    state = take(chunk.the.map.states, people.state[who])
    ssn = written_ssn(people.ssn[who], np.ones(n, np.bool_))
    yield Rows("", who, (
        Column("LAST_NAME", name.last), Column("FIRST_NAME", name.first),
        Column("MIDDLE", name.middle), Column("SUFFIX", name.suffix),
        Column("SSN", blank(ssn, people.no_ssn[who] | people.has_itin[who])),
        Column("DATE_OF_BIRTH", iso_day(people.born_on[who])),
        Column("DATE_OF_DEATH", iso_day(people.died_on[who])),
        Column("LAST_RESIDENCE_STATE", blank(state, people.foreign[who] | people.unknown[who])),
    ))  # fmt: skip


def guardian_rows(chunk: Chunk) -> Iterator[Rows]:
    """Yield the guardians of minors who use a line."""
    rng = chunk.rng(62)
    people = chunk.people
    minors = np.flatnonzero(chunk.current & ~people.adult)
    who = minors[rng.random(len(minors)) < 0.85]
    n = len(who)
    child = write_names(chunk, rng, who, style="written", slips=0.0, middles=0.2)
    parent = write_names(chunk, rng, people.head[who], style="written", slips=0.0, middles=0.0)
    relation = as_text(["parent", "parent", "parent", "grandparent", "legal guardian"])
    yield Rows("", who, (
        Column("minor_first_name", child.first), Column("minor_last_name", child.last),
        Column("minor_birth_date", iso_day(people.born_on[who])),
        Column("guardian_name", join(parent.first, parent.last, sep=" ")),
        Column("relation", take(relation, rng.integers(0, 5, n))),
        Column("account_number", take(chunk.numbers.account, people.head[who])),
    ))  # fmt: skip
