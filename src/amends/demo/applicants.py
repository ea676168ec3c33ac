"""``credit_applicants.csv`` and the scoring vendor's later file: people who asked for credit.

Typed by the applicants and by clerks in shops: mixed capitals, three spellings of a date, a line of
the export tool above the header.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from amends.demo.carrier import Chunk, write_names
from amends.demo.crm import EMAIL_FILLERS, days_between, put, ssn_column
from amends.demo.people import Days
from amends.demo.rows import Column, Rows
from amends.demo.sinks import Delimited
from amends.demo.strings import (
    Bytes,
    Ints,
    Mask,
    Text,
    as_text,
    blank,
    choose,
    day_cells,
    digits,
    fixed,
    iso_day,
    join,
    misdial,
    mistype,
    spoil,
    take,
    us_day,
)

Shares = npt.NDArray[np.float64]
_ABOVE = (
    "Larkspur Wireless - Credit Application Export,,,,\n"
    '"Report run: 08/03/2026 02:14 by svc_creditfeed, rows as submitted",,,,\n\n'
)


def open_applicants(path: Path) -> Delimited:
    """Open the file."""
    return Delimited(path, above=_ABOVE, newline="\r\n")


def applicant_rows(chunk: Chunk) -> Iterator[Rows]:
    """Yield the rows of one chunk; some applied twice."""
    rng = chunk.rng(30)
    who = np.flatnonzero(chunk.applicant)
    again = who[rng.random(len(who)) < 0.07]
    yield application_rows(chunk, rng, rng.permutation(np.concatenate([who, again])), 0)


def application_rows(chunk: Chunk, rng: np.random.Generator, who: Ints, series: int) -> Rows:
    """Return application rows for some people.

    Args:
        chunk: The chunk.
        rng: Chance of this export.
        who: Places in the chunk, one a row.
        series: Keeps the application numbers of two exports apart.
    """
    people, numbers, n = chunk.people, chunk.numbers, len(who)
    name = write_names(
        chunk, rng, who, style="plain", slips=0.015, nicknames=0.1, maiden=0.06, middles=0.3
    )
    lines = chunk.lines(rng, who, moved=rng.random(n) < 0.22)
    case = rng.random(n)
    phone = np.where(rng.random(n) < 0.3, numbers.second_phone[who], numbers.phone[who])
    filler = rng.random(n) < 0.015
    email = put(take(numbers.email, who), filler, EMAIL_FILLERS, rng)
    licence, no_licence, void = _licences(chunk, rng, who)
    state = take(chunk.the.map.states, people.state[who])
    written = spoil(_phones(rng, phone), rng.random(n) < 0.01, rng, misdial)
    number = 2 * (people.first_id + who) + rng.integers(0, 2, n)
    return Rows("", who, (
        Column("App #", join(["A", "B"][series], digits(number, 10))),
        Column("Submitted", days_between(rng, n, "2017-01-01", "2026-08-02")),
        Column("Applicant First", _typed(name.first, case), "name"),
        Column("MI", name.middle),
        Column("Applicant Last", _typed(name.last, case), "name"),
        Column("Suffix", name.suffix),
        ssn_column(chunk, rng, who, name="SSN/ITIN", hyphens=0.55, missing=0.03, wrong=0.014),
        _births(rng, people.born_on[who]),
        Column("DL No", blank(licence, no_licence), "drivers_licence", void=void),
        Column("DL State", blank(state, no_licence)),
        Column("Street", _typed(lines.line1, case), "address"),
        Column("Unit", lines.line2),
        Column("City", spoil(lines.city, rng.random(n) < 0.01, rng, mistype)),
        Column("State", lines.state),
        Column("Zip", lines.zip),
        Column("Phone", blank(written, rng.random(n) < 0.05), "phone"),
        Column("E-mail", blank(_typed(email, case), rng.random(n) < 0.2), "email", void=filler),
        Column("Decision", take(as_text(["APPROVED", "DEPOSIT", "DECLINED"]), rng.integers(0, 3, n))),
    ))  # fmt: skip


def _typed(words: Text, case: Shares) -> Text:
    """Write one in eight rows in capitals and one in twelve in small letters."""
    words = choose(case < 0.125, pc.utf8_upper(words), words)
    return choose(case > 0.917, pc.utf8_lower(words), words)


def _births(rng: np.random.Generator, born: Days) -> Column:
    n = len(born)
    way = rng.random(n)
    short = us_day(born, "##/##/##")
    cells = day_cells(born)
    two_digit_year = fixed(np.concatenate([_raw(short, 6), cells[:, 2:4]], axis=1))
    values = choose(way < 0.55, us_day(born), iso_day(born))
    values = choose(way > 0.86, two_digit_year, values)
    filler = rng.random(n) < 0.01
    values = put(values, filler, ("01/01/1900", "1900-01-01", "00/00/0000"), rng)
    return Column("DOB", blank(values, rng.random(n) < 0.02), "birth_date", void=filler)


def _raw(values: Text, width: int) -> Bytes:
    whole = np.frombuffer(values.buffers()[2], np.uint8).reshape(len(values), -1)
    return whole[:, :width]


def _licences(chunk: Chunk, rng: np.random.Generator, who: Ints) -> tuple[Text, Mask, Mask]:
    n = len(who)
    nowhere = chunk.people.foreign[who] | chunk.people.unknown[who]
    licence = take(chunk.numbers.licence, who)
    void = rng.random(n) < 0.02
    licence = put(licence, void, ("NONE", "N/A", "PENDING"), rng)
    licence = spoil(licence, (rng.random(n) < 0.01) & ~void, rng, misdial)
    return licence, (rng.random(n) < 0.28) | nowhere, void


def _phones(rng: np.random.Generator, numbers: Ints) -> Text:
    cells = digits(numbers, 10)
    area, exchange, line = (
        pc.utf8_slice_codeunits(cells, a, b) for a, b in ((0, 3), (3, 6), (6, 10))
    )
    way = rng.random(len(numbers))
    written = choose(way < 0.4, join("(", area, ") ", exchange, "-", line), cells)
    return choose(way > 0.8, join(area, exchange, line, sep="-"), written)
