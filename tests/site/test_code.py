"""Checking a code: what a person reads, and what a stranger cannot learn."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.portal.world import publish_world
from tests.site.visitor import (
    ADULT,
    BUSINESS,
    CHILD,
    HELD,
    NO_OFFER,
    UNKNOWN_CODE,
    Place,
    enter,
    running,
    send,
    token,
    try_code,
    words,
)


def test_a_letter_code_leads_to_the_answer_of_the_letter(place: Place) -> None:
    page = enter(place.client, place.world.code(ADULT))
    said = words(page)
    listed = [
        said.index(n)
        for n in ("name", "date of birth", "Social Security number", "driver’s license number")
    ]
    assert listed == sorted(listed), "in the order of the letter"
    assert "Edition 1" in said
    assert "November 10, 2026" in said
    assert "bank" not in said.split("What to do")[0]


def test_what_needs_no_enrolment_comes_before_the_offer(place: Place) -> None:
    said = words(enter(place.client, place.world.code(ADULT)))
    order = [
        "Freeze your credit",
        "fraud alert",
        "tax PIN",
        "Protect the account",
        "Take the identity",
    ]
    found = [said.index(step) for step in order]
    assert found == sorted(found)
    assert "February 28, 2027" in said
    for bureau in ("Equifax", "Experian", "TransUnion"):
        assert bureau in said


def test_the_page_is_in_spanish_for_who_asks_in_spanish(place: Place) -> None:
    said = words(enter(place.client, place.world.code(CHILD), "es"))
    assert "La información del menor" in said
    assert "fecha de nacimiento" in said
    assert "28 de febrero de 2027" in said


def test_a_code_is_read_as_people_type_it(place: Place) -> None:
    typed = " " + place.world.code(ADULT).lower().replace("-", " ") + " "
    assert "Social Security number" in words(enter(place.client, typed))


def test_a_slip_of_the_pen_is_told_at_once_and_the_code_is_not_repeated(place: Place) -> None:
    code = place.world.code(ADULT)
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    answer = try_code(place.client, wrong)
    assert answer.status_code == 200
    assert "does not fit together" in answer.text
    assert wrong not in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_nothing_typed_is_told(place: Place) -> None:
    assert "Type the code from your letter" in try_code(place.client, "   ").text


def test_an_unknown_code_is_no_no(place: Place) -> None:
    said = words(enter(place.client, UNKNOWN_CODE))
    assert "We do not know this code" in said
    assert "does not mean that your information is safe" in said


def test_who_is_not_decided_yet_reads_so(place: Place) -> None:
    said = words(enter(place.client, place.world.code(HELD)))
    assert "We cannot answer yet" in said
    assert "This is not a no" in said


def test_a_known_and_an_unknown_code_are_answered_with_the_same_bytes(place: Place) -> None:
    answers = [
        try_code(place.client, code)
        for code in (place.world.code(ADULT), UNKNOWN_CODE, place.world.code(HELD))
    ]
    assert {a.status_code for a in answers} == {303}
    assert len({a.content for a in answers}) == 1
    assert len({tuple((k, len(v)) for k, v in a.headers.items()) for a in answers}) == 1


def test_the_code_of_a_merged_person_leads_to_the_one_that_lives(tmp_path: Path) -> None:
    world = publish_world(tmp_path, merged={"P000000000077": ADULT})
    with running(tmp_path, world) as place:
        assert "Social Security number" in words(enter(place.client, world.code("P000000000077")))


def test_a_person_without_an_offer_and_a_business_read_their_own(place: Place) -> None:
    said = words(enter(place.client, place.world.code(NO_OFFER)))
    assert "No paid protection is offered" in said
    assert "tax PIN" not in said, "no Social Security number was exposed"
    place.client.cookies.clear()
    assert "Your business’s information" in words(enter(place.client, place.world.code(BUSINESS)))


def test_the_square_leads_to_the_form_in_the_browser_language(place: Place) -> None:
    answer = place.client.get("/c", headers={"accept-language": "es-MX,es;q=0.9,en;q=0.8"})
    assert answer.headers["location"] == "/es/check"
    assert place.client.get("/c").headers["location"] == "/en/check"
    assert "code.js" in place.client.get("/en/check").text
    assert place.client.get("/assets/code.js").status_code == 200


def test_a_page_after_its_time_asks_for_the_code_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMENDS_CLOCK", "2026-11-22T10:00:00+00:00")
    enter(place.client, place.world.code(ADULT))
    monkeypatch.setenv("AMENDS_CLOCK", "2026-11-22T10:14:00+00:00")
    assert place.client.get("/en/you").status_code == 200, "each look gives another quarter"
    monkeypatch.setenv("AMENDS_CLOCK", "2026-11-22T10:30:00+00:00")
    answer = place.client.get("/en/you")
    assert answer.headers["location"] == "/en/check?closed"
    assert "closed now" in place.client.get("/en/check?closed").text


def test_leaving_closes_the_page(place: Place) -> None:
    page = enter(place.client, place.world.code(ADULT))
    answer = send(place.client, "/en/you/leave", {"token": token(page, "you/leave")})
    assert answer.headers["location"] == "/en/check?left"
    assert place.client.get("/en/you").headers["location"] == "/en/check?closed"


def test_the_letter_is_shown_again_without_a_name(place: Place) -> None:
    enter(place.client, place.world.code(ADULT))
    page = place.client.get("/en/you/letter")
    assert "Notice of Data Breach" in page.text
    assert "Example Bureau" in page.text
    assert "none of them" in page.text
    assert place.world.code(ADULT) not in page.text


@pytest.mark.parametrize("changed", ["", "x", "A" * 120, "é", "=" * 60])
def test_an_altered_cookie_opens_nothing(place: Place, changed: str) -> None:
    enter(place.client, place.world.code(ADULT))
    place.client.cookies.clear()
    answer = place.client.get("/en/you", headers={"cookie": f"visit={changed}".encode()})
    assert answer.headers["location"] == "/en/check?closed"
