"""What stands before every page: general pages from memory, limits, the gate, and the headers of every answer.

General pages never wait: they are answered before the gate. A personal request has its body whole before it may enter;
inside there is room for a few, before the gate for some, and all others are told to come back. So the site is never
slower than a moment for whom it lets in, and recovers by itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from amends.site.answers import EVERYWHERE, HTTPS, NO_STORE, Canned, Headers, ShortPages
from amends.site.counts import Counts
from amends.site.gate import Gate, Refused
from amends.site.live import Live
from amends.site.settings import Limits

log = logging.getLogger(__name__)

_METHODS = {"GET", "HEAD", "POST"}


class Guard:
    """The outermost application.

    Args:
        app: The personal pages.
        api: The API; it answers at once, so it does not wait at the gate.
        live: The present edition.
        gate: Lets requests in.
        limits: What is taken on at once.
        counts: Where answers are counted.
        route_of: Returns the name of a route for the counts, never the path itself.
        ring: Called with the kind of an alarm.
        secure: Whether people come by https.
    """

    def __init__(
        self,
        app: ASGIApp,
        api: ASGIApp,
        live: Live,
        *,
        gate: Gate,
        limits: Limits,
        counts: Counts,
        route_of: Callable[[str], str],
        ring: Callable[[str], None],
        secure: bool,
    ) -> None:
        self._app = app
        self._api = api
        self._live = live
        self._limits = limits
        self._counts = counts
        self._route_of = route_of
        self._ring = ring
        self._gate = gate
        self._readers = 0
        self._always = EVERYWHERE + (HTTPS if secure else ())

    def at_once(
        self, method: bytes, path: str, headers: Iterable[tuple[bytes, bytes]]
    ) -> tuple[int, Headers, bytes] | None:
        """Return the answer to a request that needs no work: a general page, or that there is no room.

        For servers that can send it without more ado; ``__call__`` gives the same.
        """
        page = self._live.now.pages.get(path)
        if page is not None:
            if method != b"GET":
                return None
            status, own, body = page.for_request(headers)
            self._counts.add("static", status)
            return status, own, body
        if not self._gate.is_full or path.startswith("/v1/"):
            return None
        busy = self._live.now.short_pages.busy()
        self._ring("busy")
        self._counts.add(self._route_of(path), busy.status)
        return busy.status, busy.headers, b"" if method == b"HEAD" else busy.body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = self._live.now.pages.get(scope["path"])
        if page is not None and scope["method"] in ("GET", "HEAD"):
            status, headers, body = page.for_request(scope["headers"])
            self._counts.add("static", status)
            await _answer(send, status, headers, body, scope["method"])
            return
        pages = self._live.now.short_pages
        if scope["path"].startswith("/v1/"):
            await self._within(scope, send, pages, lambda w: self._api(scope, receive, w))
        elif page is not None or scope["method"] not in _METHODS:
            await self._short(scope, send, pages[405])
        elif self._gate.is_full:
            await self._busy(scope, send, pages)
        else:
            await self._within(scope, send, pages, lambda w: self._personal(scope, receive, w))

    async def _personal(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await self._body(scope, receive)
        async with self._gate.entered(), asyncio.timeout(self._limits.work_seconds):
            await self._app(scope, _replay(body, receive), send)

    async def _within(
        self,
        scope: Scope,
        send: Send,
        pages: ShortPages,
        answer: Callable[[Send], Awaitable[None]],
    ) -> None:
        """Let somebody answer; see to the headers, the counts, and a short page when it fails."""
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message = {**message, "headers": self._headers(message["headers"])}
                self._counts.add(self._route_of(scope["path"]), message["status"])
            await send(message)

        try:
            await answer(watch)
        except (Refused, HTTPException, TimeoutError) as refused:
            if not started:
                await self._refuse(scope, send, pages, refused)
        except Exception as error:
            # A stranger's request must not stop the site, and its contents must not reach a log: the kind of error
            # and the place in our own code are all that is said.
            log.error("a request failed: %s", _place(error))
            self._ring("failed")
            if not started:
                await self._short(scope, send, pages[500])

    def _headers(self, given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        names = {name.lower() for name, _ in given}
        added = [(n, v) for n, v in (*self._always, *NO_STORE) if n not in names]
        return [*given, *added]

    async def _refuse(
        self,
        scope: Scope,
        send: Send,
        pages: ShortPages,
        refused: Refused | HTTPException | TimeoutError,
    ) -> None:
        status = _status(refused)
        if status == 503:
            await self._busy(scope, send, pages)
        else:
            await self._short(scope, send, pages[status])

    async def _busy(self, scope: Scope, send: Send, pages: ShortPages) -> None:
        self._ring("busy")
        await self._short(scope, send, pages.busy())

    async def _short(self, scope: Scope, send: Send, answer: Canned) -> None:
        self._counts.add(self._route_of(scope["path"]), answer.status)
        await _answer(send, answer.status, answer.headers, answer.body, scope["method"])

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """Return the whole body.

        Raises:
            Refused: It is too long, comes too late, or too many are being read.
        """
        if scope["method"] != "POST":
            return b""
        self._check_length(scope)
        if self._readers >= self._limits.readers:
            raise Refused(503)
        self._readers += 1
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                return await self._read(receive)
        except TimeoutError:
            raise Refused(408) from None
        finally:
            self._readers -= 1

    def _check_length(self, scope: Scope) -> None:
        lengths = [value for name, value in scope["headers"] if name == b"content-length"]
        if lengths and (not lengths[0].isdigit() or len(lengths[0]) > 12):
            raise Refused(400)
        if lengths and int(lengths[0]) > self._limits.body_bytes:
            raise Refused(413)

    async def _read(self, receive: Receive) -> bytes:
        parts, size = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Refused(400)
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._limits.body_bytes:
                raise Refused(413)
            if not message.get("more_body", False):
                return b"".join(parts)


def _status(refused: Refused | HTTPException | TimeoutError) -> int:
    if isinstance(refused, TimeoutError):
        return 503
    return refused.status if isinstance(refused, Refused) else refused.status_code


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    at = f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} at {at}"


async def _answer(send: Send, status: int, headers: Headers, body: bytes, method: str) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})
