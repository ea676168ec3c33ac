"""What waits for a person, as queues of cards: the same things ``amends status`` counts, one card each.

A card is *open* until a decision on it is in force. A decision is obeyed by the next run; until then the card counts in
``amends status`` as before (a settled conflict and a judgement count at once), and here as decided.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import pyarrow as pa
import sqlalchemy as sa

from amends import notices
from amends.kernel.case import Case
from amends.kernel.register import DECISIONS, Decision
from amends.kernel.schema import Table
from amends.notices.outbox_record import PIECES
from amends.persons.answered import unanswered
from amends.report.funnel import DOUBTFUL
from amends.tables.custody import EXCEPTIONS, EXHIBITS, ITEMS
from amends.tables.duties import DUTY_GROUPS
from amends.tables.elements import COLUMNS, FINDINGS, LINKS, UNATTRIBUTED
from amends.tables.notices import NOTICES
from amends.tables.persons import CONFLICTS

Row = dict[str, object]


@dataclass(frozen=True)
class Queue:
    """A row of cards of one kind.

    Attributes:
        name: Word in addresses.
        title: As the screen calls it.
        about: What is asked of the reviewer.
        counted_as: Its name in ``amends status``; "" where status does not count it.
        kinds: Kinds of decisions that settle its cards; empty where nothing can be decided.
        stage: Stage of the next run that obeys; "" for the next sending.
    """

    name: str
    title: str
    about: str
    counted_as: str
    kinds: tuple[str, ...]
    stage: str = ""


QUEUES: Mapping[str, Queue] = {
    q.name: q
    for q in (
        Queue("columns", "Columns", "What does this column hold?", "doubtful_columns", ("column",), "elements"),
        Queue("ties", "Merges", "Are these one person?", "conflicts",
              ("merge", "keep_apart", "not_theirs", "conflict"), "persons"),
        Queue("findings", "Findings", "Is this what Amends takes it for?", "", ("not_theirs", "theirs"), "persons"),
        Queue("exceptions", "Unread", "What becomes of what is unread?", "exceptions", ("exception",), "custody"),
        Queue("links", "Links", "Does this key tie two tables?", "doubtful_links", ("link",), "elements"),
        Queue("judgements", "Judgements", "Are these people told?", "judgements", ("judgement",), "duties"),
        Queue("held", "Held notices", "May this notice go?", "held_notices", ("quarantine",), "notices"),
        Queue("deliveries", "Deliveries", "What became of this notice?", "unknown_deliveries", ("delivery",)),
        Queue("unattributed", "Without a person", "Whose are these records?", "unattributed", ()),
    )
}  # fmt: skip
"""Every queue, in the order of the work: what is read, who is who, what law asks, what may go."""


@dataclass(frozen=True)
class Progress:
    """How far a queue is.

    Attributes:
        queue: The queue.
        waiting: What ``amends status`` counts; 0 for a queue it does not count.
        cards: Cards in all.
        open: Cards without a decision.
        decided: Cards with a decision, which the next run obeys.
    """

    queue: Queue
    waiting: int
    cards: int
    open: int
    decided: int


def last_seq(case: Case) -> int:
    """Return the number of the last decision, 0 before the first: a card says which it was drawn after."""
    with case.register.connect() as connection:
        return int(connection.execute(sa.select(sa.func.max(DECISIONS.c.seq))).scalar() or 0)


def rows_sql(case: Case, queue: Queue, *, every: bool = False) -> str:
    """Return SQL of a queue's cards: ``card, label, why, n, rank``; no cards before the first run.

    Args:
        case: The case.
        queue: The queue.
        every: Take what does not wait, too: columns and findings that Amends is sure of, keys that fit.
    """
    table, sql = _ROWS[queue.name]
    if table is not None and not case.has(table):
        return _EMPTY
    return sql(case, every)


_EMPTY = "SELECT '' AS card, '' AS label, '' AS why, 0 AS n, 0 AS rank WHERE FALSE"


def _columns(case: Case, every: bool) -> str:
    return f"""SELECT c.item_id || ' ' || c."column" AS card, c."column" AS label,
            coalesce(c.element, 'nothing personal') || ', confidence ' || round(c.confidence, 2) AS why,
            c.n_values AS n,
            row_number() OVER (ORDER BY c.n_values DESC, c.item_id, c.position) AS rank
        FROM {case.read(COLUMNS)} AS c
        WHERE {every} OR (c.element IS NOT NULL AND c.decided_by = 'rule' AND c.confidence < {DOUBTFUL})"""


def _ties(case: Case, every: bool) -> str:
    return f"""SELECT conflict_id AS card, replace(kind, '_', ' ') AS label,
            array_to_string(persons[1:3], ' ') AS why, len(records) AS n,
            row_number() OVER (ORDER BY blocks_notice DESC, kind, conflict_id) AS rank
        FROM {case.read(CONFLICTS)}"""


def _findings(case: Case, every: bool) -> str:
    return f"""SELECT finding_id AS card, element AS label,
            'confidence ' || round(confidence, 2) || coalesce(': ' || array_to_string(evidence, ', '), '') AS why,
            1 AS n, row_number() OVER (ORDER BY confidence, finding_id) AS rank
        FROM {case.read(FINDINGS)} WHERE {every} OR confidence < {DOUBTFUL}"""


def _exceptions(case: Case, every: bool) -> str:
    return f"""SELECT exception_id AS card, replace(reason, '_', ' ') AS label,
            CASE WHEN inner_path = '' THEN place ELSE inner_path END AS why, 1 AS n,
            row_number() OVER (ORDER BY whole DESC, exception_id) AS rank
        FROM {case.read(EXCEPTIONS)} WHERE disposition = 'open'"""


def _links(case: Case, every: bool) -> str:
    return f"""SELECT link_id AS card, from_column || ' → ' || to_column AS label,
            round(100 * containment) || ' of 100 keys are found' AS why, n_linked AS n,
            row_number() OVER (ORDER BY n_linked DESC, link_id) AS rank
        FROM {case.read(LINKS)} WHERE {every} OR (in_use AND decided_by = 'rule' AND containment < {DOUBTFUL})"""


def _judgements(case: Case, every: bool) -> str:
    return f"""SELECT group_id AS card, coalesce(residence, 'unknown residence') AS label,
            array_to_string(elements, ' ') AS why, n_persons AS n,
            row_number() OVER (ORDER BY n_persons DESC, group_id) AS rank
        FROM {case.read(DUTY_GROUPS)} WHERE notify = 'needs_judgement'"""


def _held(case: Case, every: bool) -> str:
    return f"""SELECT person_id AS card, person_id AS label, array_to_string(quarantine, '; ') AS why, 1 AS n,
            row_number() OVER (ORDER BY array_to_string(quarantine, '; '), person_id) AS rank
        FROM {case.read(NOTICES)} WHERE len(quarantine) > 0"""


_LOST = ("unknown", "returned", "bounced")


def _deliveries(case: Case, every: bool) -> str:
    notices.delivery_counts(case)  # takes in what printers answered, and makes the outbox's tables
    query = sa.select(PIECES.c.notice_id, PIECES.c.channel, PIECES.c.state, PIECES.c.detail).where(
        PIECES.c.state.in_(_LOST)
    )
    if not sa.inspect(case.register).has_table(PIECES.name):
        return _EMPTY
    with case.register.connect() as connection:
        rows = connection.execute(query).all()
    texts = zip(*rows, strict=True) if rows else ([], [], [], [])
    names = ("card", "channel", "state", "detail")
    made = pa.table({k: pa.array(v, pa.string()) for k, v in zip(names, texts, strict=True)})
    lost = case.engine.register("review_deliveries", made)
    return f"""SELECT card, state AS label, concat_ws(', ', channel, nullif(detail, '')) AS why, 1 AS n,
            row_number() OVER (ORDER BY state DESC, card) AS rank FROM {lost}"""


def _unattributed(case: Case, every: bool) -> str:
    return f"""SELECT *, row_number() OVER (ORDER BY n DESC, card) AS rank FROM (
            SELECT u.item_id || ' ' || u.reason AS card, replace(u.reason, '_', ' ') AS label,
                e.path || CASE WHEN i.inner_path = '' THEN '' ELSE ' › ' || i.inner_path END AS why,
                sum(u.n_records)::BIGINT AS n
            FROM {case.read(UNATTRIBUTED)} AS u JOIN {case.read(ITEMS)} AS i USING (item_id)
            JOIN {case.read(EXHIBITS)} AS e ON e.exhibit_id = i.exhibit_id GROUP BY ALL)"""


_ROWS: Mapping[str, tuple[Table | None, Callable[[Case, bool], str]]] = {
    "columns": (COLUMNS, _columns),
    "ties": (CONFLICTS, _ties),
    "findings": (FINDINGS, _findings),
    "exceptions": (EXCEPTIONS, _exceptions),
    "links": (LINKS, _links),
    "judgements": (DUTY_GROUPS, _judgements),
    "held": (NOTICES, _held),
    "deliveries": (None, _deliveries),
    "unattributed": (UNATTRIBUTED, _unattributed),
}

_CARD_OF: Mapping[str, Callable[[Decision], str]] = {
    "columns": lambda d: f"{d.subject.get('item_id')} {d.subject.get('column')}",
    "exceptions": lambda d: str(d.subject.get("exception_id")),
    "links": lambda d: str(d.subject.get("link_id")),
    "judgements": lambda d: str(d.subject.get("group_id")),
    "held": lambda d: str(d.subject.get("person_id") or d.subject.get("person")),
    "deliveries": lambda d: str(d.subject.get("notice_id")),
}
"""Queue → the card a decision is about, where one says so by itself."""


def decided_cards(case: Case, queue: Queue) -> dict[str, Decision | None]:
    """Return the cards of a queue with a decision in force; ``None`` where several decisions settle it together."""
    if queue.name in _CARD_OF:
        card = _CARD_OF[queue.name]
        return {card(d): d for kind in queue.kinds for d in case.decisions(kind)}
    if queue.name == "ties" and case.has(CONFLICTS):
        return _decided_ties(case)
    return {}


def _decided_ties(case: Case) -> dict[str, Decision | None]:
    stand: dict[str, Decision | None] = {
        str(d.subject.get("conflict_id")): d for d in case.decisions("conflict")
    }
    made = [d for kind in ("merge", "keep_apart", "not_theirs") for d in case.decisions(kind)]
    if not made:
        return stand
    found = case.engine.arrow(f"SELECT * FROM {case.read(CONFLICTS)}")
    left = set(unanswered(case, found)["conflict_id"].to_pylist())
    by_records = {
        tuple(map(str, r)): d for d in made if isinstance(r := d.subject.get("records"), list)
    }
    for card, records in zip(
        found["conflict_id"].to_pylist(), found["records"].to_pylist(), strict=True
    ):
        if card not in left:
            exact = tuple(sorted(records, key=int))
            stand[card] = by_records.get(exact)
    return stand


def progress(
    case: Case, queue: Queue, counted: Mapping[str, int], seen: Collection[str] = ()
) -> Progress:
    """Return how far a queue is.

    Args:
        case: The case.
        queue: The queue.
        counted: What ``amends status`` counts as waiting.
        seen: Cards that were looked at and need no decision (a finding that is right, mail that came back).
    """
    decided = mark_decided(case, queue, seen)
    row = case.engine.arrow(
        f"""SELECT count(*) AS cards, count(d.card) AS decided FROM ({rows_sql(case, queue)}) AS r
        LEFT JOIN {decided} AS d ON d.card = r.card"""
    ).to_pylist()[0]
    done = int(row["decided"])
    waits = counted.get(queue.counted_as, 0)
    return Progress(queue, waits, int(row["cards"]), int(row["cards"]) - done, done)


def mark_decided(case: Case, queue: Queue, seen: Collection[str] = ()) -> str:
    """Make the cards of a queue that are decided or seen readable in SQL (``card``) and return the name."""
    cards = sorted({*decided_cards(case, queue), *seen})
    return case.engine.register(
        f"review_decided_{queue.name}", pa.table({"card": pa.array(cards, pa.string())})
    )
