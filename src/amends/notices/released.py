"""What two people released: each seal with its rows and texts, and which of its notices a channel took.

Whatever is shown outside (a site, a banner, a call centre) is made from this and from nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import sqlalchemy as sa

from amends.kernel.case import Case
from amends.kernel.errors import DeliveryError, UsageError
from amends.notices import seals, texts
from amends.notices.dispatch import open_outbox
from amends.notices.facts import LetterFacts, Variant
from amends.notices.outbox_record import BATCHES, PIECES
from amends.notices.release import APPROVALS, APPROVALS_NEEDED, NotApproved, releasable
from amends.notices.seals import Seal
from amends.vault.codes import code_key, letter_code

_NOT_TAKEN = ("refused", "deferred", "unknown", "intent")


@dataclass(frozen=True)
class Released:
    """A seal that two different people approved.

    Attributes:
        seal: The seal.
        approved_on: Day of the second approval, in UTC.
        facts: The incident as its letters tell it.
        variants: Id -> text of each letter in it.
        rows: Parquet file with one row a notice.
    """

    seal: Seal
    approved_on: date
    facts: LetterFacts
    variants: Mapping[str, Variant]
    rows: Path


def released(case: Case) -> tuple[Released, ...]:
    """Return the seals that two different people approved, oldest first, their files compared with their digests.

    Raises:
        DeliveryError: There is none, or one is not what was sealed.
    """
    found, why = [], None
    for one in seals.in_force(case):
        try:
            found.append(_released(case, releasable(case, one.seal_id)))
        except NotApproved as error:
            why = error
    if not found:
        raise why or DeliveryError(
            "Nothing is sealed, so nothing is released",
            remedy="make a seal with: amends notices seal CASE, then let two people approve it",
        )
    return tuple(found)


def _released(case: Case, held: Seal) -> Released:
    folder = seals.folder_of(case, held.seal_id)
    facts, variants = texts.read(folder / "texts.json")
    query = (
        sa.select(APPROVALS.c.at)
        .where(APPROVALS.c.seal_id == held.seal_id, APPROVALS.c.digest == held.digest)
        .order_by(APPROVALS.c.at)
    )
    with case.register.connect() as connection:
        at = list(connection.execute(query).scalars())[APPROVALS_NEEDED - 1]
    approved_on = date.fromisoformat(at[:10])
    return Released(held, approved_on, facts, variants, folder / "notices.parquet")


def taken(case: Case) -> Iterable[pa.RecordBatch]:
    """Yield ``notice_id, channel, sent_on`` of every notice that a channel took, from all seals."""
    outbox = open_outbox(case)
    del outbox  # opening it makes its tables
    batches = sa.select(
        BATCHES.c.seal_id, BATCHES.c.channel, BATCHES.c.first, BATCHES.c.n_notices, BATCHES.c.at
    ).where(BATCHES.c.state == "settled", BATCHES.c.first >= 0)
    away = sa.select(PIECES.c.notice_id).where(PIECES.c.state.in_(_NOT_TAKEN))
    with case.register.connect() as connection:
        spans = [dict(r) for r in connection.execute(batches).mappings()]
        not_taken = list(connection.execute(away).scalars())
    rows = seals.all_rows(case)
    if rows is None or not spans:
        return
    shape = pa.schema(
        [
            ("seal_id", pa.string()),
            ("channel", pa.string()),
            ("first", pa.int64()),
            ("n_notices", pa.int64()),
            ("at", pa.string()),
        ]
    )
    sent = case.engine.register("taken_spans", pa.Table.from_pylist(spans, shape))
    away_view = case.engine.register(
        "taken_away", pa.table({"notice_id": pa.array(not_taken, pa.string())})
    )
    yield from case.engine.batches(
        f"""SELECT n.notice_id, n.channel, CAST(left(b."at", 10) AS DATE) AS sent_on
        FROM (
            SELECT seal_id, channel, "at", unnest(range("first", "first" + n_notices)) AS ordinal FROM {sent}
        ) AS b
        JOIN {rows} AS n ON n.sealed_in = b.seal_id AND n.channel = b.channel AND n.ordinal = b.ordinal
        WHERE n.notice_id NOT IN (SELECT notice_id FROM {away_view})"""
    )


def code_of(case: Case, person_id: str) -> str:
    """Return the code that a person's released letter prints.

    Raises:
        DeliveryError: Nothing is released.
        UsageError: No released notice is theirs.
    """
    rows = case.engine.view("released_rows", [one.rows for one in released(case)])
    found = case.engine.arrow(f"SELECT count(*) AS n FROM {rows} WHERE person_id = ?", [person_id])
    if not found["n"][0].as_py():
        raise UsageError(
            "No released notice is this person's, so there is no code",
            remedy="a code is there once two people have approved the person's notice",
        )
    return letter_code(code_key(case.folder / "keys"), person_id)
