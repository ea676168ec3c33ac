"""Offers: the partner's enrolment codes come in, sealed; whoever claims gets one, and always the same one.

Terms: a *product* is what the partner sells, named as letters print it; a *claim* is a person's taking it up; a
*handle* stands for the person. ``OfferBook.claim_for`` is the door for the site: it takes the product from the
released answer.
"""

from __future__ import annotations

from amends.portal.offers.book import OfferBook
from amends.portal.offers.claim import Claim
from amends.portal.offers.status import Stock, status
from amends.portal.offers.stock import Imported, ProductTerms, import_codes

__all__ = ["Claim", "Imported", "OfferBook", "ProductTerms", "Stock", "import_codes", "status"]
