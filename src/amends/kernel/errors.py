"""The tree of errors a person can meet.

    AmendsError
    ├── UsageError       exit 2   the command or a setting is wrong
    ├── EvidenceError    exit 3   an exhibit, or a law or data file, is not what it should be
    ├── TableError       exit 4   a table is missing, malformed, or of another version
    │   └── BusyError    exit 4   somebody else is working on this case
    └── DeliveryError    exit 5   a notice cannot be released or sent

Each says what happened, where, and what to do next. None carries personal data. A fault *in the
evidence* is not an error but a row in a table of exceptions.
"""

from __future__ import annotations


class AmendsError(Exception):
    """Something stopped; says what, where and what to do.

    Args:
        what: What happened, in the reader's words. Never a personal value.
        where: The exhibit, table, file or line it happened at.
        remedy: One next step that works.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        """Keep the three parts apart, so that a face can lay them out."""
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        """Return the message as it is shown: what (where), then the remedy on its own line."""
        place = f" ({self.where})" if self.where else ""
        step = f"\n→ {self.remedy}" if self.remedy else ""
        return f"{self.what}{place}{step}"


class UsageError(AmendsError):
    """The command, an argument or a setting is wrong."""

    exit_code = 2


class EvidenceError(AmendsError):
    """An exhibit, or a data file shipped with Amends, is not what it should be."""

    exit_code = 3


class TableError(AmendsError):
    """A table is missing, malformed, or written by another version."""

    exit_code = 4


class BusyError(TableError):
    """Somebody else is working on this case."""


class DeliveryError(AmendsError):
    """A notice cannot be sealed, released or sent."""

    exit_code = 5
