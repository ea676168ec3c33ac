"""Reads the small reference tables shipped under ``data``; ``data/README.md`` names sources."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib import resources

from amends.kernel.errors import EvidenceError


@cache
def rows(name: str) -> tuple[Mapping[str, str], ...]:
    """Return a shipped reference table, one mapping a row.

    Args:
        name: File name without ending: placeholders, nicknames, state_names, zip_prefix_state …

    Raises:
        EvidenceError: No such table is shipped.
    """
    path = resources.files("amends.taxonomy") / "data" / f"{name}.csv"
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise EvidenceError(
            f"The reference table {name} is not shipped",
            where="taxonomy/data",
            remedy="install Amends again",
        ) from error
    return tuple(csv.DictReader(text.splitlines()))


@cache
def states() -> Mapping[str, str]:
    """Return USPS code → jurisdiction code (``CA`` → ``US-CA``) for states, DC and territories."""
    return {r["usps"]: f"US-{r['usps']}" for r in rows("state_names") if r["kind"] != "military"}
