"""The answer for one column."""

from __future__ import annotations

from dataclasses import dataclass, replace

from amends.elements.shapes_dates import US_DATES, DateReading


@dataclass(frozen=True)
class ColumnGuess:
    """What a column holds.

    Attributes:
        column: Its name as found.
        position: From 1.
        element: Element code; null when it holds nothing personal.
        part: Part of the element, or "".
        role: Whose it is: empty for the row's own person, else guardian, spouse …
        confidence: 0 to 1.
        evidence: Why, in words; never a value.
        reading: How it writes dates.
        decided_by: rule, or the decision that settled it.
    """

    column: str
    position: int
    element: str | None
    part: str = ""
    role: str = ""
    confidence: float = 0.5
    evidence: tuple[str, ...] = ()
    reading: DateReading = US_DATES
    decided_by: str = "rule"

    @property
    def kind(self) -> tuple[str | None, str]:
        """Return element and part."""
        return self.element, self.part

    @property
    def from_header(self) -> bool:
        """Say whether the header proposed it."""
        return bool(self.evidence) and self.evidence[0].startswith("header reads as")

    def note(self, why: str) -> ColumnGuess:
        """Return the same answer with one more piece of evidence."""
        return replace(self, evidence=(*self.evidence, why))

    def withdrawn(self, why: str) -> ColumnGuess:
        """Return the answer that there is nothing personal, and why."""
        return replace(self, element=None, part="", confidence=0.6, evidence=(*self.evidence, why))
