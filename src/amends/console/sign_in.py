"""Signing in and out. The only routes that answer somebody who is not signed in, beside assets and health."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from amends.console import accounts, render, sessions, throttle
from amends.console.base import User
from amends.console.desk import Desk
from amends.console.roles import landing
from amends.kernel import ids
from amends.kernel.ledger import acting_as

_BEFORE_MINUTES = 30


class SignIn:
    """The sign-in page and the cookies it sets.

    Args:
        desk: The desk.
        secure: Whether cookies go by https alone.
        oidc_name: Name of the identity provider; "" = local accounts only.
    """

    def __init__(self, desk: Desk, *, secure: bool, oidc_name: str = "") -> None:
        """Keep what the pages need."""
        self.desk = desk
        self.secure = secure
        self.oidc_name = oidc_name
        prefix = "__Host-" if secure else ""
        self.cookie = f"{prefix}amends"
        self.before_cookie = f"{prefix}amends-before"

    async def form(self, request: Request) -> Response:
        """Show the form."""
        return self._form(request, "")

    def _form(self, request: Request, said: str, status: int = 200, wait: int = 0) -> Response:
        before = request.cookies.get(self.before_cookie, "")
        if len(before) != 64:
            before = ids.new(32)
        page = render.html(
            "sign_in.html",
            {"said": said, "csrf_value": sessions.csrf_token(before), "oidc_name": self.oidc_name,
             "case_name": self.desk.name},
        )  # fmt: skip
        answer = HTMLResponse(page, status)
        self.set_cookie(answer, self.before_cookie, before, 60 * _BEFORE_MINUTES)
        if wait:
            answer.headers["retry-after"] = str(wait)
        return answer

    async def check(self, request: Request) -> Response:
        """Let somebody in, or say the same to everybody who may not."""
        form = await request.form(max_files=0, max_fields=10)
        name, password = str(form.get("name", ""))[:200], str(form.get("password", ""))
        before = request.cookies.get(self.before_cookie, "")
        if not own_page(request) or not sessions.same(
            str(form.get("csrf", "")), sessions.csrf_token(before)
        ):
            return self._form(request, "The form was too old. Please try again.", 403)
        given = throttle.keys(accounts.folded(name), client(request))
        register = self.desk.register
        wait = await run_in_threadpool(throttle.turn, register, given)
        if wait:
            return self._form(
                request, f"Too many tries. Wait {wait} seconds, then try again.", 429, wait
            )
        user = await run_in_threadpool(accounts.check, register, name, password)
        if user is None:
            return self._form(request, "Name and password do not belong together.", 401)
        await run_in_threadpool(throttle.succeeded, register, given)
        return await self.let_in(
            request, user, "password", RedirectResponse(landing(user.role), 303)
        )

    async def let_in(self, request: Request, user: User, how: str, answer: Response) -> Response:
        """Begin a session, end the one the browser came with, and set its cookie on ``answer``."""
        earlier = request.cookies.get(self.cookie, "")
        session = await run_in_threadpool(self._begin, user, how, earlier)
        self.set_cookie(answer, self.cookie, session)
        answer.delete_cookie(self.before_cookie, path="/", secure=self.secure, httponly=True)
        return answer

    def _begin(self, user: User, how: str, earlier: str) -> str:
        if earlier:
            sessions.end(self.desk.register, earlier)
        with acting_as(user.shown):
            self.desk.ledger.append("sign_in", account=user.name, role=user.role, how=how)
        return sessions.begin(self.desk.register, user.name)

    async def out(self, request: Request) -> Response:
        """End the session; a form of the session asks for it."""
        form = await request.form(max_files=0, max_fields=10)
        session = request.cookies.get(self.cookie, "")
        if own_page(request) and sessions.same(
            str(form.get("csrf", "")), sessions.csrf_token(session)
        ):
            await run_in_threadpool(sessions.end, self.desk.register, session)
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(self.cookie, path="/", secure=self.secure, httponly=True)
        return answer

    def set_cookie(
        self, answer: Response, name: str, value: str, seconds: int | None = None
    ) -> None:
        """Set a cookie that no script reads and no other site sends."""
        answer.set_cookie(
            name,
            value,
            max_age=seconds,
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="strict",
        )


def own_page(request: Request) -> bool:
    """Say whether a POST comes from a page of this console, by what the browser says of itself.

    Source:
        Fetch Metadata (W3C); RFC 6454 for Origin. A client that sends neither is no browser and carries no cookies of
        somebody else; the token decides.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    if origin is None or (origin == "null" and site == "same-origin"):
        return True  # browsers say "null" where the page gives no referrer, as ours do not
    return origin.partition("://")[2] == request.headers.get("host", "")


def client(request: Request) -> str:
    """Return the address a request came from."""
    return request.client.host if request.client else "unknown"
