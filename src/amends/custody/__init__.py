"""Evidence in, nothing lost, nothing touched.

In come files of any kind; out go ``exhibits``, ``items`` and ``exceptions``, and a journal whose lines seal
each other. ``take_in`` receives, ``verify`` checks, ``Reader`` opens containers and readable things inside them
and yields tables in batches, documents in blocks, and faults with a remedy. Items read and exceptions always add
up to items found.
"""

from __future__ import annotations

from amends.custody.intake import Tags, Taken, take_in
from amends.custody.journal import Exhibit, exhibits, journal_rows, witness
from amends.custody.limits import Limits
from amends.custody.reader import Reader
from amends.custody.settings import open_case, reader_for
from amends.custody.stage import STAGE
from amends.custody.verify import Witness, verify

__all__ = [
    "STAGE",
    "Exhibit",
    "Limits",
    "Reader",
    "Tags",
    "Taken",
    "Witness",
    "exhibits",
    "journal_rows",
    "open_case",
    "reader_for",
    "take_in",
    "verify",
    "witness",
]
