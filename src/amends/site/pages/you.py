"""The personal page: the answer of a code in the present edition, the letter again, claims, protection, leaving."""

from __future__ import annotations

import logging
from collections.abc import Callable

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response

from amends.kernel.errors import AmendsError
from amends.portal.offers.claim import Claim
from amends.portal.protection.ledger import ACTIONS
from amends.portal.protection.requests import Protected
from amends.portal.shapes import Answer, AnswerClass
from amends.site.gate import Refused
from amends.site.pages.answer import (
    OfferView,
    exposed_lists,
    letter_of,
    offer_view,
    protection_views,
    steps,
)
from amends.site.pages.base import Asked
from amends.site.visits import Visit

log = logging.getLogger(__name__)


async def show(request: Request) -> Response:
    """Show the answer."""
    asked = Asked.of(request)
    visit = asked.visit()
    if visit is None:
        return asked.end_visit(asked.lead_to("check?closed"))
    answer = asked.served.answer(visit.number)
    if answer is None:
        first = asked.page("unknown.html.j2", "you")
    elif answer.answer_class is None:
        first = asked.page("undecided.html.j2", "you", tokens=_tokens(asked, visit))
    else:
        first = await _answer(asked, visit, answer, answer.answer_class)
    return asked.keep_visit(first, visit)


async def _answer(asked: Asked, visit: Visit, answer: Answer, found: AnswerClass) -> Response:
    offer, protections = await asked.site.work(lambda: _standing(asked, answer, found))
    return asked.page(
        "you.html.j2",
        "you",
        audience=found.audience,
        exposed=exposed_lists(found, asked.language),
        steps=steps(found, asked.language),
        offer=offer,
        protections=protections,
        tokens=_tokens(asked, visit),
    )


def _standing(
    asked: Asked, answer: Answer, found: AnswerClass
) -> tuple[OfferView, tuple[object, ...]]:
    """Return how offer and protection stand; while the database does not answer, the answer is shown without them."""
    claim: Claim | None = None
    protected: list[Protected] = []
    late = False
    offered = found.offer
    try:
        if offered is not None:
            held = asked.site.offers.peek(answer.handle)
            claim = next((c for c in held if c.product == offered.product), None)
        if asked.served.found.protection:
            protected = asked.site.protection.status(answer.handle)
    except (sa.exc.SQLAlchemyError, AmendsError) as error:
        late = True
        asked.site.bell.ring("failed")
        log.error("the state cannot be read: %s", type(error).__name__)
    actions = () if found.audience == "next_of_kin" or late else asked.served.found.protection
    return (
        offer_view(found, claim, asked.language, late=late),
        protection_views(actions, protected, asked.language),
    )


async def letter(request: Request) -> Response:
    """Show the text of the letter."""
    asked = Asked.of(request)
    visit = asked.visit()
    answer = asked.served.answer(visit.number) if visit else None
    if visit is None or answer is None or answer.answer_class is None:
        return asked.lead_to("check?closed" if visit is None else "you")
    text = letter_of(answer.answer_class, asked.language)
    return asked.keep_visit(asked.page("letter.html.j2", "you/letter", letter=text), visit)


async def claim(request: Request) -> Response:
    """Claim what is offered, or look again at what was claimed."""
    asked = Asked.of(request)
    return await _act(asked, "claim", "you#protection", asked.site.offers.claim_for)


async def protect(request: Request) -> Response:
    """Ask for account protection."""
    asked = Asked.of(request)
    form = await asked.form()
    action = form.get("action", "")
    if action not in ACTIONS or action not in asked.served.found.protection:
        raise Refused(400)

    def ask(answer: Answer) -> object:
        return asked.site.protection.request(answer.handle, action)

    return await _act(asked, "protect", "you#account", ask)


async def leave(request: Request) -> Response:
    """Close the personal page."""
    asked = Asked.of(request)
    form, visit = await asked.form(), asked.visit()
    if visit is not None and not asked.site.visits.is_token(
        form.get("token", ""), visit.nonce, "leave"
    ):
        raise Refused(403)
    answer = asked.end_visit(asked.lead_to("check?left"))
    answer.headers["clear-site-data"] = '"cache", "cookies", "storage"'
    return answer


async def _act(asked: Asked, purpose: str, after: str, act: Callable[[Answer], object]) -> Response:
    """Do something for the person of a visit, and lead on.

    Raises:
        Refused: The form is not from that person's page.
    """
    form, visit = await asked.form(), asked.visit()
    if visit is None:
        return asked.end_visit(asked.lead_to("check?closed"))
    if not asked.site.visits.is_token(form.get("token", ""), visit.nonce, purpose):
        raise Refused(403)
    answer = asked.served.answer(visit.number)
    if answer is not None and answer.answer_class is not None:
        await asked.site.work(lambda: act(answer))
    return asked.keep_visit(asked.lead_to(after), visit)


def _tokens(asked: Asked, visit: Visit) -> dict[str, str]:
    make = asked.site.visits.form_token
    return {purpose: make(visit.nonce, purpose) for purpose in ("claim", "protect", "leave")}
