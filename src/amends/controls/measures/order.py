"""Every measure, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Callable

from amends.controls.measures import (
    closing,
    credentials,
    identifiers,
    intrusion,
    lateness,
    logs,
    others,
    production,
    retention,
    signins,
    ways,
)
from amends.controls.measures.base import Finding, Ground

MEASURES: tuple[Callable[[Ground], list[Finding]], ...] = (
    intrusion.findings,
    signins.findings,
    logs.findings,
    ways.findings,
    credentials.findings,
    closing.findings,
    production.findings,
    identifiers.findings,
    retention.findings,
    lateness.findings,
    others.findings,
)


def look(ground: Ground) -> dict[str, Finding]:
    """Return what every measure finds, by kind of finding."""
    return {f.kind: f for measure in MEASURES for f in measure(ground)}
