"""A visitor of the site: a browser as far as the site can tell, over an app made from the small published world."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from amends.site.app import app_of
from amends.site.context import Site, open_site
from amends.site.settings import SiteSettings
from tests.portal.world import World, publish_world

with (
    warnings.catch_warnings()
):  # Starlette would rather have a successor of httpx that is not there yet
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

ADULT, TWIN, CHILD, NO_OFFER, BUSINESS, HELD = (f"P{n:012d}" for n in (1, 2, 3, 4, 5, 9))
UNKNOWN_CODE = "0000-0000-0000-0000"
"""Well formed: every check sum of nothing is nothing."""

SAME_ORIGIN = {"sec-fetch-site": "same-origin", "origin": "null"}


@dataclass
class Place:
    """A site that runs, with the world it serves."""

    world: World
    site: Site
    client: TestClient


@contextmanager
def running(folder: Path, world: World | None = None, **settings: object) -> Iterator[Place]:
    """Run the site over a small world."""
    made = world or publish_world(folder)
    site = open_site(SiteSettings(made.published, **settings))  # type: ignore[arg-type]  # whatever a test wants
    scheme = "https" if site.settings.is_secure else "http"
    with TestClient(
        app_of(site), base_url=f"{scheme}://help.larkspur.example", follow_redirects=False
    ) as client:
        yield Place(made, site, client)


def token(answer: httpx.Response, action: str) -> str:
    """Return the token of the form that leads to an action."""
    found = re.search(
        rf'action="[^"]*{re.escape(action)}".*?name="token" value="([0-9a-f]+)"', answer.text, re.S
    )
    assert found, f"no form for {action}"
    return found.group(1)


def send(client: TestClient, way: str, fields: Mapping[str, str], **more: object) -> httpx.Response:
    """Send a form as a browser does from a page of the site."""
    return client.post(way, data=dict(fields), headers=SAME_ORIGIN, **more)  # type: ignore[arg-type, no-any-return]


def try_code(client: TestClient, code: str, language: str = "en") -> httpx.Response:
    """Open the form and send a code."""
    form = client.get(f"/{language}/check")
    return send(client, f"/{language}/check", {"code": code, "token": token(form, "check")})


def enter(client: TestClient, code: str, language: str = "en") -> httpx.Response:
    """Check a code and return the personal page."""
    answer = try_code(client, code, language)
    assert answer.status_code == 303, answer.text
    return client.get(answer.headers["location"])


def words(answer: httpx.Response) -> str:
    """Return what is read in the main part of a page."""
    main = re.search(r"<main.*?</main>", answer.text, re.S)
    text = re.sub(r"<[^>]+>", " ", main.group(0) if main else answer.text)
    return re.sub(r"\s+", " ", text).replace("&#39;", "'")
