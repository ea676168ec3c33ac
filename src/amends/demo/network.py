"""``devices.parquet`` and ``prepaid_subscribers.psv.gz``: what the network side keeps.

A device row has no name: its account leads to the holder, its number to the line and, where the
customer system says so, to who uses it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from amends.demo.carrier import Chunk, write_names
from amends.demo.crm import days_between
from amends.demo.rows import Column, Rows
from amends.demo.sinks import Delimited
from amends.demo.strings import as_text, blank, choose, digits, join, take, us_day


def device_rows(chunk: Chunk) -> Iterator[Rows]:
    """Yield one row a device on an account."""
    rng = chunk.rng(40)
    people, numbers = chunk.people, chunk.numbers
    who = rng.permutation(np.flatnonzero(chunk.with_line))
    n = len(who)
    head = people.head[who]
    unseen = rng.random(n) < 0.03
    models = as_text(["LW Petal 12", "Acorn X4", "Nimbus 9", "Tern Flip", "Acorn SE", "Petal Tab"])
    yield Rows("", who, (
        Column("msisdn", digits(numbers.phone[who], 10), "phone"),
        Column("imei", blank(take(numbers.imei, who), unseen), "imei"),
        Column("imsi", take(numbers.imsi, who), "imsi"),
        Column("iccid", take(numbers.iccid, who), "iccid"),
        Column("acct_num", take(numbers.account, head), "account_number"),
        Column("model", take(models, rng.integers(0, 6, n))),
        Column("sku", digits(311_000_000 + rng.integers(0, 400, n) * 977, 9)),
        Column("last_seen_cell", pa.array(rng.integers(100_001, 100_901, n))),
        Column("last_seen_on", days_between(rng, n, "2026-05-01", "2026-08-01")),
    ), holder=head)  # fmt: skip


def prepaid_rows(chunk: Chunk) -> Iterator[Rows]:
    """Yield prepaid subscribers: full name in one column, account PIN in clear, little else."""
    rng = chunk.rng(50)
    people, numbers = chunk.people, chunk.numbers
    who = rng.permutation(np.flatnonzero(chunk.prepaid))
    n = len(who)
    name = write_names(
        chunk, rng, who, style="written", slips=0.01, nicknames=0.12, middles=0.1, suffixes=0.3
    )
    anonymous = rng.random(n) < 0.05
    full = join(name.first, name.last, sep=" ")
    lines = chunk.lines(rng, who)
    no_address = rng.random(n) < 0.45
    pin = digits(rng.integers(0, 1_000_000, n), 6)
    filler = rng.random(n) < 0.08
    pin = blank(choose(filler, "000000", pin), rng.random(n) < 0.1)
    last4 = digits(people.ssn[who] % 10_000, 4)
    no_last4 = (rng.random(n) < 0.7) | people.no_ssn[who] | people.has_itin[who]
    yield Rows("", who, (
        Column("SUBSCRIBER_NO", digits(numbers.phone[who], 10), "phone"),
        Column("CUSTOMER_NAME", choose(anonymous, "PREPAID CUSTOMER", full), "name", void=anonymous),
        Column("BIRTH_DT", blank(us_day(people.born_on[who]), rng.random(n) < 0.75), "birth_date"),
        Column("SSN4", blank(last4, no_last4), "ssn_last4"),
        Column("ACCT_PIN", pin, "account_pin", void=filler),
        Column("ICCID", take(numbers.iccid, who), "iccid"),
        Column("EMAIL", blank(take(numbers.second_email, who), rng.random(n) < 0.6), "email"),
        Column("ADDRESS", blank(lines.one_line(), no_address), "address"),
        Column("BALANCE", as_text(np.round(rng.uniform(0, 90, n), 2))),
    ))  # fmt: skip


def open_prepaid(path: Path) -> Delimited:
    """Open the pipe-delimited export of the prepaid system, which writes Windows-1252."""
    return Delimited(path, comma="|", encoding="cp1252", newline="\r\n", quote="")
