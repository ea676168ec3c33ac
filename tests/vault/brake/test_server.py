"""The service, over its sockets: what gets an answer, and what is turned away within bounds."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from amends.kernel.errors import UsageError
from amends.vault.brake import keeping
from amends.vault.brake.client import BrakeClient, Refused
from amends.vault.brake.protocol import Limits
from amends.vault.brake.server import Serving, serve
from amends.vault.brake.windows import Budget
from tests.vault.brake.serving import served
from tests.vault.brake.world import World

LIMITS = Limits(connections=20, request_seconds=0.6, idle_seconds=1.0, body_bytes=60_000)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, str, str]]:
    folder = tmp_path_factory.mktemp("served")
    world = World(folder)
    world.let("desk", per_hour=1000, per_day=1000)
    world.let("small", per_hour=3, per_day=3)
    keeping.set_actor(
        world.brake, "local", world_purpose(world), Budget(1000, 1000), uid=os.getuid()
    )
    serving = Serving(path=folder / "s.sock", host="127.0.0.1", limits=LIMITS)
    with served(world, serving) as (path, url):
        yield world, path, url


def world_purpose(world: World) -> str:
    return next(iter(world.brake.look()[0].purposes))


def test_both_sockets_answer_alike(place: tuple[World, str, str]) -> None:
    world, path, url = place
    for address in (path, url):
        with BrakeClient(address, "desk", world.keys["desk"]) as client:
            assert client.reveal("ssn", world.tokens(2, 77), purpose="check", case="T-1") == [
                "•••0077",
                "•••0078",
            ]


def test_the_local_socket_is_its_owners_and_knows_who_asks(place: tuple[World, str, str]) -> None:
    world, path, url = place
    assert Path(path).stat().st_mode & 0o777 == 0o600
    with BrakeClient(path, "local") as client:
        assert client.reveal("ssn", world.tokens(1), purpose="check", case="T-2") == ["•••0000"]
    with BrakeClient(url, "local") as client, pytest.raises(Refused, match="not right"):
        client.reveal("ssn", world.tokens(1), purpose="check", case="T-2")
    peers = [x.body["peer"] for x in world.brake.chain.every() if x.body.get("actor") == "local"]
    assert peers[0] == f"uid {os.getuid()} pid {os.getpid()}" and "127.0.0.1" in peers


def test_over_budget_is_429_with_a_time_to_come_back(place: tuple[World, str, str]) -> None:
    world, path, _ = place
    with BrakeClient(path, "small", world.keys["small"]) as client:
        client.reveal("ssn", world.tokens(3), purpose="check", case="T-3")
        with pytest.raises(Refused, match="3 distinct persons") as caught:
            client.reveal("ssn", world.tokens(1, 9), purpose="check", case="T-3")
    assert (caught.value.status, caught.value.code) == (429, "over_budget")
    assert 3000 < caught.value.retry_seconds <= 3601


def ask(url: str, body: bytes, **headers: str) -> tuple[int, dict[str, object]]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        given = {"Content-Type": "application/json"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("POST", "/v1/reveal", body, given)
        response = connection.getresponse()
        assert response.getheader("Cache-Control") == "no-store"
        return response.status, json.loads(response.read())
    finally:
        connection.close()


GOOD = {"actor": "desk", "purpose": "check", "case": "T-1", "domain": "ssn", "tokens": ["x"]}
SECRET = "900-12-3456"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"actor": None}, 400),
        ({"actor": "Desk; DROP TABLE"}, 400),
        ({"purpose": ["check"]}, 400),
        ({"case": ""}, 400),
        ({"case": SECRET + "\n"}, 400),
        ({"case": "x" * 101}, 400),
        ({"domain": "../../etc"}, 400),
        ({"clear": "yes"}, 400),
        ({"tokens": []}, 400),
        ({"tokens": SECRET}, 400),
        ({"tokens": [SECRET, 7]}, 400),
        ({"tokens": [""]}, 400),
        ({"tokens": ["x" * 5000]}, 400),
        ({"tokens": ["\ud800"]}, 400),
        ({"tokens": [SECRET] * 101}, 413),
        ({"tokens": [SECRET] * 10_000}, 413),
        ({"persons": [SECRET, SECRET]}, 400),
        ({"persons": [7]}, 400),
        ({"more": 1}, 400),
        ({"tokens": [SECRET]}, 422),
        ({"tokens": ["tk1_" + "A" * 34]}, 422),
        ({"tokens": ["tk999999_" + "A" * 34]}, 422),
        ({"tokens": ["tk1_" + "é" * 34]}, 422),
        ({"domain": "passport", "tokens": [SECRET]}, 422),
    ],
)
def test_what_cannot_be_answered_is_told_without_repeating_it(
    place: tuple[World, str, str], change: dict[str, object], status: int
) -> None:
    world, _, url = place
    body = json.dumps({**GOOD, **change}).encode()
    got, told = ask(url, body, Authorization=f"Bearer {world.keys['desk']}")
    assert got in (status, 400 if b"ud800" in body else status), told
    assert SECRET not in json.dumps(told)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 400),
        (b"{", {}, 400),
        (b"[" * 50_000, {}, 400),
        (b"null", {}, 400),
        (b"\xff\xfe", {}, 400),
        (b"{}", {"Content_Type": "text/plain"}, 415),
        (b"x" * 70_000, {}, 413),
    ],
)
def test_what_is_no_request_is_turned_away(
    place: tuple[World, str, str], body: bytes, headers: dict[str, str], status: int
) -> None:
    got, told = ask(place[2], body, **headers)
    assert got == status and "error" in told


def test_a_token_of_another_vault_looks_like_a_damaged_one(
    place: tuple[World, str, str], tmp_path: Path
) -> None:
    world, path, _ = place
    [own] = world.tokens(1)
    [other] = World(tmp_path).tokens(1)
    damaged = own[:-4] + ("AAAA" if not own.endswith("AAAA") else "BBBB")
    told = []
    with BrakeClient(path, "desk", world.keys["desk"]) as client:
        for token in (other, damaged):
            with pytest.raises(Refused) as caught:
                client.reveal("ssn", [token], purpose="check", case="T-9")
            told.append((caught.value.status, str(caught.value)))
    assert told[0] == told[1] and told[0][0] == 422


def raw(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5)


def test_slow_and_endless_requests_are_let_go(place: tuple[World, str, str]) -> None:
    world, path, url = place
    slow = [raw(url) for _ in range(8)]
    for one in slow:
        one.sendall(b"POST /v1/reveal HTTP/1.1\r\nHost: x\r\n")
    started = time.monotonic()
    with BrakeClient(path, "desk", world.keys["desk"]) as client:  # meanwhile others are answered
        client.reveal("ssn", world.tokens(1), purpose="check", case="T-4")
    with raw(url) as drip:
        with pytest.raises(OSError):
            for _ in range(100):
                drip.sendall(b"X-More: y\r\n" if _ else b"POST / HTTP/1.1\r\n")
                time.sleep(0.05)
        assert time.monotonic() - started < 4
    for one in slow:
        assert one.recv(1000).startswith(b"HTTP/1.1 408") or not one.recv(1000)
        one.close()


def test_headers_without_end_are_refused(place: tuple[World, str, str]) -> None:
    with raw(place[2]) as connection:
        connection.sendall(b"POST /v1/reveal HTTP/1.1\r\n" + b"X: " + b"y" * 20_000)
        assert connection.recv(100).startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize(
    "text",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/reveal HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/reveal HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"POST /v1/reveal HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /v1/health HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"CONNECT x:1 HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_http_ends_the_connection(place: tuple[World, str, str], text: bytes) -> None:
    with raw(place[2]) as connection:
        connection.sendall(text)
        answer = b""
        while more := connection.recv(1000):
            answer += more
            if b"health" in text:
                break
        assert answer.startswith(b"HTTP/1.1 4") or b"health" in text
    with raw(place[2]) as connection:
        connection.sendall(b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b'"ok":true' in connection.recv(1000)


def test_two_requests_at_once_on_one_connection_are_refused(
    place: tuple[World, str, str],
) -> None:
    world, _, url = place
    body = json.dumps({**GOOD, "tokens": world.tokens(1)}).encode()
    head = (
        f"POST /v1/reveal HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {world.keys['desk']}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    with raw(url) as connection:
        connection.sendall((head + body) * 2)
        assert b"400" in connection.recv(5000)


def test_connections_beyond_the_bound_are_told_to_come_back(
    place: tuple[World, str, str],
) -> None:
    world, path, url = place
    held = [raw(url) for _ in range(30)]
    time.sleep(0.2)
    answers = []
    for one in held:
        one.settimeout(0.05)
        try:
            answers.append(one.recv(100)[:12])
        except TimeoutError:
            answers.append(b"")
    assert answers.count(b"HTTP/1.1 503") >= 10
    for one in held:
        one.close()
    time.sleep(0.2)
    with BrakeClient(path, "desk", world.keys["desk"]) as client:
        client.reveal("ssn", world.tokens(1), purpose="check", case="T-5")


def test_other_paths_and_methods_do_not_exist(place: tuple[World, str, str]) -> None:
    parts = urlsplit(place[2])
    for method, path, status in (
        ("GET", "/", 404),
        ("GET", "/v1/reveal", 405),
        ("OPTIONS", "/v1/reveal", 405),
        ("GET", "/v1/health", 200),
        ("DELETE", "/v1/health", 404),
    ):
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
        connection.request(method, path)
        assert connection.getresponse().status == status
        connection.close()


def test_many_threads_of_one_client_are_all_answered(place: tuple[World, str, str]) -> None:
    world, path, _ = place
    tokens = world.tokens(40)
    got: list[str] = []
    client = BrakeClient(path, "desk", world.keys["desk"])

    def work(part: list[str]) -> None:
        for token in part:
            got.extend(client.reveal("ssn", [token], purpose="check", case="T-6"))
        client.close()

    threads = [threading.Thread(target=work, args=(tokens[i::8],)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [f"•••{i:04d}" for i in range(40)]


def test_a_connection_that_was_idle_too_long_is_opened_anew(
    place: tuple[World, str, str],
) -> None:
    world, path, _ = place
    with BrakeClient(path, "desk", world.keys["desk"]) as client:
        client.reveal("ssn", world.tokens(1), purpose="check", case="T-7")
        time.sleep(1.3)
        client.reveal("ssn", world.tokens(1), purpose="check", case="T-7")


def test_nobody_there_is_said_with_a_remedy(tmp_path: Path) -> None:
    for address in (str(tmp_path / "none.sock"), "http://127.0.0.1:9"):
        with BrakeClient(address, "desk") as client, pytest.raises(UsageError, match="reached"):
            client.reveal("ssn", ["x"], purpose="check", case="T-8")
    with pytest.raises(UsageError, match="no known kind"):
        BrakeClient("ftp://x", "desk")


@pytest.mark.parametrize(
    ("serving", "says"),
    [
        (Serving(host="0.0.0.0"), "in clear"),
        (Serving(host="192.0.2.1"), "in clear"),
        (Serving(), "needs an address"),
        (Serving(host="127.0.0.1", certificate=Path("x")), "belong together"),
        (Serving(host="127.0.0.1", client_ca=Path("x")), "need TLS"),
        (Serving(path=Path("/" + "x" * 200)), "too long"),
        (Serving(path=Path("x"), alarm_url="http://collector.example/"), "in clear"),
    ],
)
def test_a_setting_that_would_not_be_safe_is_refused(
    tmp_path: Path, serving: Serving, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        serve(World(tmp_path).keyring, serving, lambda places: None)


def test_tls_carries_it_beyond_this_machine(tmp_path: Path) -> None:
    cert, key = tmp_path / "c.pem", tmp_path / "k.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    world = World(tmp_path)
    world.let("desk")
    with served(world, Serving(host="127.0.0.1", certificate=cert, private_key=key)) as [url]:
        named = url.replace("127.0.0.1", "localhost")
        with BrakeClient(named, "desk", world.keys["desk"], certificates=cert) as client:
            assert client.reveal("ssn", world.tokens(1), purpose="check", case="T") == ["•••0000"]
    with served(
        world, Serving(host="127.0.0.1", certificate=cert, private_key=key, client_ca=cert)
    ) as [url]:
        context = ssl.create_default_context(cafile=str(cert))
        context.check_hostname = False
        parts = urlsplit(url)
        with pytest.raises((OSError, http.client.HTTPException)):
            one = http.client.HTTPSConnection("127.0.0.1", parts.port, context=context, timeout=5)
            one.request("GET", "/v1/health")
            one.getresponse()


def test_a_socket_left_by_a_kill_is_taken_over_and_a_living_one_is_not(tmp_path: Path) -> None:
    world = World(tmp_path)
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "s.sock"))
    left.close()
    with served(world, Serving(path=tmp_path / "s.sock")) as [path]:
        assert path
        with pytest.raises(UsageError, match="Another service"):
            serve(world.keyring, Serving(path=tmp_path / "s.sock"), lambda places: None)
    assert not (tmp_path / "s.sock").exists()
