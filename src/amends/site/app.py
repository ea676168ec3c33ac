"""The application: which address leads to which page, and what stands before all of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import sqlalchemy as sa
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from amends.portal.banner.claims import ClaimedHandles
from amends.portal.shapes import LANGUAGES
from amends.site.alarms import AlarmBell
from amends.site.api.app import BannerApi, banner_app
from amends.site.context import Site, follow, open_site
from amends.site.gate import Refused
from amends.site.guard import Guard
from amends.site.network import is_local
from amends.site.pages import code, contact, scam, you
from amends.site.settings import SiteSettings


class _Language(Convertor[str]):
    regex = "|".join(LANGUAGES)

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("language", _Language())

PERSONAL: tuple[tuple[str, str, object], ...] = (
    ("check", "GET", code.ask),
    ("check", "POST", code.check),
    ("you", "GET", you.show),
    ("you/letter", "GET", you.letter),
    ("you/claim", "POST", you.claim),
    ("you/protect", "POST", you.protect),
    ("you/leave", "POST", you.leave),
    ("contact", "GET", contact.ask),
    ("contact", "POST", contact.take),
    ("contact/sent", "GET", contact.sent),
    ("is-it-you", "GET", scam.ask),
    ("is-it-you", "POST", scam.compare),
)
"""Way below the language, method, page."""

_NAMES = {f"/{language}/{way}": f"/{way}" for language in LANGUAGES for way, _, _ in PERSONAL}
_NAMES |= {way: way for way in ("/", "/c", "/health")}

ALARM_SECONDS = 1.0


def make_app(settings: SiteSettings) -> ASGIApp:
    """Open a published folder and return the application that serves it.

    Raises:
        UsageError: Nothing is published there, or the state's database does not answer.
        TableError: What is published is not whole.
    """
    return app_of(open_site(settings))


def app_of(site: Site) -> Guard:
    """Return the application of an opened site."""
    claimed = ClaimedHandles(site.state)
    api = banner_app(lambda: site.live.published, claimed)
    router = Router(_routes(), default=_nowhere, lifespan=lambda _: _running(site, api))

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        await router({**scope, "app": router, "site": site}, receive, send)

    return Guard(
        inner,
        api,
        site.live,
        gate=site.gate,
        limits=site.settings.limits,
        counts=site.counts,
        route_of=route_name,
        ring=site.bell.ring,
        secure=site.settings.is_secure,
    )


def route_name(path: str) -> str:
    """Return the name under which answers of an address are counted: never the address itself."""
    if path.startswith("/v1/"):
        return "/v1"
    return _NAMES.get(path, "other")


def _routes() -> list[BaseRoute]:
    routes: list[BaseRoute] = [
        Route("/", code.first),
        Route("/c", code.square),
        Route("/health", health),
    ]
    for way, method, page in PERSONAL:
        routes.append(Route(f"/{{language:language}}/{way}", page, methods=[method]))  # type: ignore[arg-type]  # each is a page
    return routes


async def health(request: Request) -> Response:
    """Show the operator, on this machine only, which edition is served and what was answered."""
    if not is_local(request.scope):
        raise Refused(404)
    site: Site = request.scope["site"]
    found = site.live.now.found
    return JSONResponse(
        {
            "edition": found.edition.edition,
            "run": found.run,
            "general_pages": len(site.live.now.pages),
            **site.counts.as_json(),
        }
    )


async def _nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    raise Refused(404)


@contextlib.asynccontextmanager
async def _running(site: Site, api: BannerApi) -> AsyncIterator[None]:
    """Look for new editions and write alarms while the site runs."""
    await asyncio.to_thread(follow, site)
    tasks = [
        asyncio.create_task(site.live.watch(lambda: follow(site), site.bell.ring)),
        asyncio.create_task(_write_alarms(site.bell)),
        asyncio.create_task(api.watch()),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(site.bell.write)
        site.state.dispose()


async def _write_alarms(bell: AlarmBell) -> None:
    while True:
        await asyncio.sleep(ALARM_SECONDS)
        with contextlib.suppress(sa.exc.SQLAlchemyError):  # the database is away; the count goes on
            await asyncio.to_thread(bell.write)
