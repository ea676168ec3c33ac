"""The application: every declared view with its twins, behind sign-in, role and token checks."""

from __future__ import annotations

import importlib
import logging
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

from markupsafe import Markup
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from amends.console import accounts, oidc, render, sessions, throttle
from amends.console.base import VIEWS, Answer, Facts, Missing, Refused, Throttled, User, View, Visit
from amends.console.desk import Desk, Preparing
from amends.console.guard import LOOPBACK, Guard
from amends.console.home import warm
from amends.console.roles import landing, may
from amends.console.sign_in import SignIn, client, own_page
from amends.kernel.errors import AmendsError, BusyError, UsageError
from amends.kernel.ledger import acting_as
from amends.kernel.register import make_tables

log = logging.getLogger(__name__)

PAGES = (
    "amends.console.home",
    "amends.console.people",
    "amends.console.person",
    "amends.console.evidence",
    "amends.console.review.pages",
    "amends.console.duties",
    "amends.console.release.pages",
    "amends.console.calls",
    "amends.console.claims",
    "amends.console.audit",
    "amends.console.account",
)
"""Modules that declare views, in the order of the menu."""

MENU = (
    ("/", "Case", "home", "h"),
    ("/people", "People", "people", "p"),
    ("/exhibits", "Evidence", "evidence", "e"),
    ("/review", "Review", "review", "r"),
    ("/duties", "Duties", "duties", "d"),
    ("/release", "Release", "release", "l"),
    ("/calls", "Calls", "calls", "c"),
    ("/claims", "Site", "claims", "s"),
    ("/audit", "Audit", "audit", "a"),
)
"""Path, word, area, and the key that follows ``g``."""

_STATUS: tuple[tuple[type[AmendsError], int], ...] = (
    (Missing, 404),
    (Refused, 403),
    (Throttled, 429),
    (Preparing, 503),
    (BusyError, 409),
    (UsageError, 400),
    (AmendsError, 409),
)


def views() -> tuple[View, ...]:
    """Import every module of ``PAGES`` and return what they declare."""
    for name in PAGES:
        importlib.import_module(name)
    return tuple(VIEWS.values())


class Console:
    """Answers visits.

    Args:
        desk: The desk.
        sign_in: The sign-in pages.
    """

    def __init__(self, desk: Desk, sign_in: SignIn) -> None:
        """Keep what every visit needs."""
        self._desk = desk
        self._sign_in = sign_in
        self._idle = max(1, desk.config.number("console", "session_minutes"))
        self._said: dict[str, list[str]] = {}
        self._declared = {v.route for v in VIEWS.values()}

    def routes(self, found: Iterable[View]) -> list[Route]:
        """Return the routes of all views, the twins before the plain ones."""
        twins, plain = [], []
        for view in found:
            plain.append(Route(view.route, self._endpoint(view, "html"), methods=[view.method]))
            if view.kind == "page":
                for ending in ("json", "csv"):
                    endpoint = self._endpoint(view, ending)
                    twins.append(Route(view.twin(ending), endpoint, methods=[view.method]))
        # A literal route stands before one with a parameter in its place: /people/search before /people/{person_id}.
        return [*sorted(twins, key=_openness), *sorted(plain, key=_openness)]

    def _endpoint(self, view: View, face: str) -> Callable[[Request], object]:
        async def answer(request: Request) -> Response:
            return await self._visit(request, view, face)

        return answer

    async def _visit(self, request: Request, view: View, face: str) -> Response:
        session = request.cookies.get(self._sign_in.cookie, "")
        user = await run_in_threadpool(
            sessions.find, self._desk.register, session, self._idle, touch="x-amends-poll" not in request.headers
        )  # fmt: skip
        if user is None:
            return _not_signed_in(request, face)
        visit = self._make(request, user, session)
        if not may(user.role, view.area, act=view.acts):
            return self._wrong(visit, face, Refused(
                f"The role {user.role.replace('_', ' ')} does not open this page", remedy="ask the lead of the case"
            ))  # fmt: skip
        if view.method == "POST":
            form = await request.form(max_files=0, max_fields=2_000)
            visit.lists = {**visit.lists, **{k: [str(v) for v in form.getlist(k)] for k in form}}
            visit.fields = {k: str(v) for k, v in form.items()}
            if not own_page(request) or not sessions.same(visit.fields.get("csrf", ""), visit.csrf):
                return self._wrong(
                    visit,
                    face,
                    Refused("The form was too old", remedy="go back, load the page again"),
                )
        return await run_in_threadpool(self._answer, visit, view, face)

    def _make(self, request: Request, user: User, session: str) -> Visit:
        query = request.query_params
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return Visit(
            self._desk, user, sessions.csrf_token(session), path, dict(request.path_params), dict(query),
            {}, {k: query.getlist(k) for k in query}, client(request),
        )  # fmt: skip

    def _answer(self, visit: Visit, view: View, face: str) -> Response:
        try:
            with acting_as(visit.user.shown):
                answer = view.run(visit)
            return self._faced(visit, view, face, answer)
        except AmendsError as error:
            return self._wrong(visit, face, error)
        except Exception as error:  # one page must not take what was asked into the server's log
            _log_place(error)
            return HTMLResponse(render.html("fault.html", {}), 500)

    def _faced(self, visit: Visit, view: View, face: str, answer: Answer) -> Response:
        if isinstance(answer, Response):
            return answer
        if isinstance(answer, str):
            if visit.said:
                self._said[visit.csrf] = [*self._said.get(visit.csrf, []), *visit.said][-5:]
            return RedirectResponse(answer, 303)
        if face == "json":
            text = render.as_json(view.name, self._desk.run_id(), answer)
            return Response(text, media_type="application/json")
        if face == "csv":
            named = {"content-disposition": f'attachment; filename="{view.name}.csv"'}
            return Response(render.as_csv(answer, view.rows), media_type="text/csv", headers=named)
        return HTMLResponse(self._html(visit, view.template, answer, view))

    def _html(self, visit: Visit, template: str, facts: Facts, view: View | None) -> str:
        said = [*self._said.pop(visit.csrf, []), *visit.said]
        field = Markup('<input type="hidden" name="csrf" value="%s">') % visit.csrf
        return render.html(
            template,
            facts,
            visit=visit,
            shell=self._shell(visit, view),
            said=said,
            csrf=lambda: field,
        )

    def _shell(self, visit: Visit, view: View | None) -> dict[str, object]:
        """Return what the frame of every page shows."""
        seq, head = self._desk.ledger.head()
        config = self._desk.config
        twins = view is not None and view.kind == "page" and view.method == "GET"
        path, _, query = visit.url.partition("?")
        base = "/home" if path == "/" else path
        return {
            "case": self._desk.name,
            "entity": config.text("case", "entity") or self._desk.name,
            "run": self._desk.run_id(),
            "menu": [m for m in MENU if visit.may(m[2]) and m[0] in self._declared],
            "area": view.area if view else "",
            "ledger_seq": seq,
            "ledger_head": head,
            "home": landing(visit.user.role),
            "twins": [(e, f"{base}.{e}{'?' + query if query else ''}") for e in ("json", "csv")]
            if twins
            else [],
        }

    def _wrong(self, visit: Visit, face: str, error: AmendsError) -> Response:
        status = next(code for kind, code in _STATUS if isinstance(error, kind))
        headers = {"retry-after": str(error.seconds)} if isinstance(error, Throttled) else {}
        if face != "html":
            return PlainTextResponse(f"{error}\n", status, headers)
        facts = {
            "what": error.what,
            "where": error.where,
            "remedy": error.remedy,
            "again": visit.url if status == 503 else "",
        }
        return HTMLResponse(self._html(visit, "wrong.html", facts, None), status, headers)


def _openness(route: Route) -> tuple[bool, int]:
    return ("{" in route.path, -len(route.path))


def _not_signed_in(request: Request, face: str) -> Response:
    if face != "html" or request.method == "POST":
        return PlainTextResponse("Sign in first.\n", 401)
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"hx-redirect": "/sign-in"})
    return RedirectResponse("/sign-in", 303)


def make_app(
    case_folder: Path,
    *,
    hosts: Iterable[str] = LOOPBACK,
    secure: bool = False,
    watch: bool = False,
) -> Starlette:
    """Return the console of a case as an ASGI application.

    Args:
        case_folder: The case.
        hosts: Host names under which it answers.
        secure: Whether it is reached by https: cookies are then marked Secure.
        watch: Whether a thread makes ready what a new run made stale, before anybody asks.

    Raises:
        UsageError: No case there, or a setting that cannot be used.
    """
    desk = Desk(case_folder)
    make_tables(desk.register, accounts.METADATA)
    throttle.make(desk.register)
    provider = oidc.provider_of(desk, secure=secure)
    sign_in = SignIn(desk, secure=secure, oidc_name=provider.name if provider else "")
    found = views()
    console = Console(desk, sign_in)
    routes: list[Route | Mount] = [
        Route("/sign-in", sign_in.form, methods=["GET"]),
        Route("/sign-in", sign_in.check, methods=["POST"]),
        Route("/sign-out", sign_in.out, methods=["POST"]),
        Route("/health", _health, methods=["GET"]),
        *(oidc.routes(provider, sign_in) if provider else []),
        *console.routes(found),
        Mount("/assets", StaticFiles(packages=[("amends.console", "assets")])),
    ]
    app = Starlette(
        routes=routes, exception_handlers={HTTPException: _http_error, Exception: _fault}
    )
    app.state.desk = desk
    if watch:
        desk.keep_up(lambda: warm(desk))
    app.add_middleware(Guard, hosts=tuple(hosts), secure=secure)
    return app


async def _health(request: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    words = {404: "There is no such page.", 405: "This page is not asked that way."}
    return PlainTextResponse(words.get(status, "That cannot be answered.") + "\n", status)


async def _fault(request: Request, error: Exception) -> Response:
    _log_place(error)
    return HTMLResponse(render.html("fault.html", {}), 500)


def _log_place(error: Exception) -> None:
    """Log what kind of fault it was and where; never its words, which may hold what was asked."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{last.filename.rpartition('/')[2]}:{last.lineno} in {last.name}"
    log.error("a page broke: %s at %s", type(error).__name__, place)
