"""What the site handed out: edition, claims, stock of codes, requests, alarms."""

from __future__ import annotations

from amends.console.desk import Desk


def site_status(desk: Desk) -> dict[str, object] | None:
    """Return how the site stands, or ``None`` where none is set."""
    return None
