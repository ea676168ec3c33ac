"""What the company's vault says of itself: its brake and its canaries, from its audit."""

from __future__ import annotations

from collections.abc import Mapping


def read_vault(folder: str) -> Mapping[str, object]:
    """Return what the audit of a vault says: ``at``, ``persons_per_day``, ``canaries``; empty when there is none."""
    return {}
