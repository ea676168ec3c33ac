"""Letters, chats and forms that name several people: each identifier goes to its own, or is said to be unclear."""

from __future__ import annotations

import pytest

from amends.elements.mentions import mentions
from amends.elements.mentions_roles import role_of
from amends.elements.text import find

A, B, C = "518-22-1929", "219-44-8881", "401-33-7712"
MAIL = "From: Kevin Park <kpark@larkspur.net>\nTo: Lisa Moore <lmoore@larkspur.net>\n"


def ssns(text: str) -> dict[str, list[str]]:
    """Return full name → SSNs, names that hold none left out; "" for those that belong to nobody."""
    found = find(text)
    out: dict[str, list[str]] = {}
    for one in mentions(text, found):
        values = [
            text[found[n].start : found[n].end] for n in one.findings if found[n].element == "ssn"
        ]
        if values:
            name = f"{one.name.first} {one.name.last}".strip()
            out.setdefault(name, []).extend(values)
    return out


CASES = [
    (f"{MAIL}Subject: Re: Jane Roe\n\nHi Lisa,\n\nHer SSN is {A}. Please update.\n\nThanks,\nKevin Park\n",
     {"Jane Roe": [A]}),
    (f"Subject: Jane Roe\n\nSSN {A}\n\nRegards\nTom Baker\n", {"Jane Roe": [A]}),
    (f"Hi Lisa,\nher SSN is {A}.\nThanks,\nKevin Park\n", {"": [A]}),
    (f"{MAIL}Subject: my account\n\nHi Lisa,\n\nmy SSN is {A}.\n\nThanks,\nKevin Park\n", {"Kevin Park": [A]}),
    (f"Dear John Smith,\n\nYour SSN {A} was in the file.\n\nSincerely,\nTom Baker\n", {"John Smith": [A]}),
    (f"Hi team,\n\nJohn Smith moved. His SSN is {A}.\n\nMary Jones called. Her SSN is {B}.\n\nBest,\nKevin Park\n",
     {"John Smith": [A], "Mary Jones": [B]}),
    (f"Hello,\n\nPlease correct the SSN of Maria Garcia to {A}.\n\nRegards,\nTom Baker\n206-555-2345\n",
     {"Maria Garcia": [A]}),
    (f"Applicant 1: John Smith   SSN: {A}\nApplicant 2: Mary Smith   SSN: {B}\n",
     {"John Smith": [A], "Mary Smith": [B]}),
    (f"APPLICANT\nName: John Smith\nSSN: {A}\n\nCO-APPLICANT\nName: Mary Smith\nSSN: {B}\n",
     {"John Smith": [A], "Mary Smith": [B]}),
    (f"Patient: Tim Lee (minor)\nSSN: {A}\nGuardian: Susan Lee\nGuardian SSN: {B}\n",
     {"Tim Lee": [A], "Susan Lee": [B]}),
    (f"Minor: Tim Lee, DOB 04/05/2015, SSN {A}. Guardian: Susan Lee, SSN {B}.\n",
     {"Tim Lee": [A], "Susan Lee": [B]}),
    (f"John Smith called about his daughter Emma Smith (SSN {A}, DOB 04/05/2015).", {"Emma Smith": [A]}),
    (f"1. John Smith, SSN {A}\n2. Mary Jones, SSN {B}\n3. Ann Lee, SSN {C}\n",
     {"John Smith": [A], "Mary Jones": [B], "Ann Lee": [C]}),
    (f"{A} belongs to John Smith and {B} belongs to Mary Jones.", {"John Smith": [A], "Mary Jones": [B]}),
    (f"Names: John Smith, Mary Jones\nSSNs: {A}, {B}\n", {"": [A, B]}),
    (f"John Smith spoke with Mary Jones.\nSSN {A}\n", {"": [A]}),
    (f"Name: Ann Lee\nSSN: {A}\n\nPrepared by: Tom Baker\nReviewed by: Sue Hill\n", {"Ann Lee": [A]}),
    (f"Tom Baker verified the customer. SSN {A} on file.\n", {"": [A]}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_an_identifier_goes_to_its_own(text: str, expected: dict[str, list[str]]) -> None:
    assert ssns(text) == expected


def test_sender_and_receiver_keep_their_own_addresses() -> None:
    text = f"{MAIL}Subject: Re: Jane Roe\n\nSSN {A}, jroe@mail.net\n"
    got = {m.name.last: m.emails for m in mentions(text, find(text)) if m.emails}
    assert got == {
        "Park": ("kpark@larkspur.net",),
        "Moore": ("lmoore@larkspur.net",),
        "Roe": ("jroe@mail.net",),
    }


@pytest.mark.parametrize(
    ("before", "role"),
    [
        ("From: ", "writer"), ("Kind regards,\n", "writer"), ("Dear Mr. ", "greeted"), ("To: ", "staff"),
        ("Prepared by: ", "staff"), ("Agent ", "staff"), ("Re: ", "titled"), ("Applicant: ", "subject"),
        ("", "subject"), ("it went to ", "subject"),
    ],
)  # fmt: skip
def test_tells_the_part_somebody_plays(before: str, role: str) -> None:
    text = f"{before}John Smith"
    assert role_of(text, len(before), len(text)) == role


def test_an_address_in_lines_is_joined_in_its_mention() -> None:
    text = "Ann Lee\n12 Rue Gambetta\nApt. 4\nLyon\nFrance 69001\n"
    found = find(text)
    pieces = [text[f.start : f.end] for f in found if f.element == "address"]
    assert pieces == ["12 Rue Gambetta", "Apt. 4", "69001"]
    (one,) = mentions(text, found)
    assert (one.address.street, one.address.city, one.address.zip) == (
        "12 Rue Gambetta, Apt. 4",
        "Lyon",
        "69001",
    )
