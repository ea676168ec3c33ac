"""Offices that letters, public pages and filings name: credit bureaus, the Federal Trade Commission, the states'."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parent / "data" / "offices.json"


@dataclass(frozen=True)
class Contact:
    """One office.

    Attributes:
        name: As printed.
        lines: Address lines, then telephones, then web address.
        unverified: True when a value wants a look at the office's own page before a mailing.
    """

    name: str
    lines: tuple[str, ...]
    unverified: bool = False


@cache
def offices() -> dict[str, Any]:  # Any: JSON
    """Return the whole file of offices, each value with its sources."""
    loaded: dict[str, Any] = json.loads(_FILE.read_text("utf-8"))
    return loaded


def bureaus() -> tuple[Contact, ...]:
    """Return the nationwide credit bureaus with telephone, freeze address and site.

    Source:
        ``data/offices.json``: each value with its sources and a mark of confidence.
    """
    return tuple(
        Contact(
            agency["name"],
            (*agency["freeze_mail"]["value"], agency["phone"]["value"], agency["web"]["value"]),
            bool(agency["freeze_mail"].get("verify_before_print")),
        )
        for agency in offices()["consumer_reporting_agencies"]
    )


def trade_commission() -> Contact:
    """Return the Federal Trade Commission (16 CFR 0.2 and its identity theft line)."""
    found = offices()["federal"]["FTC"]
    web = found["web"]["value"]
    return Contact(
        found["name"], (*found["address"]["value"], found["phone"]["value"], ", ".join(web[:2]))
    )


def credit_report() -> tuple[str, str]:
    """Return web address and telephone of the free annual credit report service."""
    found = offices()["federal"]["ANNUAL_CREDIT_REPORT"]
    return found["web"]["value"], found["phone"]["value"]


def state_offices(jurisdiction: str) -> tuple[Contact, ...]:
    """Return the offices a resident of a state turns to, the attorney general first; empty where none is known."""
    found = offices()["states"].get(jurisdiction)
    return () if found is None else tuple(_office(o) for o in (found, *found.get("also", ())))


def prescribed(jurisdiction: str) -> bool:
    """Say whether a statute wants the office of this state printed."""
    return bool(offices()["states"].get(jurisdiction, {}).get("use") == "statute")


def _office(found: dict[str, Any]) -> Contact:  # Any: JSON
    phones = found.get("phone", [])
    phones = phones if isinstance(phones, list) else [phones]
    shown = [p["value"] for p in phones if p.get("note") != "TTY"][:2]
    address = found.get("address", {}).get("value", [])
    web = [found["web"]["value"]] if "web" in found else []
    unsure = any(p.get("confidence") == "one_source" for p in phones)
    return Contact(found["office"], (*address, *shown, *web), unsure)


def unverified(jurisdictions: frozenset[str]) -> tuple[str, ...]:
    """Return the names of the offices whose values somebody should check before a mailing."""
    named = [*bureaus(), *(o for j in sorted(jurisdictions) for o in state_offices(j))]
    return tuple(dict.fromkeys(o.name for o in named if o.unverified))
