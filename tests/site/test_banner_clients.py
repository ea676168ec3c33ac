"""The Python client: right when all is well, neutral when anything is not, and never slower than it may be."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from amends.portal.banner.answer import BannerEdition, NoClaims
from amends.site.api.app import banner_app
from amends.vault.signing import SigningKey
from tests.portal.banner_world import Company, company
from tests.portal.world import ACCOUNTS, PEOPLE, classes
from tests.site.banner_serving import client_module, misbehaving, serving

room = client_module()


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return company(tmp_path_factory.mktemp("clients"))


@pytest.fixture(scope="module")
def port(asker: Company) -> Iterator[int]:
    with serving(banner_app(lambda: asker.published)) as port:
        yield port


def client(asker: Company, port: int, **given: Any) -> Any:
    key = room.read_key(str(asker.world.keys / "banner.json"))
    given = {"entity": "Larkspur Wireless", "timeout": 5.0, **given}
    return room.BannerClient(f"http://127.0.0.1:{port}", key, **given)


def test_every_account_sees_what_its_letter_says(asker: Company, port: int) -> None:
    asking = client(asker, port)
    for account, person in ACCOUNTS.items():
        banner = asking.banner(account)
        if PEOPLE[person] == -1:
            assert (banner.state, banner.elements) == ("undecided", ())
            continue
        letter = classes()[PEOPLE[person]]
        assert banner.state == "yes", banner.why
        assert banner.elements == tuple(e.element for e in letter.elements)
        assert banner.texts["es"]["elements"] == list(letter.names["es"])
    assert asking.banner("nobody").state == "no"
    asking.close()


def test_a_kept_connection_that_the_site_closed_is_opened_again(asker: Company) -> None:
    app = banner_app(lambda: asker.published)
    key = {asker.published.keys.signing.key_id: asker.published.keys.signing.public_bytes()}
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
    with serving(app) as port:
        asking = client(asker, port, public_keys=key, threads=1)
        assert asking.banner("555-0001").state == "yes"
        connection = asking._pool.submit(lambda: asking._own.connection).result()
        connection.sock.shutdown(socket.SHUT_RDWR)
        assert asking.banner("555-0001").state == "yes"
        asking.close()


def test_many_threads_ask_at_once(asker: Company, port: int) -> None:
    asking = client(asker, port, threads=8)
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(asking.banner, ["555-0001", "555-0004"] * 50))
    assert [b.elements[1] for b in found] == ["birth_date", "imei"] * 50
    asking.close()


def http(body: bytes, status: str = "200 OK") -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status.encode(), len(body), body)


def says(answer: bytes) -> Callable[[socket.socket], None]:
    def one(connection: socket.socket) -> None:
        while connection.recv(65536):
            connection.sendall(answer)

    return one


def drips(connection: socket.socket) -> None:
    connection.recv(65536)
    for letter in http(b"x" * 100_000):
        connection.sendall(bytes((letter,)))
        time.sleep(0.02)


def drips_a_header(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)


def says_nothing(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def never_ends(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


@pytest.mark.parametrize(
    "site",
    [
        says(b""),
        says(b"nonsense"),
        says(http(b"")),
        says(http(b"not.a.token")),
        says(http(b"a.b.c")),
        says(http(b"\xff\xfe", "200 OK")),
        says(http(b"{}", "401 Unauthorized")),
        says(http(b"{}", "500 Internal Server Error")),
        says(http(b"", "302 Found\r\nLocation: http://127.0.0.1:1/")),
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nshort"),
        says_nothing,
        drips,
        drips_a_header,
        never_ends,
        lambda connection: connection.close(),
    ],
    ids=[
        "no answer", "nonsense", "empty", "three words", "three letters", "no text", "refused", "error", "elsewhere",
        "cut short", "silence", "drip", "dripping header", "flood", "closed",
    ],
)  # fmt: skip
def test_a_site_that_misbehaves_makes_a_neutral_banner_in_time(
    asker: Company, site: Callable[[socket.socket], None]
) -> None:
    with misbehaving(site) as port:
        asking = client(asker, port, timeout=0.3)
        started = time.monotonic()
        banner = asking.banner("555-0001")
        took = time.monotonic() - started
        asking.close()
    assert banner.state == "neutral"
    assert banner.elements == ()
    assert banner.why
    assert took < 2.0, "the time of the banner, and of a busy machine"


def test_nobody_there_makes_a_neutral_banner(asker: Company) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        asking = client(asker, taken.getsockname()[1])
        assert asking.banner("555-0001").state == "neutral"
        asking.close()


def token(asker: Company, account: str = "555-0001", at: float = 0, **other: Any) -> bytes:
    keys = asker.published.keys
    edition = BannerEdition(asker.published.edition, keys.index, other.get("key", keys.signing))
    now = int(time.time() + at)
    return edition.token(asker.world.ref(account), NoClaims(), now) or b""


def altered(asker: Company, **change: Any) -> bytes:
    payload = {**asker.read(token(asker)), **change}
    payload = {k: v for k, v in payload.items() if v is not ...}
    return asker.published.keys.signing.jws(payload).encode()


def spoiled(good: bytes) -> Iterator[tuple[str, bytes]]:
    head, payload, mark = good.split(b".")
    none = SigningKey.create().jws({}).split(".", maxsplit=1)[0].encode()
    yield "signature left out", b".".join((head, payload, b""))
    yield "signature of another", b".".join((head, payload, mark[::-1]))
    yield "head of another key", b".".join((none, payload, mark))
    yield "four parts", good + b".x"
    yield "alg none", b".".join((b"eyJhbGciOiJub25lIn0", payload, b""))
    yield "a letter changed", b".".join((head, payload[:-3] + b"AAA", mark))


def cases(asker: Company) -> Iterator[tuple[str, bytes]]:
    yield from spoiled(token(asker))
    yield "over", token(asker, at=-301)
    yield "from the future", token(asker, at=3600)
    yield "of somebody else", token(asker, "555-0004")
    yield "signed by somebody else", token(asker, key=SigningKey.create())
    yield "no state", altered(asker, state=...)
    yield "another state", altered(asker, state="maybe")
    yield "fewer names than elements", altered(asker, elements=["name"])
    yield "one language", altered(asker, texts={"en": asker.read(token(asker))["texts"]["en"]})  # type: ignore[index]
    yield "texts of numbers", altered(asker, texts={"en": 1, "es": 2})
    yield "times in words", altered(asker, exp="tomorrow")


def answering(asker: Company, body: bytes) -> Callable[[socket.socket], None]:
    keys = json.dumps({"keys": [asker.published.keys.signing.jwk()]}).encode()

    def one(connection: socket.socket) -> None:
        while asked := connection.recv(65536):
            connection.sendall(http(keys if b"/v1/keys" in asked else body))

    return one


def test_an_answer_that_is_not_the_sites_or_not_for_this_account_is_not_shown(
    asker: Company,
) -> None:
    for name, body in [("good", token(asker)), *cases(asker)]:
        with misbehaving(answering(asker, body)) as port:
            asking = client(asker, port)
            banner = asking.banner("555-0001")
            asking.close()
        assert banner.state == ("yes" if name == "good" else "neutral"), name


def test_a_key_that_was_pinned_is_the_only_one(asker: Company, port: int) -> None:
    stranger = SigningKey.create()
    asking = client(asker, port, public_keys={stranger.key_id: stranger.public_bytes()})
    assert asking.banner("555-0001").state == "neutral"
    asking.close()


def test_a_new_key_of_the_site_is_asked_for(asker: Company) -> None:
    """Keys are kept; an answer under a name that is not known makes the client ask once more."""
    with misbehaving(answering(asker, token(asker))) as port:
        asking = client(asker, port)
        asking._known = {"old": bytes(32)}
        asking._known_at = time.monotonic()
        assert asking.banner("555-0001").state == "yes"
        asking.close()


def test_the_neutral_banner_makes_no_claim_and_points_to_the_site(asker: Company) -> None:
    asking = client(
        asker,
        1,
        link={"en": "https://help.larkspur.example/en/", "es": "https://help.larkspur.example/es/"},
    )
    banner = asking.neutral()
    for language, words in banner.texts.items():
        whole = " ".join(str(w) for w in words.values()).lower()
        assert f"help.larkspur.example/{language}/" in whole
        assert "not a notice" in whole or "no es un aviso" in whole
        assert not [
            w
            for w in ("your information was part", "not found", "fue parte", "no encontr")
            if w in whole
        ]
    asking.close()


def test_secrets_do_not_show(asker: Company, port: int) -> None:
    asking = client(asker, port)
    shown = repr(asking._key) + repr(asking.banner("555-0001"))
    assert asker.key.request_key.hex() not in shown
    assert "555-0001" not in shown
    asking.close()


class Outline(HTMLParser):
    """The words and tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self.links: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.mark.parametrize("language", ["en", "es", "fr"])
def test_a_banner_is_rendered_as_text_whatever_it_says(language: str) -> None:
    hostile = "<script>alert(1)</script>\"&'"
    words = {
        "headline": hostile, "sentence": hostile, "elements": [hostile], "offer": hostile,
        "notice": hostile, "link_text": hostile, "link": "https://x.example/?a=1&b=2\"",
    }  # fmt: skip
    banner = room.Banner(hostile, ("ssn",), texts={"en": words, "es": words})
    page = Outline()
    page.feed(room.render(banner, language))
    assert set(page.tags) == {"section", "h2", "p", "ul", "li", "a"}
    assert page.words.count(hostile) == 6
    assert page.links == ['https://x.example/?a=1&b=2"']


def test_a_link_that_is_no_web_address_is_left_out() -> None:
    texts = room.neutral_texts("", {"en": "javascript:alert(1)", "es": ""})
    assert "href" not in room.render(room.Banner("neutral", texts=texts), "en")
    assert "href" not in room.render(room.Banner("neutral", texts=texts), "es")


@pytest.mark.parametrize("site", ["help.larkspur.example", "ftp://x", "https://", ""])
def test_an_address_that_is_none_is_refused_at_the_start(asker: Company, site: str) -> None:
    with pytest.raises(ValueError, match="https"):
        room.BannerClient(site, room.read_key(str(asker.world.keys / "banner.json")))


def test_the_client_and_the_site_make_the_same_reference(asker: Company) -> None:
    key = room.read_key(str(asker.world.keys / "banner.json"))
    assert key.account_ref("ñandú 7") == asker.world.ref("ñandú 7")
    assert Path(room.__file__).read_text("utf-8").count("import amends") == 0
