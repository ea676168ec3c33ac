"""Letters, forms and lists of the personnel share and of customer care, with who is in them."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from amends.demo.subjects import Subject


@dataclass(frozen=True)
class Mention:
    """A person in a document: how they are named there, and which elements are shown of them."""

    who: Subject
    named: str
    elements: tuple[str, ...]


Page = tuple[list[str], tuple[Mention, ...], list[list[str]]]


@dataclass(frozen=True)
class Written:
    """A kind of document: file ending, how many people it takes, and how it is written."""

    stem: str
    ending: str
    people: int
    write: Callable[[np.random.Generator, list[Subject], int], Page]
    folder: str = "."


_ROLES = ("Retail Associate", "Field Technician", "Care Specialist", "Network Analyst", "Driver")
# Bank numbers that pass the check digit; Federal Reserve test-style banks, nobody's account.
_BANKS = ("011000138", "021200339", "031100209", "061000146", "071000288", "121000358")


def long_day(day: datetime.date) -> str:
    """Return a day as ``March 4, 1981``."""
    return f"{day:%B} {day.day}, {day.year}"


def us_day(day: datetime.date) -> str:
    """Return a day as ``03/04/1981``."""
    return f"{day:%m/%d/%Y}"


def _role(rng: np.random.Generator) -> str:
    return _ROLES[int(rng.integers(len(_ROLES)))]


def _offer(rng: np.random.Generator, people: list[Subject], number: int) -> Page:
    who = people[0]
    pay = 38_000 + 500 * int(rng.integers(0, 90))
    lines = [
        "Larkspur Wireless, People Team",
        f"May {number % 28 + 1}, 2026",
        "",
        who.full,
        who.street,
        f"{who.city}, {who.state} {who.zip}",
        "",
        f"Dear {who.first},",
        "",
        f"We are delighted to offer you the position of {_role(rng)} at a salary of ${pay:,} a year.",
        f"Your start date is June {number % 27 + 1}, 2026. Please bring proof of identity on day one;",
        f"our records show your date of birth as {long_day(who.born)}. We will call you at",
        f"{who.phone} to arrange equipment, or write to {who.email}.",
        "",
        "Requisition 2026-118-4402. This letter is not a contract.",
    ]
    return lines, (Mention(who, who.full, ("name", "address", "birth_date", "phone", "email")),), []


def _deposit(rng: np.random.Generator, people: list[Subject], number: int) -> Page:
    who = people[0]
    bank = _BANKS[int(rng.integers(len(_BANKS)))]
    account = str(int(rng.integers(10_000_000, 9_999_999_999)))
    lines = [
        "DIRECT DEPOSIT AUTHORIZATION",
        "Form LW-HR-22 (rev. 03/2024)",
        "",
        f"Employee name: {who.plain}",
        f"Employee ID: LW{100_000 + who.true_id % 900_000}",
        f"Social Security Number: {who.ssn}",
        f"Home address: {who.address}",
        "",
        "Account type: [X] Checking  [ ] Savings",
        f"Bank routing number: {bank}",
        f"Bank account number: {account}",
        "",
        f"Signed: {who.plain}      Date: 0{number % 9 + 1}/15/2026",
    ]
    shown = ("name", "employee_id", "ssn", "address", "routing_number", "bank_account")
    return lines, (Mention(who, who.plain, shown),), []


def _contacts(rng: np.random.Generator, people: list[Subject], number: int) -> Page:
    lines = [f"Store {200 + number}: staff contact sheet", "Keep in the back office.", ""]
    table = [["Employee", "Born", "Mobile", "Home address"]]
    table += [[who.full, us_day(who.born), who.phone, who.address] for who in people]
    mentions = tuple(
        Mention(who, who.full, ("name", "birth_date", "phone", "address")) for who in people
    )
    return lines, mentions, table


def _verification(rng: np.random.Generator, people: list[Subject], number: int) -> Page:
    who = people[0]
    lines = [
        "EMPLOYMENT ELIGIBILITY - WORKSHEET",
        f"File no. {310_000_000 + number * 977}",
        "",
        f"Last name, first name: {who.plain.rsplit(' ', 1)[-1]}, {who.plain.rsplit(' ', 1)[0]}",
        f"Name as signed: {who.plain}",
        f"Date of birth: {us_day(who.born)}",
        f"SSN: {who.ssn}",
        f"List B document: Driver's license   Issuing state: {who.state}   No.: {who.licence}",
        f"Address: {who.address}",
        f"Telephone: {who.phone}",
        "",
        "Reviewed by: Store People Partner",
    ]
    shown = ("name", "birth_date", "ssn", "drivers_licence", "address", "phone")
    return lines, (Mention(who, who.plain, shown),), []


def _leave(rng: np.random.Generator, people: list[Subject], number: int) -> Page:
    who = people[0]
    causes = ("Type 2 diabetes", "a fractured wrist", "major depressive disorder", "asthma")
    lines = [
        "Leave of absence - notes to file",
        f"Case LOA-2026-{number:04d}",
        "",
        f"Spoke with {who.full} (employee ID LW{100_000 + who.true_id % 900_000}) about leave from",
        f"August {number % 27 + 1}. Doctor's certificate received: diagnosis is "
        f"{causes[int(rng.integers(4))]}.",
        f"Prefers to be reached at {who.email}.",
    ]
    return lines, (Mention(who, who.full, ("name", "employee_id", "diagnosis", "email")),), []


def _reward_list(rng: np.random.Generator, people: list[Subject], number: int) -> Page:
    lines = [f"Spring rewards {2019 + number % 8}", "Paid with the April run."]
    table = [["ID", "Name", "Last 4 SSN", "Amount"]]
    for who in people:
        amount = f"${50 * int(rng.integers(1, 9))}.00"
        table.append([f"LW{100_000 + who.true_id % 900_000}", who.full, who.ssn[-4:], amount])
    mentions = tuple(Mention(w, w.full, ("name", "employee_id", "ssn_last4")) for w in people)
    return lines, mentions, table


def _policy(rng: np.random.Generator, people: list[Subject], number: int) -> Page:
    lines = [
        f"Policy {number + 11}: Use of company vehicles",
        "",
        "1. Vehicles stay at the depot overnight unless the shift lead agrees in writing.",
        "2. Report damage on form LW-FL-07 within 24 hours. Do not write the driver's Social",
        "   Security number or licence number on the form; the fleet desk has them.",
        f"3. Fuel card requests go to the fleet desk with the order number, e.g. 4{number:02d}-55-0193.",
        "Questions: the fleet desk, extension 4471.",
    ]
    return lines, (), []


def _complaint(rng: np.random.Generator, people: list[Subject], number: int) -> Page:
    who = people[0]
    lines = [
        who.full,
        who.street,
        f"{who.city}, {who.state} {who.zip}",
        "",
        f"Re: account {who.account}",
        "",
        "To whom it may concern,",
        f"I was charged twice for the line {who.phone}. The clerk asked for my Social Security",
        f"number, which is {who.ssn}, and my birth date, {long_day(who.born)}, and still could not",
        f"find me. Please call or write to {who.email}.",
        "",
        "Sincerely,",
        who.full,
    ]
    shown = ("name", "address", "account_number", "phone", "ssn", "birth_date", "email")
    return lines, (Mention(who, who.full, shown),), []


def _unlock(rng: np.random.Generator, people: list[Subject], number: int) -> Page:
    who = people[0]
    lines = [
        "DEVICE UNLOCK REQUEST",
        f"Ticket 7{number:06d}",
        f"Customer: {who.plain}",
        f"Account number: {who.account}",
        f"Mobile number: {who.phone}",
        f"IMEI: {who.imei}",
        f"Photo ID: {who.state} driver license {who.licence}",
    ]
    shown = ("name", "account_number", "phone", "imei", "drivers_licence")
    return lines, (Mention(who, who.plain, shown),), []


def _estate(rng: np.random.Generator, people: list[Subject], number: int) -> Page:
    first, second = people
    lines = [
        "Care notes - shared address",
        "",
        f"{first.full} called about the plan at {first.address}. Verified with the last four of the",
        f"Social Security number, {first.ssn[-4:]}, and the account {first.account}.",
        "",
        f"Later {second.full} called from {second.phone} on the same matter; date of birth",
        f"{us_day(second.born)}. No change made.",
    ]
    return (
        lines,
        (
            Mention(first, first.full, ("name", "address", "ssn_last4", "account_number")),
            Mention(second, second.full, ("name", "phone", "birth_date")),
        ),
        [],
    )


STAFF = (
    Written("offer_letter", "docx", 1, _offer, "hiring/2026"),
    Written("direct_deposit", "pdf", 1, _deposit, "payroll"),
    Written("contact_sheet", "docx", 6, _contacts, "stores"),
    Written("eligibility", "pdf", 1, _verification, "hiring/2026"),
    Written("leave_notes", "txt", 1, _leave, "leave"),
    Written("rewards", "html", 8, _reward_list, "payroll"),
    Written("offer_letter", "pdf", 1, _offer, "hiring/2025"),
    Written("policy", "docx", 0, _policy, "policies"),
)
LETTERS = (
    Written("complaint", "docx", 1, _complaint),
    Written("unlock", "pdf", 1, _unlock),
    Written("care_notes", "txt", 2, _estate),
)
ATTACHED = LETTERS
