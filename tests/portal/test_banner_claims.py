"""Who has claimed is known within seconds, without asking the database for each banner."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import pytest
import sqlalchemy as sa

from amends.portal.banner import claims as room
from amends.portal.banner.claims import ClaimedHandles
from amends.portal.offers.book import OfferBook
from amends.portal.offers.ledger import CLAIMS
from amends.portal.state import open_state
from tests.portal.world import OFFER


def handle(number: int) -> str:
    return hashlib.blake2b(number.to_bytes(8, "big"), digest_size=16).hexdigest()


def test_a_claim_is_seen_after_the_next_reading(tmp_path: Path) -> None:
    state = open_state(tmp_path)
    book, seen = OfferBook(state, b"k" * 32), ClaimedHandles(state)
    seen.refresh()
    assert not seen.has_claimed(handle(1))
    for number in (5, 1, 9):
        book.claim(handle(number), OFFER)
        seen.refresh()
    assert [seen.has_claimed(handle(n)) for n in (1, 2, 5, 9)] == [True, False, True, True]
    state.dispose()


def test_who_is_told_claimed_has_claimed(tmp_path: Path) -> None:
    state = open_state(tmp_path)
    book, seen = OfferBook(state, b"k" * 32), ClaimedHandles(state)
    for number in range(0, 200, 2):
        book.claim(handle(number), OFFER)
    seen.refresh()
    assert [seen.has_claimed(handle(n)) for n in range(200)] == [n % 2 == 0 for n in range(200)]
    state.dispose()


def test_a_void_claim_is_forgotten_at_the_next_whole_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = open_state(tmp_path)
    book, seen = OfferBook(state, b"k" * 32), ClaimedHandles(state)
    book.claim(handle(1), OFFER)
    seen.refresh()
    with state.begin() as connection:
        connection.execute(sa.update(CLAIMS).values(state="void"))
    monkeypatch.setattr(room, "ALL_SECONDS", 0.0)
    seen.refresh()
    assert not seen.has_claimed(handle(1))
    state.dispose()


def test_when_the_database_is_gone_what_is_known_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = open_state(tmp_path)
    OfferBook(state, b"k" * 32).claim(handle(1), OFFER)
    seen = ClaimedHandles(state)
    seen.refresh()
    with state.begin() as connection:
        connection.execute(sa.text("DROP TABLE offer_claims"))
    with caplog.at_level(logging.WARNING):
        seen.refresh()
    assert seen.has_claimed(handle(1))
    assert "claims cannot be read" in caplog.text
    assert handle(1) not in caplog.text
    state.dispose()
