"""How a published site stands: the edition it serves, and what its state holds. Counts only."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from amends.kernel import clock
from amends.portal import edition as editions
from amends.portal.asked.queue import asked_counts, make_asked_tables
from amends.portal.keys import read_site_keys
from amends.portal.offers.ledger import make_offer_tables
from amends.portal.offers.status import status as offer_status
from amends.portal.protection.ledger import make_protection_tables
from amends.portal.protection.requests import status_counts
from amends.portal.state import open_state

ALARMS = "alarms"


def standing(published: Path, state: str = "") -> dict[str, object]:
    """Return how a site stands: ``edition, figures, counts, contact_requests, offers, protection, alarms``.

    Args:
        published: The published folder.
        state: Address of the state, when it is not in the folder.

    Raises:
        UsageError: Nothing is published there, or the state does not answer.
        TableError: What ``edition.json`` says is not what the case signed.
    """
    keys = read_site_keys(published)
    name = editions.current_name(published)
    facts = editions.read_facts(published / editions.EDITIONS / name, keys.edition_public)
    made = facts.found.edition
    engine = open_state(state or published)
    try:
        make_asked_tables(engine)
        make_offer_tables(engine)
        make_protection_tables(engine)
        return {
            "edition": facts.number,
            "name": name,
            "made_at": facts.made_at,
            "released_on": made.released_on.isoformat(),
            "kept_editions": editions.edition_names(published),
            "answers_no": facts.found.answers_no,
            "figures": {
                "persons": made.n_persons,
                "first_told": made.n_first,
                "owed_more": made.n_more,
            },
            "counts": dict(facts.counts),
            "contact_requests": asked_counts(engine),
            "offers": [s.as_json() for s in offer_status(engine, clock.now().date())],
            "protection": status_counts(engine),
            "alarms": _alarms(engine),
        }
    finally:
        engine.dispose()


def _alarms(engine: sa.Engine) -> list[dict[str, object]]:
    """Return the alarms that the site has raised; none where no site has run yet."""
    if not sa.inspect(engine).has_table(ALARMS):
        return []
    table = sa.Table(ALARMS, sa.MetaData(), autoload_with=engine)
    with engine.connect() as connection:
        return [dict(r) for r in connection.execute(sa.select(table).limit(1000)).mappings()]
