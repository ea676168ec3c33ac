"""The wording of our letters, known again in a pasted message wherever its lines are broken.

Each paragraph is kept as keyed hashes of its runs of four words, its two ends marked. In a message, words that follow
each other must follow each other in a paragraph of ours, and where our wording begins or ends, a paragraph must begin
or end: taking out a "not" shows, though every word left is ours.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amends.portal.scam.parts import without_contacts

RUN_WORDS = 4
NUMBER = "#"
_BEGIN, _END, _PARAGRAPH = "^", "$", "\u00b6"
# Paragraphs of ours are looked for at most so often in one message; nobody pastes more.
_MOST_TRIES = 5000
_MOST_ENDS = 40
_MARK = "\ue000"
_SLOT = re.compile(r"\[\[\w{1,40}\]\]")
# A letter code or a code of the partner, in groups of four.
_CODE = re.compile(r"(?<!\w)[0-9A-Za-z]{4}(?:-[0-9A-Za-z]{4}){2,3}(?!\w)")
# Hyphens within words are left out: nobody can tell one of a line's end from one of the word.
_HYPHEN = re.compile(r"(?<=[^\W\d_])[\-\u2010\u2011](?=[^\W\d_])")
_WORD = re.compile(rf"{_MARK}|\w+")


@dataclass(frozen=True)
class Words:
    """The words of a line.

    Attributes:
        folded: Case-folded, in order; ``#`` stands for any number of a notice, code, link, address or telephone.
        written: The same as written.
        plain: The text, with a private sign for what became ``#``.
    """

    folded: tuple[str, ...]
    written: tuple[str, ...]
    plain: str = ""


def words(text: str) -> Words:
    """Return the words of a text."""
    plain = _CODE.sub(f" {_MARK} ", _SLOT.sub(f" {_MARK} ", text))
    plain = _HYPHEN.sub("", without_contacts(plain, _MARK))
    written = [NUMBER if w == _MARK else w for w in _WORD.findall(plain) if w.strip("_")]
    return Words(tuple(w.casefold() for w in written), tuple(written), plain)


def known_runs(paragraphs: Iterable[str], key: bytes) -> NDArray[np.uint64]:
    """Return the sorted hashes of all runs of paragraphs that we send."""
    found: set[int] = set()
    for paragraph in set(paragraphs):
        folded = words(paragraph).folded
        if folded:
            marked = (_BEGIN, *folded, _END)
            runs = _windows(marked, min(RUN_WORDS, len(marked)))
            found.update(_hashes([*runs, (_PARAGRAPH, *folded)], key).tolist())
    return np.array(sorted(found), np.uint64)


def _windows(marked: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return [tuple(marked[i : i + size]) for i in range(len(marked) - size + 1)]


def _hashes(found: Sequence[Sequence[str]], key: bytes) -> NDArray[np.uint64]:
    hashed = b"".join(
        hashlib.blake2b(" ".join(run).encode("utf-8", "replace"), digest_size=8, key=key).digest()
        for run in found
    )
    return np.frombuffer(hashed, "<u8").astype(np.uint64)


@dataclass(frozen=True)
class Coverage:
    """How much of a text is ours.

    Attributes:
        lines: The words of each line.
        ours: For each line, for each word, whether it stands in a whole paragraph of ours.
        loose: The same for words that stand in a part of a paragraph of ours, without its beginning or end.
        unbroken: Whether all words follow each other in wording of ours.
    """

    lines: tuple[Words, ...]
    ours: tuple[NDArray[np.bool_], ...]
    loose: tuple[NDArray[np.bool_], ...]
    unbroken: bool


def coverage(text: str, known: NDArray[np.uint64], key: bytes) -> Coverage:
    """Return which words of a text stand in wording of ours; wording may run on over lines."""
    lines = tuple(w for line in text.splitlines() if (w := words(line)).folded)
    if not lines:
        return Coverage((), (), (), False)
    folded = [word for line in lines for word in line.folded]
    found = _Found.of(folded, known, key)
    whole = found.whole(folded, known, key)
    cuts = np.cumsum([len(line.folded) for line in lines], dtype=np.int64)[:-1]
    return Coverage(
        lines,
        tuple(np.split(whole, cuts)),
        tuple(np.split(found.ours & ~whole, cuts)),
        bool(found.joined.all() and found.ours.all()),
    )


@dataclass(frozen=True)
class _Found:
    """Which words are ours, which follow the one before in ours, and where paragraphs of ours begin and end."""

    ours: NDArray[np.bool_]
    joined: NDArray[np.bool_]
    begins: NDArray[np.bool_]
    ends: NDArray[np.bool_]

    @classmethod
    def of(cls, folded: list[str], known: NDArray[np.uint64], key: bytes) -> _Found:
        """Look every run of a text up."""
        n = len(folded)
        made = cls(*(np.zeros(max(n - (i == 1), 0), np.bool_) for i in range(4)))
        shapes = (
            ((), 4, ()),
            ((_BEGIN,), 3, ()),
            ((), 3, (_END,)),
            ((_BEGIN,), 2, (_END,)),
            ((_BEGIN,), 1, (_END,)),
        )
        for before, size, after in shapes:
            found = [(*before, *folded[i : i + size], *after) for i in range(n - size + 1)]
            for at in np.flatnonzero(_among(_hashes(found, key), known)):
                made.ours[at : at + size] = True
                made.joined[at : at + size - 1] = True
                made.begins[at] |= bool(before)
                made.ends[at + size - 1] |= bool(after)
        return made

    def whole(self, folded: list[str], known: NDArray[np.uint64], key: bytes) -> NDArray[np.bool_]:
        """Return the words of stretches that are whole paragraphs of ours, one after the other."""
        mask = np.zeros(len(self.ours), np.bool_)
        apart = ~self.joined
        first = np.flatnonzero(self.ours & np.concatenate([[True], apart])[: len(mask)])
        last = np.flatnonzero(self.ours & np.concatenate([apart, [True]])[: len(mask)])
        tries = _MOST_TRIES
        for start, end in zip(first.tolist(), last.tolist(), strict=True):
            tiled, tries = self._tiled(start, end, tries, folded, known, key)
            mask[start : end + 1] = tiled
        return mask

    def _tiled(
        self, start: int, last: int, tries: int, folded: list[str], known: NDArray[np.uint64], key: bytes
    ) -> tuple[bool, int]:  # fmt: skip
        """Say whether paragraphs of ours fill a stretch, and how many tries are left; the longest is tried first."""
        open_at, seen = [start], {start}
        while open_at and tries > 0:
            at = open_at.pop()
            if not self.begins[at]:
                continue
            ends = at + np.flatnonzero(self.ends[at : last + 1])[::-1][:_MOST_ENDS]
            for end in ends.tolist():
                tries -= 1
                if _among(_hashes([(_PARAGRAPH, *folded[at : end + 1])], key), known)[0]:
                    if end == last:
                        return True, tries
                    if end + 1 not in seen:
                        seen.add(end + 1)
                        open_at.append(end + 1)
        return False, tries


def _among(mine: NDArray[np.uint64], known: NDArray[np.uint64]) -> NDArray[np.bool_]:
    if not len(known) or not len(mine):
        return np.zeros(len(mine), np.bool_)
    at = np.minimum(np.searchsorted(known, mine), len(known) - 1)
    return np.asarray(known[at] == mine, np.bool_)
