"""The case at a glance."""

from __future__ import annotations

from amends.console.base import Facts, Visit, page
from amends.report import funnel


@page("/", name="home", area="home", template="home.html", rows="funnel")
def home(visit: Visit) -> Facts:
    """Show how the case stands."""
    with visit.case() as case:
        standing = funnel.status(case)
    return {
        "funnel": [{"step": k, "n": n} for k, n in standing["funnel"].items()],
        "standing": standing,
    }
