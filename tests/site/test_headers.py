"""What every answer carries, whatever was asked for, and what none does."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.portal.world import publish_world
from tests.site.visitor import (
    ADULT,
    UNKNOWN_CODE,
    Place,
    enter,
    running,
    send,
    token,
    try_code,
)

EVERYWHERE = {
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'; form-action 'self'; "
    "base-uri 'none'; object-src 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
WAYS = (
    "/", "/c", "/en/check", "/es/check", "/en/you", "/en/you/letter", "/en/contact", "/en/contact/sent",
    "/en/is-it-you", "/assets/code.js", "/health", "/en/nothing", "/fr/check", "/../../etc/passwd", "/en/check/",
    "/v1/keys", "/v1/banner/" + "0" * 64, "/en/you/claim", "/%ff", "/en/%00",
)  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "PUT", "DELETE", "TRACE", "OPTIONS"])
def test_every_answer_carries_the_headers_that_protect(place: Place, method: str) -> None:
    enter(place.client, place.world.code(ADULT))
    for way in WAYS:
        answer = place.client.request(method, way)
        assert answer.status_code < 500, (method, way)
        for name, value in EVERYWHERE.items():
            assert answer.headers[name] == value, (method, way)
        assert "permissions-policy" in answer.headers
        assert "server" not in answer.headers
        assert "strict-transport-security" not in answer.headers, "plain http on this machine"
        if not way.startswith("/assets") and way != "/v1/keys":
            assert "no-store" in answer.headers["cache-control"], (method, way)
            assert "etag" not in answer.headers


def test_by_https_cookies_are_for_https_and_this_host_only(tmp_path: Path) -> None:
    with running(tmp_path, hops=1) as place:
        answer = try_code(place.client, place.world.code(ADULT))
        cookies = answer.headers["set-cookie"]
        assert cookies.startswith("__Host-visit=")
        for part in ("Secure", "HttpOnly", "SameSite=strict", "Path=/"):
            assert part in cookies
        assert "Domain" not in cookies
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        assert place.client.get("/en/nothing").headers["strict-transport-security"]
        assert place.client.get("/assets/code.js").headers["strict-transport-security"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80@x", "a" * 300, "<script>", ""])
def test_a_hostile_host_is_never_repeated(place: Place, host: str) -> None:
    for way in ("/", "/c", "/en/check", "/en/you", "/nothing"):
        answer = place.client.get(way, headers={"host": host})
        told = answer.text + str(answer.headers)
        assert answer.status_code < 500
        assert not host or host not in told
        assert "//" not in answer.headers.get("location", "")


def test_a_form_of_another_site_is_refused(place: Place) -> None:
    form = place.client.get("/en/check")
    fields = {"code": place.world.code(ADULT), "token": token(form, "check")}
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "http://help.larkspur.example.evil.example"},
        {"origin": "http://[bad"},
    ):
        answer = place.client.post("/en/check", data=fields, headers=headers)
        assert answer.status_code == 403, headers
        assert "set-cookie" not in answer.headers
    own = {"origin": "http://help.larkspur.example"}
    assert place.client.post("/en/check", data=fields, headers=own).status_code == 303


def test_a_form_without_its_token_or_cookie_goes_nowhere(place: Place) -> None:
    form = place.client.get("/en/check")
    good = token(form, "check")
    code = place.world.code(ADULT)
    for fields in ({"code": code}, {"code": code, "token": "0" * 32}, {"code": code, "token": "é"}):
        answer = send(place.client, "/en/check", fields)
        assert answer.headers["location"] == "/en/check?stale"
    place.client.cookies.clear()
    answer = send(place.client, "/en/check", {"code": code, "token": good})
    assert answer.headers["location"] == "/en/check?stale"


def test_the_token_of_one_form_serves_no_other_and_no_other_person(place: Place) -> None:
    page = enter(place.client, place.world.code(ADULT))
    claim = token(page, "you/claim")
    assert (
        send(place.client, "/en/you/protect", {"token": claim, "action": "lock"}).status_code == 403
    )
    place.client.cookies.clear()
    enter(place.client, place.world.code("P000000000002"))
    assert send(place.client, "/en/you/claim", {"token": claim}).status_code == 403


def test_no_code_no_contact_and_no_message_reaches_a_log_an_address_or_a_title(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for noisy in ("httpx", "httpcore", "asyncio"):  # the visitor's own side
        logging.getLogger(noisy).setLevel(logging.WARNING)
    code, contact, message = place.world.code(ADULT), "ann.lee@mail.example", "Pay 500 to Bob now"
    seen = [try_code(place.client, code), place.client.get("/en/you")]
    seen.append(try_code(place.client, UNKNOWN_CODE))
    form = place.client.get("/en/contact")
    seen.append(
        send(place.client, "/en/contact", {"contact": contact, "token": token(form, "contact")})
    )
    form = place.client.get("/en/is-it-you")
    seen.append(
        send(place.client, "/en/is-it-you", {"message": message, "token": token(form, "is-it-you")})
    )
    seen.append(place.client.post("/en/check", content=code.encode() * 3))
    secrets = (code, code.replace("-", ""), contact, message, "ann.lee")
    told = "\n".join(f"{r.name} {r.getMessage()} {r.args} {r.exc_text}" for r in caplog.records)
    for secret in secrets:
        assert secret not in told
        for answer in seen:
            assert secret not in str(answer.url)
            assert secret not in str(answer.headers)
            assert secret not in answer.text or secret == message
    titles = {a.text.split("<title>")[1].split("</title>")[0] for a in seen if "<title>" in a.text}
    assert not [t for t in titles if "Social" in t or code in t]


def test_the_state_holds_no_contact_and_no_code_in_clear(place: Place) -> None:
    code, contact = place.world.code(ADULT), "ann.lee@mail.example"
    page = enter(place.client, code)
    send(place.client, "/en/you/claim", {"token": token(page, "you/claim")})
    form = place.client.get("/en/contact")
    send(place.client, "/en/contact", {"contact": contact, "token": token(form, "contact")})
    for path in (place.world.published / "state").rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            for secret in (code, code.replace("-", ""), contact, "ann.lee"):
                assert secret.encode() not in held, path.name


def test_a_fault_inside_says_sorry_and_logs_no_more_than_its_place(
    place: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = place.world.code(ADULT)

    def broken(number: int) -> object:
        raise RuntimeError(f"secret {code}")

    enter(place.client, code)
    monkeypatch.setattr(type(place.site.live.now), "answer", lambda self, number: broken(number))
    answer = place.client.get("/en/you")
    assert answer.status_code == 500
    assert "our fault" in answer.text
    assert "1-888-555-0100" in answer.text
    assert code not in caplog.text
    assert "RuntimeError" in caplog.text


def test_only_this_machine_sees_the_health_and_only_counts(tmp_path: Path) -> None:
    world = publish_world(tmp_path)
    with running(tmp_path, world) as place:
        assert place.client.get("/health").status_code == 404
        place.client.get("/en/" + "secret" * 3)
        place.client._transport.client = ("127.0.0.1", 4711)  # type: ignore[attr-defined]  # where it comes from
        shown = place.client.get("/health").json()
        assert shown["edition"] == 1
        assert shown["answers"]["other"]["404"] == 1
        assert "secret" not in str(shown)
        assert (
            place.client.get("/health", headers={"x-forwarded-for": "127.0.0.1"}).status_code == 404
        )
