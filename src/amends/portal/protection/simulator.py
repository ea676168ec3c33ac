"""A stand-in for the company's own system, with the faults that such systems have; for tests and for trying out.

It speaks the form of ``http.py``, checks signatures, and writes every action it really carries out to a journal, so
that one can count.
"""

from __future__ import annotations

import hmac
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from amends.kernel import clock
from amends.portal.protection.http import SigningSecret, signature

_LARGEST = 16 << 20
_CLOCK_SECONDS = 300


@dataclass(frozen=True)
class Faults:
    """How often things go wrong, each from 0 to 1 of all calls; ``refused`` and ``pending`` of all accounts.

    Attributes:
        error: 500 before anything was done.
        error_after: 500 after everything was done.
        lost: Done, and the connection cut instead of an answer.
        half: Half of it done, then cut.
        busy: 429 with a time to wait.
        slow: Done after ``slow_seconds``.
        slow_seconds: How slow; longer than the caller waits makes a timeout.
        refused: Accounts for which the answer is no.
        pending: Accounts that are only taken at first, and done when asked about.
    """

    error: float = 0.0
    error_after: float = 0.0
    lost: float = 0.0
    half: float = 0.0
    busy: float = 0.0
    slow: float = 0.0
    slow_seconds: float = 0.2
    refused: float = 0.0
    pending: float = 0.0


@dataclass
class Simulator:
    """The company's system.

    Args:
        secret: Checks who calls.
        faults: What goes wrong.
        seed: Of chance.
        forgetful: Does what it is asked every time it is asked, whatever the key: a system without idempotency.
        journal: File to which each action carried out is appended; ``None`` = memory only.
        port: Port to listen on; 0 = any.
        path: Path that takes requests.
    """

    secret: SigningSecret
    faults: Faults = field(default_factory=Faults)
    seed: int = 1
    forgetful: bool = False
    journal: Path | None = None
    port: int = 0
    path: str = "/v1/protection"
    carried_out: Counter[tuple[str, str]] = field(default_factory=Counter)
    known: dict[str, str] = field(default_factory=dict)
    n_calls: int = 0
    n_unsigned: int = 0

    def __post_init__(self) -> None:
        """Bind the port; nothing is answered before ``start`` or ``serve``."""
        self._chance = random.Random(self.seed)
        self._lock = threading.Lock()
        self._nonces: set[str] = set()
        if self.journal and self.journal.exists():
            for line in self.journal.read_text("utf-8").splitlines():
                self._remember(json.loads(line))
        handler = type("Handler", (_Handler,), {"simulator": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port

    @property
    def url(self) -> str:
        """Return the address that takes requests."""
        return f"http://127.0.0.1:{self.port}{self.path}"

    def start(self) -> None:
        """Answer in a thread of its own."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def serve(self, seconds: float = 0.0) -> None:
        """Answer until interrupted, or for so long."""
        self.start()
        try:
            threading.Event().wait(seconds or None)
        finally:
            self.stop()

    def stop(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()

    # ------------------------------------------------------------------ what it does

    def rejects(self, path: str, headers: Any, body: bytes) -> bool:  # Any: an HTTP message
        """Say whether a call is not signed by the company's site, is old, or came before."""
        timestamp, nonce = headers.get("X-Amends-Timestamp", ""), headers.get("X-Amends-Nonce", "")
        wanted = signature(self.secret.key, "POST", path, timestamp, nonce, body)
        right = hmac.compare_digest(wanted, headers.get("X-Amends-Signature", ""))
        fresh = (
            timestamp.isdigit() and abs(int(timestamp) - clock.now().timestamp()) < _CLOCK_SECONDS
        )
        with self._lock:
            bad = not (right and fresh) or nonce in self._nonces
            self._nonces.add(nonce)
            self.n_calls += 1
            self.n_unsigned += bad
        return bad

    def draw(self) -> str:
        """Return the fault of one call, "" for none."""
        with self._lock:
            at = self._chance.random()
        for name in ("error", "error_after", "lost", "half", "busy", "slow"):
            at -= getattr(self.faults, name)
            if at < 0:
                return name
        return ""

    def take(self, requests: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
        """Carry requests out, and say so."""
        return [self._one(r) for r in requests]

    def answers(self, keys: Sequence[str]) -> list[dict[str, str]]:
        """Say what became of requests; what was pending is done by now."""
        with self._lock:
            for key in keys:
                if self.known.get(key) == "pending":
                    self.known[key] = "done"
            return [
                {
                    "key": k,
                    "state": self.known.get(k, "absent"),
                    "reference": f"SIM-{k[:8]}",
                    "retry_after": "0.05",
                }
                for k in keys
            ]

    def _one(self, request: Mapping[str, str]) -> dict[str, str]:
        key, account, action = request["key"], request["account_ref"], request["action"]
        with self._lock:
            state = self.known.get(key)
            if state is None or (self.forgetful and state == "done"):
                share = int(account[:8], 16) / 0xFFFFFFFF
                state = "done"
                if share < self.faults.refused:
                    state = "refused"
                elif share > 1 - self.faults.pending:
                    state = "pending"
                act = {"key": key, "account_ref": account, "action": action, "state": state}
                self._remember(act)
                if self.journal:
                    with self.journal.open("a", encoding="utf-8") as out:
                        out.write(json.dumps(act) + "\n")
            return {
                "key": key,
                "state": state,
                "reference": f"SIM-{key[:8]}",
                "retry_after": "0.05",
            }

    def _remember(self, act: Mapping[str, str]) -> None:
        self.known[act["key"]] = act["state"]
        if act["state"] != "refused":
            self.carried_out[act["account_ref"], act["action"]] += 1


class _Handler(BaseHTTPRequestHandler):
    """One connection of the simulator."""

    simulator: ClassVar[Simulator]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer a call, or go wrong as drawn."""
        sim = self.simulator
        body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _LARGEST))
        if self.path not in (sim.path, f"{sim.path}/ask"):
            self._say(404, {})
        elif sim.rejects(self.path, self.headers, body):
            self._say(401, {})
        elif self.path == sim.path:
            self._submitted(json.loads(body)["requests"])
        else:
            fault = sim.draw()
            if fault in ("error", "error_after"):
                self._say(500, {})
            else:
                self._say(200, {"outcomes": sim.answers(json.loads(body)["keys"])})

    def _submitted(self, requests: list[dict[str, str]]) -> None:
        sim, fault = self.simulator, self.simulator.draw()
        if fault == "error":
            self._say(500, {})
            return
        if fault == "busy":
            self._say(429, {}, {"Retry-After": "0.05"})
            return
        if fault == "slow":
            time.sleep(sim.faults.slow_seconds)
        told = sim.take(requests[: len(requests) // 2] if fault == "half" else requests)
        if fault in ("lost", "half"):
            self.close_connection = True
        elif fault == "error_after":
            self._say(500, {})
        else:
            self._say(200, {"outcomes": told})

    def _say(
        self, status: int, value: Mapping[str, object], headers: Mapping[str, str] | None = None
    ) -> None:
        raw = json.dumps(value).encode()
        try:
            self.send_response(status)
            for name, text in {**(headers or {}), "Content-Length": str(len(raw))}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(raw)
        except OSError:  # the caller has gone: it did not wait, or was killed
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: addresses and bodies belong in no log."""
