"""The second tranche: exhibits that turn up later, of the same people and some new ones.

It adds people (applicants known to the score vendor only), adds elements to people already known
(account PINs, scanned licences), and brings a backup that adds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from amends.demo.applicants import application_rows
from amends.demo.carrier import Chunk, write_names
from amends.demo.crm import days_between
from amends.demo.former import former_rows
from amends.demo.rows import Column, Rows
from amends.demo.sinks import Delimited, JsonLines, Sink
from amends.demo.strings import blank, choose, digits, iso_day, join, take


def open_second(
    evidence: Path,
) -> tuple[tuple[str, Sink, Callable[[Chunk], Iterator[Rows]]], ...]:
    """Open the exhibits of the second tranche."""
    pins = evidence / "account_pins.csv"
    scans = evidence / "licence_scan_index.jsonl"
    vendor = evidence / "score_vendor_applications.csv"
    backup = evidence / "former_customers_backup.csv.gz"
    return (
        (pins.name, Delimited(pins, comma=";"), pin_rows),
        (scans.name, JsonLines(scans), scan_rows),
        (vendor.name, Delimited(vendor), vendor_rows),
        (backup.name, Delimited(backup), backup_rows),
    )


def pin_rows(chunk: Chunk) -> Iterator[Rows]:
    """Yield account numbers with the PIN the voice system asks for: no names."""
    rng = chunk.rng(70)
    people = chunk.people
    holders = np.flatnonzero(chunk.current & (people.place == 0))
    who = rng.permutation(holders[rng.random(len(holders)) < 0.5])
    n = len(who)
    yield Rows("", who, (
        Column("acct", take(chunk.numbers.account, who), "account_number"),
        Column("ivr_pin", digits(rng.integers(0, 10_000, n), 4), "account_pin"),
        Column("set_on", days_between(rng, n, "2018-01-01", "2026-08-01")),
    ))  # fmt: skip


def scan_rows(chunk: Chunk) -> Iterator[Rows]:
    """Yield the index of scanned licences and passports of some applicants and former customers."""
    rng = chunk.rng(71)
    people = chunk.people
    seen = (chunk.applicant & (rng.random(len(people)) < 0.2)) | (
        chunk.former & (rng.random(len(people)) < 0.06)
    )
    who = rng.permutation(np.flatnonzero(seen & ~people.foreign & ~people.unknown))
    n = len(who)
    name = write_names(chunk, rng, who, style="upper", slips=0.01, middles=0.8)
    passport = rng.random(n) < 0.06
    number = digits(300_000_000 + (people.first_id + who) % 300_000_000, 9)
    lines = chunk.lines(rng, who).upper()
    given = join(name.first, choose(rng.random(n) < 0.5, name.middle, ""), sep=" ")
    yield Rows("", who, (
        Column("scan_id", join("SC", digits(people.first_id + who, 10))),
        Column("doc_type", choose(passport, "PASSPORT", "DL")),
        Column("given_names", pc.utf8_rtrim(given, " "), "name"),
        Column("family_name", name.last, "name"),
        Column("passport_no", blank(number, ~passport), "passport"),
        Column("licence_no", blank(take(chunk.numbers.licence, who), passport), "drivers_licence"),
        Column("issuing_state", blank(take(chunk.the.map.states, people.state[who]), passport)),
        Column("birth_date", iso_day(people.born_on[who]), "birth_date"),
        Column("address", blank(lines.one_line(), passport), "address"),
        Column("image_path", join("scans/", digits(rng.integers(0, 10**8, n), 8), ".jp2")),
    ))  # fmt: skip


def vendor_rows(chunk: Chunk) -> Iterator[Rows]:
    """Yield applications only the score vendor kept: people new to the case."""
    rng = chunk.rng(72)
    who = rng.permutation(np.flatnonzero(chunk.later))
    yield application_rows(chunk, rng, who, 1)


def backup_rows(chunk: Chunk) -> Iterator[Rows]:
    """Yield a part of the archive again, from a backup: the same rows in another format."""
    rng = chunk.rng(73)
    history = next(iter(former_rows(chunk)))
    part = np.flatnonzero(rng.random(len(history)) < 0.3)
    kept = history.reordered(part)
    yield Rows("", kept.person, kept.columns)
