"""The views of the review screen."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from urllib.parse import urlencode

import pyarrow as pa

from amends.console.base import Facts, Missing, Visit, action, page
from amends.console.release.press import press
from amends.console.review import quality  # noqa: F401 - declares its views
from amends.console.review.base import UNSURE, Card
from amends.console.review.cards import card_of, rows
from amends.console.review.choices import wishes_of
from amends.console.review.sharing import LOOKS, decided_by_others
from amends.kernel.case import Case
from amends.kernel.errors import UsageError
from amends.report import acts, funnel
from amends.report.preview import column_sample, finding_preview
from amends.report.queues import (
    QUEUES,
    Progress,
    Queue,
    decided_cards,
    last_seq,
    mark_decided,
    progress,
    rows_sql,
)
from amends.taxonomy.elements import elements

LIST_ROWS = 25
SHOWS = ("open", "decided", "all")


@page("/review", name="review", area="review", template="review/home.html", rows="queues")
def home(visit: Visit) -> Facts:
    """Show every queue, how far it is, and what was decided last."""
    with visit.case() as case:
        found = queue_progress(visit, case)
        latest = _acts(visit, case)[-12:][::-1]
        key = stamp(visit, case)
        waiting = visit.desk.kept("review:waiting", key, lambda: funnel.waiting(case))
    return {
        "queues": [
            {"queue": p.queue.name, "title": p.queue.title, "about": p.queue.about, "waiting": p.waiting,
             "cards": p.cards, "open": p.open, "decided": p.decided, "counted_as": p.queue.counted_as}
            for p in found
        ],
        "waiting": sum(waiting.values()),
        "latest": [
            {"at": a.at, "by": a.by, "queue": a.queue, "card": a.card, "choice": a.choice, "note": a.note}
            for a in latest
        ],
        "mine": next((a.card for a in latest if a.by == visit.user.shown), ""),
        "may_decide": visit.may("review", act=True),
    }  # fmt: skip


def stamp(visit: Visit, case: Case) -> tuple[object, ...]:
    """Return what changes when a number of the review screen may change."""
    return (visit.desk.tables_stamp(), visit.desk.acts_stamp(), last_seq(case))


def queue_progress(visit: Visit, case: Case) -> list[Progress]:
    """Return how far every queue is, counted once for each change."""

    def count() -> list[Progress]:
        counted = funnel.waiting(case)
        return [progress(case, q, counted, _seen(visit, case, q)) for q in QUEUES.values()]

    key = (*stamp(visit, case), acts.last_seq(case))
    return visit.desk.kept("review:progress", key, count)


def _acts(visit: Visit, case: Case, queue: str = "") -> list[acts.Act]:
    """Return the acts that stand, of one queue or all, read once for each new one."""
    every = visit.desk.kept("review:acts", acts.last_seq(case), lambda: acts.acts(case))
    return [a for a in every if a.queue == queue] if queue else every


def _seen(visit: Visit, case: Case, queue: Queue) -> frozenset[str]:
    """Return cards that need no decision and were looked at: confirmed findings, mail that came back."""
    last = {a.card: a.choice for a in _acts(visit, case, queue.name)}
    return frozenset(c for c, said in last.items() if said not in (UNSURE.value, "word"))


@page(
    "/review/{queue}",
    name="review_queue",
    area="review",
    template="review/queue.html",
    rows="cards",
)
def queue(visit: Visit) -> Facts:
    """Show one queue and one of its cards."""
    found = _queue(visit)
    with visit.case() as case:
        return _screen(visit, case, found, visit.asked("card", limit=4_000))


def _queue(visit: Visit) -> Queue:
    found = QUEUES.get(visit.path("queue"))
    if found is None:
        raise Missing("There is no such queue", remedy="see them under Review")
    return found


def _screen(
    visit: Visit, case: Case, queue: Queue, wanted: str, *, reveal: bool = False
) -> dict[str, object]:
    show = visit.asked("show", visit.form("show", "open"))
    show = show if show in SHOWS else "open"
    at = visit.number("page", 0, most=1_000_000)
    listed, total = _listed(visit, case, queue, show, at)
    others = LOOKS.others(str(visit.desk.folder), queue.name, visit.user.shown)
    card_id = wanted or next((str(r["card"]) for r in listed if r["card"] not in others), "")
    card = card_of(case, queue.name, card_id, reveal=reveal) if card_id else None
    looks = (
        LOOKS.take(str(visit.desk.folder), queue.name, card_id, visit.user.shown) if card else ""
    )
    steps = _steps(queue, listed, card_id, show, at, total, others)
    decided = decided_cards(case, queue)
    made = decided.get(card_id)
    return {
        "queue": queue.name,
        "title": queue.title,
        "about": queue.about,
        "show": show,
        "page": at,
        "total": total,
        "cards": listed,
        "card": card,
        "seq": last_seq(case),
        "decided": card_id in decided,
        "decision": made,
        "applies": _applies(visit, queue, made.at if made else ""),
        "acts": [
            {"at": a.at, "by": a.by, "choice": a.choice, "note": a.note}
            for a in _acts(visit, case, queue.name) if a.card == card_id
        ],
        "looked_at_by": looks,
        "revealed": reveal,
        "may_decide": visit.may("review", act=True) and bool(card and card.choices),
        "may_unmask": visit.may("unmask", act=True),
        "_steps": steps,
        "_links": _links(queue, show, at, total),
        "_progress": next(p for p in queue_progress(visit, case) if p.queue is queue),
        "_queues": queue_progress(visit, case),
        "_elements": [(e.code, e.names["en", "singular"]) for e in elements().values()],
        "_choices": (*card.choices, UNSURE) if card else (),
        "_asked": visit.asked("mine"),
    }  # fmt: skip


def _listed(
    visit: Visit, case: Case, queue: Queue, show: str, at: int
) -> tuple[list[dict[str, object]], int]:
    """Return one page of a queue's cards and how many there are; what somebody was unsure of comes last."""
    decided = mark_decided(case, queue, _seen(visit, case, queue))
    unsure = {a.card: a.by for a in _acts(visit, case, queue.name) if a.choice == UNSURE.value}
    last = case.engine.register(
        f"review_unsure_{queue.name}", _two_texts(list(unsure), list(unsure.values()))
    )
    where = {"open": "d.card IS NULL", "decided": "d.card IS NOT NULL", "all": "TRUE"}[show]
    cards = _cards(visit, case, queue, every=show == "all")
    sql = f"""SELECT r.card, r.label, r.why, r.n, r.rank, d.card IS NOT NULL AS decided, u.said_by AS unsure
        FROM {cards} AS r LEFT JOIN {decided} AS d ON d.card = r.card
        LEFT JOIN {last} AS u ON u.card = r.card WHERE {where}"""
    total = int(str(rows(case, f"SELECT count(*) AS n FROM ({sql}) AS c")[0]["n"]))
    page_sql = (
        f"{sql} ORDER BY u.card IS NOT NULL, r.rank LIMIT {LIST_ROWS} OFFSET {at * LIST_ROWS}"
    )
    return rows(case, page_sql), total


def _cards(visit: Visit, case: Case, queue: Queue, *, every: bool) -> str:
    """Make a queue's cards readable in SQL, counted and ranked once for each change, and return the name."""
    # Deliveries change with what printers answer, without any table or ledger line.
    changes = (
        (visit.desk.tables_stamp(), last_seq(case)) if queue.name != "deliveries" else object()
    )
    found = visit.desk.kept(
        f"review:cards:{queue.name}:{every}", changes,
        lambda: case.engine.arrow(rows_sql(case, queue, every=every)),
    )  # fmt: skip
    return case.engine.register(f"review_cards_{queue.name}", found)


def _two_texts(cards: list[str], said: list[str]) -> pa.Table:
    return pa.table({"card": pa.array(cards, pa.string()), "said_by": pa.array(said, pa.string())})


def address(queue: str, show: str, at: int, card: str = "", **more: str) -> str:
    """Return the address of a card on the review screen."""
    asked = {"show": show, "page": str(at), **({"card": card} if card else {}), **more}
    return f"/review/{queue}?{urlencode(asked)}"


def _steps(
    queue: Queue,
    listed: list[dict[str, object]],
    card: str,
    show: str,
    at: int,
    total: int,
    others: Collection[str],
) -> dict[str, str]:
    """Return the addresses of the cards before and after, and the id of the next one nobody looks at."""
    ids = [str(r["card"]) for r in listed]
    place = ids.index(card) if card in ids else -1
    after = ids[place + 1] if place + 1 < len(ids) else ""
    before = ids[place - 1] if place > 0 else ""
    last_page = (total - 1) // LIST_ROWS if total else 0
    free = [i for i in [*ids[place + 1 :], *ids[: max(place, 0)]] if i not in others and i != card]
    return {
        "before": address(queue.name, show, at, before) if before
        else address(queue.name, show, at - 1) if at else "",
        "after": address(queue.name, show, at, after) if after
        else address(queue.name, show, at + 1) if at < last_page else "",
        "next": free[0] if free else "",
    }  # fmt: skip


def _links(queue: Queue, show: str, at: int, total: int) -> dict[str, object]:
    first = at * LIST_ROWS
    return {
        "before": address(queue.name, show, at - 1) if at else "",
        "after": address(queue.name, show, at + 1) if first + LIST_ROWS < total else "",
        "first": min(first + 1, total),
        "last": min(first + LIST_ROWS, total),
        "total": total,
    }


def _applies(visit: Visit, queue: Queue, at: str) -> str:
    """Return whether a decision was obeyed yet, in words."""
    if not at:
        return ""
    if not queue.stage:
        return "applies at the next sending"
    ran = [
        line.at
        for line in visit.desk.ledger.kept()
        if line.act == "stage" and line.body.get("stage") == queue.stage
    ]
    return "obeyed by the last run" if ran and ran[-1] > at else "applies at the next run"


@page(
    "/review/{queue}/sample",
    name="review_sample",
    area="review",
    template="review/sample.html",
    rows="values",
)
def sample(visit: Visit) -> Facts:
    """Show what the evidence holds, masked: a few values of a column, or the text around a finding.

    It is a page of its own because evidence is opened anew for it, which may take seconds.
    """
    queue, card = _queue(visit).name, visit.asked("card", limit=4_000)
    if queue not in ("columns", "findings"):
        raise Missing("Cards of this queue have no sample", remedy="open the card")
    with visit.case() as case, press():
        about = card_of(case, queue, card).about
        if queue == "findings":
            seen = finding_preview(case, card)
            texts = [asdict(p) for p in seen.pieces]
            return {"card": card, "values": [], "rows": 0, "pieces": texts, "why_not": seen.why_not}
        item_id, _, column = card.partition(" ")
        found = column_sample(case, item_id, column, str(about["element"] or ""))
    return {
        "card": card,
        "values": [{"value": v, "n": n} for v, n in found.values],
        "rows": found.rows,
        "pieces": [],
        "why_not": found.why_not,
    }


@action("/review/{queue}/decide", name="review_decide", area="review")
def decide(visit: Visit) -> str:
    """Record what a reviewer chose, unless somebody else decided on the card since it was drawn."""
    found = _queue(visit)
    card, choice = visit.form("card", limit=4_000), visit.form("choice")
    show, at = visit.form("show", "open"), visit.number("page", 0)
    show = show if show in SHOWS else "open"
    with visit.alone() as case:
        others = decided_by_others(
            acts.since(case, visit.number("seq", 0)), found.name, card,
            _records_of(case, found.name, card), visit.user.shown,
        )  # fmt: skip
        if others:
            last = others[-1]
            visit.say(
                f"{last.by} decided “{last.choice.replace('_', ' ')}” here while you had the card open. "
                "Nothing of yours was recorded: choose again to overrule, or go on."
            )
            return address(found.name, show, at, card, mine=choice[:40])
        act = _act(visit, case, found, card, choice)
    LOOKS.leave(str(visit.desk.folder), found.name, card, visit.user.shown)
    words = choice.replace("_", " ").split(" ")[0] if choice.startswith("not_theirs") else choice
    visit.say(
        f"Recorded: {words.replace('_', ' ')}."
        + (" Applies at the next run." if act.made and found.stage else "")
    )
    after = visit.form("next", limit=4_000)
    return address(found.name, show, at, after) if after else address(found.name, show, 0)


def _records_of(case: Case, queue: str, card: str) -> list[str]:
    if queue not in ("ties", "findings"):
        return []
    about = card_of(case, queue, card).about
    if queue == "findings":
        return [str(about["record_id"])]
    found = about["records"]
    return [str(r) for r in found] if isinstance(found, list) else []


def _act(visit: Visit, case: Case, queue: Queue, card: str, choice: str) -> acts.Act:
    if not queue.kinds:
        raise UsageError("Nothing is decided in this queue", remedy="each card says what helps")
    shown: Card = card_of(case, queue.name, card)
    if choice not in {UNSURE.value, *(c.value for c in shown.choices)}:
        raise UsageError("That choice is not offered here", remedy="choose one of the buttons")
    asks = next((c.asks for c in shown.choices if c.value == choice), "")
    extra = visit.form(asks, limit=120) if asks else ""
    wishes = wishes_of(case, queue.name, card, choice, extra)
    said = f"{choice} {extra}" if extra and choice == "other" else choice
    return acts.decide(case, queue.name, card, said[:200], wishes, visit.form("note"))


@action("/review/undo", name="review_undo", area="review")
def undo(visit: Visit) -> str:
    """Take back the last thing this person decided, and open its card."""
    with visit.alone() as case:
        act = acts.undo(case)
    visit.say("Taken back. What was decided before is in force again.")
    if act.queue == "quality":
        return "/review/quality"
    return address(act.queue, "all", 0, act.card)


@action("/review/{queue}/reveal", name="review_reveal", area="unmask", template="review/queue.html")
def reveal(visit: Visit) -> Facts:
    """Show a card in full, once, for a reason that the ledger keeps."""
    found = _queue(visit)
    reason = visit.form("reason", limit=300)
    if len(reason) < 4:
        raise UsageError("Say why you need to see it", remedy="a few words: the ledger keeps them")
    card = visit.form("card", limit=4_000)
    with visit.case() as case, press():
        facts = _screen(visit, case, found, card, reveal=True)
        if found.name == "columns":
            item_id, _, column = card.partition(" ")
            facts["sample"] = column_sample(case, item_id, column, None, reveal=True)
    visit.note(
        "reveal", view="review", queue=found.name, card=_named(found.name, card), reason=reason
    )
    return facts


def _named(queue: str, card: str) -> str:
    """Return what the ledger calls a card: the item of a column, whose name may hold anything."""
    return card.partition(" ")[0] if queue in ("columns", "unattributed") else card
