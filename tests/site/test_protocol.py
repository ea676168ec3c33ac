"""Raw bytes from strangers: slow ones, huge ones, broken ones. Each gets a short answer, and the site goes on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from amends.site.settings import Limits
from tests.portal.world import World, publish_world
from tests.site.served import Served, read_all, served


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return a published world."""
    return publish_world(tmp_path_factory.mktemp("protocol"))


@pytest.fixture
def site(world: World) -> Iterator[Served]:
    """Return a site behind a socket."""
    with served(world) as made:
        yield made


GET = b"GET /assets/code.js HTTP/1.1\r\nHost: x\r\n"


def is_well(site: Served) -> bool:
    """Say whether an ordinary request is answered."""
    answer = site.ask(b"GET /en/check HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    return answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"400"),  # TLS to a plain port
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET  / HTTP/9.9\r\n\r\n", b"400"),
        (b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"4"),
        (GET + b"".join(b"X-%d: 1\r\n" % n for n in range(150)) + b"\r\n", b"400"),
        (GET + b"X-Long: " + b"a" * 9000 + b"\r\n\r\n", b"4"),
        (GET + b"X-Endless: " + b"a" * 200_000, b"4"),
        (b"POST /en/check HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: nonsense\r\n\r\n", b"400"),
        (
            b"POST /en/check HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
            b"400",
        ),
        (
            b"POST /en/check HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
            b"400",
        ),
    ],
)
def test_broken_requests_get_a_short_answer_with_our_headers(
    site: Served, request_bytes: bytes, status: bytes
) -> None:
    answer = site.ask(request_bytes)
    assert answer.startswith(b"HTTP/1.1 " + status), answer[:60]
    assert b"content-security-policy: default-src 'self'" in answer
    assert b"server:" not in answer.lower().split(b"\r\n\r\n")[0]
    assert is_well(site)


def test_headers_that_come_too_slowly_end_the_connection(site: Served) -> None:
    lines = [site.connect() for _ in range(5)]
    for line in lines:
        line.sendall(b"GET / HT")
    for line in lines:
        assert read_all(line).startswith(b"HTTP/1.1 408")
        line.close()
    assert is_well(site)


def test_who_says_nothing_is_let_go(site: Served) -> None:
    with site.connect() as line:
        assert read_all(line) == b""


def test_a_body_that_comes_too_slowly_ends_the_request(site: Served) -> None:
    with site.connect() as line:
        line.sendall(
            b"POST /en/check HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n\r\ncode="
        )
        assert read_all(line).startswith(b"HTTP/1.1 408")
    assert is_well(site)


def test_beyond_the_number_of_connections_people_are_told_to_come_back(site: Served) -> None:
    held = [site.connect() for _ in range(20)]
    try:
        answer = site.ask(b"")
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"retry-after: " in answer
    finally:
        for line in held:
            line.close()


def test_an_upgrade_is_not_taken(site: Served) -> None:
    answer = site.ask(
        b"GET /en/check HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 200")


def test_requests_one_behind_the_other_are_answered_in_order(site: Served) -> None:
    one = b"GET /en/check HTTP/1.1\r\nHost: x\r\n\r\n"
    static = GET + b"\r\n"
    close = b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = site.ask(static + one + static + static + one + close)
    assert answer.count(b"HTTP/1.1 200") == 5
    assert answer.count(b"HTTP/1.1 404") == 1
    kinds = [p for p in answer.split(b"content-type: ")[1:]]
    assert [k.startswith(b"text/javascript") for k in kinds] == [
        True,
        False,
        True,
        True,
        False,
        False,
    ]


def test_an_answer_at_once_is_the_answer_of_the_application(site: Served) -> None:
    def plain(extra: bytes) -> list[bytes]:
        answer = site.ask(GET + extra + b"\r\n")
        head, _, body = answer.partition(b"\r\n\r\n")
        dropped = (b"date:", b"connection:")
        kept = [h for h in head.split(b"\r\n") if not h.lower().startswith(dropped)]
        return [*sorted(kept), body]

    for extra in (b"", b"Accept-Encoding: gzip\r\n", b"If-None-Match: *\r\n"):
        assert plain(extra) == plain(extra + b"Connection: close\r\n")


def test_a_full_site_answers_at_once_and_takes_the_body_away(world: World) -> None:
    limits = Limits(present=0, keep_alive_seconds=1, head_seconds=1)
    with served(world, limits) as site, site.connect() as line:
        for _ in range(3):
            line.sendall(b"POST /en/check HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
            line.sendall(b"0123456789")
            answer = b""
            while b"</html>" not in answer:
                answer += line.recv(65536)
            assert answer.startswith(b"HTTP/1.1 503")
        line.sendall(GET + b"\r\n")
        assert line.recv(65536).startswith(b"HTTP/1.1 200")
        assert read_all(line)[-200:] is not None, "an idle connection is closed in the end"
