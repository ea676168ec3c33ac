"""Claims and protection on the personal page: three steps from the letter to the code, and every state in words."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from amends.portal.offers.stock import CodeLine, import_codes
from tests.portal.world import OFFER, publish_world
from tests.site.visitor import ADULT, NO_OFFER, TWIN, Place, enter, running, send, token, words


def stock(place: Place, codes: list[str]) -> None:
    """Put enrolment codes on the shelf."""
    lines = [CodeLine(n, code) for n, code in enumerate(codes, 1)]
    keys = place.site.live.published.keys
    import_codes(place.site.state, keys, lines, product=OFFER.product, expires_on=date(2028, 1, 1))


def claim(place: Place, page_of: str) -> str:
    page = enter(place.client, place.world.code(page_of))
    answer = send(place.client, "/en/you/claim", {"token": token(page, "you/claim")})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/en/you#protection"
    return words(place.client.get("/en/you"))


def test_three_steps_lead_from_the_square_to_the_code(place: Place) -> None:
    stock(place, ["LARK-TEST-0001-AAAA"])
    said = claim(place, ADULT)  # scan, Check, Claim
    assert "LARK-TEST-0001-AAAA" in said
    assert "https://guard.example/redeem" in said
    assert "January 1, 2028" in said


def test_the_same_person_reads_the_same_code_again_and_nobody_else_does(place: Place) -> None:
    stock(place, ["LARK-TEST-0001-AAAA", "LARK-TEST-0002-BBBB"])
    claim(place, ADULT)
    place.client.cookies.clear()
    assert "LARK-TEST-0001-AAAA" in words(enter(place.client, place.world.code(ADULT)))
    place.client.cookies.clear()
    other = claim(place, TWIN)
    assert "LARK-TEST-0002-BBBB" in other
    assert "LARK-TEST-0001-AAAA" not in other


def test_an_empty_shelf_makes_a_promise_with_a_day(place: Place) -> None:
    said = claim(place, ADULT)
    assert "Your claim is recorded" in said
    assert "you need not claim again" in said


def test_after_the_last_day_the_page_says_so_and_shows_no_button(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMENDS_CLOCK", "2027-03-01T09:00:00+00:00")
    page = enter(place.client, place.world.code(ADULT))
    assert "The time to claim ended on February 28, 2027" in words(page)
    assert "you/claim" not in page.text


def test_a_revoked_code_is_replaced_with_its_reason(place: Place) -> None:
    stock(place, ["LARK-TEST-0001-AAAA", "LARK-TEST-0002-BBBB"])
    claim(place, ADULT)
    handle = place.site.live.now.answer(_number(place, ADULT)).handle  # type: ignore[union-attr]
    place.site.offers.replace(handle, OFFER.product, "The partner withdrew it.")
    said = words(place.client.get("/en/you"))
    assert "Your earlier code is no longer good" in said
    assert "The partner withdrew it." in said
    assert "LARK-TEST-0001-AAAA" not in said


def test_who_is_offered_nothing_cannot_claim(place: Place) -> None:
    page = enter(place.client, place.world.code(NO_OFFER))
    assert "you/claim" not in page.text


def test_protection_is_asked_for_once_and_its_state_is_told(place: Place) -> None:
    page = enter(place.client, place.world.code(ADULT))
    fields = {"token": token(page, "you/protect"), "action": "port_out_block"}
    for _ in range(2):
        answer = send(place.client, "/en/you/protect", fields)
        assert answer.headers["location"] == "/en/you#account"
    assert "Asked for on" in words(place.client.get("/en/you"))
    handle = place.site.live.now.answer(_number(place, ADULT)).handle  # type: ignore[union-attr]
    assert [p.action for p in place.site.protection.status(handle)] == ["port_out_block"]


def test_an_action_that_is_not_offered_is_refused(place: Place) -> None:
    page = enter(place.client, place.world.code(ADULT))
    fields = {"token": token(page, "you/protect"), "action": "transfer_money"}
    assert send(place.client, "/en/you/protect", fields).status_code == 400


def test_claims_follow_a_person_who_became_part_of_another(tmp_path: Path) -> None:
    world = publish_world(tmp_path)
    with running(tmp_path, world) as place:
        stock(place, ["LARK-TEST-0001-AAAA"])
        claim(place, TWIN)
    people = {"P000000000001": 0, "P000000000003": 1}
    again = publish_world(tmp_path, people_are=people, accounts_are={}, merged={TWIN: ADULT})
    for _ in range(2):
        with running(tmp_path, again) as place:
            assert "LARK-TEST-0001-AAAA" in words(enter(place.client, again.code(ADULT)))
            assert (world.published / "state" / "merges-followed").exists()


def test_while_the_database_is_away_the_answer_is_still_shown(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlalchemy as sa

    def away(handle: str) -> None:
        raise sa.exc.OperationalError("away", {}, Exception())

    monkeypatch.setattr(place.site.offers, "peek", away)
    page = enter(place.client, place.world.code(ADULT))
    assert "Social Security number" in words(page)
    assert "cannot be shown at this moment" in words(page)
    assert "you/claim" not in page.text


def _number(place: Place, person: str) -> int:
    number = place.site.live.published.number_of_code(place.world.code(person))
    assert number is not None
    return number
