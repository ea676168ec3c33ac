"""Signing in through an identity provider, honest and lying."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import OctKey, RSAKey
from starlette.applications import Starlette

from amends.console import accounts
from amends.console.app import make_app
from amends.kernel.errors import UsageError
from tests.console.browser import Browser
from tests.console.provider import CLIENT, Provider

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    monkeypatch.setenv("AMENDS_CLOCK", NOW.isoformat())
    made = Provider(int(NOW.timestamp()))
    yield made
    made.close()


def _with_provider(case_folder: Path, to: Path, issuer: str) -> Path:
    shutil.copytree(case_folder, to, symlinks=True)
    with (to / "case.toml").open("a") as stream:
        stream.write(f'\n[console]\noidc_issuer = "{issuer}"\noidc_client_id = "{CLIENT}"\n')
    return to


@pytest.fixture
def app(case_folder: Path, tmp_path: Path, provider: Provider) -> Iterator[Starlette]:
    made = make_app(_with_provider(case_folder, tmp_path / "case", provider.issuer))
    yield made
    made.state.desk.close()


def _begin(browser: Browser, provider: Provider) -> dict[str, str]:
    answer = browser.get("/sign-in/oidc")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{provider.issuer}/authorize?")
    return provider.authorize(answer.headers["location"])


def _sign_in(app: Starlette, provider: Provider) -> tuple[Browser, httpx.Response]:
    browser = Browser(app)
    back = _begin(browser, provider)
    return browser, browser.get("/sign-in/oidc/back", params=back)


def test_the_provider_s_name_and_role_come_in(app: Starlette, provider: Provider) -> None:
    assert "Sign in with 127.0.0.1" in Browser(app).get("/sign-in").text
    browser, answer = _sign_in(app, provider)
    assert answer.status_code == 200
    page = browser.get("/me").text
    assert "Olu Provider" in page
    assert "Privacy counsel" in page
    line = app.state.desk.ledger.last("sign_in")
    assert (line.actor, line.body["how"]) == ("Olu Provider", "oidc")


def test_the_same_subject_is_the_same_account_and_a_new_role_ends_earlier_sessions(
    app: Starlette, provider: Provider
) -> None:
    first, _ = _sign_in(app, provider)
    provider.spoil = lambda claims: claims.update(amends_role="reviewer", name="Olu P")
    second, _ = _sign_in(app, provider)
    assert first.get("/me").status_code == 303
    assert "reviewer" in second.get("/me").text
    assert len(accounts.accounts(app.state.desk.register)) == len(
        {a.name for a in accounts.accounts(app.state.desk.register)}
    )


def test_pkce_and_nonce_go_along(app: Starlette, provider: Provider) -> None:
    answer = Browser(app).get("/sign-in/oidc")
    asked = {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    assert (asked["code_challenge_method"], asked["response_type"]) == ("S256", "code")
    assert len(asked["state"]) == len(asked["nonce"]) == 64
    assert asked["redirect_uri"] == "http://localhost/sign-in/oidc/back"


SPOILT: dict[str, Callable[[dict[str, Any]], object]] = {
    "another nonce": lambda c: c.update(nonce="0" * 64),
    "no nonce": lambda c: c.pop("nonce"),
    "for another client": lambda c: c.update(aud="somebody-else"),
    "for several, by another": lambda c: c.update(aud=[CLIENT, "other"], azp="other"),
    "for several, by nobody": lambda c: c.update(aud=[CLIENT, "other"]),
    "from another issuer": lambda c: c.update(iss="http://127.0.0.1:1"),
    "expired": lambda c: c.update(exp=c["iat"] - 120),
    "without an end": lambda c: c.pop("exp"),
    "from the future": lambda c: c.update(iat=c["iat"] + 3600),
    "without a subject": lambda c: c.pop("sub"),
    "without a role": lambda c: c.pop("amends_role"),
    "with a role of its own": lambda c: c.update(amends_role="admin"),
    "with a list of roles": lambda c: c.update(amends_role=["lead"]),
}


@pytest.mark.parametrize("lie", SPOILT)
def test_a_token_that_is_not_for_us_lets_nobody_in(
    app: Starlette, provider: Provider, lie: str
) -> None:
    provider.spoil = SPOILT[lie]
    browser, answer = _sign_in(app, provider)
    assert answer.status_code == 403
    assert browser.get("/").status_code == 303
    assert "amends" not in browser.cookies


def test_a_token_signed_by_another_key_lets_nobody_in(app: Starlette, provider: Provider) -> None:
    provider.key = RSAKey.generate_key(2048, {"kid": "one"})
    assert _sign_in(app, provider)[1].status_code == 403


def test_a_token_signed_with_a_shared_secret_lets_nobody_in(
    app: Starlette, provider: Provider
) -> None:
    provider.algorithm, provider.key = "HS256", OctKey.import_key("s" * 64, {"kid": "one"})  # type: ignore[assignment]
    assert _sign_in(app, provider)[1].status_code == 403


def test_new_keys_of_the_provider_are_fetched(app: Starlette, provider: Provider) -> None:
    assert _sign_in(app, provider)[1].status_code == 200
    provider.key = provider.published = RSAKey.generate_key(2048, {"kid": "one"})
    assert _sign_in(app, provider)[1].status_code == 200


def test_an_answer_is_taken_once(app: Starlette, provider: Provider) -> None:
    browser = Browser(app)
    back = _begin(browser, provider)
    kept = dict(browser.cookies)
    assert browser.get("/sign-in/oidc/back", params=back).status_code == 200
    provider.codes[back["code"]] = {}
    again = Browser(app)
    for name, value in kept.items():
        again.cookies.set(name, value)
    assert again.get("/sign-in/oidc/back", params=back).status_code == 403


def test_an_answer_counts_only_in_the_browser_that_asked(
    app: Starlette, provider: Provider
) -> None:
    back = _begin(Browser(app), provider)
    assert Browser(app).get("/sign-in/oidc/back", params=back).status_code == 403
    other = Browser(app)
    _begin(other, provider)
    assert other.get("/sign-in/oidc/back", params=back).status_code == 403


def test_an_answer_nobody_asked_for_or_too_late_is_refused(
    app: Starlette, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (
        Browser(app).get("/sign-in/oidc/back", params={"code": "x", "state": "y"}).status_code
        == 403
    )
    assert Browser(app).get("/sign-in/oidc/back").status_code == 403
    browser = Browser(app)
    back = _begin(browser, provider)
    monkeypatch.setenv("AMENDS_CLOCK", (NOW + timedelta(minutes=11)).isoformat())
    assert browser.get("/sign-in/oidc/back", params=back).status_code == 403


def test_an_answer_in_another_issuer_s_name_is_refused(app: Starlette, provider: Provider) -> None:
    browser = Browser(app)
    back = _begin(browser, provider)
    answer = browser.get("/sign-in/oidc/back", params={**back, "iss": "https://evil.example"})
    assert answer.status_code == 403


def test_a_disabled_account_stays_out(app: Starlette, provider: Provider) -> None:
    _sign_in(app, provider)
    register = app.state.desk.register
    name = next(a.name for a in accounts.accounts(register) if not a.local)
    accounts.change(register, name, disabled_at="2026-11-22T00:00:00.000000Z")
    assert _sign_in(app, provider)[1].status_code == 403


def test_nobody_signs_in_with_a_password_to_a_provider_s_account(
    app: Starlette, provider: Provider
) -> None:
    _sign_in(app, provider)
    name = next(a.name for a in accounts.accounts(app.state.desk.register) if not a.local)
    assert Browser(app).sign_in(name, "").status_code == 401


def test_a_provider_that_does_not_answer_is_said_in_words(
    case_folder: Path, tmp_path: Path, provider: Provider
) -> None:
    app = make_app(_with_provider(case_folder, tmp_path / "other", "http://127.0.0.1:9"))
    answer = Browser(app).get("/sign-in/oidc")
    assert answer.status_code == 403
    assert "does not answer" in answer.text
    app.state.desk.close()


def test_a_provider_is_reached_by_https_only(case_folder: Path, tmp_path: Path) -> None:
    folder = _with_provider(case_folder, tmp_path / "plain", "http://login.example")
    with pytest.raises(UsageError, match="https only"):
        make_app(folder)
