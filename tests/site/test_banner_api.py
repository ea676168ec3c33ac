"""The banner's API over HTTP: who is answered, who is not, and that the two documents say what it does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import KeySet
from starlette.applications import Starlette
from starlette.routing import Mount

from amends.portal.banner.claims import ClaimedHandles
from amends.portal.offers.book import OfferBook
from amends.portal.published import Published
from amends.portal.state import open_state
from amends.site.api.app import BannerApi, banner_app
from amends.site.api.document import openapi
from tests.portal.banner_world import Company, company
from tests.portal.world import ACCOUNTS, determination, publish_world
from tests.site.banner_serving import client_module

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "openapi.json"


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return company(tmp_path_factory.mktemp("banner"))


@pytest.fixture(scope="module")
def api(asker: Company) -> BannerApi:
    return banner_app(lambda: asker.published)


def ask(
    app: Any, path: str, headers: dict[str, str] | None = None, method: str = "GET"
) -> httpx.Response:
    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
            return await client.request(method, path, headers=headers or {})

    return asyncio.run(once())


def signed(
    asker: Company, app: Any, path: str, method: str = "GET", **given: str
) -> httpx.Response:
    return ask(app, path, asker.headers(path, method, **given), method)


def path_of(asker: Company, account: str = "555-0001") -> str:
    return f"/v1/banner/{asker.world.ref(account)}"


@pytest.mark.filterwarnings(
    "ignore::joserfc.errors.SecurityWarning"
)  # EdDSA has a second name since RFC 9864
def test_a_signed_request_is_answered_and_the_answer_checks_with_the_published_keys(
    asker: Company, api: BannerApi
) -> None:
    """Checked with a library of other people's making."""
    answer = signed(asker, api, path_of(asker))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/jose"
    assert answer.headers["cache-control"] == "no-store, no-transform"
    keys = KeySet.import_key_set(ask(api, "/v1/keys").json())
    read = jws.deserialize_compact(answer.text, keys, algorithms=["EdDSA", "Ed25519"])
    payload = json.loads(read.payload)
    assert payload["sub"] == asker.world.ref("555-0001")
    assert payload["elements"] == ["name", "birth_date", "ssn", "drivers_licence"]


def faults(asker: Company) -> Iterator[tuple[str, dict[str, str]]]:
    path = path_of(asker)
    good = asker.headers(path)
    yield "nothing signed", {}
    yield "unknown key", asker.headers(path, key_id="nobody")
    yield "wrong signature", {**good, "X-Amends-Signature": "0" * 64}
    yield "signature cut short", {**good, "X-Amends-Signature": good["X-Amends-Signature"][:-1]}
    yield "old clock", asker.headers(path, stamp="1600000000")
    yield "clock ahead", asker.headers(path, stamp="4000000000")
    yield "no clock", asker.headers(path, stamp="soon")
    yield "nonce too short", asker.headers(path, nonce="abc")
    yield "signed for another path", asker.headers(path_of(asker, "555-0004"))
    yield "signed for another method", asker.headers(path, "POST")
    for name in good:
        yield f"without {name}", {k: v for k, v in good.items() if k != name}


def test_whatever_is_wrong_with_a_request_the_answer_is_the_same(
    asker: Company, api: BannerApi
) -> None:
    used = asker.headers(path_of(asker))
    assert ask(api, path_of(asker), used).status_code == 200
    cases = [*faults(asker), ("nonce used before", used)]
    answers = {
        (a.status_code, a.content, tuple(sorted(a.headers.items())))
        for a in (ask(api, path_of(asker), headers) for _, headers in cases)
    }
    assert len(answers) == 1
    assert answers.pop()[0] == 401


def test_unsigned_requests_learn_nothing_about_accounts(asker: Company, api: BannerApi) -> None:
    answers = {
        (a.status_code, a.content)
        for a in (
            ask(api, f"/v1/banner/{ref}")
            for ref in (asker.world.ref("555-0001"), "ab" * 32, "x", "")
        )
    }
    assert {status for status, _ in answers} == {401}
    assert len(answers) == 1


def test_what_is_no_account_is_answered_like_any_address_that_is_not_there(
    asker: Company, api: BannerApi
) -> None:
    nowhere = ask(api, "/v1/nowhere")
    assert nowhere.status_code == 404
    for ref in ("", "x", "ab" * 31, "zz" * 32, "ab" * 32 + "/", "ab" * 32 + "%0A"):
        answer = signed(asker, api, f"/v1/banner/{ref}")
        assert (answer.status_code, answer.content) == (404, nowhere.content), ref


def test_yes_no_and_undecided_look_alike_on_the_line(asker: Company, api: BannerApi) -> None:
    answers = [signed(asker, api, path_of(asker, a)) for a in [*ACCOUNTS, "nobody"]]
    assert {a.status_code for a in answers} == {200}
    assert len({len(a.content) for a in answers}) == 1
    assert len({tuple(a.headers.items()) for a in answers}) == 1


def test_the_query_is_signed_too(asker: Company, api: BannerApi) -> None:
    path = path_of(asker)
    assert ask(api, path + "?a=1", asker.headers(path)).status_code == 401
    assert signed(asker, api, path + "?a=1").status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
def test_only_get_is_answered(asker: Company, api: BannerApi, method: str) -> None:
    assert signed(asker, api, path_of(asker), method).status_code == 405
    assert ask(api, path_of(asker), method=method).status_code == 401
    assert ask(api, "/v1/keys", method=method).status_code == 405


def test_who_has_claimed_is_told_so(tmp_path: Path) -> None:
    world = publish_world(tmp_path)
    asker = Company.over(world)
    state = open_state(world.published)
    book, claims = OfferBook(state, b"k" * 32), ClaimedHandles(state)
    app = banner_app(lambda: asker.published, claims)
    answer = asker.published.by_account(world.ref("555-0001"))
    assert answer is not None
    book.claim_for(answer)
    claims.refresh()
    told = {a: asker.read(signed(asker, app, path_of(asker, a)).text)["offers"] for a in ACCOUNTS}
    assert [o["claim"] for o in told["555-0001"]] == ["claimed"]  # type: ignore[attr-defined]
    assert [o["claim"] for o in told["555-0002"]] == ["open"]  # type: ignore[attr-defined]
    state.dispose()


def test_mounted_and_alone_it_is_the_same(asker: Company) -> None:
    mounted = Starlette(routes=[Mount("/v1", banner_app(lambda: asker.published))])
    answer = signed(asker, mounted, path_of(asker))
    assert answer.status_code == 200
    assert asker.read(answer.text)["state"] == "yes"
    assert ask(mounted, "/v1/keys").json()["keys"][0]["crv"] == "Ed25519"


def test_a_new_edition_is_taken_up_whole(tmp_path: Path) -> None:
    world = publish_world(tmp_path)
    asker = Company.over(world)
    app = banner_app(lambda: asker.published)
    assert not app.look()
    held = f"/v1/banner/{world.ref('555-0009')}"
    assert asker.read(signed(asker, app, held).text)["state"] == "undecided"
    publish_world(tmp_path, determination(2), people_are={"P000000000009": 2})
    assert asker.published.reload(now=True)
    before = asker.read(signed(asker, app, held).text)
    assert (before["state"], before["edition"]) == ("undecided", 1)
    assert app.look()
    after = asker.read(signed(asker, app, held).text)
    assert (after["state"], after["edition"]) == ("yes", 2)
    assert after["elements"] == ["name", "imei", "pin"]


def test_alone_it_looks_for_new_editions_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amends.site.api.app.LOOK_SECONDS", 0.01)
    monkeypatch.setattr("amends.portal.published._LOOK_SECONDS", 0.0)
    world = publish_world(tmp_path)
    published = Published.open(world.published)
    app = banner_app(lambda: published)

    async def live() -> None:
        ended = asyncio.Event()
        sent: list[str] = []

        async def receive() -> dict[str, str]:
            if sent:
                await ended.wait()
                return {"type": "lifespan.shutdown"}
            return {"type": "lifespan.startup"}

        async def send(message: Any) -> None:
            sent.append(message["type"])

        serving = asyncio.create_task(app({"type": "lifespan"}, receive, send))
        await asyncio.to_thread(publish_world, tmp_path, determination(2))
        for _ in range(500):
            if app._edition.edition.number == 2:
                break
            await asyncio.sleep(0.01)
        ended.set()
        await serving
        assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]

    asyncio.run(live())
    assert app._edition.edition.number == 2


def test_keys_of_the_banner_appear_nowhere_in_answers(asker: Company, api: BannerApi) -> None:
    answers = [
        ask(api, "/v1/keys"),
        ask(api, "/v1/openapi.json"),
        signed(asker, api, path_of(asker)),
    ]
    keys = asker.published.keys
    for answer in answers:
        for secret in (keys.signing_key, asker.key.request_key, asker.key.account_key):
            assert secret.hex() not in answer.text


WORDS = st.binary(max_size=80)
NAMES = st.one_of(
    WORDS,
    st.sampled_from(
        [b"x-amends-key", b"x-amends-timestamp", b"x-amends-nonce", b"x-amends-signature"]
    ),
)


@settings(max_examples=300, deadline=None)
@given(
    method=st.one_of(st.sampled_from(["GET", "POST", "HEAD"]), st.text(max_size=10)),
    path=st.one_of(
        st.text(max_size=100),
        st.text(max_size=80).map(lambda t: "/v1/banner/" + t),
        st.sampled_from(["/v1/keys", "/v1/openapi.json", "/v1", "/", "", "/v1/v1/keys"]),
    ),
    raw=st.one_of(st.none(), WORDS),
    query=WORDS,
    headers=st.lists(st.tuples(NAMES, WORDS), max_size=8),
    root=st.sampled_from(["", "/v1", "/"]),
)
def test_no_request_whatever_breaks_it_or_is_answered_unsigned(
    asker: Company,
    api: BannerApi,
    method: str,
    path: str,
    raw: bytes | None,
    query: bytes,
    headers: list[tuple[bytes, bytes]],
    root: str,
) -> None:
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "root_path": root,
        "query_string": query,
        "headers": headers,
    }
    if raw is not None:
        scope["raw_path"] = raw
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(api(scope, None, send))  # type: ignore[arg-type]
    start, body = sent
    assert start["status"] in (200, 401, 404, 405)
    assert (b"content-length", str(len(body["body"])).encode()) in start["headers"]
    if start["status"] == 200:
        assert b'"keys"' in body["body"] or b'"openapi"' in body["body"]


def test_a_web_socket_is_closed(api: BannerApi) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(api({"type": "websocket", "path": "/v1/banner/x"}, None, send))  # type: ignore[arg-type]
    assert sent == ["websocket.close"]


def test_the_document_in_the_reference_is_the_one_served(api: BannerApi) -> None:
    assert ask(api, "/v1/openapi.json").json() == json.loads(REFERENCE.read_text("utf-8"))
    assert json.loads(REFERENCE.read_text("utf-8")) == openapi()


def schema(name: str) -> dict[str, Any]:
    document = openapi()
    return {"$ref": f"#/components/schemas/{name}", "components": document["components"]}


def check(name: str, value: Any) -> None:
    jsonschema.Draft202012Validator(
        schema(name), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    ).validate(value)


def test_the_document_is_whole() -> None:
    """Every reference leads somewhere, every schema is one, every operation has its answers and a name of its own."""
    document = openapi()
    assert document["openapi"].startswith("3.1.")
    text = json.dumps(document)
    for part in text.split('"$ref": "#/')[1:]:
        where: Any = document
        for step in part.split('"')[0].split("/"):
            where = where[step]
    for one in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(one)
    operations = [o for item in document["paths"].values() for o in item.values()]
    assert len({o["operationId"] for o in operations}) == len(operations)
    for path, item in document["paths"].items():
        for operation in item.values():
            named = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
            assert named == {w[1:-1] for w in path.split("/") if w.startswith("{")}
            assert all(r["description"] for r in operation["responses"].values())
            for requirement in operation["security"]:
                assert set(requirement) <= set(document["components"]["securitySchemes"])


def test_its_examples_fit_its_schemas() -> None:
    banner = openapi()["paths"]["/banner/{account_ref}"]["get"]
    jsonschema.validate(banner["parameters"][0]["example"], banner["parameters"][0]["schema"])
    examples = banner["responses"]["200"]["x-payload-examples"]
    assert {e["state"] for e in examples.values()} == {"yes", "no", "undecided"}
    for example in examples.values():
        check("Answer", example)


def test_real_answers_fit_its_schemas(asker: Company, api: BannerApi) -> None:
    for account in [*ACCOUNTS, "nobody"]:
        check("Answer", asker.read(signed(asker, api, path_of(asker, account)).text))
    check("Keys", ask(api, "/v1/keys").json())
    for answer in (
        ask(api, path_of(asker)),
        ask(api, "/v1/nowhere"),
        ask(api, "/v1/keys", method="PUT"),
    ):
        check("Error", answer.json())
        assert (
            str(answer.status_code)
            in openapi()["paths"]["/banner/{account_ref}"]["get"]["responses"]
        )


def test_the_worked_signature_in_the_document_is_right() -> None:
    words = openapi()["components"]["securitySchemes"]["signature"]["description"]
    key = client_module().Key("K", bytes(32), bytes(32))
    path = words.split("for GET ")[1].split(" ")[0]
    stamp, nonce = words.split(" at ")[1].split(" ")[0], words.split("the nonce ")[1].split(":")[0]
    made = client_module().sign(key, "GET", path, int(stamp), nonce)
    assert words.endswith(made["X-Amends-Signature"])
