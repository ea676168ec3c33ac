"""The words of a text, and the short runs of words by which the wording of our letters is known again.

Runs of four words, each hashed under a key: line breaks, columns and quoting do not matter, and a sentence that is not
ours is not covered by runs that are.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amends.portal.scam.parts import without_contacts

RUN_WORDS = 4
NUMBER = "#"
_WORD = re.compile(r"\w+", re.UNICODE)
_SLOT = re.compile(r"\[\[\w{1,40}\]\]")
# A letter code or a code of the partner, in groups of four.
_CODE = re.compile(r"(?<!\w)[0-9A-Za-z]{4}(?:-[0-9A-Za-z]{4}){2,3}(?!\w)")


@dataclass(frozen=True)
class Words:
    """The words of a text.

    Attributes:
        folded: Case-folded, in order; ``#`` stands for any number of a notice or code.
        written: The same as written.
        plain: The text, with ``#`` for what has its own number.
    """

    folded: tuple[str, ...]
    written: tuple[str, ...]
    plain: str = ""


def words(text: str) -> Words:
    """Return the words of a text; slots, codes, numbers of notices, links, addresses and telephones become ``#``."""
    plain = _CODE.sub(" \ue000 ", _SLOT.sub(" \ue000 ", text))
    plain = without_contacts(plain, "\ue000")
    written = [
        NUMBER if part == "\ue000" else part
        for part in re.findall(r"\ue000|\w+", plain)
        if part != "_"
    ]
    return Words(tuple(w.casefold() for w in written), tuple(written), plain)


def runs(folded: Sequence[str], key: bytes) -> NDArray[np.uint64]:
    """Return the keyed hash of each run of four words; of a shorter text, of the whole."""
    if not folded:
        return np.zeros(0, np.uint64)
    size = min(RUN_WORDS, len(folded))
    hashed = b"".join(
        hashlib.blake2b(" ".join(folded[i : i + size]).encode(), digest_size=8, key=key).digest()
        for i in range(len(folded) - size + 1)
    )
    return np.frombuffer(hashed, "<u8").astype(np.uint64)


def known_runs(texts: Iterable[str], key: bytes) -> NDArray[np.uint64]:
    """Return the sorted hashes of all runs of texts that we send, each text also line by line where a line is short."""
    seen: set[str] = set()
    found: set[int] = set()
    for text in texts:
        for part in (text, *_short_lines(text)):
            if part not in seen:
                seen.add(part)
                found.update(runs(words(part).folded, key).tolist())
    return np.array(sorted(found), np.uint64)


def _short_lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if 0 < len(_WORD.findall(line)) < RUN_WORDS:
            yield line


@dataclass(frozen=True)
class Coverage:
    """How much of a text is ours.

    Attributes:
        lines: The words of each line.
        ours: For each line, for each word, whether it stands in wording of ours.
    """

    lines: tuple[Words, ...]
    ours: tuple[NDArray[np.bool_], ...]


def coverage(text: str, known: NDArray[np.uint64], key: bytes) -> Coverage:
    """Return which words of a text stand in wording of ours, line by line; wording may run on over lines."""
    lines = tuple(w for line in text.splitlines() if (w := words(line)).folded)
    folded = [word for line in lines for word in line.folded]
    mask = np.zeros(len(folded), np.bool_)
    if len(folded) >= RUN_WORDS:
        for start in np.flatnonzero(_among(runs(folded, key), known)):
            mask[start : start + RUN_WORDS] = True
    parts, at = [], 0
    for line in lines:
        part = mask[at : at + len(line.folded)]
        if len(part) < RUN_WORDS and not part.all() and _among(runs(line.folded, key), known)[0]:
            part = np.ones(len(part), np.bool_)
        parts.append(part)
        at += len(line.folded)
    return Coverage(lines, tuple(parts))


def _among(mine: NDArray[np.uint64], known: NDArray[np.uint64]) -> NDArray[np.bool_]:
    if not len(known):
        return np.zeros(len(mine), np.bool_)
    at = np.minimum(np.searchsorted(known, mine), len(known) - 1)
    return np.asarray(known[at] == mine, np.bool_)
