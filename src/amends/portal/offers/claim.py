"""What a person holds, and how a claim is shown."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date
from typing import Literal

ClaimState = Literal["held", "waiting", "closed", "none"]


@dataclass(frozen=True)
class Claim:
    """A person's claim of one product, as the person may see it.

    Attributes:
        state: ``held``: here is the code. ``waiting``: recorded; a code comes by ``by_on``. ``closed``: the last day
            to claim has passed and nothing was claimed. ``none``: nothing is offered to this person.
        product: Name of the product.
        code: The enrolment code; "" unless ``held``.
        claimed_on: Day of the claim.
        given_on: Day on which the present code was first there for the person.
        expires_on: Last day on which the partner takes the code; ``None`` = none is known.
        cover_until_on: Last day of cover when it is used at once: months from the day it was given.
        by_on: While waiting: the day by which a code is promised.
        redeemed_on: Day on which the partner says it was used; ``None`` = not, or not known yet.
        why: Why an earlier code of this person is void; "" when there was none.
        again: Whether the person held it before this call.
    """

    state: ClaimState
    product: str
    code: str = ""
    claimed_on: date | None = None
    given_on: date | None = None
    expires_on: date | None = None
    cover_until_on: date | None = None
    by_on: date | None = None
    redeemed_on: date | None = None
    why: str = ""
    again: bool = False

    def __repr__(self) -> str:
        """Return the claim without its code, which belongs in no log."""
        return (
            f"Claim(state={self.state!r}, product={self.product!r}, claimed_on={self.claimed_on})"
        )


def months_after(start: date, months: int) -> date:
    """Return the same day some months later, or the last day of a shorter month."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))
