"""Who may see and do what: the one table of roles. A view names its area; this table opens it or does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ROLES: Mapping[str, str] = {
    "counsel": "Privacy counsel: all pages, decisions, release.",
    "lead": "Leads the response: all pages, decisions, release, the call centre.",
    "reviewer": "Reviews evidence and decides: no release, no claims.",
    "forensic": "Looks at evidence and the ledger; decides nothing.",
    "call_centre": "Answers callers: the call screen only, masked.",
    "regulator": "Reads what the case found and what was done; changes nothing, unmasks nothing.",
}
"""Role → what it is, for ``amends users add --help``."""


@dataclass(frozen=True)
class Area:
    """A part of the console.

    Attributes:
        means: What lies in it.
        see: Roles that may open its pages.
        act: Roles that may change something in it; a part of ``see``.
    """

    means: str
    see: frozenset[str]
    act: frozenset[str] = frozenset()


_LEADS = frozenset({"counsel", "lead"})
_TEAM = _LEADS | {"reviewer"}
_ALL = frozenset(ROLES)

AREAS: Mapping[str, Area] = {
    "home": Area("Funnel, clocks, counts, changes.", _ALL - {"call_centre"}),
    "people": Area("List of people and their pages, masked.", _ALL - {"call_centre"}),
    "unmask": Area("Names and contacts in full, with a reason.", _TEAM, _TEAM),
    "evidence": Area("Exhibits, items, exceptions.", _ALL - {"call_centre"}),
    "review": Area("Columns, ties, findings, exceptions, samples.", _ALL - {"call_centre"}, _TEAM),
    "duties": Area("Duties and filings.", _ALL - {"call_centre"}, _LEADS),
    "release": Area("Letter proofs, seals, approvals.", _TEAM | {"regulator"}, _LEADS),
    "calls": Area("The call screen.", _LEADS | {"call_centre"}, _LEADS | {"call_centre"}),
    "claims": Area("What the site handed out, and its alarms.", _LEADS | {"regulator"}, _LEADS),
    "audit": Area("The ledger.", _LEADS | {"forensic", "regulator"}, _LEADS | {"forensic"}),
    "self": Area("One's own account.", _ALL, _ALL),
}
"""Area → who. A role that is not named in an area does not learn that its pages exist from any menu."""


def may(role: str, area: str, *, act: bool = False) -> bool:
    """Say whether a role may open an area, or change something in it."""
    found = AREAS[area]
    return role in (found.act if act else found.see)


def landing(role: str) -> str:
    """Return the page a role starts on."""
    return "/" if may(role, "home") else "/calls"
