"""Is this message really from us? What is pasted is compared and forgotten."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from amends.portal.scam.check import check_message
from amends.site.pages.base import Asked, minutes

_ALERTS = {"ours": "success", "not_ours": "error", "cannot_tell": "warning"}


async def ask(request: Request) -> Response:
    """Show the form."""
    asked = Asked.of(request)
    stale = "stale" in request.query_params
    return _form(asked, note=asked.words["check"]["stale"] if stale else "")


async def compare(request: Request) -> Response:
    """Say whose a message is. The answer is shown at once: it stands nowhere and could not be shown again."""
    asked = Asked.of(request)
    words, form = asked.words["scam"], await asked.form()
    if not asked.is_own_form(form, "is-it-you"):
        return asked.lead_to("is-it-you?stale")
    message = form.get("message", "")
    if not message.strip():
        return _form(asked, fault=words["empty"])
    now = asked.site.now()
    line = asked.site.blinder.blind("line", asked.caller.own)
    wait = asked.site.messages.wait(line, now)
    if wait > 0:
        asked.site.bell.ring("messages")
        says = words["slow"].format(count=minutes(wait))
        return asked.page(
            "slow.html.j2", "is-it-you", status=429, title=words["title"], lead=says, wait=""
        )
    asked.site.messages.spend(line, now)
    served, language = asked.served, asked.language
    found = await asked.site.work(
        lambda: check_message(message, served.sent, served.found.incident, language)
    )
    return asked.page(
        "verdict.html.j2", "is-it-you", found=found, kind=_ALERTS[found.verdict],
        heading=words[found.verdict],
    )  # fmt: skip


def _form(asked: Asked, *, note: str = "", fault: str = "") -> Response:
    return asked.form_page("scam.html.j2", "is-it-you", note=note, fault=fault)
