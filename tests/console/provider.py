"""An identity provider on this machine, that can be told to lie."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT = "amends-console"


class Provider:
    """Answers discovery, keys and token requests; ``spoil`` changes a token before it is signed.

    Attributes:
        spoil: Changes the claims.
        key: Signs; put another one in its place for a bad signature.
        issuer: Its address.
        seen: Fields of the token requests.
    """

    def __init__(self, now: int) -> None:
        self.now = now
        self.key = self.published = RSAKey.generate_key(2048, {"kid": "one"})
        self.spoil: Callable[[dict[str, Any]], object] = lambda claims: None
        self.algorithm = "RS256"
        self.codes: dict[str, dict[str, str]] = {}
        self.seen: list[dict[str, str]] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._say(owner.document(self.path))

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"])).decode()
                self._say(owner.token({k: v[0] for k, v in parse_qs(raw).items()}))

            def _say(self, found: dict[str, Any] | None) -> None:
                text = json.dumps(found or {"error": "invalid_grant"}).encode()
                self.send_response(200 if found else 400)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *words: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def document(self, path: str) -> dict[str, Any]:
        """Return discovery or keys."""
        if path.endswith("openid-configuration"):
            return {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            }
        return {"keys": [self.published.as_dict(private=False)]}

    def authorize(self, location: str) -> dict[str, str]:
        """Do what the provider's own page does: take the request, return what it sends the browser back with."""
        asked = {k: v[0] for k, v in parse_qs(urlsplit(location).query).items()}
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def token(self, given: dict[str, str]) -> dict[str, Any] | None:
        """Return tokens for a code, once, to whoever knows its verifier."""
        self.seen.append(given)
        asked = self.codes.pop(given.get("code", ""), None)
        if asked is None:
            return None
        challenge = base64.urlsafe_b64encode(
            hashlib.sha256(given["code_verifier"].encode()).digest()
        )
        if challenge.rstrip(b"=").decode() != asked["code_challenge"]:
            return None
        claims: dict[str, Any] = {
            "iss": self.issuer, "aud": CLIENT, "sub": "u-17", "exp": self.now + 300, "iat": self.now,
            "nonce": asked["nonce"], "name": "Olu Provider", "amends_role": "counsel",
        }  # fmt: skip
        self.spoil(claims)
        token = jwt.encode(
            {"alg": self.algorithm, "kid": "one"}, claims, self.key, algorithms=[self.algorithm]
        )
        return {"id_token": token, "access_token": "unused", "token_type": "Bearer"}

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
