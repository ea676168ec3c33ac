"""The reference connector: signed, patient, and not to be led astray; and its counterpart, the stand-in."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from amends.kernel import clock
from amends.kernel.errors import DeliveryError, UsageError
from amends.portal.protection.connector import Outcome, Request
from amends.portal.protection.http import HttpConnector, SigningSecret, signature
from amends.portal.protection.requests import Protection, status_counts
from amends.portal.protection.simulator import Faults, Simulator
from amends.portal.protection.worker import Worker
from tests.portal.claims_world import account, handle, open_world

SECRET = SigningSecret("k1", b"s" * 32)
ASKED = Request("ab" * 16, "lock", account(1), "person", "2026-11-22T10:00:00.000000Z")


@contextmanager
def simulated(faults: Faults | None = None, **options: object) -> Iterator[Simulator]:
    """Run a stand-in for the company's system."""
    simulator = Simulator(SECRET, faults or Faults(), **options)  # type: ignore[arg-type]
    simulator.start()
    try:
        yield simulator
    finally:
        simulator.stop()


@contextmanager
def answering(
    status: int, body: bytes = b"", headers: dict[str, str] | None = None
) -> Iterator[str]:
    """Run a server that always gives one answer; yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/protection"
    finally:
        server.shutdown()
        server.server_close()


def submitted(url: str, timeout_seconds: float = 5.0) -> Outcome:
    """Hand one request over."""
    connector = HttpConnector(url, SECRET, timeout_seconds=timeout_seconds)
    try:
        return connector.submit([ASKED])[0]
    finally:
        connector.close()


def test_a_request_is_carried_out_and_can_be_asked_about() -> None:
    with simulated() as company:
        connector = HttpConnector(company.url, SECRET)
        assert connector.ask([ASKED.key])[0].said == "absent"
        assert connector.submit([ASKED])[0].said == "done"
        assert connector.submit([ASKED])[0].said == "done"
        asked = connector.ask([ASKED.key, "other"])
        assert [(o.said, bool(o.evidence)) for o in asked] == [("done", True), ("absent", True)]
        connector.close()
        assert company.carried_out == {(account(1), "lock"): 1}


def test_the_stand_in_takes_nothing_unsigned_changed_old_or_twice() -> None:
    body = json.dumps({"requests": [ASKED.__dict__]}).encode()

    def call(
        path: str = "/v1/protection", sent: bytes = body, nonce: str = "n1", stamp: str = ""
    ) -> int:
        stamp = stamp or str(int(clock.now().timestamp()))
        made = signature(SECRET.key, "POST", "/v1/protection", stamp, nonce, body)
        headers = {"X-Amends-Key": "k1", "X-Amends-Timestamp": stamp, "X-Amends-Nonce": nonce,
                   "X-Amends-Signature": made}  # fmt: skip
        url = company.url.removesuffix("/v1/protection") + path
        return httpx.post(url, content=sent, headers=headers).status_code

    with simulated() as company:
        assert call() == 200
        assert call() == 401
        assert call(nonce="n2", sent=body.replace(b"lock", b"wipe")) == 401
        assert call(nonce="n3", path="/v1/protection/ask") == 401
        assert call(nonce="n4", stamp="1700000000") == 401
        assert call(nonce="n5", path="/elsewhere") == 404
        assert company.n_unsigned == 4


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b"no json", "unknown"),
        (200, b'{"outcomes": []}', "unknown"),
        (200, b'{"outcomes": [{"key": "KEY", "state": "magic"}]}', "unknown"),
        (200, b'{"outcomes": [{"key": "KEY", "state": "absent"}]}', "unknown"),
        (
            200,
            b'{"outcomes": [{"key": "KEY", "state": "refused", "reference": "R 1<b>"}]}',
            "refused",
        ),
        (200, b'{"outcomes": [{"key": "KEY", "state": "busy", "retry_after": 7}]}', "later"),
        (200, b"[" * 100_000, "unknown"),
        (429, b"", "later"),
        (500, b"", "unknown"),
        (503, b"", "unknown"),
    ],
)
def test_answers_mean_what_they_say_and_no_more(status: int, body: bytes, said: str) -> None:
    with answering(status, body.replace(b"KEY", ASKED.key.encode()), {"Retry-After": "7"}) as url:
        found = submitted(url)
    assert found.said == said
    assert "<" not in found.evidence
    if status in (429, 503) or b"retry_after" in body:
        assert found.wait_seconds == 7


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404])
def test_where_every_request_would_fare_the_same_the_worker_stops(
    status: int, tmp_path: Path
) -> None:
    with (
        answering(status, headers={"Location": "http://127.0.0.1:9/"}) as url,
        open_world(tmp_path) as state,
    ):
        Protection(state).request(handle(1), "lock", account_refs=[account(1)])
        with pytest.raises(DeliveryError):
            Worker(state, HttpConnector(url, SECRET)).run()
        assert status_counts(state)["lock"]["handed_over"] == 1


@pytest.mark.parametrize(
    "url",
    ["http://care.larkspur.example/x", "ftp://x/", "", "care.larkspur.example", "https://me:swordfish@care.example/x"],
)  # fmt: skip
def test_an_address_that_would_send_in_clear_is_refused(url: str) -> None:
    with pytest.raises(UsageError) as found:
        HttpConnector(url, SECRET)
    assert "swordfish" not in str(found.value)


def test_nobody_there_is_surely_not_taken_and_silence_is_unknown() -> None:
    assert submitted("http://127.0.0.1:9/x").said == "later"
    with simulated(Faults(slow=1.0, slow_seconds=0.5)) as company:
        assert submitted(company.url, 0.1).said == "unknown"
    with simulated(Faults(lost=1.0)) as company:
        assert submitted(company.url).said == "unknown"
        assert company.carried_out.total() == 1


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    import ssl
    import subprocess

    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    words = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "1",
    ]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [*words, *names, "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    company = Simulator(SECRET)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    company._server.socket = context.wrap_socket(company._server.socket, server_side=True)
    company._server.handle_error = lambda *words: None  # type: ignore[method-assign]  # the failed handshake
    company.start()
    url = company.url.replace("http:", "https:")
    try:
        assert submitted(url).said == "later"
        assert company.n_calls == 0
        trusting = HttpConnector(url, SECRET, cafile=str(certificate))
        assert trusting.submit([ASKED])[0].said == "done"
        trusting.close()
    finally:
        company.stop()


def test_a_key_file_of_another_form_is_refused_and_no_key_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    for text in ("", "{}", '{"key_id": "a", "request_key": "zz"}', "[]"):
        path.write_text(text)
        with pytest.raises(UsageError):
            SigningSecret.read(path)
    assert "ssss" not in repr(SECRET)


@pytest.mark.parametrize("forgetful", [False, True])
def test_through_every_fault_each_action_is_carried_out_once(
    tmp_path: Path, forgetful: bool
) -> None:
    faults = Faults(error=0.1, error_after=0.1, lost=0.1, half=0.1, busy=0.1, slow=0.05, slow_seconds=0.15,
                    refused=0.05, pending=0.05)  # fmt: skip
    with simulated(faults, forgetful=forgetful) as company, open_world(tmp_path) as state:
        Protection(state).request_all(
            [[(account(n), handle(n)) for n in range(150)]], ["lock", "pin_reset"]
        )
        connector = HttpConnector(company.url, SECRET, timeout_seconds=0.4)
        made = Worker(state, connector, batch=20).run(wait_seconds=40)
        connector.close()
        counts = status_counts(state)
    assert made.waiting == made.failed == 0
    assert made.done + made.refused == 300
    assert sum(c["done"] for c in counts.values()) == company.carried_out.total() == made.done
    assert set(company.carried_out.values()) == {1}
    assert company.n_unsigned == 0


def test_the_journal_of_the_stand_in_survives_it(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    with simulated(journal=journal) as company:
        submitted(company.url)
    with simulated(journal=journal) as company:
        assert submitted(company.url).said == "done"
        assert company.carried_out.total() == 1
