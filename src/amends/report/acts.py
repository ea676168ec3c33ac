"""What reviewers do: each act with the decisions it made, so that it can be taken back and nobody overrules unseen.

Decisions themselves are made by ``report.decisions.settle`` and nothing else. An act is one stroke of a reviewer: it
may make several decisions, or none (*unsure*, *right*). Acts are append-only; taking one back is an act as well.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from amends.kernel import clock, ids
from amends.kernel.case import Case
from amends.kernel.errors import UsageError
from amends.kernel.ledger import actor_name
from amends.kernel.register import DECISIONS, Decision, make_tables
from amends.report.decisions import KINDS, settle

METADATA = sa.MetaData()

ACTS = sa.Table(
    "review_acts",
    METADATA,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("act_id", sa.String(16), nullable=False, unique=True),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("queue", sa.String(20), nullable=False, index=True),
    sa.Column("card", sa.Text, nullable=False),
    sa.Column("choice", sa.String(200), nullable=False),
    sa.Column("note", sa.Text, nullable=False, default=""),
    sa.Column("made", sa.Text, nullable=False),
    sa.Column("undoes", sa.String(16), nullable=False, default=""),
)

UNDO = "undo"


@dataclass(frozen=True)
class Wish:
    """A decision to make.

    Attributes:
        kind: One of ``decisions.KINDS``.
        words: What it is about, as the command line takes it.
        choice: What is chosen.
    """

    kind: str
    words: tuple[str, ...]
    choice: str


@dataclass(frozen=True)
class Act:
    """One stroke of a reviewer.

    Attributes:
        act_id: Its id.
        at: When.
        by: Who.
        queue: The queue.
        card: The card.
        choice: What was chosen.
        note: Why.
        made: The decisions it made, each with the one that was in force before.
        undoes: The act it takes back; "" for none.
    """

    act_id: str
    at: str
    by: str
    queue: str
    card: str
    choice: str
    note: str
    made: tuple[dict[str, object], ...]
    undoes: str


def decide(
    case: Case, queue: str, card: str, choice: str, wishes: Sequence[Wish], note: str = ""
) -> Act:
    """Make the decisions of one act and keep it; the caller holds the case's lock.

    Raises:
        UsageError: A decision that cannot be made; nothing was recorded.
    """
    for wish in wishes:
        _check(wish)
    made = [_made(case, wish, note) for wish in wishes]
    return _keep(case, queue, card, choice, note, made)


def _check(wish: Wish) -> None:
    known = KINDS.get(wish.kind)
    offered = known is not None and (not known.choices or wish.choice in (*known.choices, UNDO))
    if not offered or not wish.choice.strip():
        raise UsageError("That choice is not offered here", remedy="choose one of the buttons")


def _made(case: Case, wish: Wish, note: str) -> dict[str, object]:
    before = in_force(case, wish)
    made = settle(case, wish.kind, wish.words, wish.choice, note)
    return {
        "kind": wish.kind,
        "words": list(wish.words),
        "choice": wish.choice,
        "decision": made,
        "before": None
        if before is None
        else {"decision": before.decision_id, "choice": before.choice, "by": before.by},
    }


def in_force(case: Case, wish: Wish) -> Decision | None:
    """Return the decision in force on the subject of a wish."""
    return next((d for d in case.decisions(wish.kind) if _is_about(d, wish)), None)


def _is_about(decision: Decision, wish: Wish) -> bool:
    subject = decision.subject
    if "records" in subject:
        records = subject["records"]
        return isinstance(records, list) and sorted(map(str, records)) == sorted(wish.words)
    return tuple(str(v) for v in _ordered(wish.kind, subject)) == wish.words


def _ordered(kind: str, subject: object) -> list[object]:
    assert hasattr(subject, "get")
    return [subject.get(name, "") for name in KINDS[kind].subject]


def _keep(
    case: Case,
    queue: str,
    card: str,
    choice: str,
    note: str,
    made: Sequence[dict[str, object]],
    undoes: str = "",
) -> Act:
    make_tables(case.register, METADATA)
    act = Act(
        "A" + ids.new(5),
        clock.stamp(),
        actor_name(),
        queue,
        card,
        choice,
        note,
        tuple(made),
        undoes,
    )
    row = {**act.__dict__, "made": ids.canonical_json(list(made))}
    with case.register.begin() as connection:
        connection.execute(ACTS.insert().values(**row))
    return act


def acts(case: Case, queue: str | None = None) -> list[Act]:
    """Return the acts that were not taken back, oldest first."""
    make_tables(case.register, METADATA)
    query = sa.select(ACTS).order_by(ACTS.c.seq)
    if queue is not None:
        query = query.where(ACTS.c.queue == queue)
    with case.register.connect() as connection:
        found = [_act(dict(row)) for row in connection.execute(query).mappings()]
    gone = {a.undoes for a in found if a.undoes}
    return [a for a in found if not a.undoes and a.act_id not in gone]


def last_seq(case: Case) -> int:
    """Return the number of the last act, 0 before the first."""
    make_tables(case.register, METADATA)
    with case.register.connect() as connection:
        return int(connection.execute(sa.select(sa.func.max(ACTS.c.seq))).scalar() or 0)


def _act(row: dict[str, object]) -> Act:
    row.pop("seq")
    return Act(**{**row, "made": tuple(json.loads(str(row["made"])))})  # type: ignore[arg-type]  # the columns are those of Act


def undo(case: Case) -> Act:
    """Take back the last act of whoever is acting: what was decided before it is in force again.

    Raises:
        UsageError: There is nothing to take back, or somebody has decided on the same matter since.
    """
    mine = [a for a in acts(case) if a.by == actor_name()]
    if not mine:
        raise UsageError(
            "There is nothing of yours to take back", remedy="go on with the next card"
        )
    last = mine[-1]
    for made in last.made:
        _must_stand(case, made)
    undone = [_take_back(case, made, last) for made in reversed(last.made)]
    return _keep(case, last.queue, last.card, UNDO, "", undone, last.act_id)


def _wish_of(made: dict[str, object]) -> Wish:
    words = made["words"]
    assert isinstance(words, list)
    return Wish(str(made["kind"]), tuple(map(str, words)), str(made["choice"]))


def _must_stand(case: Case, made: dict[str, object]) -> None:
    wish = _wish_of(made)
    now = in_force(case, wish)
    stands = now is None if wish.choice == UNDO else now and now.decision_id == made["decision"]
    if not stands:
        who = f"{now.by} has decided" if now else "somebody has taken back"
        raise UsageError(
            f"{who} on the same matter since; your decision is not in force any more",
            remedy="open the card and decide anew",
        )


def _take_back(case: Case, made: dict[str, object], last: Act) -> dict[str, object]:
    wish, before = _wish_of(made), made["before"]
    if isinstance(before, dict):
        again = Wish(wish.kind, wish.words, str(before["choice"]))
        return _made(case, again, f"as {before['by']} decided before ({before['decision']})")
    return _made(case, Wish(wish.kind, wish.words, UNDO), f"takes back {last.act_id}")


def made_after(case: Case, at: str) -> int:
    """Return how many decisions that a run obeys were made after an instant."""
    query = sa.select(sa.func.count()).where(DECISIONS.c.at > at, DECISIONS.c.kind != "delivery")
    with case.register.connect() as connection:
        return int(connection.execute(query).scalar_one())


def since(case: Case, seq: int) -> list[Decision]:
    """Return every decision made after number ``seq``, oldest first, those that were overruled included."""
    query = sa.select(DECISIONS).where(DECISIONS.c.seq > seq).order_by(DECISIONS.c.seq)
    with case.register.connect() as connection:
        return [
            Decision(
                r["decision_id"], r["at"], r["by"], r["kind"], json.loads(r["subject"]),
                r["choice"], r["note"],
            )
            for r in connection.execute(query).mappings()
        ]  # fmt: skip
