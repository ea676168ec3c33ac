"""The JavaScript client and the demonstration in a browser: shown right, neutral when in doubt, open to everybody."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from starlette.routing import Mount

from amends.portal.banner.answer import BannerEdition, NoClaims
from amends.site.api.app import banner_app
from amends.vault.signing import SigningKey
from tests import packages
from tests.portal.banner_world import Company, company
from tests.portal.world import classes
from tests.site.banner_serving import client_module, demo_module, free_port


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return company(tmp_path_factory.mktemp("browser"))


@contextmanager
def demo_running(asker: Company) -> Iterator[str]:
    port = free_port()
    client = client_module().BannerClient(
        f"http://127.0.0.1:{port}",
        client_module().read_key(str(asker.world.keys / "banner.json")),
        link={"en": "https://help.larkspur.example/en/", "es": "https://help.larkspur.example/es/"},
        entity="Larkspur Wireless",
        timeout=5.0,
    )
    api = Mount("/v1", banner_app(lambda: asker.published))
    keys = [asker.published.keys.signing.jwk()]
    app = demo_module().demo_account(client, keys, "Larkspur Wireless", api)
    config = uvicorn.Config(app, port=port, log_level="critical", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
        client.close()


@pytest.fixture(scope="module")
def demo(asker: Company) -> Iterator[str]:
    with demo_running(asker) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=packages.chromium(), args=["--no-sandbox"]
        )
        yield opened
        opened.close()


@contextmanager
def page_at(browser: Browser, address: str, **given: Any) -> Iterator[tuple[Page, list[str]]]:
    """Open a page and keep what it complains of and whom it asks beside its own server."""
    context = browser.new_context(**given)
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda m: faults.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: faults.append(str(e)))
    page.on("request", lambda r: None if r.url.startswith(address) else faults.append(r.url))
    page.goto(address)
    yield page, faults
    context.close()


def sign_in(page: Page, account: str) -> None:
    page.fill("#account", account)
    page.press("#account", "Enter")
    page.wait_for_url("**/account?*")


def shown(page: Page) -> str:
    page.wait_for_selector("#breach-banner[data-shown]")
    return page.get_attribute("#breach-banner", "data-shown") or ""


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_account_page_shows_the_elements_of_the_letter(
    asker: Company, demo: str, browser: Browser, language: str
) -> None:
    with page_at(browser, demo) as (page, faults):
        page.goto(f"{demo}/?lang={language}")
        sign_in(page, "555-0001")
        assert shown(page) == "yes"
        listed = page.locator("#breach-banner li").all_inner_texts()
        assert tuple(listed) == classes()[0].names[language]
        assert page.locator("#breach-banner section").get_attribute("lang") == language
        assert page.locator("#breach-banner h2").count() == 1
        assert faults == []


@pytest.mark.parametrize(("account", "state"), [("555-0009", "undecided"), ("nobody", "no")])
def test_others_are_told_that_it_is_not_known_or_not_found(
    demo: str, browser: Browser, account: str, state: str
) -> None:
    with page_at(browser, demo) as (page, faults):
        sign_in(page, account)
        assert shown(page) == state
        assert page.locator("#breach-banner li").count() == 0
        assert faults == []


@pytest.mark.parametrize("size", [(360, 740), (1280, 900)])
@pytest.mark.parametrize("account", ["555-0001", "555-0009", "nobody"])
def test_the_page_is_open_to_everybody(
    demo: str, browser: Browser, account: str, size: tuple[int, int]
) -> None:
    with page_at(browser, demo, viewport={"width": size[0], "height": size[1]}) as (page, _):
        assert Axe().run(page).response["violations"] == []
        sign_in(page, account)
        shown(page)
        assert Axe().run(page).response["violations"] == []
        wide = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0


def test_without_javascript_the_banner_is_there(demo: str, browser: Browser) -> None:
    with page_at(browser, demo, java_script_enabled=False) as (page, _):
        page.fill("#account", "555-0001")
        page.click("button")
        assert "Social Security number" in page.locator("#breach-banner").inner_text()


def test_the_keys_of_the_company_never_reach_the_browser(
    asker: Company, demo: str, browser: Browser
) -> None:
    with page_at(browser, demo) as (page, _):
        bodies: list[str] = []
        page.on("response", lambda r: bodies.append(r.text()) if r.status == 200 else None)
        sign_in(page, "555-0001")
        shown(page)
        whole = page.content() + "".join(bodies)
        for secret in (asker.key.request_key, asker.key.account_key):
            assert secret.hex() not in whole


def test_nobody_is_shown_a_banner_without_signing_in(demo: str, browser: Browser) -> None:
    with page_at(browser, demo) as (page, _):
        page.goto(f"{demo}/account")
        assert page.url == f"{demo}/"
        assert page.goto(f"{demo}/account/banner").status == 503  # type: ignore[union-attr]


SHOW = """async ([token, options, status, wait]) => {
  const room = await import("/amends-banner.js");
  const place = document.createElement("div");
  place.id = "try";
  document.body.replaceChildren(place);
  const answer = async () => {
    await new Promise((done) => setTimeout(done, wait));
    return new Response(token, { status });
  };
  const started = performance.now();
  const banner = await room.showBanner(place, { fetch: answer, ...options });
  return {
    state: banner.state, why: banner.why, text: place.innerText, took: performance.now() - started,
    tags: [...place.querySelectorAll("*")].map((e) => e.localName),
    links: [...place.querySelectorAll("a")].map((a) => a.href),
  };
}"""


def show(
    page: Page, token: str, options: dict[str, Any], status: int = 200, wait: int = 0
) -> dict[str, Any]:
    made: dict[str, Any] = page.evaluate(SHOW, [token, options, status, wait])
    return made


def token_of(asker: Company, account: str = "555-0001", at: float = 0) -> str:
    keys = asker.published.keys
    edition = BannerEdition(asker.published.edition, keys.index, keys.signing)
    made = edition.token(asker.world.ref(account), NoClaims(), int(time.time() + at))
    return (made or b"").decode()


def altered(asker: Company, **change: Any) -> str:
    payload = {**asker.read(token_of(asker)), **change}
    return asker.published.keys.signing.jws(payload)


def test_what_cannot_be_relied_on_is_neutral_in_the_browser_too(
    asker: Company, demo: str, browser: Browser
) -> None:
    good = token_of(asker)
    head, payload, mark = good.split(".")
    stranger = SigningKey.create()
    options = {
        "from": "/x",
        "account": asker.world.ref("555-0001"),
        "keys": [asker.published.keys.signing.jwk()],
        "link": {"en": "https://help.larkspur.example/en/"},
        "entity": "Larkspur Wireless",
    }
    bad: list[tuple[str, str, dict[str, Any], int]] = [
        ("over", token_of(asker, at=-301), {}, 200),
        ("from the future", token_of(asker, at=3600), {}, 200),
        ("of somebody else", token_of(asker, "555-0004"), {}, 200),
        ("signature changed", ".".join((head, payload, mark[::-1])), {}, 200),
        ("signature left out", ".".join((head, payload, "")), {}, 200),
        ("alg none", ".".join(("eyJhbGciOiJub25lIn0", payload, "")), {}, 200),
        ("payload changed", ".".join((head, payload[:-4] + "AAAA", mark)), {}, 200),
        ("another's key", good, {"keys": [stranger.jwk()]}, 200),
        ("no key", good, {"keys": []}, 200),
        ("key that is none", good, {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AA"}]}, 200),
        ("refused", good, {}, 401),
        ("error", good, {}, 500),
        ("nothing", "", {}, 200),
        ("nonsense", "a.b.c", {}, 200),
        ("a page", "<!doctype html>", {}, 200),
        ("too long", "x" * 70_000, {}, 200),
        ("another state", altered(asker, state="maybe"), {}, 200),
        ("no texts", altered(asker, texts={}), {}, 200),
        ("fewer names", altered(asker, elements=["name"]), {}, 200),
    ]
    with page_at(browser, demo) as (page, _):
        assert show(page, good, options)["state"] == "yes"
        for name, token, other, status in bad:
            made = show(page, token, {**options, **other}, status)
            assert made["state"] == "neutral", name
            assert made["why"], name
            assert "There was a data breach at Larkspur Wireless" in made["text"]
            assert "Social Security" not in made["text"]
            assert made["links"] == ["https://help.larkspur.example/en/"]
        late = show(page, good, options, wait=2000)
        assert (late["state"], late["why"]) == ("neutral", "timeout")
        assert late["took"] < 1900


def test_words_are_text_in_the_browser_whatever_they_are(
    asker: Company, demo: str, browser: Browser
) -> None:
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    words = {name: hostile for name in ("headline", "sentence", "offer", "notice", "link_text")}
    words |= {"elements": [hostile], "link": "javascript:alert(3)"}  # type: ignore[dict-item]
    token = altered(asker, elements=["ssn"], texts={"en": words, "es": words})
    options = {
        "from": "/x",
        "account": asker.world.ref("555-0001"),
        "keys": [asker.published.keys.signing.jwk()],
    }
    with page_at(browser, demo) as (page, faults):
        made = show(page, token, options)
        assert made["state"] == "yes"
        assert set(made["tags"]) == {"section", "h2", "p", "ul", "li"}
        assert made["text"].count("<img") == 5
        assert faults == []


def test_the_two_clients_say_the_same_when_they_know_nothing(demo: str, browser: Browser) -> None:
    link = {"en": "https://a.example/en/", "es": "https://a.example/es/"}
    python = client_module().neutral_texts("Larkspur Wireless", link)
    with page_at(browser, demo) as (page, _):
        browsers = page.evaluate(
            """async (options) => (await import("/amends-banner.js")).neutral(options).texts""",
            {"link": link, "entity": "Larkspur Wireless"},
        )
    assert json.loads(json.dumps(python)) == browsers
