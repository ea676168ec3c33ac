"""Larkspur Wireless's account page, as a company would build it: sign in, see the banner. A demonstration, no more.

There is no password: whoever types an account number is signed in to it. The banner is asked for with the Python
client; in the browser the JavaScript client checks the answer again. Without JavaScript the page is the same.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections import OrderedDict
from html import escape
from pathlib import Path
from string import Template

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

CLIENTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CLIENTS / "python"))

import amends_banner  # noqa: E402 - it lies beside, not in a package

PAGES = Path(__file__).parent / "pages"
COOKIE = "larkspur"
MOST_SESSIONS = 1000

WORDS = {
    "en": {
        "title": "My Larkspur account",
        "account": "Account number",
        "sign_in": "Sign in",
        "sign_out": "Sign out",
        "signed_in": "You are signed in.",
        "other": "Español",
        "other_code": "es",
        "plan": "Your plan",
        "plan_text": "Larkspur Unlimited. Next bill on the 1st.",
        "about": "This page is a demonstration. Type any account number of the demo case.",
    },
    "es": {
        "title": "Mi cuenta de Larkspur",
        "account": "Número de cuenta",
        "sign_in": "Entrar",
        "sign_out": "Salir",
        "signed_in": "Ha iniciado sesión.",
        "other": "English",
        "other_code": "en",
        "plan": "Su plan",
        "plan_text": "Larkspur Ilimitado. Próxima factura el día 1.",
        "about": "Esta página es una demostración. Escriba un número de cuenta del caso de demostración.",
    },
}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class DemoAccount:
    """The pages.

    Args:
        client: Asks the site.
        keys: The site's public keys as JSON Web Keys, for the browser.
        entity: Name of the company.
    """

    def __init__(
        self, client: amends_banner.BannerClient, keys: list[dict[str, str]], entity: str
    ) -> None:
        self._client, self._keys, self._entity = client, keys, entity
        self._signed_in: OrderedDict[str, str] = OrderedDict()

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            Route("/", self.first),
            Route("/sign-in", self.sign_in, methods=["POST"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
            Route("/account", self.account),
            Route("/account/banner", self.answer),
            Route("/amends-banner.js", _script(CLIENTS / "javascript" / "amends-banner.js")),
            Mount("/pages", StaticFiles(directory=PAGES)),
        ]

    def first(self, request: Request) -> Response:
        """Show the form."""
        return self._page("sign_in.html", request)

    async def sign_in(self, request: Request) -> Response:
        """Sign in with an account number."""
        form = await request.form()
        account = str(form.get("account", "")).strip()[:100]
        if not account:
            return RedirectResponse("/", 303)
        token = secrets.token_urlsafe(24)
        self._signed_in[token] = account
        while len(self._signed_in) > MOST_SESSIONS:
            self._signed_in.popitem(last=False)
        answer = RedirectResponse(f"/account?lang={_language(request)}", 303)
        answer.set_cookie(COOKIE, token, httponly=True, samesite="strict")
        return answer

    def sign_out(self, request: Request) -> Response:
        """Sign out."""
        self._signed_in.pop(request.cookies.get(COOKIE, ""), None)
        answer = RedirectResponse("/", 303)
        answer.delete_cookie(COOKIE)
        return answer

    def account(self, request: Request) -> Response:
        """Show the account with its banner."""
        account = self._account(request)
        if account is None:
            return RedirectResponse("/", 303)
        language = _language(request)
        banner = self._client.banner(account)
        return self._page(
            "account.html",
            request,
            banner=amends_banner.render(banner, language),
            ref=self._client.account_ref(account),
            keys=escape(json.dumps(self._keys)),
            link=escape(json.dumps(self._client.link)),
            entity=escape(self._entity),
        )

    def answer(self, request: Request) -> Response:
        """Hand the signed answer on to the browser, for the account signed in and no other."""
        account = self._account(request)
        banner = self._client.banner(account) if account is not None else None
        if banner is None or not banner.token:
            return PlainTextResponse("No answer to rely on.", 503, HEADERS)
        return Response(banner.token, 200, HEADERS, "application/jose")

    def _account(self, request: Request) -> str | None:
        return self._signed_in.get(request.cookies.get(COOKIE, ""))

    def _page(self, name: str, request: Request, **values: str) -> Response:
        language = _language(request)
        text = Template((PAGES / name).read_text("utf-8"))
        return HTMLResponse(
            text.substitute(WORDS[language], language=language, **values), headers=HEADERS
        )


def demo_account(
    client: amends_banner.BannerClient,
    keys: list[dict[str, str]],
    entity: str = "Larkspur Wireless",
    *more: BaseRoute,
) -> Starlette:
    """Return the application, with more routes beside its own."""
    return Starlette(routes=[*more, *DemoAccount(client, keys, entity).routes()])


def _language(request: Request) -> str:
    asked = request.query_params.get("lang", "en")
    return asked if asked in WORDS else "en"


def _script(path: Path):  # type: ignore[no-untyped-def]
    def serve(request: Request) -> Response:
        return Response(path.read_bytes(), 200, HEADERS, "text/javascript")

    return serve
