"""The only source of time, so that any run can be repeated.

``AMENDS_CLOCK`` (an ISO instant) stops the clock; tests and reproductions use it.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    fixed = os.environ.get("AMENDS_CLOCK")
    if fixed:
        at = datetime.fromisoformat(fixed)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return datetime.now(UTC)


def stamp(at: datetime | None = None) -> str:
    """Return an instant as ISO text in UTC to the microsecond, ending in ``Z``."""
    moment = (at or now()).astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
