"""``business_accounts.xlsx``: key accounts, their contacts and totals, all on one sheet.

Some sole owners gave their Social Security number where the form asked for an EIN.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xlsxwriter

from amends.demo.carrier import Chunk
from amends.demo.numbers import ein_numbers, phone_numbers
from amends.demo.strings import Ints
from amends.demo.subjects import Subject, subjects
from amends.demo.truth import Truth

MOST = 1_500
_TRADES = (
    "Plumbing", "Construction", "Auto Repair", "Consulting", "Landscaping", "Heating & Air",
    "Realty", "Trucking", "Cleaning Services", "Bakery", "Law Office", "Dental Group", "Electric",
    "Veterinary Clinic", "Print Shop", "Farms", "Logistics",
)  # fmt: skip
_FORMS = ("LLC", "Inc.", "Corp.", "L.L.C.", "", "& Sons", "PLLC", "Co.")
SHEET = "Key accounts"


@dataclass(frozen=True)
class Business:
    """One business customer and the person who speaks for it."""

    true_id: int
    name: str
    ein: str
    owner_number: bool
    account: str
    phone: str
    seat: Subject
    contact: Subject
    title: str


def write_business(chunk: Chunk, path: Path, kept: Truth) -> int:
    """Write the workbook and its truth; return how many businesses there are."""
    firms = _businesses(chunk)
    made = datetime.datetime(2026, 8, 3, 8, 30, tzinfo=datetime.UTC).replace(tzinfo=None)
    with xlsxwriter.Workbook(str(path)) as book:
        book.set_properties({"title": "Key accounts", "author": "", "created": made})
        bold = book.add_format({"bold": True})
        sheet = book.add_worksheet(SHEET)
        sheet.write_row(0, 0, ["Larkspur Business - key accounts, contacts and totals"], bold)
        sheet.write_row(1, 0, ["Prepared for the August sales review. Internal use only."])
        sheet.write_row(3, 0, _FIRM_HEADER, bold)
        sheet.write_row(3, 11, ["Region", "Accounts", "Lines"], bold)
        for row, region in enumerate(("Northeast", "South", "Midwest", "West")):
            sheet.write_row(4 + row, 11, [region, 31 + 7 * row, 210_114_000 + 811 * row])
        for row, firm in enumerate(firms):
            sheet.write_row(4 + row, 0, _firm_cells(firm))
        start = 4 + len(firms) + 3
        sheet.write_row(start, 0, ["Authorised contacts"], bold)
        sheet.write_row(start + 1, 0, _CONTACT_HEADER, bold)
        for row, firm in enumerate(firms):
            sheet.write_row(start + 2 + row, 0, _contact_cells(firm))
        notes = book.add_worksheet("Notes")
        notes.write_row(0, 0, ["Tax IDs as given on the application. Ask Credit before editing."])
    for row, firm in enumerate(firms, 1):
        _keep(kept, firm, row, path.name)
    return len(firms)


_FIRM_HEADER = (
    "Company", "Tax ID", "Account #", "Street", "City", "State", "ZIP", "Main phone", "Lines",
)  # fmt: skip
_CONTACT_HEADER = ("Account #", "Contact", "Title", "Direct phone", "E-mail", "Birth date")


def _firm_cells(firm: Business) -> list[str | int]:
    seat = firm.seat
    return [
        firm.name, firm.ein, firm.account, seat.street, seat.city, seat.state, seat.zip,
        firm.phone, 3 + firm.true_id % 40,
    ]  # fmt: skip


def _contact_cells(firm: Business) -> list[str]:
    who = firm.contact
    born = who.born.strftime("%m/%d/%Y") if firm.true_id % 3 == 0 else ""
    return [firm.account, who.full, firm.title, who.phone, who.email, born]


def _businesses(chunk: Chunk) -> list[Business]:
    count = min(len(chunk.people) // 60, MOST)
    rng = chunk.rng(80)
    contacts = subjects(chunk, rng, count)
    count = len(contacts)
    ids = chunk.the.people + 1 + np.arange(count, dtype=np.int64)
    eins = ein_numbers(ids, chunk.the.seed)
    places: Ints = np.array([who.place for who in contacts], np.int64)
    state = chunk.people.state[places]
    phones = phone_numbers(
        ids + 200_000_000, chunk.the.map.area_codes[state], chunk.the.map.n_area_codes[state],
        chunk.the.seed,
    )  # fmt: skip
    return [
        _one(rng, int(ids[k]), int(eins[k]), int(phones[k]), who) for k, who in enumerate(contacts)
    ]


def _one(rng: np.random.Generator, true_id: int, ein: int, phone: int, who: Subject) -> Business:
    trade = _TRADES[int(rng.integers(len(_TRADES)))]
    form = _FORMS[int(rng.integers(len(_FORMS)))]
    owner_number = bool(rng.random() < 0.06)
    number = f"{phone:010d}"
    return Business(
        true_id,
        f"{who.last} {trade} {form}".strip(),
        who.ssn if owner_number else f"{ein // 10_000_000:02d}-{ein % 10_000_000:07d}",
        owner_number,
        f"B{70_000_000 + true_id % 10_000_000:08d}",
        f"({number[:3]}) {number[3:6]}-{number[6:]}",
        who,
        who,
        ("Owner", "Office Manager", "Controller", "IT Lead")[int(rng.integers(4))],
    )


def _keep(kept: Truth, firm: Business, row: int, exhibit: str) -> None:
    elements = ["name", "address", "phone", "account_number"] + ["ein"] * (not firm.owner_number)
    seat = firm.seat
    kept.add_business(
        firm.true_id,
        {"last": firm.name, "state": seat.state, "line1": seat.street, "city": seat.city,
         "zip": seat.zip, "country": "US"},
        elements,
    )  # fmt: skip
    kept.add_row(exhibit, SHEET, row, firm.true_id, -1)
    if firm.owner_number:
        kept.add_row(exhibit, SHEET, row, firm.contact.true_id, firm.contact.place, "ssn")
    named = ["name", "phone", "email"] + ["birth_date"] * (firm.true_id % 3 == 0)
    contacts = f"{SHEET} (contacts)"
    kept.add_row(exhibit, contacts, row, firm.contact.true_id, firm.contact.place, *named)
