"""A typed contact: one answer for everybody. What was typed is sealed for the case, and the site cannot read it."""

from __future__ import annotations

import logging

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response

from amends.portal.asked.queue import queue
from amends.site.gate import Refused
from amends.site.pages.base import Asked, minutes

log = logging.getLogger(__name__)


async def ask(request: Request) -> Response:
    """Show the form."""
    asked = Asked.of(request)
    words = asked.words["contact"]
    return _form(asked, note=words["stale"] if "stale" in request.query_params else "")


async def take(request: Request) -> Response:
    """Take what was typed, and say the same to everybody."""
    asked = Asked.of(request)
    words, form = asked.words["contact"], await asked.form()
    if not asked.is_own_form(form, "contact"):
        return asked.lead_to("contact?stale")
    typed = form.get("contact", "").strip()
    if not typed:
        return _form(asked, fault=words["empty"])
    wait = asked.site.contacts.wait(asked.caller, asked.site.now())
    if wait > 0:
        says = words["slow"].format(count=minutes(wait))
        answer = asked.page(
            "slow.html.j2", "contact", status=429, title=words["title"], lead=says, wait=""
        )
        answer.headers["retry-after"] = str(minutes(wait) * 60)
        return answer
    kind = "email" if "@" in typed else "phone"
    site = asked.site
    keys = site.live.published.keys
    try:
        await site.work(lambda: queue(site.state, keys, kind, typed[:1000], asked.language))
    except sa.exc.SQLAlchemyError as error:
        site.bell.ring("failed")
        log.error("a question could not be queued: %s", type(error).__name__)
        raise Refused(503) from None
    return asked.lead_to("contact/sent")


async def sent(request: Request) -> Response:
    """Say what happens now."""
    return Asked.of(request).kept_page("contact_sent.html.j2", "contact/sent")


def _form(asked: Asked, *, note: str = "", fault: str = "") -> Response:
    return asked.form_page("contact.html.j2", "contact", note=note, fault=fault)
