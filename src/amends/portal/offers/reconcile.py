"""Our ledger against the partner's report of what was used: every line and every code in one place, and sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import islice
from typing import Any

import sqlalchemy as sa

from amends.kernel import clock, ids
from amends.kernel.errors import UsageError
from amends.portal.keys import SiteKeys
from amends.portal.offers.ledger import CLAIMS, CODES, EVENTS, make_offer_tables, note, writing
from amends.portal.offers.queue import serve_waiting
from amends.portal.offers.sealed import CodeSeal
from amends.portal.offers.stock import CodeLine, code_fault

CHUNK = 5_000
_LINES_KEPT = 1_000


@dataclass
class Reconciled:
    """What a comparison came to.

    The partner's lines: ``n_rows`` = ``n_given_used`` + ``n_never_given_used`` + ``n_not_used`` + ``n_unknown`` +
    ``n_unreadable`` + ``n_twice``. Our codes: ``n_given`` = ``n_redeemed`` + ``n_not_redeemed``.

    Attributes:
        n_rows: Lines of the partner.
        n_given_used: Used, and handed out by us.
        n_never_given_used: Used, and never handed out by us: an alarm; they are void now.
        n_not_used: Ours, and not used as the partner says.
        n_unknown: No code of ours.
        n_unreadable: No code at all.
        n_twice: The same code again.
        n_given: Codes ever handed out.
        n_redeemed: Of them: used, as of this and earlier reports.
        n_not_redeemed: Of them: not used.
        by_day: Day of use -> codes; "" where the partner names none.
        alarms: In plain words.
        leaked_lines: Lines of the partner's file with codes that were never handed out (the first thousand).
        unknown_lines: Lines with codes that are not ours (the first thousand).
    """

    n_rows: int = 0
    n_given_used: int = 0
    n_never_given_used: int = 0
    n_not_used: int = 0
    n_unknown: int = 0
    n_unreadable: int = 0
    n_twice: int = 0
    n_given: int = 0
    n_redeemed: int = 0
    n_not_redeemed: int = 0
    by_day: dict[str, int] = field(default_factory=dict)
    alarms: list[str] = field(default_factory=list)
    leaked_lines: list[int] = field(default_factory=list)
    unknown_lines: list[int] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """Return it as a JSON value."""
        return asdict(self)


def reconcile(
    state: sa.Engine,
    keys: SiteKeys | bytes,
    lines: Iterable[CodeLine],
    today: date | None = None,
    *,
    all_used: bool = False,
) -> Reconciled:
    """Compare the partner's report with our ledger, and record what was used; the same report twice changes nothing.

    A code that was used though nobody was given it has leaked: it becomes void, so that no person is handed a code that
    does not work.

    Args:
        state: Database of the site's state.
        keys: The keys of the site.
        lines: The partner's lines.
        today: Day of the report, for lines without a day of use.
        all_used: Every code of the file was used, where no column says so.

    Raises:
        UsageError: The file does not say which codes were used: taken for a report, a list of all codes would make
            the whole stock void.
    """
    make_offer_tables(state)
    seal, made, seen = CodeSeal(keys), Reconciled(), set[str]()
    today = today or clock.now().date()
    days: Counter[str] = Counter()
    source = iter(lines if all_used else _told(lines))
    while chunk := list(islice(source, CHUNK)):
        _compare(state, seal, made, chunk, seen, days, today)
    serve_waiting(state, today)
    made.by_day = dict(sorted(days.items()))
    with writing(state) as connection:
        given = CODES.c.given_at.is_not(None)
        used = sa.func.count(CODES.c.redeemed_on)
        n, n_used = connection.execute(sa.select(sa.func.count(), used).where(given)).one()
        made.n_given, made.n_redeemed, made.n_not_redeemed = int(n), int(n_used), int(n - n_used)
        made.alarms = list(_alarms(made))
        words = {k: v for k, v in made.as_json().items() if k.startswith("n_")}
        note(connection, "reconciled", "", words=ids.canonical_json(words))
    return made


def _told(lines: Iterable[CodeLine]) -> Iterator[CodeLine]:
    """Yield lines that say whether their code was used."""
    for line in lines:
        if line.redeemed is None:
            raise UsageError(
                "The report does not say which codes were used",
                remedy="ask for a column such as redeemed_on or status, or give --all-used",
            )
        yield line


def _compare(
    state: sa.Engine,
    seal: CodeSeal,
    made: Reconciled,
    chunk: list[CodeLine],
    seen: set[str],
    days: Counter[str],
    today: date,
) -> None:
    named: dict[str, CodeLine] = {}
    for line in chunk:
        made.n_rows += 1
        if code_fault(line.code):
            made.n_unreadable += 1
            continue
        code_key = seal.key_of(line.code)
        if code_key in seen:
            made.n_twice += 1
            continue
        seen.add(code_key)
        named[code_key] = line
    with writing(state) as connection:
        query = sa.select(CODES).where(CODES.c.code_key.in_(list(named)))
        ours = {row.code_key: row for row in connection.execute(query.with_for_update())}
        used: list[tuple[Any, str]] = []
        for code_key, line in named.items():
            row = ours.get(code_key)
            _count(made, line, row)
            if row is not None and line.redeemed is not False:
                days[_day(line)] += 1
                if row.redeemed_on is None:
                    used.append((row, _day(line) or today.isoformat()))
        _record(connection, used)


def _count(made: Reconciled, line: CodeLine, row: Any) -> None:  # Any: a row, or None
    if row is None:
        made.n_unknown += 1
        _keep(made.unknown_lines, line.line)
    elif line.redeemed is False:
        made.n_not_used += 1
    elif row.given_at is None:
        made.n_never_given_used += 1
        _keep(made.leaked_lines, line.line)
    else:
        made.n_given_used += 1


def _keep(lines: list[int], line: int) -> None:
    if len(lines) < _LINES_KEPT:
        lines.append(line)


def _day(line: CodeLine) -> str:
    try:
        return date.fromisoformat(line.redeemed_on).isoformat()
    except ValueError:
        return ""


def _record(connection: sa.Connection, used: list[tuple[Any, str]]) -> None:
    """Record what is newly known as used; what nobody was given becomes void."""
    if not used:
        return
    connection.execute(
        CODES.update().where(CODES.c.code_id == sa.bindparam("c")).values(redeemed_on=sa.bindparam("d")),
        [{"c": row.code_id, "d": day} for row, day in used],
    )  # fmt: skip
    leaked = [row.code_id for row, _ in used if row.given_at is None]
    if leaked:
        connection.execute(CODES.update().where(CODES.c.code_id.in_(leaked)).values(state="void"))
    held = connection.execute(
        sa.select(CLAIMS.c.code_id, CLAIMS.c.claim_id, CLAIMS.c.handle)
        .where(CLAIMS.c.code_id.in_([row.code_id for row, _ in used]))
    )  # fmt: skip
    whose: Mapping[int, tuple[int, str]] = {r.code_id: (r.claim_id, r.handle) for r in held}
    at = clock.stamp()
    connection.execute(
        EVENTS.insert(),
        [
            {"at": at, "act": "redeemed" if row.given_at else "leaked", "product": row.product,
             "code_id": row.code_id, "claim_id": whose.get(row.code_id, (None, ""))[0],
             "handle": whose.get(row.code_id, (None, ""))[1], "note": day}
            for row, day in used
        ],
    )  # fmt: skip


def _alarms(made: Reconciled) -> Iterable[str]:
    if made.n_never_given_used:
        yield (
            f"{made.n_never_given_used:,} codes were used that nobody was given: they have leaked, or the partner "
            "mixed up the lists; they are void now"
        )
    if made.n_unknown:
        yield f"{made.n_unknown:,} codes of the partner's report are not in the stock"
