"""The banner's API as a server of its own: where only the company's servers reach it, and at its full speed.

``amends banner-api`` names the folder in the environment, which its worker processes inherit.
"""

from __future__ import annotations

import os
from pathlib import Path

from amends.kernel.errors import UsageError
from amends.portal.banner.claims import ClaimedHandles
from amends.portal.offers.ledger import make_offer_tables
from amends.portal.published import Published
from amends.portal.state import open_state
from amends.site.api.app import BannerApi, banner_app

PUBLISHED_VARIABLE = "AMENDS_PUBLISHED"
STATE_VARIABLE = "AMENDS_STATE_FILE"


def application() -> BannerApi:
    """Return the application over the folder that the environment names."""
    folder = os.environ.get(PUBLISHED_VARIABLE, "")
    if not folder:
        raise UsageError(
            "No published folder is named",
            where=PUBLISHED_VARIABLE,
            remedy="start it with: amends banner-api PUBLISHED",
        )
    published = Published.open(Path(folder))
    return banner_app(lambda: published, open_claims(Path(folder)))


def open_claims(folder: Path) -> ClaimedHandles:
    """Return the claims of a site, read once.

    Where the state is not in the folder, its address stands in a file that the environment names: it may hold a
    password.
    """
    named = os.environ.get(STATE_VARIABLE, "")
    state = open_state(Path(named).read_text("utf-8").strip() if named else folder)
    make_offer_tables(state)
    claims = ClaimedHandles(state)
    claims.refresh()
    return claims
