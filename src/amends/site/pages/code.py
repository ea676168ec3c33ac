"""Checking a letter's code: a form, and on to the personal page.

A known and an unknown code are answered with the same bytes: a cookie that holds the keyed hash of what was typed, and
a way on. What is known stands on the next page.
"""

from __future__ import annotations

import math

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from amends.portal.keys import SiteKeys
from amends.site.pages.base import Asked, minutes
from amends.site.tolls import MISTYPED, WRONG, Asker
from amends.site.words import wanted_language
from amends.vault.codes import read_code

_NOTES = ("closed", "left", "stale")


async def first(request: Request) -> Response:
    """Lead from the bare address to the first page in the browser's language."""
    return _by_language(request, "")


async def square(request: Request) -> Response:
    """Lead from the square on a letter to the form; browsers keep what stands after ``#`` (RFC 9110, 10.2.2)."""
    return _by_language(request, "check")


def _by_language(request: Request, name: str) -> Response:
    language = wanted_language(request.headers.get("accept-language", ""))
    return RedirectResponse(f"/{language}/{name}", 302, {"vary": "accept-language"})


async def ask(request: Request) -> Response:
    """Show the form."""
    asked = Asked.of(request)
    words = asked.words["check"]
    note = next((words[n] for n in _NOTES if n in request.query_params), "")
    return _form(asked, note=note)


async def check(request: Request) -> Response:
    """Take a code."""
    asked = Asked.of(request)
    words, form = asked.words["check"], await asked.form()
    if not asked.is_own_form(form, "check"):
        return asked.lead_to("check?stale")
    session, age = asked.form_session()
    asker, now = Asker(asked.caller, session, age or 0), asked.site.now()
    wait = asked.site.codes.wait(asker, now)
    if wait > 0:
        return _slow(asked, wait)
    typed = form.get("code", "")
    if not typed.strip():
        return _form(asked, fault=words["empty"])
    number = _number(asked.site.live.published.keys, typed)
    if number is None:
        asked.site.codes.pay(asker, now, MISTYPED)
        return _form(asked, fault=words["mistyped"])
    known = asked.served.is_known(number)
    asked.site.codes.pay(asker, now, (WRONG, 0.0)[known])
    return asked.keep_visit(asked.lead_to("you"), asked.site.visits.new(number))


def _number(keys: SiteKeys, typed: str) -> int | None:
    code = read_code(typed)
    return None if code is None else keys.index.hash(code)


def _form(asked: Asked, *, note: str = "", fault: str = "") -> Response:
    return asked.form_page("check.html.j2", "check", note=note, fault=fault)


def _slow(asked: Asked, wait: float) -> Response:
    words = asked.words["slow"]
    if wait > 90:
        says = words["wait_minutes"].format(count=minutes(wait))
    else:
        says = words["wait_seconds"].format(count=max(math.ceil(wait), 2))
    answer = asked.page(
        "slow.html.j2", "check", status=429, title=words["title"], lead=words["lead"], wait=says
    )
    answer.headers["retry-after"] = str(max(math.ceil(wait), 2))
    return answer
