"""What a published edition promises: which product is for whom, and until when people may claim."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import sqlalchemy as sa

from amends.kernel import clock
from amends.portal.edition import Edition
from amends.portal.offers.moving import move_all
from amends.portal.offers.queue import serve_waiting
from amends.portal.offers.stock import ProductTerms, put_terms


def promises(edition: Edition) -> Mapping[str, ProductTerms]:
    """Return, for each product offered, its audiences and the latest day on which it can be claimed."""
    audiences: dict[str, set[str]] = {}
    ends: dict[str, date] = {}
    for class_id in range(edition.classes.n_classes):
        one = edition.classes.read(class_id)
        if one.offer is not None and one.offer.product:
            product = one.offer.product
            audiences.setdefault(product, set()).add(one.audience)
            ends[product] = max(ends.get(product, one.offer.enrol_by_on), one.offer.enrol_by_on)
    return {
        product: ProductTerms(tuple(sorted(audiences[product])), ends[product])
        for product in sorted(ends)
    }


def adopt(state: sa.Engine, edition: Edition) -> Mapping[str, ProductTerms]:
    """Take up what an edition says: its products, and who became part of whom; and serve who waits without need.

    Doing it again changes nothing.
    """
    told = promises(edition)
    for product, terms in told.items():
        put_terms(state, product, terms)
    move_all(state, edition.moved)
    serve_waiting(state, clock.now().date())
    return told
