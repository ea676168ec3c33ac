"""A browser without a window: keeps cookies, fills in forms with their tokens, and asks the application directly."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
from starlette.applications import Starlette

PASSWORD = "heron lantern copper meadow"


class Browser:
    """One person's browser.

    Args:
        app: The console.
        address: Address the requests come from.
    """

    def __init__(self, app: Starlette, address: str = "127.0.0.1") -> None:
        self._app = app
        self.address = address
        self.cookies = httpx.Cookies()
        self.token = ""

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask without following redirects."""

        async def once() -> httpx.Response:
            way = httpx.ASGITransport(
                self._app, client=(self.address, 1234), raise_app_exceptions=False
            )
            base = more.pop("base", "http://localhost")
            async with httpx.AsyncClient(
                transport=way, base_url=base, cookies=self.cookies
            ) as client:
                answer = await client.request(method, path, **more)
                self.cookies = client.cookies
                return answer

        answer = asyncio.run(once())
        found = re.search(r'name="csrf" value="(\w+)"', answer.text)
        if found:
            self.token = found[1]
        return answer

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Get a page."""
        return self.ask("GET", path, **more)

    def post(self, path: str, fields: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        """Send a form with the token of the page seen last."""
        return self.ask("POST", path, data={"csrf": self.token, **(fields or {})}, **more)

    def sign_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        """Sign in and look at the page one lands on."""
        self.get("/sign-in")
        answer = self.post("/sign-in", {"name": name, "password": password})
        if answer.status_code == 303:
            self.get(answer.headers["location"])
        return answer
