"""Stocks, claimers and partner's files for the tests of offers and protection; all values made up."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from amends.kernel import ids
from amends.portal.offers.ledger import CLAIMS, CODES, EVENTS
from amends.portal.offers.stock import CodeLine, Imported, ProductTerms, import_codes
from amends.portal.state import open_state

KEY = b"k" * 32
PRODUCT = "Larkspur Guard"
TODAY = date(2026, 11, 22)
ENDS = date(2027, 12, 31)


def handle(number: int) -> str:
    """Return the handle of a made-up person."""
    return hashlib.blake2b(number.to_bytes(8, "big"), digest_size=16).hexdigest()


def account(number: int) -> str:
    """Return the reference of a made-up account."""
    return hashlib.sha256(number.to_bytes(8, "big")).hexdigest()


def code(number: int, product: str = PRODUCT) -> str:
    """Return a made-up enrolment code."""
    return f"{product.rsplit(maxsplit=1)[-1][:2].upper()}-{number:08d}-XQ"


def lines(numbers: Sequence[int], product: str = PRODUCT, **given: object) -> list[CodeLine]:
    """Return lines of a partner's file."""
    return [CodeLine(n, code(i, product), **given) for n, i in enumerate(numbers, 2)]  # type: ignore[arg-type]


def stock(
    state: sa.Engine,
    first: int,
    n: int,
    *,
    product: str = PRODUCT,
    expires_on: date | None = ENDS,
    terms: ProductTerms | None = None,
    today: date = TODAY,
) -> Imported:
    """Import ``n`` codes from number ``first`` on."""
    return import_codes(
        state, KEY, lines(range(first, first + n), product),
        product=product, expires_on=expires_on, terms=terms, today=today,
    )  # fmt: skip


@contextmanager
def open_world(folder: Path, postgres: str = "") -> Iterator[sa.Engine]:
    """Yield a fresh state: a SQLite file in ``folder``, or a database of its own on a PostgreSQL server."""
    if not postgres:
        state = open_state(folder)
        try:
            yield state
        finally:
            state.dispose()
        return
    name = f"claims_{ids.new(6)}"
    server = sa.create_engine(postgres, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    state = open_state(postgres.rsplit("/", 1)[0] + f"/{name}")
    try:
        yield state
    finally:
        state.dispose()
        with server.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()


def faults(state: sa.Engine) -> list[str]:
    """Return what is wrong with the books: a code twice, a person twice, a code lost, an event missing."""
    with state.connect() as connection:
        codes = connection.execute(sa.select(CODES)).all()
        claims = connection.execute(sa.select(CLAIMS)).all()
        events = connection.execute(sa.select(EVENTS)).all()
    held = [c for c in claims if c.state == "held"]
    wrong = []
    persons = [(c.handle, c.product) for c in claims if c.state != "moved"]
    if len(set(persons)) != len(persons):
        wrong.append("a person has two claims of a product")
    taken = [c.code_id for c in claims if c.code_id is not None and c.state in ("held", "moved")]
    if len(set(taken)) != len(taken):
        wrong.append("a code went to two persons")
    given = {c.code_id for c in codes if c.state == "given"}
    if given != set(taken):
        wrong.append("a code is given to nobody, or held and not given")
    by_id = {c.code_id: c for c in codes}
    if any(c.code_id is None or by_id[c.code_id].product != c.product for c in held):
        wrong.append("a person holds a code of another product, or none")
    told = {(e.claim_id, e.code_id) for e in events if e.act == "given"}
    if any((c.claim_id, c.code_id) not in told for c in held):
        wrong.append("the ledger does not know of a code that was given")
    if len(told) != sum(e.act == "given" for e in events):
        wrong.append("the ledger says twice that a code was given")
    return wrong
