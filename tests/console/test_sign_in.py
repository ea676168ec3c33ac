"""Who gets in, for how long, and what a guesser meets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.applications import Starlette

from amends.console import accounts, sessions, throttle
from amends.console.app import make_app
from amends.console.guard import host_of
from amends.kernel.errors import UsageError
from tests.console.browser import PASSWORD, Browser

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def desk_app(case_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Starlette]:
    """Return a console with fresh accounts and a clock that stands still."""
    monkeypatch.setenv("AMENDS_CLOCK", NOW.isoformat())
    app = make_app(case_folder)
    register = app.state.desk.register
    with register.begin() as connection:
        for table in (accounts.USERS, accounts.SESSIONS, throttle.TRIES):
            connection.execute(table.delete())
    accounts.add(register, "dana", "Dana Lee", "lead", PASSWORD)
    yield app
    app.state.desk.close()


def _later(monkeypatch: pytest.MonkeyPatch, **span: float) -> None:
    monkeypatch.setenv("AMENDS_CLOCK", (NOW + timedelta(**span)).isoformat())


def test_name_and_password_open_the_case_in_any_case_of_the_name(desk_app: Starlette) -> None:
    browser = Browser(desk_app)
    answer = browser.sign_in(" DANA ")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "Dana Lee" in browser.get("/").text
    line = desk_app.state.desk.ledger.last("sign_in")
    assert (line.actor, line.body["account"], line.body["how"]) == ("Dana Lee", "dana", "password")


def test_unknown_names_disabled_accounts_and_wrong_passwords_read_the_same(
    desk_app: Starlette,
) -> None:
    register = desk_app.state.desk.register
    accounts.add(register, "gone", "Gone Person", "lead", PASSWORD)
    accounts.change(register, "gone", disabled_at="2026-11-01T00:00:00.000000Z")
    answers = set()
    for number, (name, password) in enumerate(
        [("dana", "wrong wrong wrong wrong"), ("nobody", PASSWORD), ("gone", PASSWORD), ("", "")]
    ):
        answer = Browser(desk_app, f"192.0.2.{number}").sign_in(name, password)
        answers.add((answer.status_code, re.sub(r'value="\w{64}"', "", answer.text)))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 401


def test_guessing_waits_longer_each_time_and_says_so_to_everybody_alike(
    desk_app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: dict[str, list[int]] = {"dana": [], "nobody": []}
    for name, seen in waits.items():
        span = 0.0
        for turn in range(9):
            browser = Browser(desk_app, f"192.0.2.{turn}")
            answer = browser.sign_in(name, "not the password at all")
            if answer.status_code == 429:
                seen.append(int(answer.headers["retry-after"]))
                span += seen[-1] + 1
                _later(monkeypatch, seconds=span)
        _later(monkeypatch, seconds=0)
    assert waits["dana"] == waits["nobody"]
    assert waits["dana"] == sorted(waits["dana"])
    assert waits["dana"]


def test_the_right_password_waits_too_while_somebody_guesses(desk_app: Starlette) -> None:
    for turn in range(6):
        Browser(desk_app, f"192.0.2.{turn}").sign_in("dana", "not the password at all")
    assert Browser(desk_app, "198.51.100.7").sign_in("dana").status_code == 429


def test_one_network_cannot_try_many_names(desk_app: Starlette) -> None:
    codes = [
        Browser(desk_app, "192.0.2.9").sign_in(f"name{turn}", "not the password").status_code
        for turn in range(23)
    ]
    assert codes[:21] == [401] * 21
    assert codes[21:] == [429] * 2
    assert Browser(desk_app, "198.51.100.7").sign_in("dana").status_code == 303


def test_waits_double_and_end() -> None:
    waits = [throttle.wait_after(failures, 5) for failures in (1, 5, 6, 7, 8, 20, 500)]
    assert waits == [0, 0, 2, 4, 8, 900, 900]


def test_one_line_of_ipv6_is_one_network() -> None:
    assert throttle.network_of("2001:db8:1:2::9") == throttle.network_of("2001:db8:1:2:ffff::1")
    assert throttle.network_of("2001:db8:1:3::9") != throttle.network_of("2001:db8:1:2::9")
    assert throttle.network_of("192.0.2.1") != throttle.network_of("192.0.2.2")


def test_a_session_that_nobody_uses_ends_and_a_page_that_refreshes_itself_is_no_use(
    desk_app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser(desk_app)
    browser.sign_in("dana")
    _later(monkeypatch, minutes=20)
    assert browser.get("/", headers={"x-amends-poll": "1"}).status_code == 200
    _later(monkeypatch, minutes=31)
    assert browser.get("/").status_code == 303


def test_a_session_in_use_lives_on_but_not_beyond_the_day(
    desk_app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser(desk_app)
    browser.sign_in("dana")
    for minutes in range(25, sessions.ABSOLUTE_HOURS * 60, 25):
        _later(monkeypatch, minutes=minutes)
        assert browser.get("/me").status_code == 200
    _later(monkeypatch, hours=sessions.ABSOLUTE_HOURS, minutes=1)
    assert browser.get("/me").status_code == 303


@pytest.mark.parametrize(
    "change", [{"role": "reviewer"}, {"disabled_at": "2026-11-22T00:00:00.000000Z"}]
)
def test_another_role_or_a_disabled_account_ends_its_sessions_at_once(
    desk_app: Starlette, change: dict[str, str]
) -> None:
    browser = Browser(desk_app)
    browser.sign_in("dana")
    accounts.change(desk_app.state.desk.register, "dana", **change)
    assert browser.get("/").status_code == 303


def test_another_password_ends_sessions_and_the_old_one_opens_nothing(desk_app: Starlette) -> None:
    browser = Browser(desk_app)
    browser.sign_in("dana")
    browser.get("/me")
    fresh = "velvet orchard signal twelve"
    answer = browser.post("/me/password", {"old": PASSWORD, "new": fresh, "again": fresh})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert browser.get("/").status_code == 303
    assert Browser(desk_app).sign_in("dana").status_code == 401
    assert Browser(desk_app).sign_in("dana", fresh).status_code == 303


def test_signing_in_takes_a_new_id_and_ends_the_one_the_browser_came_with(
    desk_app: Starlette,
) -> None:
    browser = Browser(desk_app)
    browser.sign_in("dana")
    first = browser.cookies["amends"]
    browser.sign_in("dana")
    assert browser.cookies["amends"] != first
    old = Browser(desk_app)
    old.cookies.set("amends", first)
    assert old.get("/").status_code == 303


def test_signing_out_ends_the_session_on_the_server(desk_app: Starlette) -> None:
    browser = Browser(desk_app)
    browser.sign_in("dana")
    kept = browser.cookies["amends"]
    assert browser.post("/sign-out").headers["location"] == "/sign-in"
    again = Browser(desk_app)
    again.cookies.set("amends", kept)
    assert again.get("/").status_code == 303


def test_who_reads_the_register_finds_no_session_id_and_no_password(desk_app: Starlette) -> None:
    browser = Browser(desk_app)
    browser.sign_in("dana")
    desk = desk_app.state.desk
    with desk.register.connect() as connection:
        kept = [
            str(r)
            for t in (accounts.SESSIONS, accounts.USERS)
            for r in connection.execute(sa.select(t))
        ]
    text = " ".join(kept) + desk.ledger.path.read_text()
    assert browser.cookies["amends"] not in text
    assert PASSWORD not in text
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in text


def test_cookies_are_closed_to_scripts_and_other_sites(desk_app: Starlette) -> None:
    header = Browser(desk_app).sign_in("dana").headers["set-cookie"].lower()
    assert "httponly" in header
    assert "samesite=strict" in header
    assert "path=/" in header


def test_behind_https_cookies_are_secure_and_bound_to_the_host(case_folder: Path) -> None:
    app = make_app(case_folder, secure=True)
    answer = Browser(app).get("/sign-in", base="https://localhost")
    header = answer.headers["set-cookie"]
    assert header.startswith("__Host-amends-before=")
    assert "Secure" in header
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    app.state.desk.close()


def test_a_form_without_its_token_or_from_another_site_signs_nobody_in(desk_app: Starlette) -> None:
    browser = Browser(desk_app)
    browser.get("/sign-in")
    fields = {"name": "dana", "password": PASSWORD}
    assert browser.ask("POST", "/sign-in", data={**fields, "csrf": "f" * 64}).status_code == 403
    for headers in (
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"origin": "null"},
    ):
        browser.get("/sign-in")
        assert browser.post("/sign-in", fields, headers=headers).status_code == 403
    browser.get("/sign-in")
    assert (
        browser.post("/sign-in", fields, headers={"origin": "http://localhost"}).status_code == 303
    )


def test_the_token_of_one_session_is_worth_nothing_in_another(desk_app: Starlette) -> None:
    one, two = Browser(desk_app), Browser(desk_app)
    one.sign_in("dana")
    two.sign_in("dana")
    one.get("/me")
    two.token = one.token
    assert two.post("/me/sessions").status_code == 403


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "", "localhost:x", "[::1", "127.0.0.1.nip.example"],
)
def test_another_host_name_is_answered_by_nobody(desk_app: Starlette, host: str) -> None:
    answer = Browser(desk_app).get("/sign-in", headers={"host": host})
    assert answer.status_code == 421
    assert "name" in answer.text


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost:8700", "localhost"),
        ("[::1]:8700", "::1"),
        ("LOCALHOST", "localhost"),
        ("a:b", ""),
    ],
)
def test_the_port_of_a_host_does_not_matter(header: str, name: str) -> None:
    assert host_of(header) == name


def test_a_form_larger_than_any_of_ours_is_refused(desk_app: Starlette) -> None:
    browser = Browser(desk_app)
    browser.get("/sign-in")
    assert browser.post("/sign-in", {"name": "x" * 2_000_000, "password": "x"}).status_code == 413


@pytest.mark.parametrize(
    ("password", "good"),
    [
        (PASSWORD, True),
        ("short words", False),
        ("a" * 40, False),
        ("dana.lee loves dana.lee", False),
        ("x1 " * 400, False),
        ("ünïcodé wörds äre fine", True),
    ],
)
def test_a_password_is_long_and_not_soon_guessed(password: str, good: bool) -> None:
    if good:
        accounts.check_password(password, "dana.lee")
    else:
        with pytest.raises(UsageError) as caught:
            accounts.check_password(password, "dana.lee")
        assert password not in str(caught.value)


def test_a_name_is_taken_once_whatever_its_spelling(desk_app: Starlette) -> None:
    register = desk_app.state.desk.register
    with pytest.raises(UsageError, match="already"):
        accounts.add(register, "DANA", "Another", "counsel", PASSWORD)
    with pytest.raises(UsageError, match="no role"):
        accounts.add(register, "new", "New", "admin", PASSWORD)
    with pytest.raises(UsageError, match="needs a name"):
        accounts.add(register, "oidc:1", "New", "lead", PASSWORD)
