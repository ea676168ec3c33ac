"""A stand-in for the transit engine of OpenBao, on loopback: what its public documentation says, and its faults.

Written from the API documentation (transit secrets engine; HTTP API: status codes, error bodies). Keys are AES-256-GCM;
a ciphertext reads ``vault:vN:base64``; ``rewrap`` takes no associated data; a missing key is 400, a path that is not
mounted 404, a bad token 403, a sealed service 503.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "s.a-client-token"


class Transit:
    """The service's state, and what tests may do to it.

    Attributes:
        keys: Versions of each key, oldest first.
        min_decryption_version: Lowest version that may decrypt.
        denied: Acts the token's policy lacks.
        faults: Statuses to answer with, in turn, before answering right.
        sealed: Whether it is sealed.
        requests: Method, path and body of every request.
    """

    def __init__(self) -> None:
        self.keys: dict[str, list[bytes]] = {"amends": [os.urandom(32)]}
        self.min_decryption_version = 1
        self.denied: set[str] = set()
        self.faults: list[int] = []
        self.sealed = False
        self.requests: list[tuple[str, str, Any]] = []
        self.answer: bytes | None = None

    def rotate(self, name: str = "amends") -> None:
        """Add a version to a key."""
        self.keys[name].append(os.urandom(32))

    def serve(self, method: str, path: str, token: str, body: Any) -> tuple[int, Any]:
        """Return status and answer of one request."""
        self.requests.append((method, path, body))
        if self.sealed:
            return 503, {"errors": ["Vault is sealed"]}
        if self.faults:
            return self.faults.pop(0), {"errors": ["1 error occurred"]}
        if token != TOKEN:
            return 403, {"errors": ["permission denied"]}
        parts = path.strip("/").split("/")
        if parts[:2] != ["v1", "transit"] or len(parts) != 4:
            return 404, {"errors": [f'no handler for route "{path}". route entry not found.']}
        act, name = parts[2], parts[3]
        if act in self.denied:
            return 403, {"errors": ["1 error occurred:\n\t* permission denied\n\n"]}
        return self._act(method, act, name, body or {})

    def _act(self, method: str, act: str, name: str, body: dict[str, str]) -> tuple[int, Any]:
        held = self.keys.get(name)
        if (method, act) == ("GET", "keys"):
            return (200, {"data": self._described(name)}) if held else (404, {"errors": []})
        if held is None:
            return 400, {"errors": ["encryption key not found"]}
        try:
            if act == "encrypt":
                plain = base64.b64decode(body["plaintext"], validate=True)
                return 200, {
                    "data": {"ciphertext": self._seal(held, plain), "key_version": len(held)}
                }
            plain = self._open(held, body["ciphertext"])
        except (ValueError, KeyError, InvalidTag):
            return 400, {"errors": ["invalid ciphertext: unable to decrypt"]}
        except PermissionError:
            return 400, {
                "errors": ["ciphertext or signature version is disallowed by policy (too old)"]
            }
        if act == "rewrap":
            return 200, {"data": {"ciphertext": self._seal(held, plain), "key_version": len(held)}}
        return 200, {"data": {"plaintext": base64.b64encode(plain).decode()}}

    def _described(self, name: str) -> dict[str, object]:
        n = len(self.keys[name])
        return {
            "name": name, "type": "aes256-gcm96", "latest_version": n, "derived": False, "exportable": False,
            "min_decryption_version": self.min_decryption_version, "keys": {str(i + 1): 1442851412 for i in range(n)},
        }  # fmt: skip

    @staticmethod
    def _seal(held: list[bytes], plain: bytes) -> str:
        nonce = os.urandom(12)
        made = nonce + AESGCM(held[-1]).encrypt(nonce, plain, None)
        return f"vault:v{len(held)}:{base64.b64encode(made).decode()}"

    def _open(self, held: list[bytes], text: str) -> bytes:
        name, version, sealed = text.split(":")
        if name != "vault" or not version.startswith("v"):
            raise ValueError(text)
        number = int(version[1:])
        if number < self.min_decryption_version:
            raise PermissionError
        raw = base64.b64decode(sealed, validate=True)
        return AESGCM(held[number - 1]).decrypt(raw[:12], raw[12:], None)


@contextmanager
def serving(transit: Transit, certificate: Path | None = None) -> Iterator[str]:
    """Serve on loopback; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._do("GET")

        def do_POST(self) -> None:
            self._do("POST")

        def _do(self, method: str) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            token = self.headers.get("X-Vault-Token", "")
            status, answer = transit.serve(method, self.path, token, body)
            raw = json.dumps(answer).encode()
            if transit.answer is not None:
                status, raw = 200, transit.answer
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            if status == 307:
                self.send_header("Location", "http://elsewhere.example:8200" + self.path)
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    scheme = "http"
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *a: None  # type: ignore[method-assign]  # a client that hangs up is wanted
        scheme = "https"
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    try:
        yield f"{scheme}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
