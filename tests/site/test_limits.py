"""Bad requests, many requests, slow ones: the site answers shortly and goes on."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amends.site.settings import Limits
from tests.site.visitor import SAME_ORIGIN, Place, running, token

FORM = {"content-type": "application/x-www-form-urlencoded", **SAME_ORIGIN}


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"code=%ff%fe", "application/x-www-form-urlencoded", 400),
        ("code=ñ".encode(), "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a=1" for _ in range(50)), "application/x-www-form-urlencoded", 400),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x", 415),
        (b"--x\r\nbroken", "multipart/form-data", 415),
        (b'{"code": 1}', "application/json", 415),
        (b"code=1", "", 415),
        (b"code=" + b"A" * 70_000, "application/x-www-form-urlencoded", 413),
        (b"", "application/x-www-form-urlencoded", 303),  # no token: the form again
    ],
)
def test_a_body_that_is_no_form_gets_a_short_page(
    place: Place, body: bytes, kind: str, status: int
) -> None:
    for way in ("/en/check", "/en/contact", "/en/is-it-you"):
        answer = place.client.post(way, content=body, headers={**FORM, "content-type": kind})
        assert answer.status_code == status
        assert len(answer.content) < 3000


def test_a_length_that_lies_is_refused(place: Place) -> None:
    for length, status in (("-1", 400), ("1e3", 400), ("9" * 40, 400), ("99999999", 413)):
        answer = place.client.post(
            "/en/check", content=b"x", headers={**FORM, "content-length": length}
        )
        assert answer.status_code == status


def test_a_body_without_an_end_is_cut_off(place: Place) -> None:
    def endless() -> object:
        for _ in range(100):
            yield b"code=" + b"A" * 8000

    answer = place.client.post("/en/check", content=endless(), headers=FORM)  # type: ignore[arg-type]
    assert answer.status_code == 413


def test_an_unknown_method_is_refused(place: Place) -> None:
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "BREW"):
        answer = place.client.request(method, "/en/check")
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, HEAD, POST"
    assert place.client.post("/assets/code.js").status_code == 405


def test_a_full_site_says_so_in_both_languages_and_still_shows_general_pages(
    tmp_path: Path,
) -> None:
    limits = Limits(present=1)
    with running(tmp_path, limits=limits) as place:
        hold, held = threading.Event(), threading.Event()

        def slow(handle: str) -> list[object]:
            held.set()
            hold.wait(10)
            return []

        page_of = place.world.code("P000000000001")
        form = place.client.get("/en/check")
        place.client.post(
            "/en/check", data={"code": page_of, "token": token(form, "check")}, headers=SAME_ORIGIN
        )
        place.site.protection.status = slow  # type: ignore[method-assign, assignment]
        reader = threading.Thread(target=lambda: place.client.get("/en/you"))
        reader.start()
        try:
            assert held.wait(10)
            answer = place.client.get("/en/check")
            assert answer.status_code == 503
            assert 60 <= int(answer.headers["retry-after"]) <= 180
            assert "Very many people are asking" in answer.text
            assert "Muchísimas personas" in answer.text
            assert "1-888-555-0100" in answer.text
            assert place.client.get("/assets/code.js").status_code == 200
        finally:
            hold.set()
            reader.join(10)
        assert place.client.get("/en/check").status_code == 200, "it recovers by itself"


def test_people_are_asked_to_come_back_at_different_times(place: Place) -> None:
    pages = place.site.live.now.short_pages
    assert len({dict(pages.busy().headers)[b"retry-after"] for _ in range(24)}) > 10


def test_a_database_that_hangs_does_not_stop_the_other_pages(tmp_path: Path) -> None:
    limits = Limits(aside=0)
    with running(tmp_path, limits=limits) as place:
        form = place.client.get("/en/contact")
        fields = {"contact": "ann@mail.example", "token": token(form, "contact")}
        assert place.client.post("/en/contact", data=fields, headers=SAME_ORIGIN).status_code == 503
        assert place.client.get("/en/check").status_code == 200


TEXT = st.text(max_size=60) | st.sampled_from(
    ["", "\x00", "%", "&", "{{7*7}}", "<script>alert(1)</script>", "' OR 1=1 --", "\u202e", "=1+1"]
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    way=st.sampled_from(
        ["check", "contact", "is-it-you", "you/claim", "you/protect", "you/leave"]
    ),
    fields=st.dictionaries(
        st.sampled_from(["code", "token", "contact", "message", "action"]) | TEXT, TEXT, max_size=6
    ),
    own=st.booleans(),
)  # fmt: skip
def test_whatever_is_sent_is_answered_shortly(
    place: Place, way: str, fields: dict[str, str], own: bool
) -> None:
    if own and way in ("check", "contact", "is-it-you"):
        fields["token"] = token(place.client.get(f"/en/{way}"), way)
    answer = place.client.post(f"/en/{way}", data={**fields, "x": ""}, headers=SAME_ORIGIN)
    assert answer.status_code in (200, 303, 400, 403, 429)
    for value in fields.values():
        assert len(value) < 4 or "<script" not in value or value not in answer.text


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=st.binary(max_size=200))
def test_whatever_bytes_come_are_answered_shortly(place: Place, body: bytes) -> None:
    answer = place.client.post("/en/check", content=body, headers=FORM)
    assert answer.status_code in (303, 400)
