"""Who has taken the offer, kept in memory so that a banner does not wait for a database.

Eight bytes a claim. New claims are read every few seconds; all are read again now and then, because a claim can move to
another person or be void.
"""

from __future__ import annotations

import logging
import time
from bisect import bisect_left

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from amends.portal.offers.ledger import CLAIMS

_log = logging.getLogger(__name__)

ALL_SECONDS = 600.0
"""Between two readings of all claims: a void claim is shown as claimed for no longer."""

_ROWS = 20_000
_STANDING = ("held", "waiting")


class ClaimedHandles:
    """The handles of persons who have claimed, as of a few seconds ago.

    Args:
        state: Database of the site's state, with the tables of offers.
    """

    def __init__(self, state: sa.Engine) -> None:
        self._state = state
        self._sorted = _packed(np.empty(0, np.uint64))
        self._last = 0
        self._all_at = -ALL_SECONDS

    def has_claimed(self, handle: str) -> bool:
        """Say whether this person has claimed."""
        held, mark = self._sorted, int(handle[:16], 16)
        at = bisect_left(held, mark)
        return at < len(held) and held[at] == mark

    def refresh(self) -> None:
        """Read the claims made since the last time; slow, so call it in a thread.

        When the database does not answer, what is known stays.
        """
        whole = time.monotonic() - self._all_at >= ALL_SECONDS
        try:
            marks = self._read(0 if whole else self._last)
        except sa.exc.SQLAlchemyError as error:
            _log.warning("claims cannot be read: %s", type(error).__name__)
            return
        if whole:
            self._all_at = time.monotonic()
        elif len(marks):
            marks = np.concatenate([np.frombuffer(self._sorted, np.uint64), marks])
        else:
            return
        self._sorted = _packed(np.unique(marks))

    def _read(self, after: int) -> NDArray[np.uint64]:
        query = (
            sa.select(CLAIMS.c.claim_id, CLAIMS.c.handle)
            .where(CLAIMS.c.claim_id > after, CLAIMS.c.state.in_(_STANDING))
            .order_by(CLAIMS.c.claim_id)
        )
        parts = [np.empty(0, np.uint64)]
        with self._state.connect() as connection:
            for rows in connection.execution_options(yield_per=_ROWS).execute(query).partitions():
                parts.append(np.array([int(r.handle[:16], 16) for r in rows], np.uint64))
                self._last = max(self._last, rows[-1].claim_id)
        return np.concatenate(parts)


def _packed(marks: NDArray[np.uint64]) -> memoryview:
    return memoryview(marks.tobytes()).cast("Q")
