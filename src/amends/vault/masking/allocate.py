"""Which draw each value takes: the first that is neither an original nor another value's mask.

Nearly every value takes its first draw, which depends on nothing but the key and the value, so it is the same
in another copy made with the same key. Those that cannot are few and are kept as a list: blind number and
number of the try.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.vault.masking.domains import LAST_TURN, Domain
from amends.vault.masking.draws import Numbers

_CROWDED = 64
"""From this try on a mask may be an original of somebody else, never one's own: the domain is as good as full."""


@dataclass(frozen=True)
class Allocation:
    """What was settled for the values of a domain.

    Attributes:
        originals: Blind numbers of all originals, rising.
        first: The try that all others take.
        moved: Blind numbers of the values that take another try, rising.
        turns: The try each of these takes.
        n_shared: Values that share a mask with another, because the domain is full.
        crowded: Blind numbers of masks that are an original of somebody else, for the same reason; rising.
    """

    originals: Numbers
    first: int = 0
    moved: Numbers = field(default_factory=lambda: np.zeros(0, np.uint64))
    turns: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    n_shared: int = 0
    crowded: Numbers = field(default_factory=lambda: np.zeros(0, np.uint64))


def is_in(numbers: Numbers, rising: Numbers) -> NDArray[np.bool_]:
    """Say which numbers are among rising ones."""
    if not len(rising):
        return np.zeros(len(numbers), np.bool_)
    places = np.minimum(np.searchsorted(rising, numbers), len(rising) - 1)
    return np.asarray(rising[places] == numbers)


def allocate(domain: Domain, values: pa.Array) -> Allocation:
    """Settle which draw each value of a domain takes.

    Args:
        domain: The domain.
        values: Its distinct normal forms, none null, in any order.
    """
    own = domain.draws.index.text_hashes(values)
    # In the order of their numbers: of two values that draw the same mask, always the same one gets it.
    order = np.argsort(own)
    own = own[order]
    if not domain.unique:
        return Allocation(own)
    waiting, left = order, own
    taken = np.zeros(0, np.uint64)
    moved: list[Numbers] = []
    turns: list[NDArray[np.uint8]] = []
    crowded: list[Numbers] = []
    start = domain.first_turn(len(values))
    for turn in range(start, LAST_TURN):
        if not len(left):
            break
        masks = domain.draws.index.text_hashes(_draw(domain, values, waiting, turn))
        free = masks != left
        if turn < _CROWDED:
            free &= ~is_in(masks, own)
        free &= ~is_in(masks, taken)
        first = np.zeros(len(masks), np.bool_)
        first[np.unique(masks, return_index=True)[1]] = True
        # The first of equal masks may not be free itself (its own value); the next then waits a turn. That is
        # harmless.
        settled = free & first
        if turn >= _CROWDED:
            crowded.append(masks[settled][is_in(masks[settled], own)])
        if turn > start:
            moved.append(left[settled])
            turns.append(np.full(int(settled.sum()), turn, np.uint8))
        taken = _merge(taken, masks[settled])
        waiting, left = waiting[~settled], left[~settled]
    moved.append(left)
    turns.append(np.full(len(left), LAST_TURN, np.uint8))
    places, tries = np.concatenate(moved), np.concatenate(turns)
    rising = np.argsort(places)
    full = _last_masks(domain, values, waiting, own) if len(left) else np.zeros(0, np.uint64)
    return Allocation(
        own,
        start,
        places[rising],
        tries[rising],
        len(left),
        np.unique(np.concatenate([full, *crowded, taken[:0]])),
    )


def _last_masks(
    domain: Domain, values: pa.Array, waiting: NDArray[np.int64], own: Numbers
) -> Numbers:
    """Return the originals that values fall on which found no mask of their own."""
    masks = domain.draws.index.text_hashes(_draw(domain, values, waiting, LAST_TURN))
    return masks[is_in(masks, own)]


def _draw(domain: Domain, values: pa.Array, waiting: NDArray[np.int64], turn: int) -> pa.Array:
    return domain.draw(values.take(pa.array(waiting)), turn)


def _merge(taken: Numbers, more: Numbers) -> Numbers:
    joined = np.concatenate([taken, more])
    joined.sort(kind="stable")
    return joined


def masks_of(domain: Domain, allocation: Allocation, normals: pa.Array) -> pa.Array:
    """Return the mask of each normal form, in normal form; null for null.

    Args:
        domain: The domain.
        allocation: What was settled for it; a value it does not know takes its first draw.
        normals: Normal forms.
    """
    made = domain.draw(normals, allocation.first)
    if not len(allocation.moved):
        return made
    numbers = domain.draws.index.text_hashes(normals)
    places = np.minimum(np.searchsorted(allocation.moved, numbers), len(allocation.moved) - 1)
    found = allocation.moved[places] == numbers
    if not found.any():
        return made
    tries = np.where(found, allocation.turns[places].astype(np.int64), -1)
    for turn in np.unique(tries[found]):
        mask = pa.array(tries == turn)
        drawn = domain.draw(normals.filter(mask), int(turn))
        made = pc.replace_with_mask(made, mask, drawn)
    return made
