"""The oldest record of somebody unneeded, by the dates that stand in the data themselves."""

from __future__ import annotations

from amends.controls.measures.base import Ground, Oldest
from amends.kernel.case import Case


def oldest_record(case: Case, ground: Ground) -> Oldest | None:
    """Return the oldest record of a former customer or applicant; ``None`` when no date tells."""
    return None
