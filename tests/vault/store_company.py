"""People of a company that never was, with SSNs that read as such and were never issued."""

from __future__ import annotations


def ssn_of(number: int) -> str:
    """Return an SSN that has the form of one; synthetic."""
    return f"{500 + number % 200:03d}-{10 + number % 80:02d}-{1000 + number * 37 % 8999:04d}"


PEOPLE = [(i, ssn_of(i), f"Person Number{i}") for i in range(1, 201)]
assert len({ssn for _, ssn, _ in PEOPLE}) == len(PEOPLE)
