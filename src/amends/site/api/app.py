"""The banner's API as one small ASGI application, without a router: it answers five thousand times a second.

A request that the company did not sign gets one answer, whatever is wrong with it. A signed request gets an answer of
one length, whatever it says.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import quote

from starlette.types import Receive, Scope, Send

from amends.kernel import clock
from amends.kernel.errors import AmendsError
from amends.portal.banner.answer import ANSWER_SECONDS, BannerEdition, Claims, NoClaims
from amends.portal.banner.nonces import NonceFiles
from amends.portal.banner.request import Nonces, RequestGate
from amends.portal.published import Published
from amends.site.api.document import openapi

log = logging.getLogger(__name__)


class Reply(NamedTuple):
    """An answer, ready to send.

    Attributes:
        status: HTTP status.
        headers: All headers but the date.
        body: The bytes.
        head: Status line and headers as bytes of HTTP/1.1, without the empty line that ends them.
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    head: bytes


MOUNT, BANNER = "/v1", "/banner/"

LOOK_SECONDS = 1.0
"""Between two looks for a new edition and for new claims."""

NONCE_FOLDER = "state/nonces"

_ALWAYS = ((b"x-content-type-options", b"nosniff"),)
# no-transform: a proxy that compresses would undo the one length.
_NO_STORE = (b"cache-control", b"no-store, no-transform")
_SHORT_WHILE = (b"cache-control", b"public, max-age=300")
_JOSE, _JSON = b"application/jose", b"application/json"


class BannerApi:
    """The application.

    Args:
        published: Returns what is published now.
        nonces: What remembers nonces.
        claims: What knows who has claimed.
        seconds: For how long an answer is good.
    """

    def __init__(
        self,
        published: Callable[[], Published],
        nonces: Nonces,
        claims: Claims,
        seconds: int = ANSWER_SECONDS,
    ) -> None:
        self._published, self._claims, self._seconds = published, claims, seconds
        self._gate = RequestGate(published().keys.banner, nonces)
        self._edition = self._opened()
        self._refused = _error(401, "This request is not signed as it must be.")
        self._absent = _error(404, "There is nothing here.")
        self._method = _error(405, "Only GET is answered.", (b"allow", b"GET"))
        self._busy = _error(503, "Please ask again in a moment.", (b"retry-after", b"5"))
        jwks = {"keys": [published().keys.signing.jwk()]}
        self._plain = {
            "/keys": _reply(200, _dumped(jwks), _JSON, _SHORT_WHILE),
            "/openapi.json": _reply(200, _dumped(openapi()), _JSON, _SHORT_WHILE),
        }
        self._signed = _Signed()

    def look(self) -> bool:
        """Take up a new edition when there is one; slow, so call it in a thread. Return whether there was one."""
        if self._published().edition is self._edition.edition:
            return False
        self._edition = self._opened()
        return True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            path: str = scope["path"]
            root: str = scope.get("root_path", "")
            path = path[len(root) :] if root and path.startswith(root) else path
            headers = dict(scope["headers"])
            reply = self.reply(scope["method"], path.removeprefix(MOUNT), _target(scope), headers)
            await send(
                {
                    "type": "http.response.start",
                    "status": reply.status,
                    "headers": list(reply.headers),
                }
            )
            await send({"type": "http.response.body", "body": reply.body})
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    def reply(self, method: str, path: str, target: bytes, headers: Mapping[bytes, bytes]) -> Reply:
        """Return the answer to one request.

        Args:
            method: As sent.
            path: Decoded, after ``/v1``.
            target: The whole address as it was sent, which is what the company signs.
            headers: Names in lower case.
        """
        if path.startswith(BANNER):
            return self._banner(method, path, target, headers)
        found = self._plain.get(path)
        if found is None:
            return self._absent
        return found if method == "GET" else self._method

    def _banner(
        self, method: str, path: str, target: bytes, headers: Mapping[bytes, bytes]
    ) -> Reply:
        now = int(clock.now().timestamp())
        try:
            verdict = self._gate.check(method.encode(), target, headers, now)
            if verdict != "accepted":
                return self._busy if verdict == "full" else self._refused
            if method != "GET":
                return self._method
            token = self._edition.token(path[len(BANNER) :], self._claims, now)
        except (AmendsError, OSError) as error:
            log.error("a banner could not be answered: %s", type(error).__name__)
            return self._busy
        return self._signed.of(token) if token else self._absent

    def _opened(self) -> BannerEdition:
        published = self._published()
        keys = published.keys
        return BannerEdition(published.edition, keys.index, keys.signing, self._seconds)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Start and stop with the server; in between, look for new editions and claims."""
        await receive()
        watching = asyncio.create_task(self.watch())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        await send({"type": "lifespan.shutdown.complete"})

    async def watch(self) -> None:
        """Look for new editions and claims until cancelled."""
        refresh = getattr(self._claims, "refresh", None)
        while True:
            try:
                await asyncio.to_thread(self._published().reload)
                await asyncio.to_thread(self.look)
                if refresh is not None:
                    await asyncio.to_thread(refresh)
            except Exception as error:
                # Whatever it is, the edition that is served goes on, and the next look may succeed.
                log.error("a new edition cannot be read: %s", type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)


def banner_app(
    published: Callable[[], Published],
    claims: Claims | None = None,
    nonces: Nonces | None = None,
    seconds: int = ANSWER_SECONDS,
) -> BannerApi:
    """Return the application.

    Mounted, its paths follow the mount's; alone, they start with ``/v1``. Whoever mounts it calls ``look`` in a thread
    when a new edition came; alone it does so itself, through the server's lifespan.

    Args:
        published: Returns what is published now; asked again for every new edition.
        claims: What knows who has claimed; nobody when left out.
        nonces: What remembers nonces; files beside the site's state when left out.
        seconds: For how long an answer is good.
    """
    kept = NonceFiles(published().folder / NONCE_FOLDER) if nonces is None else nonces
    known = NoClaims() if claims is None else claims
    return BannerApi(published, kept, known, seconds)


def _target(scope: Scope) -> bytes:
    """Return the address as it was sent: path and, if there is one, query."""
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    query: bytes = scope.get("query_string", b"")
    return raw + b"?" + query if query else raw


def _dumped(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _error(status: int, words: str, *more: tuple[bytes, bytes]) -> Reply:
    return _reply(status, _dumped({"error": words}), _JSON, _NO_STORE, *more)


def _reply(status: int, body: bytes, kind: bytes, *more: tuple[bytes, bytes]) -> Reply:
    headers = (
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        *more,
        *_ALWAYS,
    )
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()]
    lines += [name + b": " + value for name, value in headers]
    return Reply(status, headers, body, b"\r\n".join(lines) + b"\r\n")


class _Signed:
    """Makes the replies that carry an answer; their headers are the same as long as answers have one length."""

    def __init__(self) -> None:
        self._last = _reply(200, b"", _JOSE, _NO_STORE)

    def of(self, token: bytes) -> Reply:
        if len(self._last.body) != len(token):
            self._last = _reply(200, token, _JOSE, _NO_STORE)
        return self._last._replace(body=token)
