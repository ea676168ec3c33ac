"""A person claims: one code, always the same one, in the order in which people came."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amends.kernel.errors import TableError, UsageError
from amends.portal.offers.book import OfferBook
from amends.portal.offers.claim import months_after
from amends.portal.offers.ledger import CLAIMS, EVENTS
from amends.portal.offers.status import status
from amends.portal.offers.stock import ProductTerms, put_terms
from amends.portal.shapes import Answer, Offer
from tests.portal.claims_world import KEY, PRODUCT, TODAY, code, faults, handle, open_world, stock
from tests.portal.world import classes

OFFER = Offer(PRODUCT, 24, date(2027, 2, 28))


def test_a_person_gets_one_code_and_sees_the_same_again(state: sa.Engine) -> None:
    book = OfferBook(state, KEY)
    stock(state, 0, 3)
    first = book.claim(handle(1), OFFER, TODAY)
    again = OfferBook(state, KEY).claim(handle(1), OFFER, TODAY + timedelta(days=3))
    assert (first.state, first.code, first.again) == ("held", code(0), False)
    assert (again.code, again.claimed_on, again.again) == (code(0), TODAY, True)
    assert book.peek(handle(1)) == (again,)
    assert book.claim(handle(2), OFFER, TODAY).code == code(1)
    assert not faults(state)


def test_looking_claims_nothing(state: sa.Engine) -> None:
    book = OfferBook(state, KEY)
    stock(state, 0, 1)
    assert book.peek(handle(1)) == ()
    assert status(state, TODAY)[0].free == 1


def test_cover_is_counted_from_the_day_the_code_is_there(state: sa.Engine) -> None:
    book = OfferBook(state, KEY)
    assert book.claim(handle(1), OFFER, TODAY).cover_until_on is None
    stock(state, 0, 2, today=TODAY + timedelta(days=5))
    late, prompt = book.peek(handle(1))[0], book.claim(handle(2), OFFER, TODAY)
    assert (late.claimed_on, late.given_on) == (TODAY, TODAY + timedelta(days=5))
    assert late.cover_until_on == date(2028, 11, 27)
    assert prompt.cover_until_on == date(2028, 11, 22)


@pytest.mark.parametrize(
    ("start", "months", "ends"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2027, 12, 31), 2, date(2028, 2, 29)),
        (date(2026, 11, 22), 24, date(2028, 11, 22)),
        (date(2026, 11, 22), 0, date(2026, 11, 22)),
    ],
)
def test_months_end_on_the_same_day_or_the_last_of_a_shorter_month(
    start: date, months: int, ends: date
) -> None:
    assert months_after(start, months) == ends


def test_after_the_last_day_nothing_is_claimed_but_what_is_held_is_shown(state: sa.Engine) -> None:
    book = OfferBook(state, KEY)
    stock(state, 0, 2)
    held = book.claim(handle(1), OFFER, OFFER.enrol_by_on)
    after = OFFER.enrol_by_on + timedelta(days=1)
    assert book.claim(handle(1), OFFER, after).code == held.code
    assert book.claim(handle(2), OFFER, after).state == "closed"
    assert book.peek(handle(2)) == ()


def test_the_last_day_ends_when_it_has_ended_everywhere(
    state: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = OfferBook(state, KEY)
    stock(state, 0, 2)
    monkeypatch.setenv(
        "AMENDS_CLOCK", "2027-03-01T09:30:00+00:00"
    )  # 11:30 pm on 28 February in Honolulu
    assert book.claim(handle(1), OFFER).state == "held"
    monkeypatch.setenv("AMENDS_CLOCK", "2027-03-01T12:00:00+00:00")
    assert book.claim(handle(2), OFFER).state == "closed"


def test_who_claimed_in_time_and_waited_is_served_after_the_last_day(state: sa.Engine) -> None:
    book = OfferBook(state, KEY)
    book.claim(handle(1), OFFER, OFFER.enrol_by_on)
    stock(state, 0, 1, today=OFFER.enrol_by_on + timedelta(days=3))
    assert book.peek(handle(1))[0].state == "held"


def test_without_stock_people_wait_with_a_promised_day_and_are_served_in_order(
    state: sa.Engine,
) -> None:
    book = OfferBook(state, KEY)
    put_terms(state, PRODUCT, ProductTerms(wait_days=10))
    made = [book.claim(handle(n), OFFER, TODAY) for n in range(5)]
    assert {(c.state, c.code, c.by_on) for c in made} == {
        ("waiting", "", TODAY + timedelta(days=10))
    }
    assert book.waiting() == book.waiting(PRODUCT) == 5
    assert stock(state, 0, 3).n_filled == 3
    shown = [book.peek(handle(n))[0] for n in range(5)]
    assert [c.code for c in shown] == [code(0), code(1), code(2), "", ""]
    assert [c.state for c in shown] == ["held"] * 3 + ["waiting"] * 2
    assert book.claim(handle(9), OFFER, TODAY).state == "waiting"
    stock(state, 3, 3)
    assert [book.peek(handle(n))[0].code for n in (3, 4, 9)] == [code(3), code(4), code(5)]
    assert not faults(state)


def test_who_comes_new_does_not_overtake_who_waits(state: sa.Engine) -> None:
    """A code can be free while somebody waits: one that another transaction gave back, for instance."""
    book = OfferBook(state, KEY)
    book.claim(handle(1), OFFER, TODAY)
    book.claim(handle(2), OFFER, TODAY)
    stock(state, 0, 2)
    with (
        state.begin() as connection
    ):  # as if those two had been recorded just after the import looked
        connection.execute(sa.text("UPDATE offer_claims SET state = 'waiting', code_id = NULL"))
        connection.execute(sa.text("UPDATE offer_codes SET state = 'free', given_at = NULL"))
    assert book.claim(handle(3), OFFER, TODAY).state == "waiting"
    assert [book.peek(handle(n))[0].code for n in (1, 2)] == [code(0), code(1)]


def test_a_code_that_ends_before_the_promised_window_is_never_handed_out(state: sa.Engine) -> None:
    book = OfferBook(state, KEY)
    put_terms(state, PRODUCT, ProductTerms(enrol_by_on=OFFER.enrol_by_on))
    made = stock(state, 0, 2, expires_on=OFFER.enrol_by_on - timedelta(days=1))
    assert (made.n_new, made.n_short) == (2, 2)
    assert book.claim(handle(1), OFFER, TODAY).state == "waiting"
    found = status(state, TODAY)[0]
    assert (found.free, found.too_short, found.waiting) == (0, 2, 1)
    assert any("expire before the window" in alarm for alarm in found.alarms)
    stock(state, 5, 1, expires_on=OFFER.enrol_by_on)
    assert book.peek(handle(1))[0].code == code(5)


def test_who_cannot_be_served_holds_nobody_up(state: sa.Engine) -> None:
    book = OfferBook(state, KEY)
    long = replace(OFFER, enrol_by_on=date(2028, 6, 30))
    for n in range(60):
        book.claim(handle(n), long, TODAY)
    book.claim(handle(100), OFFER, TODAY)
    stock(state, 0, 1, expires_on=date(2027, 12, 31))
    assert book.peek(handle(100))[0].code == code(0)
    assert book.waiting() == 60


def test_codes_that_end_first_go_first_and_an_expired_one_never(state: sa.Engine) -> None:
    book = OfferBook(state, KEY)
    stock(state, 0, 1, expires_on=None)
    stock(state, 1, 1, expires_on=date(2028, 1, 1))
    stock(state, 2, 1, expires_on=date(2027, 3, 1))
    assert book.claim(handle(1), OFFER, TODAY).code == code(2)
    assert book.claim(handle(2), PRODUCT, date(2028, 1, 2)).code == code(0)
    assert book.claim(handle(3), PRODUCT, date(2028, 1, 2)).state == "waiting"
    assert status(state, date(2028, 1, 2))[0].expired == 1


def test_the_answer_decides_the_product(state: sa.Engine) -> None:
    """Minors get theirs, who is offered nothing gets nothing, and no product crosses to another audience."""
    book = OfferBook(state, KEY)
    adult, child, nothing, _ = classes()
    assert child.offer is not None
    stock(state, 0, 1)
    stock(state, 0, 1, product=child.offer.product, terms=ProductTerms(audiences=("guardian",)))
    assert book.claim_for(Answer("yes", 1, handle(1), adult), TODAY).product == PRODUCT
    got = book.claim_for(Answer("yes", 1, handle(2), child), TODAY)
    assert (got.product, got.code) == (child.offer.product, code(0, child.offer.product))
    assert book.claim_for(Answer("yes", 1, handle(3), nothing), TODAY).state == "none"
    assert book.claim_for(Answer("no", 1), TODAY).state == "none"
    assert book.claim_for(Answer("undecided", 1), TODAY).state == "none"
    crossed = replace(adult, offer=child.offer)
    assert book.claim_for(Answer("yes", 1, handle(4), crossed), TODAY).state == "none"
    assert book.peek(handle(4)) == ()
    with pytest.raises(UsageError):
        put_terms(state, PRODUCT, ProductTerms(audiences=("everybody",)))


def test_a_code_opens_only_under_its_own_key_and_no_plain_code_is_kept(tmp_path: Path) -> None:
    with open_world(tmp_path) as state:
        stock(state, 0, 20)
        held = OfferBook(state, KEY).claim(handle(1), OFFER, TODAY)
        with pytest.raises(TableError):
            OfferBook(state, b"x" * 32).peek(handle(1))
        assert held.code not in repr(held)
        kept = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
        assert code(0).encode() not in kept
        assert code(19)[:8].encode() not in kept


def test_the_ledger_of_claims_can_only_grow(state: sa.Engine) -> None:
    stock(state, 0, 1)
    OfferBook(state, KEY).claim(handle(1), OFFER, TODAY)
    for words in ("UPDATE offer_events SET note = 'x'", "DELETE FROM offer_events"):
        with pytest.raises(sa.exc.DBAPIError), state.begin() as connection:
            connection.execute(sa.text(words))
    with state.connect() as connection:
        acts = connection.execute(sa.select(EVENTS.c.act).order_by(EVENTS.c.seq)).scalars().all()
    assert acts == ["batch", "imported", "claimed", "given"]


def test_one_person_asking_from_many_threads_at_once_gets_one_code(state: sa.Engine) -> None:
    stock(state, 0, 30)
    book, shown, start = OfferBook(state, KEY), [], threading.Barrier(12)

    def ask() -> None:
        start.wait()
        shown.append(book.claim(handle(1), OFFER, TODAY).code)

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(shown) == 12
    assert len(set(shown)) == 1
    assert status(state, TODAY)[0].given == 1
    assert not faults(state)


def test_status_sums_and_says_what_is_short(state: sa.Engine) -> None:
    book = OfferBook(state, KEY)
    stock(state, 0, 20, terms=ProductTerms(top_up_below=5, top_up_share=0.5))
    assert status(state, TODAY)[0].alarms == ()
    for n in range(11):
        book.claim(handle(n), OFFER, TODAY)
    found = status(state, TODAY)[0]
    assert (found.imported, found.free, found.given, found.holding) == (20, 9, 11, 11)
    assert found.alarms == ("only 9 of 20 codes are free: order more",)
    assert "fewer than 10" in status(state, TODAY, top_up_below=10)[0].alarms[0]
    for n in range(11, 25):
        book.claim(handle(n), OFFER, TODAY)
    late = status(state, TODAY + timedelta(days=30))[0]
    assert (late.free, late.waiting, late.overdue) == (0, 5, 5)
    assert late.persons == late.holding + late.waiting + late.void == 25


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("claim"), st.integers(0, 6)),
            st.tuples(st.just("import"), st.integers(1, 3)),
            st.tuples(st.just("move"), st.integers(0, 6)),
            st.tuples(st.just("replace"), st.integers(0, 6)),
        ),
        max_size=25,
    )
)
def test_whatever_happens_in_whatever_order_the_books_are_right(
    steps: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with open_world(tmp_path_factory.mktemp("books")) as state:
        book, n_codes = OfferBook(state, KEY), 0
        for act, number in steps:
            if act == "claim":
                book.claim(handle(number), OFFER, TODAY)
            elif act == "import":
                stock(state, n_codes, number)
                n_codes += number
            elif act == "move":
                book.move(handle(number), handle((number + 3) % 7))
            else:
                book.replace(handle(number), PRODUCT, "It did not work.", TODAY)
        assert not faults(state)
        for found in status(state, TODAY):
            parts = (found.free, found.too_short, found.expired, found.given, found.revoked)
            assert found.imported == sum(parts) == n_codes
            assert found.given == found.holding + found.doubled
            assert found.persons == found.holding + found.waiting + found.void
            assert not (found.free and found.waiting)
        with state.connect() as connection:
            claims = connection.execute(sa.select(CLAIMS)).all()
        assert all(c.state in ("held", "waiting", "void", "moved") for c in claims)
