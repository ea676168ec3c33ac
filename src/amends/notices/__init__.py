"""Notices: every person told once, correctly.

In come the persons, what of theirs was exposed, what the law asks for each group, and what people decided. Out comes a
plan with one piece for each person who is to be told; a *seal* freezes it; two people approve; then each piece is sent
exactly once, and what became of it is kept in an append-only record.

Terms: a *variant* is one text (duty x elements x language x audience); an *edition* is one release, the second of
which reaches only those newly owed or owed more; a *piece* is a notice made ready for its channel; *quarantine* is
a notice that waits for a human eye.
"""

from __future__ import annotations

from amends.notices.dispatch import delivery_counts, send, status, to_send, waiting
from amends.notices.plan import OVERRULED
from amends.notices.proofs import proofs
from amends.notices.release import approve, seal
from amends.notices.released import code_of
from amends.notices.seals import told
from amends.notices.stage import STAGE

__all__ = [
    "OVERRULED",
    "STAGE",
    "approve",
    "code_of",
    "delivery_counts",
    "proofs",
    "seal",
    "send",
    "status",
    "to_send",
    "told",
    "waiting",
]
