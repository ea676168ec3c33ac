"""The API's own protocol on the wire: the same answers as uvicorn's, and nobody can hold it or fool it."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from amends.site.api.app import banner_app
from tests.portal.banner_world import Company, company
from tests.site.banner_serving import serving


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return company(tmp_path_factory.mktemp("wire"))


@pytest.fixture(scope="module")
def port(asker: Company) -> Iterator[int]:
    with serving(banner_app(lambda: asker.published)) as port:
        yield port


def request(asker: Company, account: str = "555-0001", *more: str, method: str = "GET") -> bytes:
    path = f"/v1/banner/{asker.world.ref(account)}"
    lines = [f"{method} {path} HTTP/1.1", "Host: site"]
    lines += [f"{name}: {value}" for name, value in asker.headers(path, method).items()]
    return "\r\n".join([*lines, *more, "", ""]).encode()


def connect(port: int) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), 10)
    made.settimeout(10)
    return made


def read(line: socket.socket, n: int = 1) -> list[tuple[int, dict[str, str], bytes]]:
    """Return the next ``n`` answers of a connection."""
    held, found = b"", []
    while len(found) < n:
        head, gap, rest = held.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        if gap and length and len(rest) >= int(length[1]):
            first, *lines = head.decode().split("\r\n")
            headers = {k.lower(): v for k, v in (one.split(": ", 1) for one in lines)}
            found.append((int(first.split(" ")[1]), headers, rest[: int(length[1])]))
            held = rest[int(length[1]) :]
            continue
        more = line.recv(65536)
        assert more, "the connection ended"
        held += more
    assert not held
    return found


def is_closed(line: socket.socket) -> bool:
    try:
        return line.recv(10) == b""
    except ConnectionResetError:
        return True


def test_it_answers_as_uvicorn_itself_does(asker: Company, port: int) -> None:
    path = f"/v1/banner/{asker.world.ref('555-0001')}"
    seen = []
    with serving(banner_app(lambda: asker.published), "httptools") as other:
        for where in (port, other):
            base = f"http://127.0.0.1:{where}"
            with httpx.Client(base_url=base) as client:
                for way, headers in (
                    (path, asker.headers(path)),
                    (path, {}),
                    (path + "?x=1", asker.headers(path + "?x=1")),
                    ("/v1/banner/x", asker.headers("/v1/banner/x")),
                    ("/v1/banner/%41", asker.headers("/v1/banner/%41")),
                    ("/v1/keys", {}),
                    ("/v1/openapi.json", {}),
                    ("/", {}),
                ):
                    got = client.get(way, headers=headers)
                    names = {k: v for k, v in got.headers.items() if k not in ("date", "server")}
                    body = got.text if got.status_code != 200 or "keys" in way else len(got.content)
                    seen.append((got.status_code, names, body))
                posted = client.post(path, headers=asker.headers(path, "POST"), content=b"x" * 9999)
                seen.append((posted.status_code, {}, posted.text))
    assert seen[: len(seen) // 2] == seen[len(seen) // 2 :]
    assert [s[0] for s in seen[: len(seen) // 2]] == [200, 401, 200, 404, 404, 200, 200, 404, 405]


def test_one_connection_serves_many_requests(asker: Company, port: int) -> None:
    with connect(port) as line:
        for account in ("555-0001", "555-0004", "nobody") * 5:
            line.sendall(request(asker, account))
            status, _, body = read(line)[0]
            assert status == 200
            assert asker.read(body)["sub"] == asker.world.ref(account)


def test_requests_sent_ahead_are_answered_in_order(asker: Company, port: int) -> None:
    accounts = ["555-0001", "555-0004", "nobody", "555-0009"] * 10
    keys = b"GET /v1/keys HTTP/1.1\r\nHost: site\r\n\r\n"
    sent = b"".join(request(asker, a) for a in accounts[:20]) + keys
    sent += b"".join(request(asker, a) for a in accounts[20:])
    with connect(port) as line:
        line.sendall(sent)
        answers = read(line, 41)
    del answers[20]
    subjects = [asker.read(body)["sub"] for _, _, body in answers]
    assert subjects == [asker.world.ref(a) for a in accounts]


def test_a_request_in_single_bytes_is_a_request(asker: Company, port: int) -> None:
    with connect(port) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in request(asker):
            line.sendall(bytes((byte,)))
        assert read(line)[0][0] == 200


def test_a_body_is_not_the_next_request(asker: Company, port: int) -> None:
    """What follows the headers within the announced length is body, whatever it looks like."""
    inner = request(asker, "555-0004")
    with connect(port) as line:
        line.sendall(request(asker, "555-0001", f"Content-Length: {len(inner)}") + inner)
        line.sendall(request(asker, "nobody"))
        first, second = read(line, 2)
    assert asker.read(first[2])["sub"] == asker.world.ref("555-0001")
    assert asker.read(second[2])["sub"] == asker.world.ref("nobody")


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: -1",),
        ("Bad Header: 1",),
    ],
)
def test_a_request_that_can_be_read_two_ways_is_none(
    asker: Company, port: int, lines: tuple[str, ...]
) -> None:
    with connect(port) as line:
        line.sendall(request(asker, "555-0001", *lines))
        answer = line.recv(65536)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 400")
        assert b"eyJ" not in answer
        assert is_closed(line)


def test_who_asks_to_close_is_closed_on(asker: Company, port: int) -> None:
    with connect(port) as line:
        line.sendall(request(asker, "555-0001", "Connection: close"))
        status, headers, _ = read(line)[0]
        assert (status, headers["connection"]) == (200, "close")
        assert is_closed(line)


def test_an_older_way_of_speaking_is_answered_too(asker: Company, port: int) -> None:
    with connect(port) as line:
        line.sendall(request(asker).replace(b"HTTP/1.1", b"HTTP/1.0"))
        answer = b""
        while part := line.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 200")


def test_a_proxy_that_says_so_changes_nothing(asker: Company, port: int) -> None:
    with connect(port) as line:
        line.sendall(request(asker, "555-0001", "X-Forwarded-Proto: https", "Expect: 100-continue"))
        assert read(line)[0][0] == 200


@pytest.mark.parametrize(
    "start",
    [
        b"GET /v1/banner/" + b"a" * 20_000,
        b"GET /v1/banner/a HTTP/1.1\r\nX-Long: " + b"a" * 20_000,
        b"GET /v1/banner/a HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % i for i in range(200)),
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"nonsense\r\n\r\n",
    ],
    ids=["address", "header", "headers", "TLS", "nonsense"],
)
def test_headers_beyond_bounds_end_the_connection(port: int, start: bytes) -> None:
    with connect(port) as line:
        line.sendall(start + b"\r\n\r\n")
        answer = b""
        try:
            while part := line.recv(65536):
                answer += part
        except ConnectionResetError:
            return
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400")


def test_who_does_not_read_is_not_read_from(asker: Company, port: int) -> None:
    """Somebody who asks and asks and takes no answer fills their own line, not the server's memory."""
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(("127.0.0.1", port))
        line.setblocking(False)
        flood = request(asker) * 50
        sent, until = 0, time.monotonic() + 3
        while time.monotonic() < until:
            try:
                sent += line.send(flood)
            except BlockingIOError:
                time.sleep(0.05)
        assert sent < 30_000_000, "it would have taken everything"
    with connect(port) as line:
        line.sendall(request(asker))
        assert read(line)[0][0] == 200
