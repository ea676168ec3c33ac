"""Whom public texts name beside the company: the credit bureaus, the Federal Trade Commission, the tax agency."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from amends.portal.shapes import Office
from amends.taxonomy import offices

# Seen November 2026: the tax agency's identity protection PIN, the commission's pages on freezes and on theft.
_PUBLIC_PAGES = {
    "tax_web": "www.irs.gov/ippin",
    "freeze_web": "consumer.ftc.gov",
    "theft_web": "www.identitytheft.gov",
}
_PHONE = re.compile(r"1-\d{3}-\d{3}-\d{4}")
_WEB = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/\S*)?")


@dataclass(frozen=True)
class Contacts:
    """The offices and addresses of public texts.

    Attributes:
        bureaus: The three nationwide credit bureaus.
        commission: The Federal Trade Commission.
        addresses: Name of a placeholder -> web address or telephone.
    """

    bureaus: tuple[Office, ...]
    commission: tuple[Office, ...]
    addresses: dict[str, str]

    def hosts(self) -> frozenset[str]:
        """Return every host named."""
        lines = [line for o in (*self.bureaus, *self.commission) for line in o.lines]
        named = [*lines, *self.addresses.values()]
        return frozenset(n.split("/")[0] for n in named if _WEB.fullmatch(n))


@cache
def contacts() -> Contacts:
    """Return the offices of public texts: those that the letters print."""
    report_web, report_phone = offices.credit_report()
    addresses = {"report_web": report_web, "report_phone": report_phone, **_PUBLIC_PAGES}
    return Contacts(
        tuple(_office(bureau) for bureau in offices.bureaus()),
        (_office(offices.trade_commission()),),
        addresses,
    )


def _office(known: offices.Contact) -> Office:
    """Return an office with each web address on a line of its own, so that each can be a link."""
    parts = (line.split(", ") if line.startswith("www.") else [line] for line in known.lines)
    return Office(known.name, tuple(part for line in parts for part in line))


def line_target(line: str) -> str:
    """Return where a line of an address leads: a telephone or a web address; "" for any other line."""
    if _PHONE.fullmatch(line):
        return f"tel:{line.replace('-', '')}"
    return line if _WEB.fullmatch(line) else ""
