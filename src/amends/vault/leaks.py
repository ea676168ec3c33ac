"""What a column gives away once it is made of tokens: the leak table.

Deterministic tokens (``siv``, ``ff1``) keep two facts in sight: which values are equal, and how often each occurs.
Whoever knows how often values occur in the world can put the two lists side by side. The table counts what such a
reader would have, in the worst case, and says which scheme fits.

Source:
    Naveed, Kamara, Wright, Inference Attacks on Property-Preserving Encrypted Databases (CCS 2015): frequency
    analysis and l2-optimisation recover most cells of columns with few values. Min-entropy: NIST SP 800-90B, section
    2.1. Smallest domain for FF1: NIST SP 800-38G Rev. 1 (draft).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.kernel.errors import UsageError
from amends.vault.blind import BlindIndex
from amends.vault.columns import whole_array
from amends.vault.ff1 import MIN_DOMAIN
from amends.vault.formats import LAYOUT, format_of, is_small

Fit = Literal["good", "with care", "no"]

TOP_SHARE = 0.01
"""One value for more than one row in a hundred: whoever knows the commonest value reads those rows."""

PINNED_SHARE = 0.05
"""Rows whose value alone occurs so often: whoever knows every frequency reads them. One in twenty is too many."""

ENOUGH_ROWS = 1_000
"""With fewer rows frequencies say little: a share of one in a hundred would rest on less than ten rows."""

FEW_VALUES = 10_000
"""Fewer different values than this can be listed by hand and matched by their frequencies (Naveed et al. use 200 to
10,000)."""

_LAYOUT = f"[{''.join(chr(c) for c in LAYOUT).replace('-', '')}-]"


@dataclass(frozen=True)
class Leak:
    """What one column would give away.

    Attributes:
        column: Its name.
        element: What it holds, or "".
        n_values: Values that are neither null nor empty.
        n_distinct: Different values.
        top_share: Share of the commonest value.
        repeated_share: Share of rows whose value occurs more than once.
        pinned_share: Share of rows whose value is the only one that occurs so often, more than once.
        entropy_bits: Shannon entropy of a row's value.
        min_entropy_bits: What the commonest value leaves of it: bits a guesser faces at his first guess.
        n_lengths: Different lengths; tokens of ``siv`` and ``random`` show them.
        siv: Whether equal tokens for equal values are acceptable.
        ff1: Whether the form can be kept.
        random: Whether tokens may differ each time.
        why: Reasons, in words.
        advice: The scheme to take; ``siv or random``: siv where rows must be joined or searched.
    """

    column: str
    element: str
    n_values: int
    n_distinct: int
    top_share: float
    repeated_share: float
    pinned_share: float
    entropy_bits: float
    min_entropy_bits: float
    n_lengths: int
    siv: Fit
    ff1: Fit
    random: Fit
    why: tuple[str, ...]
    advice: str


class LeakCount:
    """Counts one column batch by batch; keeps keyed numbers, never values."""

    def __init__(self, column: str, element: str = "") -> None:
        self.column, self.element = column, element
        self._index = BlindIndex(secrets.token_bytes(32))
        self._numbers: list[np.ndarray[tuple[int], np.dtype[np.uint64]]] = []
        self._lengths: set[int] = set()
        self._shortest = -1

    def add(self, values: pa.Array) -> None:
        """Count the values of a batch."""
        values = whole_array(values).drop_null()
        values = values.filter(pc.greater(pc.binary_length(values), 0))
        if not len(values):
            return
        self._numbers.append(self._index.text_hashes(values))
        self._lengths.update(pc.unique(pc.binary_length(values)).to_pylist())
        bare = pc.replace_substring_regex(values, _LAYOUT, "")
        shortest = pc.min(pc.utf8_length(bare)).as_py()
        self._shortest = shortest if self._shortest < 0 else min(self._shortest, shortest)

    def result(self) -> Leak:
        """Return what was counted."""
        numbers = np.concatenate(self._numbers) if self._numbers else np.zeros(0, np.uint64)
        counts = np.unique(numbers, return_counts=True)[1]
        n = int(counts.sum())
        shares = counts / max(n, 1)
        top = float(shares.max()) if n else 0.0
        entropy = float(-(shares * np.log2(shares)).sum()) if n else 0.0
        repeated = float(counts[counts > 1].sum() / n) if n else 0.0
        facts = (len(counts), top, repeated, _pinned(counts))
        siv, ff1, why, advice = self._verdict(n, *facts)
        return Leak(
            self.column, self.element, n, *facts,
            round(entropy, 3) + 0.0, round(float(-np.log2(top)), 3) + 0.0 if n else 0.0,
            len(self._lengths), siv, ff1, "good", tuple(why), advice,
        )  # fmt: skip

    def _verdict(
        self, n: int, distinct: int, top: float, repeated: float, pinned: float
    ) -> tuple[Fit, Fit, list[str], str]:
        why = self._reasons(n, distinct, top, pinned)
        siv: Fit = "no" if why else "good"
        if not why and repeated > 0.5 and n >= ENOUGH_ROWS:
            siv = "with care"
            why = ["most values occur more than once: tokens show which rows belong together"]
        ff1 = siv
        if refusal := self._refusal():
            ff1 = "no"
            why = [*why, refusal]
        if n < ENOUGH_ROWS:
            why = [*why, f"only {n:,} values: too few to tell how often each occurs"]
        return siv, ff1, why, _ADVICE[siv]

    def _reasons(self, n: int, distinct: int, top: float, pinned: float) -> list[str]:
        why = []
        if is_small(self.element):
            why.append("there are few such values in the world")
        if n < ENOUGH_ROWS:
            return why
        if top > TOP_SHARE:
            why.append(
                f"one value stands in a share of {top:.2f} of rows (a placeholder, perhaps?)"
            )
        if pinned > PINNED_SHARE:
            why.append(f"a share of {pinned:.2f} of rows hold a value that alone occurs so often")
        # Many rows to few values: a short column would be no proof of that.
        if not why and distinct < FEW_VALUES and n >= 10 * distinct:
            why.append(f"only {distinct:,} different values")
        return why

    def _refusal(self) -> str:
        try:
            form = format_of(self.element)
        except UsageError as error:
            return error.what
        if self._shortest >= 0 and form.domain_size(self._shortest) < MIN_DOMAIN:
            return f"FF1 needs a million possible values; the shortest here has {self._shortest} letters"
        return ""


_ADVICE: dict[Fit, str] = {
    "good": "siv",
    "with care": "siv or random",
    "no": "random",
}


def leak_of(column: str, batches: Iterable[pa.Array], element: str = "") -> Leak:
    """Return what one column would give away.

    Args:
        column: Its name.
        batches: Its values, in clear or as deterministic tokens (the counts are the same).
        element: What it holds; "" when it is not known.
    """
    count = LeakCount(column, element)
    for batch in batches:
        count.add(batch)
    return count.result()


def _pinned(counts: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
    """Return the share of rows whose value can be told from its frequency alone."""
    if not len(counts):
        return 0.0
    often, values = np.unique(counts, return_counts=True)
    alone = often[(values == 1) & (often > 1)]
    return float(alone.sum() / counts.sum())
