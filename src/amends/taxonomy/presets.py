"""Presets for ``amends new``: the roles an entity of a trade has in the law's vocabulary."""

from __future__ import annotations

from collections.abc import Mapping

PRESETS: Mapping[str, tuple[str, ...]] = {
    "general": ("BUSINESS",),
    "telecom": ("BUSINESS", "TELECOM_CARRIER"),
    "health": ("BUSINESS", "HIPAA_COVERED_ENTITY"),
    "bank": ("BUSINESS", "BANKING_ORGANISATION"),
    "listed": ("BUSINESS", "SEC_REGISTRANT"),
}
