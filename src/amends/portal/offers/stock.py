"""The stock of enrolment codes: what the partner sends, checked line by line and kept sealed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import islice

import sqlalchemy as sa

from amends.kernel import clock, ids
from amends.kernel.errors import UsageError
from amends.portal.keys import SiteKeys
from amends.portal.offers.ledger import (
    BATCHES,
    CODES,
    NO_EXPIRY,
    PRODUCTS,
    make_offer_tables,
    note,
    writing,
)
from amends.portal.offers.queue import fill
from amends.portal.offers.sealed import CodeSeal
from amends.portal.offers.turns import stock_turn

CHUNK = 5_000
WAIT_DAYS = 14
_SHORTEST, _LONGEST = 4, 128
_REASONS_KEPT = 1_000

AUDIENCES = ("adult", "guardian", "next_of_kin", "business")


@dataclass(frozen=True)
class CodeLine:
    """A line of the partner's file.

    Attributes:
        line: Its number, from 1.
        code: What stands where the code should be.
        expires_on: Its own last day as written; "" = that of the whole file.
        redeemed_on: Day of use as written, in the partner's report; "" = none.
        redeemed: Whether the partner's report says that it was used; ``None`` = the file does not say.
    """

    line: int
    code: str
    expires_on: str = ""
    redeemed_on: str = ""
    redeemed: bool | None = None

    def __repr__(self) -> str:
        """Return the line's number: its code belongs in no log."""
        return f"CodeLine({self.line})"


@dataclass(frozen=True)
class Refused:
    """A line that was not taken, and why; never what stood on it."""

    line: int
    reason: str


@dataclass
class Imported:
    """What an import came to: ``n_rows`` = ``n_new`` + ``n_known`` + ``n_refused``.

    Attributes:
        batch_id: The batch; a file that is imported again keeps its batch.
        product: The product.
        n_rows: Lines read.
        n_new: Codes that are new in the stock.
        n_known: Codes that were there before, or stand twice in the file.
        n_refused: Lines not taken.
        n_short: Of the new: expire before the window a letter promises, and are never handed out.
        n_filled: Persons who waited and have a code now.
        n_waiting: Persons who still wait.
        refused: The first thousand refused lines, with their reasons.
    """

    batch_id: str
    product: str
    n_rows: int = 0
    n_new: int = 0
    n_known: int = 0
    n_refused: int = 0
    n_short: int = 0
    n_filled: int = 0
    n_waiting: int = 0
    refused: list[Refused] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """Return it as a JSON value."""
        return asdict(self)


@dataclass(frozen=True)
class ProductTerms:
    """What is known of a product beside its codes; ``None`` leaves what was said before.

    Attributes:
        audiences: For whom it is; empty = not told.
        enrol_by_on: Last day to claim that letters promise.
        top_up_below: Alarm when fewer codes are free.
        top_up_share: Alarm when a smaller share of the stock is free, 0 to 1.
        wait_days: Days within which somebody who waits is promised a code.
    """

    audiences: tuple[str, ...] | None = None
    enrol_by_on: date | None = None
    top_up_below: int | None = None
    top_up_share: float | None = None
    wait_days: int | None = None


def import_codes(
    state: sa.Engine,
    keys: SiteKeys | bytes,
    lines: Iterable[CodeLine],
    *,
    product: str,
    expires_on: date | None = None,
    terms: ProductTerms | None = None,
    today: date | None = None,
    file_key: str = "",
) -> Imported:
    """Take codes into the stock of a product, and give them to those who wait.

    Ended at any moment and given again, it goes on; the same file twice adds nothing.

    Args:
        state: Database of the site's state.
        keys: The keys of the site.
        lines: The partner's lines.
        product: The product they are for.
        expires_on: Last day on which the partner takes them, where a line does not say.
        terms: What else is known of the product.
        today: The day of the import.
        file_key: Keyed hash of the file, when there is one: it finds the batch of an earlier attempt.

    Raises:
        UsageError: The product has no name, or an audience is not known.
    """
    if not product.strip():
        raise UsageError("The product has no name", remedy="give --product, as letters print it")
    make_offer_tables(state)
    today = today or clock.now().date()
    terms = put_terms(state, product, terms or ProductTerms())
    seal = CodeSeal(keys)
    made = Imported(_batch(state, product, file_key), product)
    source = iter(lines)
    while chunk := list(islice(source, CHUNK)):
        _take(state, seal, made, chunk, expires_on, terms, today)
    _finish(state, made, today)
    return made


def put_terms(state: sa.Engine, product: str, terms: ProductTerms) -> ProductTerms:
    """Record what is known of a product, and return all that is known now.

    Raises:
        UsageError: An audience is not known.
    """
    make_offer_tables(state)
    odd = [a for a in terms.audiences or () if a not in AUDIENCES]
    if odd:
        raise UsageError("An audience is not known", remedy="write " + ", ".join(AUDIENCES))
    told = {
        "audiences": None if terms.audiences is None else " ".join(terms.audiences),
        "enrol_by_on": terms.enrol_by_on and terms.enrol_by_on.isoformat(),
        "top_up_below": terms.top_up_below,
        "top_up_share": terms.top_up_share,
        "wait_days": terms.wait_days,
    }
    with writing(state) as connection:
        stock_turn(connection, product, alone=True)
        query = sa.select(PRODUCTS).where(PRODUCTS.c.product == product)
        before = connection.execute(query).mappings().first()
        values = {**(before or _FRESH), **{k: v for k, v in told.items() if v is not None}}
        if before is None:
            connection.execute(PRODUCTS.insert().values({**values, "product": product}))
        else:
            connection.execute(
                PRODUCTS.update().where(PRODUCTS.c.product == product).values(values)
            )
    return ProductTerms(
        tuple(values["audiences"].split()),
        date.fromisoformat(values["enrol_by_on"]) if values["enrol_by_on"] else None,
        values["top_up_below"], values["top_up_share"], values["wait_days"],
    )  # fmt: skip


# A tenth of the stock is what a mailing's first week may take; two weeks is time enough to order more.
_FRESH: Mapping[str, object] = {
    "audiences": "", "months": 24, "enrol_by_on": "", "top_up_below": 1000, "top_up_share": 0.1, "wait_days": WAIT_DAYS,
}  # fmt: skip


def wait_days(connection: sa.Connection, product: str) -> int:
    """Return the days within which somebody who waits for a product is promised a code."""
    query = sa.select(PRODUCTS.c.wait_days).where(PRODUCTS.c.product == product)
    told = connection.execute(query).scalar()
    return WAIT_DAYS if told is None else int(told)


def _batch(state: sa.Engine, product: str, file_key: str) -> str:
    """Return the batch of this file: the one of an earlier attempt, or a new one."""
    with writing(state) as connection:
        stock_turn(connection, product, alone=True)
        if file_key:
            known = connection.execute(
                sa.select(BATCHES.c.batch_id)
                .where(BATCHES.c.product == product, BATCHES.c.file_key == file_key)
            ).scalar()  # fmt: skip
            if known:
                return str(known)
        made = "B" + ids.new(5)
        connection.execute(
            BATCHES.insert().values(
                batch_id=made, product=product, file_key=file_key, at=clock.stamp(),
                n_rows=0, n_new=0, n_known=0, n_refused=0, state="open",
            )
        )  # fmt: skip
        note(connection, "batch", product, words=made)
    return made


def _take(
    state: sa.Engine,
    seal: CodeSeal,
    made: Imported,
    chunk: list[CodeLine],
    expires_on: date | None,
    terms: ProductTerms,
    today: date,
) -> None:
    """Check and store one chunk in one transaction, and serve those who wait from it."""
    good: dict[str, tuple[CodeLine, str]] = {}
    for line in chunk:
        made.n_rows += 1
        expiry, reason = _checked(line, expires_on, today)
        if reason:
            _refuse(made, line.line, reason)
            continue
        code_key = seal.key_of(line.code)
        if code_key in good:
            made.n_known += 1
        else:
            good[code_key] = (line, expiry)
    with writing(state, many=True) as connection:
        stock_turn(connection, made.product, alone=True)
        stock_turn(
            connection, "", alone=True
        )  # two products at once: a code belongs to one of them
        new = list(_new(connection, made, good))
        if new:
            rows = [
                {"product": made.product, "batch_id": made.batch_id, "code_key": k, "state": "free",
                 "sealed": seal.lock(good[k][0].code, k), "expires_on": good[k][1]}
                for k in new
            ]  # fmt: skip
            connection.execute(CODES.insert(), rows)
        made.n_new += len(new)
        if terms.enrol_by_on:
            made.n_short += sum(good[k][1] < terms.enrol_by_on.isoformat() for k in new)
        made.n_filled += fill(connection, made.product, today)


def _new(
    connection: sa.Connection, made: Imported, good: Mapping[str, tuple[CodeLine, str]]
) -> Iterator[str]:
    """Yield the codes that no product has yet."""
    query = sa.select(CODES.c.code_key, CODES.c.product).where(CODES.c.code_key.in_(list(good)))
    known = {row.code_key: row.product for row in connection.execute(query)}
    for code_key, (line, _) in good.items():
        holder = known.get(code_key)
        if holder is None:
            yield code_key
        elif holder == made.product:
            made.n_known += 1
        else:
            _refuse(made, line.line, "this code is in the stock of another product")


def _finish(state: sa.Engine, made: Imported, today: date) -> None:
    with writing(state) as connection:
        stock_turn(connection, made.product, alone=True)
        made.n_filled += fill(connection, made.product, today)
        # Counted, not added up: an attempt that was cut off took in codes of this batch as well.
        mine = sa.select(sa.func.count()).select_from(CODES)
        n_new = int(connection.execute(mine.where(CODES.c.batch_id == made.batch_id)).scalar_one())
        connection.execute(
            BATCHES.update().where(BATCHES.c.batch_id == made.batch_id).values(
                n_rows=made.n_rows, n_refused=made.n_refused, n_new=n_new,
                n_known=made.n_rows - made.n_refused - n_new, state="done",
            )
        )  # fmt: skip
        words = ids.canonical_json(
            {"batch": made.batch_id, "rows": made.n_rows, "new": made.n_new, "known": made.n_known,
             "refused": made.n_refused, "filled": made.n_filled}
        )  # fmt: skip
        note(connection, "imported", made.product, words=words)
        from_queue = sa.text(
            "SELECT count(*) FROM offer_claims WHERE state = 'waiting' AND product = :p"
        )
        made.n_waiting = int(connection.execute(from_queue, {"p": made.product}).scalar_one())


def _refuse(made: Imported, line: int, reason: str) -> None:
    made.n_refused += 1
    if len(made.refused) < _REASONS_KEPT:
        made.refused.append(Refused(line, reason))


def _checked(line: CodeLine, expires_on: date | None, today: date) -> tuple[str, str]:
    """Return the last day of a code as kept, and why the line cannot be taken ("" = it can)."""
    reason = code_fault(line.code)
    expiry = NO_EXPIRY if expires_on is None else expires_on.isoformat()
    if not reason and line.expires_on:
        try:
            expiry = date.fromisoformat(line.expires_on).isoformat()
        except ValueError:
            reason = "its last day is no date such as 2027-12-31"
    if not reason and expiry < today.isoformat():
        reason = "its last day has passed"
    return expiry, reason


def code_fault(code: str) -> str:
    """Return why a text cannot be a code, "" when it can."""
    if not code:
        return "there is no code"
    if code.startswith("\0number "):
        return "the workbook holds a number, not text: zeros in front and long digits are lost; send it as text"
    if len(code) < _SHORTEST:
        return f"a code has {_SHORTEST} characters or more"
    if len(code) > _LONGEST:
        return f"a code has {_LONGEST} characters or fewer"
    if not (code.isascii() and code.isprintable()):
        return "there are characters in it that cannot be typed"
    if _looks_rounded(code):
        return "a spreadsheet has rounded it to a number such as 1.2E+11"
    return ""


def _looks_rounded(code: str) -> bool:
    """Say whether a text is a long number as a spreadsheet shortens it, its digits lost."""
    mantissa, sign, exponent = code.upper().partition("E+")
    return bool(sign) and exponent.isdigit() and mantissa.replace(".", "", 1).isdigit()
