"""Codes come back, partners report, persons turn out to be one: nothing is lost, and everything is on record."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from amends.kernel.errors import UsageError
from amends.portal.offers.book import OfferBook
from amends.portal.offers.ledger import CLAIMS, CODES, EVENTS
from amends.portal.offers.moving import move_all
from amends.portal.offers.partner import PartnerFile
from amends.portal.offers.promised import adopt, promises
from amends.portal.offers.queue import serve_waiting
from amends.portal.offers.recall import replace_void, revoke_batch, revoke_codes
from amends.portal.offers.reconcile import reconcile
from amends.portal.offers.status import status
from amends.portal.offers.stock import CodeLine
from amends.portal.published import Published
from amends.portal.shapes import Offer
from tests.portal.claims_world import KEY, PRODUCT, TODAY, code, faults, handle, lines, stock
from tests.portal.world import publish_world

OFFER = Offer(PRODUCT, 24, date(2027, 2, 28))
REASON = "The partner withdrew this code."


def acts(state: sa.Engine) -> list[str]:
    """Return what the ledger says was done, in order."""
    with state.connect() as connection:
        return list(connection.execute(sa.select(EVENTS.c.act).order_by(EVENTS.c.seq)).scalars())


def test_a_revoked_code_is_no_longer_shown_and_the_person_is_told_why(state: sa.Engine) -> None:
    book = OfferBook(state, KEY)
    stock(state, 0, 3)
    book.claim(handle(1), OFFER, TODAY)
    made = revoke_codes(
        state, KEY, [*lines([0, 2, 9]), CodeLine(9, "x")], reason=REASON, today=TODAY
    )
    assert (made.n_rows, made.n_given, made.n_free, made.n_unknown) == (4, 1, 1, 2)
    assert made.n_persons == 1
    shown = book.peek(handle(1))[0]
    assert (shown.state, shown.code, shown.why) == ("waiting", "", REASON)
    assert shown.by_on == TODAY + timedelta(days=14)
    assert book.claim(handle(1), OFFER, TODAY).state == "waiting"
    assert replace_void(state, today=TODAY).as_json() == {"n_void": 1, "n_given": 1, "n_waiting": 0}
    new = book.peek(handle(1))[0]
    assert (new.state, new.code, new.why) == ("held", code(1), REASON)
    found = status(state, TODAY)[0]
    assert (found.revoked, found.given, found.free, found.void) == (2, 1, 0, 0)
    assert not faults(state)
    assert acts(state) == [
        "batch",
        "imported",
        "claimed",
        "given",
        "revoked",
        "revoked",
        "replacing",
        "given",
    ]


def test_who_lost_a_code_is_before_who_came_later(state: sa.Engine) -> None:
    book = OfferBook(state, KEY)
    stock(state, 0, 2)
    for n in (1, 2, 3):
        book.claim(handle(n), OFFER, TODAY)
    revoke_codes(state, KEY, lines([1]), reason=REASON, today=TODAY)
    assert replace_void(state, today=TODAY).n_waiting == 2
    stock(state, 5, 1)
    assert [book.peek(handle(n))[0].code for n in (1, 2, 3)] == [code(0), code(5), ""]


def test_a_batch_is_recalled_but_codes_in_use_stay(state: sa.Engine) -> None:
    book = OfferBook(state, KEY)
    batch = stock(state, 0, 4).batch_id
    stock(state, 10, 4)
    for n in range(2):
        book.claim(handle(n), OFFER, TODAY)
    reconcile(state, KEY, lines([0]), TODAY, all_used=True)
    made = revoke_batch(state, batch, reason=REASON, today=TODAY)
    assert made.as_json() == {
        "n_rows": 4, "n_free": 2, "n_given": 1, "n_used": 1, "n_before": 0, "n_unknown": 0, "n_persons": 1,
    }  # fmt: skip
    assert book.peek(handle(0))[0].code == code(0)
    assert revoke_batch(state, batch, reason=REASON, today=TODAY).n_before == 3
    assert revoke_batch(state, batch, reason=REASON, used_too=True, today=TODAY).n_given == 1
    for bad in (("B0", REASON), (batch, " ")):
        with pytest.raises(UsageError):
            revoke_batch(state, bad[0], reason=bad[1])


def test_one_person_can_be_given_another_code_at_once(state: sa.Engine) -> None:
    book = OfferBook(state, KEY)
    stock(state, 0, 2)
    book.claim(handle(1), OFFER, TODAY)
    made = book.replace(handle(1), PRODUCT, "It did not work.", TODAY)
    assert made is not None
    assert (made.state, made.code, made.why) == ("held", code(1), "It did not work.")
    again = book.replace(handle(1), PRODUCT, "Nor did this.", TODAY)
    assert again is not None
    assert (again.state, again.why) == ("waiting", "Nor did this.")
    assert book.replace(handle(2), PRODUCT, "No claim.", TODAY) is None
    assert status(state, TODAY)[0].revoked == 2
    assert not faults(state)


def test_the_partners_report_and_our_books_add_up(state: sa.Engine, tmp_path: Path) -> None:
    book = OfferBook(state, KEY)
    stock(state, 0, 6)
    for n in range(4):
        book.claim(handle(n), OFFER, TODAY)
    path = tmp_path / "used.csv"
    path.write_text(
        "Code,Status,Redeemed On\n"
        f"{code(0)},redeemed,2026-11-23\n{code(1)},Active,11/24/2026\n{code(2)},issued,\n"
        f"{code(5)},redeemed,2026-11-23\n{code(77)},redeemed,2026-11-23\n{code(0)},redeemed,2026-11-23\nzz,,\n"
    )
    made = reconcile(state, KEY, PartnerFile(str(path)).lines(), TODAY)
    assert made.n_rows == 7 == (
        made.n_given_used + made.n_never_given_used + made.n_not_used + made.n_unknown
        + made.n_unreadable + made.n_twice
    )  # fmt: skip
    assert (made.n_given_used, made.n_never_given_used, made.n_not_used) == (2, 1, 1)
    assert (made.n_given, made.n_redeemed, made.n_not_redeemed) == (4, 2, 2)
    assert made.by_day == {"2026-11-23": 2, "2026-11-24": 1}
    assert (made.leaked_lines, made.unknown_lines) == ([5], [6])
    assert len(made.alarms) == 2
    assert book.peek(handle(1))[0].redeemed_on == date(2026, 11, 24)
    again = reconcile(state, KEY, PartnerFile(str(path)).lines(), TODAY)
    assert again == made
    found = status(state, TODAY)[0]
    assert (found.redeemed, found.redeemed_not_given, found.revoked, found.free) == (2, 1, 1, 1)
    assert any("leaked" in alarm for alarm in found.alarms)


def test_a_leaked_code_is_never_handed_out(state: sa.Engine) -> None:
    stock(state, 0, 2)
    reconcile(state, KEY, lines([0], redeemed=True), TODAY)
    assert OfferBook(state, KEY).claim(handle(1), OFFER, TODAY).code == code(1)


def test_a_list_of_all_codes_is_not_taken_for_a_report(state: sa.Engine) -> None:
    stock(state, 0, 5)
    with pytest.raises(UsageError, match="does not say which"):
        reconcile(state, KEY, lines(range(5)), TODAY)
    assert status(state, TODAY)[0].free == 5


def test_claims_follow_a_person_who_became_part_of_another(state: sa.Engine) -> None:
    book = OfferBook(state, KEY)
    stock(state, 0, 3)
    held = book.claim(handle(1), OFFER, TODAY)
    assert book.move(handle(1), handle(2)) == 1
    assert [book.peek(handle(n))[0].code for n in (1, 2)] == [held.code, held.code]
    assert book.claim(handle(1), OFFER, TODAY).code == held.code
    assert book.claim(handle(2), OFFER, TODAY).code == held.code
    assert book.move(handle(1), handle(2)) == 0
    assert book.move(handle(2), handle(3)) == 1
    assert book.claim(handle(1), OFFER, TODAY).code == held.code
    assert book.move(handle(3), handle(1)) == 0
    assert status(state, TODAY)[0].given == 1


def test_of_two_claims_the_first_stays_and_both_are_on_record(state: sa.Engine) -> None:
    book = OfferBook(state, KEY)
    stock(state, 0, 4)
    first = book.claim(handle(1), OFFER, TODAY)
    second = book.claim(handle(2), OFFER, TODAY)
    book.move(handle(1), handle(2))
    assert [c.code for c in book.peek(handle(2))] == [first.code]
    found = status(state, TODAY)[0]
    assert (found.persons, found.holding, found.doubled, found.given, found.free) == (1, 1, 1, 2, 2)
    assert book.claim(handle(3), OFFER, TODAY).code not in (first.code, second.code)
    with state.connect() as connection:
        notes = connection.execute(sa.select(EVENTS.c.act, EVENTS.c.handle, EVENTS.c.code_id)).all()
    assert ("doubled", handle(2), 2) in notes
    assert ("moved", handle(2), 1) in notes
    assert not faults(state)


def test_a_code_in_hand_stays_before_an_earlier_place_in_the_queue(state: sa.Engine) -> None:
    book = OfferBook(state, KEY)
    book.claim(handle(1), Offer(PRODUCT, 24, date(2029, 1, 1)), TODAY)
    stock(state, 0, 1)
    held = book.claim(handle(2), OFFER, TODAY)
    assert held.state == "held"
    book.move(handle(2), handle(1))
    assert [c.code for c in book.peek(handle(1))] == [held.code]
    assert book.waiting() == 0
    assert not faults(state)


def test_many_merges_at_once_and_twice(state: sa.Engine) -> None:
    book = OfferBook(state, KEY)
    stock(state, 0, 300)
    for n in range(0, 60, 3):
        book.claim(handle(n), OFFER, TODAY)
    moved = {handle(n): handle(n + 1000) for n in range(500)}
    assert move_all(state, moved) == 20
    assert move_all(state, moved) == 0
    assert book.peek(handle(1003))[0].state == "held"
    assert not faults(state)


def test_who_waits_without_need_is_served(state: sa.Engine) -> None:
    """As when every free code was locked by another transaction for a moment."""
    book = OfferBook(state, KEY)
    book.claim(handle(1), OFFER, TODAY)
    stock(state, 0, 1)
    with state.begin() as connection:
        connection.execute(CLAIMS.update().values(state="waiting", code_id=None))
        connection.execute(CODES.update().values(state="free", given_at=None))
    assert serve_waiting(state, TODAY) == 1
    assert serve_waiting(state, TODAY) == 0
    assert book.peek(handle(1))[0].code == code(0)


def test_an_edition_says_which_product_is_for_whom_and_until_when(
    state: sa.Engine, tmp_path: Path
) -> None:
    world = publish_world(tmp_path / "w")
    edition = Published.open(world.published).edition
    told = promises(edition)
    assert {p: t.audiences for p, t in told.items()} == {
        PRODUCT: ("adult",), "Larkspur Guard Junior": ("guardian",)
    }  # fmt: skip
    assert told[PRODUCT].enrol_by_on == date(2027, 2, 28)
    adopt(state, edition)
    adopt(state, edition)
    assert stock(state, 0, 1, expires_on=date(2027, 2, 27)).n_short == 1
    with state.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(CODES)).scalar_one() == 1
        assert connection.execute(sa.select(CLAIMS)).all() == []
