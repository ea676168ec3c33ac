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

MOST_LISTED = 6
"""Digits up to which all numbers of a length can be listed, to give the last values the masks that are left."""

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
        fixed: Blind numbers of values that got one of the masks that were left, rising.
        fixed_masks: The mask of each of these.
        n_shared: Values that share a mask with another, because the domain is full.
        crowded: Blind numbers of masks that are an original of somebody else, for the same reason; rising.
    """

    originals: Numbers
    first: int = 0
    moved: Numbers = field(default_factory=lambda: np.zeros(0, np.uint64))
    turns: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    fixed: Numbers = field(default_factory=lambda: np.zeros(0, np.uint64))
    fixed_masks: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))
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
    given, given_masks, taken = _left_over(domain, values, waiting, taken)
    fixed = domain.draws.index.text_hashes(given)
    crowded.append(_among(domain, given_masks, own))
    still = ~is_in(left, np.sort(fixed))
    waiting, left = waiting[still], left[still]
    by_number = np.argsort(fixed)
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
        fixed[by_number],
        given_masks.take(pa.array(by_number)),
        len(left),
        np.unique(np.concatenate([full, *crowded, taken[:0]])),
    )


def _left_over(
    domain: Domain, values: pa.Array, waiting: NDArray[np.int64], taken: Numbers
) -> tuple[pa.Array, pa.Array, Numbers]:
    """Give the values that found no mask by drawing one that is left, where all masks can be listed.

    That is so for short numbers, such as the ids of a table from 1 on: there are nine of one digit, and all are taken
    by originals. Every number of a length goes to another of that length, so there is always one left, but perhaps the
    value itself.

    Returns:
        The values, their masks, and the numbers of all masks that are taken now.
    """
    left = values.take(pa.array(waiting))
    given: list[pa.Array] = [left.slice(0, 0)]
    masks: list[pa.Array] = [left.slice(0, 0)]
    short = pc.match_substring_regex(left, rf"^[0-9]{{1,{MOST_LISTED}}}$")
    for length in range(1, MOST_LISTED + 1):
        for zero in (True, False):
            ours = left.filter(pc.and_(short, _of_kind(left, length, zero)))
            if not len(ours):
                continue
            every = _every(length, zero)
            free = every.filter(pa.array(~is_in(domain.draws.index.text_hashes(every), taken)))
            keyed = np.argsort(domain.draws.index.text_hashes(free))
            chosen = _apart(ours, free.take(pa.array(keyed)))
            given.append(ours.slice(0, len(chosen)))
            masks.append(chosen)
            taken = _merge(taken, domain.draws.index.text_hashes(chosen))
    return pa.concat_arrays(given), pa.concat_arrays(masks), taken


def _of_kind(values: pa.Array, length: int, zero: bool) -> pa.Array:
    """Say which values have a length and begin with a zero, or do not: a column of numbers drops zeros in front."""
    fits = pc.equal(pc.binary_length(values), length)
    begins = pc.starts_with(values, "0")
    return pc.and_(fits, begins if zero else pc.invert(begins))


def _every(length: int, zero: bool) -> pa.Array:
    """Return all numbers of a length that begin with a zero, or do not."""
    step = 10 ** (length - 1)
    first, end = (0, step) if zero else (step, 10 * step)
    return pc.utf8_lpad(pc.cast(pa.array(np.arange(first, end)), pa.string()), length, "0")


def _apart(values: pa.Array, free: pa.Array) -> pa.Array:
    """Return a free mask for each value, none its own where another can be had; fewer when there are not enough."""
    n = min(len(values), len(free))
    order = np.arange(n)
    same = np.flatnonzero(np.asarray(pc.equal(values.slice(0, n), free.slice(0, n))))
    if len(same) > 1:
        order[same] = np.roll(same, 1)
    elif len(same) and n > 1:
        one = int(same[0])
        other = (one + 1) % n
        order[one], order[other] = other, one
    return free.take(pa.array(order))


def _among(domain: Domain, masks: pa.Array, own: Numbers) -> Numbers:
    numbers = domain.draws.index.text_hashes(masks)
    return numbers[is_in(numbers, own)]


def _last_masks(
    domain: Domain, values: pa.Array, waiting: NDArray[np.int64], own: Numbers
) -> Numbers:
    """Return the originals that values fall on which found no mask of their own."""
    return _among(domain, _draw(domain, values, waiting, LAST_TURN), own)


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
    if not len(allocation.moved) and not len(allocation.fixed):
        return made
    numbers = domain.draws.index.text_hashes(normals)
    made = _with_fixed(made, allocation, numbers)
    if not len(allocation.moved):
        return made
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


def _with_fixed(made: pa.Array, allocation: Allocation, numbers: Numbers) -> pa.Array:
    """Return masks, with those that were left over in their places."""
    found = is_in(numbers, allocation.fixed)
    if not found.any():
        return made
    places = np.searchsorted(allocation.fixed, numbers[found])
    return pc.replace_with_mask(
        made, pa.array(found), allocation.fixed_masks.take(pa.array(places))
    )
