"""``larkspur_crm.pg.sql``: current customers, one PostgreSQL database of tables tied by keys.

Names stand in ``customers`` only; the address, the account and its PIN, the line, the Social
Security number and the sign-in each in a table of their own. ``tower_sites`` and ``device_skus``
hold nothing personal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.demo.carrier import Chunk, write_names
from amends.demo.numbers import itin_numbers, written_ssn
from amends.demo.rows import Column, Rows
from amends.demo.strings import (
    Ints,
    Mask,
    Text,
    as_text,
    blank,
    choose,
    digits,
    fixed,
    iso_day,
    join,
    lose_digit,
    misdial,
    patch,
    spoil,
    take,
)

SSN_FILLERS = ("999999999", "000000000", "123456789", "111111111")
EMAIL_FILLERS = ("none@example.com", "noemail@example.com", "na@example.net")


def crm_rows(chunk: Chunk) -> Iterator[Rows]:
    """Yield the rows of one chunk, table by table."""
    rng = chunk.rng(10)
    who = np.flatnonzero(chunk.current)
    holders = who[chunk.people.place[who] == 0]
    yield _customers(chunk, rng, who)
    yield _addresses(chunk, rng, who)
    yield _accounts(chunk, rng, holders)
    yield _lines(chunk, rng)
    yield _profiles(chunk, rng, who)
    yield _checks(chunk, rng, holders)
    yield _logins(chunk, rng, holders)
    yield _orders(chunk, rng, holders)
    if chunk.number == 0:
        yield _towers(rng)
        yield _skus()


def days_between(rng: np.random.Generator, n: int, first: str, last: str) -> Text:
    """Return ``n`` days of a period as ISO text."""
    start = np.datetime64(first)
    span = int((np.datetime64(last) - start).astype(int))
    return iso_day(start + rng.integers(0, span, n).astype("timedelta64[D]"))


def put(values: Text, mask: Mask, words: tuple[str, ...], rng: np.random.Generator) -> Text:
    """Return the column with one of ``words`` where the mask is true."""
    where = np.flatnonzero(mask)
    return patch(values, where, [words[k] for k in rng.integers(0, len(words), len(where))])


def spanish_readers(chunk: Chunk, who: Ints) -> Mask:
    """Return who asked for Spanish: a third of those with a Spanish surname, all in a home alike."""
    people = chunk.people
    home = people.surname[people.head[who]]
    asked: Mask = chunk.the.names.spanish[home] & (people.head[who] % 3 == 0)
    return asked


def _customers(chunk: Chunk, rng: np.random.Generator, who: Ints) -> Rows:
    people, numbers, n = chunk.people, chunk.numbers, len(who)
    name = write_names(chunk, rng, who, style="written", slips=0.004, nicknames=0.05)
    adult = people.adult[who]
    filler = rng.random(n) < 0.012
    email = put(take(numbers.email, who), filler, EMAIL_FILLERS, rng)
    no_birth = ~adult & (rng.random(n) < 0.3) | (rng.random(n) < 0.02)
    phone = chunk.numbers.phone[np.where(rng.random(n) < 0.25, people.head[who], who)]
    return Rows("customers", who, (
        Column("customer_id", pa.array(numbers.customer[who])),
        Column("first_name", name.first, "name"),
        Column("middle_name", name.middle),
        Column("last_name", name.last, "name"),
        Column("suffix", name.suffix),
        Column("date_of_birth", blank(iso_day(people.born_on[who]), no_birth), "birth_date"),
        Column("email", blank(email, ~adult | (rng.random(n) < 0.14)), "email", void=filler),
        Column("contact_phone", blank(digits(phone, 10), ~adult & (rng.random(n) < 0.8)), "phone"),
        Column("pref_lang", choose(spanish_readers(chunk, who), "es", "en")),
        Column("created_on", days_between(rng, n, "2009-03-01", "2026-07-30")),
    ))  # fmt: skip


def _addresses(chunk: Chunk, rng: np.random.Generator, who: Ints) -> Rows:
    """Write one address a customer, and an earlier one for some who moved."""
    people = chunk.people
    who = who[~people.unknown[who] & ((people.place[who] < 2) | (rng.random(len(who)) < 0.2))]
    moved = who[(people.place[who] == 0) & (rng.random(len(who)) < 0.13)]
    both = np.concatenate([who, moved])
    n = len(both)
    earlier = np.arange(n) >= len(who)
    lines = chunk.lines(rng, both, moved=earlier)
    kind = choose(earlier, "previous", "service")
    first = np.concatenate([people.first_id + who, people.first_id + moved + 300_000_000])
    order = np.argsort(both, kind="stable")
    return Rows("addresses", both, (
        Column("address_id", pa.array(first + 1_000_000_000)),
        Column("customer_id", pa.array(chunk.numbers.customer[both])),
        Column("kind", kind),
        Column("line_1", lines.line1, "address"),
        Column("line_2", lines.line2), Column("city", lines.city), Column("state", lines.state),
        Column("postal_code", lines.zip), Column("country", lines.country),
        Column("valid_from", days_between(rng, n, "2012-01-01", "2026-07-01")),
    )).reordered(order)  # fmt: skip


def _account_ids(chunk: Chunk, holders: Ints) -> Text:
    return pa.array(70_000_000 + chunk.people.first_id + holders)


def _accounts(chunk: Chunk, rng: np.random.Generator, holders: Ints) -> Rows:
    n = len(holders)
    pin = digits(rng.integers(0, 10_000, n), 4)
    return Rows("accounts", holders, (
        Column("account_id", _account_ids(chunk, holders)),
        Column("account_number", take(chunk.numbers.account, holders), "account_number"),
        Column("holder_id", pa.array(chunk.numbers.customer[holders])),
        Column("plan_code", take(as_text(["MEADOW5G", "FAMILY4", "SENIOR55", "BASIC"]), rng.integers(0, 4, n))),
        Column("acct_pin", blank(pin, rng.random(n) < 0.55), "account_pin"),
        Column("opened_on", days_between(rng, n, "2009-03-01", "2026-07-30")),
        Column("autopay", choose(rng.random(n) < 0.6, "t", "f")),
        Column("balance_cents", pa.array(rng.integers(-500, 30_000, n))),
    ))  # fmt: skip


def _lines(chunk: Chunk, rng: np.random.Generator) -> Rows:
    people = chunk.people
    who = np.flatnonzero(chunk.with_line)
    n = len(who)
    head = people.head[who]
    named = (people.place[who] == 0) | (rng.random(n) < 0.8)
    return Rows("lines", np.where(named, who, head), (
        Column("line_id", pa.array(810_000_000 + people.first_id + who)),
        Column("account_id", _account_ids(chunk, head)),
        Column("user_id", pa.array(chunk.numbers.customer[who], mask=~named)),
        Column("msisdn", digits(chunk.numbers.phone[who], 10), "phone"),
        Column("activated_on", days_between(rng, n, "2012-03-01", "2026-07-30")),
        Column("sku", digits(311_000_000 + rng.integers(0, 400, n) * 977, 9)),
    ), holder=head)  # fmt: skip


def ssn_column(
    chunk: Chunk,
    rng: np.random.Generator,
    who: Ints,
    *,
    name: str,
    hyphens: float,
    missing: float,
    wrong: float = 0.008,
) -> Column:
    """Return a column of taxpayer numbers with what people make of them.

    A share carries the number of somebody else in the home, a slip of a digit, a filler, or a
    number no longer well formed; some residents have a taxpayer number (ITIN) in its place.
    """
    people, n = chunk.people, len(who)
    itin = people.has_itin[who]
    home = np.where(people.place[who] == 0, np.minimum(who + 1, len(people) - 1), people.head[who])
    shared = (rng.random(n) < 0.004) & (people.head[home] == people.head[who]) & ~itin
    number = people.ssn[np.where(shared, home, who)]
    number = np.where(itin, itin_numbers(people.ids[who], chunk.the.seed), number)
    values = written_ssn(number, rng.random(n) < hyphens)
    values = spoil(values, rng.random(n) < wrong, rng, misdial)
    malformed = rng.random(n) < wrong / 2
    values = spoil(values, malformed, rng, lose_digit)
    filler = rng.random(n) < 0.01
    values = put(values, filler, SSN_FILLERS, rng)
    gone = people.no_ssn[who] & (rng.random(n) < 0.9) | (rng.random(n) < missing)
    return Column(
        name, blank(values, gone), "ssn", void=filler, malformed=malformed, other=("itin", itin)
    )


def _profiles(chunk: Chunk, rng: np.random.Generator, who: Ints) -> Rows:
    people = chunk.people
    who = who[people.adult[who] & (people.place[who] < 2)]
    n = len(who)
    licence = take(chunk.numbers.licence, who)
    no_licence = (rng.random(n) < 0.4) | people.foreign[who] | people.unknown[who]
    state = take(chunk.the.map.states, people.state[who])
    return Rows("credit_profiles", who, (
        Column("customer_id", pa.array(chunk.numbers.customer[who])),
        ssn_column(chunk, rng, who, name="tax_id", hyphens=0.0, missing=0.06),
        Column("dl_number", blank(licence, no_licence), "drivers_licence"),
        Column("dl_state", blank(state, no_licence)),
        Column("credit_class", take(as_text(list("ABCDN")), rng.integers(0, 5, n))),
        Column("checked_on", days_between(rng, n, "2012-03-01", "2026-07-30")),
    ))  # fmt: skip


def _checks(chunk: Chunk, rng: np.random.Generator, holders: Ints) -> Rows:
    people = chunk.people
    who = holders[
        (rng.random(len(holders)) < 0.18) & ~people.no_ssn[holders] & ~people.has_itin[holders]
    ]
    n = len(who)
    plain = digits(people.ssn[who], 9).to_pylist()
    hashed = as_text([hashlib.sha256(number.encode()).hexdigest() for number in plain])
    return Rows("identity_checks", who, (
        Column("check_id", pa.array(5_500_000 + people.first_id + who)),
        Column("customer_id", pa.array(chunk.numbers.customer[who])),
        Column("vendor", take(as_text(["VeriBadge", "TrueFace ID"]), rng.integers(0, 2, n))),
        Column("ssn_sha256", hashed, "ssn"),
        Column("passed", choose(rng.random(n) < 0.95, "t", "f")),
    ))  # fmt: skip


_BCRYPT = np.frombuffer(
    b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", np.uint8
)


def _logins(chunk: Chunk, rng: np.random.Generator, holders: Ints) -> Rows:
    who = holders[rng.random(len(holders)) < 0.7]
    n = len(who)
    # Looks like bcrypt at cost 12; the bytes are chance, not the hash of any password.
    hashed = join("$2b$12$", fixed(_BCRYPT[rng.integers(0, 64, (n, 53))]))
    octet = rng.integers(1, 255, (n, 2))
    block = take(as_text(["203.0.113", "198.51.100", "100.64.7"]), rng.integers(0, 3, n))
    return Rows("portal_logins", who, (
        Column("customer_id", pa.array(chunk.numbers.customer[who])),
        Column("username", take(chunk.numbers.username, who), "username"),
        Column("password_hash", hashed, "password_hash"),
        Column("last_login_ip", join(block, as_text(octet[:, 0]), sep="."), "ip"),
        Column("failed_logins", pa.array(rng.integers(0, 4, n))),
    ))  # fmt: skip


def _orders(chunk: Chunk, rng: np.random.Generator, holders: Ints) -> Rows:
    who = holders[rng.random(len(holders)) < 0.3]
    n = len(who)
    ids = chunk.people.first_id + who
    # Written like a Social Security number: region, channel, serial.
    serial = digits(ids % 10_000, 4)
    region = digits(100 + ids // 10_000 % 800, 3)
    ref = join(region, digits(ids // 8_000_000 + 10, 2), serial, sep="-")
    return Rows("orders", np.full(n, -1), (
        Column("order_ref", ref),
        Column("account_id", _account_ids(chunk, who)),
        Column("sku", digits(311_000_000 + rng.integers(0, 400, n) * 977, 9)),
        Column("tracking_no", join("1Z", digits(rng.integers(0, 10**15, n), 16))),
        Column("placed_on", days_between(rng, n, "2024-03-01", "2026-07-30")),
    ))  # fmt: skip


def _towers(rng: np.random.Generator) -> Rows:
    n = 900
    words = as_text(
        [
            "Ridge",
            "Butte",
            "Mesa",
            "Harbor",
            "Quarry",
            "Prairie",
            "Summit",
            "Canyon",
            "Depot",
            "Granite",
        ]
    )
    site = join(take(words, rng.integers(0, 10, n)), digits(np.arange(n) + 100, 4), sep=" ")
    return Rows("tower_sites", np.full(n, -1), (
        Column("site_id", pa.array(np.arange(n) + 100_001)),
        Column("site_name", site),
        Column("latitude", pc.cast(pa.array(np.round(rng.uniform(25, 48, n), 6)), pa.string())),
        Column("longitude", pc.cast(pa.array(np.round(rng.uniform(-122, -71, n), 6)), pa.string())),
        Column("fcc_asr", digits(rng.integers(1_000_000, 1_400_000, n), 7)),
        Column("height_m", pa.array(rng.integers(18, 120, n))),
    ))  # fmt: skip


def _skus() -> Rows:
    n = 400
    number = np.arange(n)
    kinds = as_text(["Handset", "SIM card", "Charger", "Case", "Tablet", "Home router"])
    return Rows("device_skus", np.full(n, -1), (
        Column("sku", digits(311_000_000 + number * 977, 9)),
        Column("description", join(take(kinds, number % 6), " model ", as_text(number + 1))),
        Column("upc", digits(190_000_000_000 + number * 1_300_021, 12)),
        Column("price_cents", pa.array(999 + number * 250)),
    ))  # fmt: skip
