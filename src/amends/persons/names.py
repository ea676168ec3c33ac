"""Personal names as codes: one sorted table of distinct names, and how alike two of them are.

A name is looked at once, however many records bear it; a *pair* of names is compared once, however
many pairs of records ask.

Source:
    Winkler: String comparator metrics and enhanced decision rules (1990), by way of RapidFuzz;
    nicknames, surname and given-name counts: ``amends.taxonomy.reference``.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.process import cpdist

from amends.persons.hashing import I64, U64, hash_text
from amends.persons.words import words
from amends.taxonomy import reference

I32 = npt.NDArray[np.int32]
U8 = npt.NDArray[np.uint8]
F64 = npt.NDArray[np.float64]

SUFFIXES = {
    "JR": 1, "JNR": 1, "JUNIOR": 1, "HIJO": 1, "SR": 2, "SNR": 2, "SENIOR": 2, "PADRE": 2, "II": 3, "2ND": 3,
    "III": 4, "3RD": 4, "IV": 5, "4TH": 5, "V": 6, "5TH": 6,
}  # fmt: skip
PARTICLES, FILLERS, ROLE_WORDS = words("particles"), words("fillers"), words("roles")

PRIOR_PEOPLE = 20_000
"""Weight of the shipped name counts, in people, against the counts of the data."""


@dataclass(frozen=True)
class NameTable:
    """Distinct names, sorted; code 0 is "no name".

    Attributes:
        values: The names, words parted by blanks.
        whole: Hash of the name without blanks.
        head: Hash of its first three letters.
        sound: Hash of how it sounds.
        root: Hash of the given name it is short for, or of itself.
        root_initial: First byte of that name.
        initial: First byte.
        short: Whether it is a single letter.
        length: Letters, 255 at most.
        blank: Whether it has more than one word.
        nick: Packed code pairs of names one person may bear, sorted.
    """

    values: list[str]
    whole: U64
    head: U64
    sound: U64
    root: U64
    root_initial: U8
    initial: U8
    short: npt.NDArray[np.bool_]
    length: U8
    blank: npt.NDArray[np.bool_]
    nick: U64

    def __len__(self) -> int:
        return len(self.values)


def sound_of(name: str) -> str:
    """Return a key that spellings of one sound share: first letter and consonant classes.

    Source:
        Russell and Odell, Soundex (US 1261167, US 1435663), not cut to four signs.
    """
    coded = name.translate(_SOUND)
    out = [g for g, _ in itertools.groupby(coded) if g != "0"]
    head = _FIRST.get(name[:1], name[:1])
    if out and coded[:1] == out[0]:
        out = out[1:]
    return head + "".join(out)[:5]


_SOUND = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "01230120022455012623010202")
_FIRST = {"K": "C", "Q": "C", "Z": "S", "Y": "I", "J": "G", "F": "P", "V": "W"}


@cache
def _nickname_rows() -> tuple[dict[str, str], dict[str, set[str]]]:
    """Return (short name → commonest given name it is short for, given name → its short names)."""
    births = {r["given_name"]: int(r["births_1930_on"] or 0) for r in reference.rows("given_names")}
    variants: dict[str, set[str]] = defaultdict(set)
    for row in reference.rows("nicknames"):
        variants[row["given_name"].upper()].add(row["variant"].upper())
    root: dict[str, str] = {}
    for given, shorts in sorted(variants.items()):
        for short in shorts:
            best = root.get(short)
            if best is None or births.get(given, 0) > births.get(best, 0):
                root[short] = given
    for given in variants:  # a name that is common itself is its own root
        if births.get(given, 0) > births.get(root.get(given, ""), 0):
            root.pop(given, None)
    return root, variants


def name_table(distinct: Sequence[str]) -> NameTable:
    """Return the table of names; ``distinct`` is sorted and begins with ""."""
    values = list(distinct)
    joined = [v.replace(" ", "") for v in values]
    roots, _ = _nickname_rows()
    root = [roots.get(v, v) for v in joined]
    text = pa.array(joined, pa.string())
    return NameTable(
        values=values,
        whole=hash_text(text),
        head=hash_text(pc.utf8_slice_codeunits(text, 0, 3)),
        sound=hash_text(pa.array([sound_of(v) for v in joined], pa.string())),
        root=hash_text(pa.array(root, pa.string())),
        root_initial=np.array([v.encode()[0] if v else 0 for v in root], np.uint8),
        initial=np.array([v.encode()[0] if v else 0 for v in joined], np.uint8),
        short=np.array([len(v) == 1 for v in joined], bool),
        length=np.array([min(len(v), 255) for v in joined], np.uint8),
        blank=np.array([" " in v for v in values], bool),
        nick=_nickname_pairs(joined),
    )


def _nickname_pairs(joined: list[str]) -> U64:
    """Return packed code pairs (small, large) of names that one person may bear, sorted."""
    code = {v: i for i, v in enumerate(joined) if v}
    _, variants = _nickname_rows()
    found: set[tuple[int, int]] = set()
    for given, shorts in variants.items():
        group = [code[n] for n in (given, *sorted(shorts)) if n in code]
        found.update((min(a, b), max(a, b)) for a, b in itertools.combinations(group, 2))
    packed = np.array([(a << 32) | b for a, b in found], np.uint64)
    return np.sort(packed)


def counts_as_shares(counts: I64, table: NameTable, kind: str) -> F64:
    """Return how common each name is, 0 to 1, from the data with shipped counts as a prior.

    Args:
        counts: Records that bear each name.
        table: The names.
        kind: surnames or given_names, the reference table to lean on.
    """
    value, number = ("surname", "count") if kind == "surnames" else ("given_name", "births_1930_on")
    known = {r[value]: float(r[number] or 0) for r in reference.rows(kind)}
    total = sum(known.values())
    prior = np.array([known.get(v.replace(" ", ""), 0.0) for v in table.values]) / total
    n = float(counts[1:].sum())
    return np.asarray((np.maximum(counts - 1, 0) + PRIOR_PEOPLE * prior + 1) / (n + PRIOR_PEOPLE))


# how alike two names are
MISSING, DIFFERENT, ALIKE, NEAR, PART, INITIAL, NICKNAME, EQUAL = range(8)
"""Levels of two names: one absent; no likeness; some; a slip of the pen; one holds the other; an
initial; a short form; the same."""

NEAR_AT = 0.92
ALIKE_AT = 0.82


def compare_names(a: I32, b: I32, table: NameTable, *, nicknames: bool) -> U8:
    """Return the level of each pair of name codes.

    Args:
        a: Codes.
        b: Codes.
        table: The names.
        nicknames: Whether short forms and initials count (given names) or not (surnames).
    """
    low, high = np.minimum(a, b).astype(np.uint64), np.maximum(a, b).astype(np.uint64)
    packed = (low << np.uint64(32)) | high
    out = np.full(len(a), EQUAL, np.uint8)
    out[low == 0] = MISSING
    todo = np.flatnonzero((low != high) & (low != 0))
    if not len(todo):
        return out
    distinct, back = np.unique(packed[todo], return_inverse=True)
    out[todo] = _levels(distinct, table, nicknames)[back]
    return out


def _levels(distinct: U64, table: NameTable, nicknames: bool) -> U8:
    left = (distinct >> np.uint64(32)).astype(np.int64)
    right = (distinct & np.uint64(0xFFFFFFFF)).astype(np.int64)
    out = np.full(len(distinct), DIFFERENT, np.uint8)
    values = np.array(table.values, object)
    alike = similarity(values[left], values[right])
    out[alike >= ALIKE_AT] = ALIKE
    out[alike >= NEAR_AT] = NEAR
    slips = edits(values[left], values[right])
    length = np.minimum(table.length[left], table.length[right])
    out[(slips <= 1) & (length >= 3)] = NEAR
    out[(slips == 2) & (length >= 6) & (out == DIFFERENT)] = ALIKE
    out[table.whole[left] == table.whole[right]] = EQUAL
    blank = table.blank[left] | table.blank[right]
    for row in np.flatnonzero(blank & (out != EQUAL)).tolist():
        if _one_holds_the_other(values[left[row]], values[right[row]]):
            out[row] = PART
    if nicknames:
        initial = (table.short[left] | table.short[right]) & (out != EQUAL)
        same = table.initial[left] == table.initial[right]
        out[initial] = np.where(same[initial], INITIAL, DIFFERENT)
        if len(table.nick):
            at = np.minimum(np.searchsorted(table.nick, distinct), len(table.nick) - 1)
            out[(table.nick[at] == distinct) & (out != EQUAL)] = NICKNAME
    return out


def similarity(a: npt.NDArray[np.object_], b: npt.NDArray[np.object_]) -> npt.NDArray[np.float32]:
    """Return the Jaro–Winkler likeness of each pair, 0 to 1."""
    return np.asarray(
        cpdist(list(a), list(b), scorer=JaroWinkler.similarity, dtype=np.float32, workers=1)
    )


def edits(a: npt.NDArray[np.object_], b: npt.NDArray[np.object_]) -> npt.NDArray[np.uint8]:
    """Return how many slips (a sign more, less, other, or two swapped) part each pair; 3 stands for more."""
    return np.asarray(
        cpdist(list(a), list(b), scorer=OSA.distance, score_cutoff=2, dtype=np.uint8, workers=1)
    )


def _one_holds_the_other(a: str, b: str) -> bool:
    """Say whether the words of one name (particles aside) are among the other's."""
    one = {w for w in a.split() if w not in PARTICLES and len(w) > 1}
    two = {w for w in b.split() if w not in PARTICLES and len(w) > 1}
    return bool(one and two) and (one <= two or two <= one)
