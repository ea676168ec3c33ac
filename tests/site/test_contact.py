"""A typed contact: one answer for everybody, and nothing that the site could read."""

from __future__ import annotations

import pytest

from amends.portal.asked.contact import open_asked
from amends.portal.asked.queue import waiting
from amends.portal.keys import contact_keys
from tests.site.visitor import Place, send, token, words

TYPED = (
    "ann.lee@mail.example",
    "(555) 010-0001",
    "+52 55 1234 5678",
    "nonsense",
    "a" * 200 + "@x.example",
    "'; DROP TABLE contact_requests; --",
    "ñandú@correo.example",
)


def ask(place: Place, contact: str) -> tuple[int, dict[str, int], bytes]:
    """Send a contact; return status, header names with the length of their values, and body."""
    form = place.client.get("/en/contact")
    answer = send(
        place.client, "/en/contact", {"contact": contact, "token": token(form, "contact")}
    )
    return answer.status_code, {k: len(v) for k, v in answer.headers.items()}, answer.content


def test_everybody_gets_the_same_answer(place: Place) -> None:
    seen = [ask(place, typed) for typed in TYPED]
    assert all(one == seen[0] for one in seen)
    assert seen[0][0] == 303
    said = words(place.client.get("/en/contact/sent"))
    assert "If what you typed belongs to somebody" in said
    assert "that is not a no" in said


def test_the_same_contact_again_and_again_reads_the_same(place: Place) -> None:
    seen = [ask(place, "ann.lee@mail.example") for _ in range(8)]
    assert all(one == seen[0] for one in seen)


def test_only_the_case_can_read_what_was_typed(place: Place) -> None:
    ask(place, "Ann.Lee@Mail.example")
    rows = [row for batch in waiting(place.site.state) for row in batch]
    assert len(rows) == 1
    assert b"ann" not in rows[0].sealed.lower()
    opened = open_asked(contact_keys(place.world.keys), rows[0].sealed)
    assert (opened.kind, opened.contact, opened.language) == ("email", "ann.lee@mail.example", "en")


def test_a_telephone_number_is_taken_as_one(place: Place) -> None:
    ask(place, "1 (555) 010-0001")
    (batch,) = waiting(place.site.state)
    opened = open_asked(contact_keys(place.world.keys), batch[0].sealed)
    assert (opened.kind, opened.contact) == ("phone", "5550100001")


def test_nothing_typed_is_told(place: Place) -> None:
    form = place.client.get("/en/contact")
    answer = send(place.client, "/en/contact", {"contact": " ", "token": token(form, "contact")})
    assert "Type an e-mail address or a telephone number" in answer.text


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_message_that_is_not_ours_is_told_with_reasons(place: Place, language: str) -> None:
    form = place.client.get(f"/{language}/is-it-you")
    message = "Your account is locked. Pay $500 at http://larkspur-help.example.evil.example/pay"
    answer = send(
        place.client,
        f"/{language}/is-it-you",
        {"message": message, "token": token(form, "is-it-you")},
    )
    assert answer.status_code == 200
    heading = {"en": "This is not from us", "es": "Esto no es nuestro"}[language]
    assert heading in answer.text
    assert "<ul" in answer.text


def test_our_own_number_is_known(place: Place) -> None:
    form = place.client.get("/en/is-it-you")
    answer = send(
        place.client,
        "/en/is-it-you",
        {"message": "1-888-555-0100", "token": token(form, "is-it-you")},
    )
    assert "This is not from us" not in answer.text
