"""Evidence in, nothing lost, nothing touched.

In come files of any kind; out go ``exhibits``, ``items`` and ``exceptions``, and a journal whose lines seal
each other. ``take_in`` receives, ``verify`` checks, ``Reader`` opens containers and readable things inside them
and yields tables in batches, documents in blocks, and faults with a remedy. Items read and exceptions always add
up to items found. Each intake stands under a Merkle root, which an outside authority can stamp.
"""

from __future__ import annotations

from amends.custody.exporting import export_custody
from amends.custody.intake import Tags, Taken, take_in
from amends.custody.intakes import Intake, intakes
from amends.custody.journal import Exhibit, exhibits, journal_rows, witness
from amends.custody.limits import Limits
from amends.custody.proof import proof, proof_faults, read_proof
from amends.custody.reader import Reader
from amends.custody.settings import open_case, reader_for
from amends.custody.stage import STAGE
from amends.custody.stamping import ask, record, request_for
from amends.custody.verify import Witness, verify
from amends.custody.witnessing import read_witness, witness_copy, witness_faults

__all__ = [
    "STAGE",
    "Exhibit",
    "Intake",
    "Limits",
    "Reader",
    "Tags",
    "Taken",
    "Witness",
    "ask",
    "exhibits",
    "export_custody",
    "intakes",
    "journal_rows",
    "open_case",
    "proof",
    "proof_faults",
    "read_proof",
    "read_witness",
    "reader_for",
    "record",
    "request_for",
    "take_in",
    "verify",
    "witness",
    "witness_copy",
    "witness_faults",
]
