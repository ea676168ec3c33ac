"""``former_customers.mysql.sql``: who left, from an older MySQL system that knew capitals only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from amends.demo.carrier import Chunk, write_names
from amends.demo.crm import EMAIL_FILLERS, days_between, put, ssn_column
from amends.demo.rows import Column, Rows
from amends.demo.sinks import MySqlDump
from amends.demo.strings import (
    Ints,
    as_text,
    blank,
    choose,
    digits,
    iso_day,
    misdial,
    mistype,
    spoil,
    take,
)

_HEAD = """-- MySQL dump 10.13  Distrib 5.7.44, for Linux (x86_64)
--
-- Host: archive-db-02    Database: lw_archive
-- ------------------------------------------------------
-- Server version\t5.7.44-log

/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;

"""
_TAIL = """/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;
/*!40014 SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS */;

-- Dump completed
"""
_SUBSCRIBERS = """CREATE TABLE `cust_hist` (
  `hist_id` bigint(20) NOT NULL AUTO_INCREMENT,
  `acct_no` char(10) NOT NULL,
  `lname` varchar(60) DEFAULT NULL,
  `fname` varchar(60) DEFAULT NULL,
  `mi` varchar(30) DEFAULT NULL,
  `sfx` varchar(4) DEFAULT NULL,
  `ssn` varchar(11) DEFAULT NULL COMMENT 'soc sec or taxpayer no',
  `dob` date DEFAULT NULL,
  `home_tel` varchar(14) DEFAULT NULL,
  `email_addr` varchar(120) DEFAULT NULL,
  `addr1` varchar(120) DEFAULT NULL,
  `addr2` varchar(40) DEFAULT NULL,
  `city` varchar(60) DEFAULT NULL,
  `st` varchar(4) DEFAULT NULL,
  `zip` varchar(10) DEFAULT NULL,
  `disc_dt` date DEFAULT NULL,
  `disc_reason` varchar(20) DEFAULT NULL,
  PRIMARY KEY (`hist_id`),
  KEY `ix_acct` (`acct_no`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;"""
_NOTES = """CREATE TABLE `final_bills` (
  `bill_id` bigint(20) NOT NULL,
  `acct_no` char(10) NOT NULL,
  `amount_cents` int(11) NOT NULL,
  `sent_dt` date DEFAULT NULL,
  PRIMARY KEY (`bill_id`),
  CONSTRAINT `fk_acct` FOREIGN KEY (`acct_no`) REFERENCES `cust_hist` (`acct_no`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;"""


def open_former(path: Path) -> MySqlDump:
    """Open the dump."""
    return MySqlDump(path, _HEAD, {"cust_hist": _SUBSCRIBERS, "final_bills": _NOTES}, _TAIL)


def former_rows(chunk: Chunk) -> Iterator[Rows]:
    """Yield the rows of one chunk."""
    rng = chunk.rng(20)
    who = rng.permutation(np.flatnonzero(chunk.former))
    # Some came and left twice: two rows, the earlier one under the earlier home and surname.
    again = who[rng.random(len(who)) < 0.05]
    rows = _history(chunk, rng, np.concatenate([who, again]), len(who))
    yield rows
    yield _bills(chunk, rng, who)


def _history(chunk: Chunk, rng: np.random.Generator, who: Ints, n_first: int) -> Rows:
    people, numbers, n = chunk.people, chunk.numbers, len(who)
    name = write_names(
        chunk, rng, who, style="upper", slips=0.012, nicknames=0.04, maiden=0.3, middles=0.4
    )
    moved = (rng.random(n) < 0.4) | (np.arange(n) >= n_first)
    lines = chunk.lines(rng, who, moved=moved).upper()
    old_phone = np.where(rng.random(n) < 0.35, numbers.second_phone[who], numbers.phone[who])
    # A number given back is somebody else's now: theirs stands in these rows.
    recycled = rng.random(n) < 0.03
    old_phone = np.where(recycled, numbers.phone[rng.integers(0, len(people), n)], old_phone)
    phone = spoil(digits(old_phone, 10), rng.random(n) < 0.01, rng, misdial)
    filler = rng.random(n) < 0.02
    email = choose(rng.random(n) < 0.5, take(numbers.second_email, who), take(numbers.email, who))
    email = put(email, filler, EMAIL_FILLERS, rng)
    born = iso_day(people.born_on[who])
    filler_birth = rng.random(n) < 0.008
    born = put(born, filler_birth, ("1900-01-01", "1901-01-01"), rng)
    reasons = as_text(["PORT OUT", "NON PAY", "MOVED", "DECEASED", "PRICE"])
    died = ~np.isnat(people.died_on[who])
    reason = np.where(died & (rng.random(n) < 0.6), 3, rng.choice([0, 1, 2, 4], n))
    return Rows("cust_hist", who, (
        Column("hist_id", pa.array(9_000_000 + 2 * (people.first_id + who) + (np.arange(n) >= n_first))),
        Column("acct_no", take(numbers.old_account, who), "account_number"),
        Column("lname", name.last, "name"),
        Column("fname", blank(name.first, rng.random(n) < 0.004), "name"),
        Column("mi", name.middle),
        Column("sfx", name.suffix),
        ssn_column(chunk, rng, who, name="ssn", hyphens=0.3, missing=0.1),
        Column("dob", blank(born, rng.random(n) < 0.05), "birth_date", void=filler_birth),
        Column("home_tel", blank(phone, rng.random(n) < 0.08), "phone"),
        Column("email_addr", blank(email, rng.random(n) < 0.4), "email", void=filler),
        Column("addr1", spoil(lines.line1, rng.random(n) < 0.01, rng, mistype), "address"),
        Column("addr2", lines.line2),
        Column("city", lines.city),
        Column("st", lines.state),
        Column("zip", lines.zip),
        Column("disc_dt", days_between(rng, n, "2008-01-01", "2026-06-01")),
        Column("disc_reason", take(reasons, reason)),
    ))  # fmt: skip


def _bills(chunk: Chunk, rng: np.random.Generator, who: Ints) -> Rows:
    billed = who[rng.random(len(who)) < 0.5]
    return Rows("final_bills", billed, (
        Column("bill_id", pa.array(600_000_000 + chunk.people.first_id + billed)),
        Column("acct_no", take(chunk.numbers.old_account, billed), "account_number"),
        Column("amount_cents", pa.array(rng.integers(0, 60_000, len(billed)))),
        Column("sent_dt", days_between(rng, len(billed), "2008-01-01", "2026-06-01")),
    ))  # fmt: skip
