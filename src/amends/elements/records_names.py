"""Names taken apart: "Garcia Lopez, Maria T. Jr" and "John & Mary Smith", for whole columns.

The plain forms (``First Last``, ``First M Last``, ``Last, First M``) are split in Arrow; a name
with a title, a particle, a suffix or two people in it is read one by one, once a spelling.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.elements.shapes_cells import Cells, Mask, keep_where
from amends.elements.shapes_data import given_names, placeholders, surnames, word_set

SUFFIXES = {
    "JR": "JR", "JNR": "JR", "JUNIOR": "JR", "SR": "SR", "SNR": "SR", "SENIOR": "SR", "II": "II",
    "III": "III", "IV": "IV", "V": "V", "VI": "VI", "2ND": "II", "3RD": "III", "4TH": "IV",
}  # fmt: skip
_DEGREES = word_set("MD PHD ESQ DDS DO RN CPA JD DVM MBA PE LPN NP PA-C OD DMD FACS")
_TITLES = word_set(
    "MR MRS MS MISS MX DR PROF REV FR SR. HON SIR DAME SRA SRTA DON DONA DOÑA HERR FRAU MME MLLE M "
    "MONSIEUR MADAME CAPT LT SGT COL MAJ GEN"
)
_PARTICLES = word_set(
    "DE DEL DELA DA DO DOS DAS DI DELLA VON VAN DER DEN TEN TER LA LE LOS LAS SAN SANTA ST ST. AL "
    "EL BIN IBN BEN MAC MC Y E ZU ZUR DU DES AF AV"
)
_JOINERS = word_set("& AND Y / + OR UND ET")


@dataclass(frozen=True)
class Names:
    """The names of one column, taken apart; each array is as long as the column.

    Attributes:
        first: Given name.
        middle: Middle name or initial.
        last: Family name.
        suffix: JR, SR, II, III, IV.
        second: Given, middle, family name and suffix of a second person in the same cell, or null
            where no cell names two.
    """

    first: pa.Array
    middle: pa.Array
    last: pa.Array
    suffix: pa.Array
    second: Names | None = None


@dataclass(frozen=True)
class Name:
    """One person's name."""

    first: str | None = None
    middle: str | None = None
    last: str | None = None
    suffix: str | None = None


def family_first(cells: Cells) -> bool:
    """Say whether a column writes the family name first without a comma: ``SMITH JOHN A``."""
    n_words = cells.spaces.astype(np.int32) + 1
    plain = np.flatnonzero(cells.present & (n_words >= 2) & (n_words <= 3) & (cells.others == 0))
    if len(plain) < 10:
        return False
    parts = pc.split_pattern_regex(pc.utf8_upper(cells.values.take(pa.array(plain))), r"\s+")
    head = pc.list_element(parts, 0)
    tail = pc.list_element(parts, 1)
    given, family = given_names(), surnames()

    def share(words: pa.Array, listed: pa.Array, other: pa.Array) -> float:
        only = pc.and_not(pc.is_in(words, value_set=listed), pc.is_in(words, value_set=other))
        return float(np.asarray(only).mean())

    forward = share(head, given, family) + share(tail, family, given)
    backward = share(head, family, given) + share(tail, given, family)
    return backward > 1.3 * forward + 0.05


class NameReader:
    """Takes the names of a column apart.

    Args:
        backward: Whether the family name stands first without a comma.
    """

    def __init__(self, backward: bool = False) -> None:
        self._backward = backward
        self._known: dict[str, tuple[Name, Name | None]] = {}

    def read(self, cells: Cells) -> Names:
        """Return the parts of every name; fillers become null."""
        values = without_fillers(cells)
        n = len(values)
        easy, columns = self._easy(cells, values)
        hard = np.flatnonzero(np.asarray(pc.is_valid(values)) & ~easy)
        if not len(hard):
            first, middle, last = columns
            return Names(first, middle, last, pa.nulls(n, pa.string()))
        coded = pc.dictionary_encode(values.take(pa.array(hard)))
        read = [self._one(text) for text in coded.dictionary.to_pylist()]
        index = coded.indices
        out = []
        for at, part in enumerate(("first", "middle", "last", "suffix")):
            fixed = pa.array([getattr(r[0], part) for r in read], pa.string()).take(index)
            base = columns[at] if at < 3 else pa.nulls(n, pa.string())
            out.append(_placed(base, hard, fixed))
        second = None
        if any(r[1] for r in read):
            blank = Name()
            two = [r[1] or blank for r in read]
            second = Names(*(
                _placed(
                    pa.nulls(n, pa.string()),
                    hard,
                    pa.array([getattr(r, part) for r in two], pa.string()).take(index),
                )
                for part in ("first", "middle", "last", "suffix")
            ))  # fmt: skip
        return Names(out[0], out[1], out[2], out[3], second)

    def _one(self, text: str) -> tuple[Name, Name | None]:
        known = self._known.get(text)
        if known is None:
            if len(self._known) > 500_000:
                self._known.clear()
            known = self._known[text] = read_name(text, self._backward)
        return known

    def _easy(self, cells: Cells, values: pa.Array) -> tuple[Mask, list[pa.Array]]:
        """Split names of two or three plain words, with at most one comma, in Arrow."""
        n = len(values)
        clean = pc.replace_substring(values, ",", " ,")
        words = pc.split_pattern_regex(pc.utf8_trim_whitespace(clean), r"\s+")
        flat = words.flatten()
        upper = pc.utf8_upper(pc.replace_substring(flat, ".", ""))
        odd = np.asarray(pc.is_in(upper, value_set=_ODD))
        offsets = np.asarray(words.offsets)
        counts = np.diff(offsets)
        total = np.concatenate([[0], np.cumsum(odd)])
        is_comma = np.asarray(pc.equal(flat, ","))
        at_second = np.zeros(n, np.bool_)
        some = counts >= 3
        at_second[some] = is_comma[offsets[:-1][some] + 1]
        commas = np.concatenate([[0], np.cumsum(is_comma)])
        n_commas = commas[offsets[1:]] - commas[offsets[:-1]]
        valid = np.asarray(pc.is_valid(values))
        plain = valid & (total[offsets[1:]] - total[offsets[:-1]] == 0)
        forward = plain & (n_commas == 0) & (counts >= 1) & (counts <= 3)
        turned = plain & (n_commas == 1) & at_second & (counts >= 3) & (counts <= 4)
        start = offsets[:-1]
        first = np.where(turned, start + 2, start)
        last = np.where(turned, start, start + counts - 1)
        middle = np.where(turned, start + 3, start + 1)
        has_middle = (forward & (counts == 3)) | (turned & (counts == 4))
        if self._backward:
            first, last = np.where(forward, start + 1, first), np.where(forward, start, last)
            middle = np.where(forward, start + 2, middle)
        single = forward & (counts == 1)
        easy = forward | turned
        return easy, [
            _picked(flat, first, easy & ~(single & self._backward)),
            _picked(flat, middle, has_middle),
            _picked(flat, last, easy & ~single),
        ]


_ODD = pa.array(sorted({*SUFFIXES, *_DEGREES, *_TITLES, *_PARTICLES, *_JOINERS, ""}), pa.string())


def _picked(flat: pa.Array, places: NDArray[np.int64], mask: Mask) -> pa.Array:
    return flat.take(pa.array(places, mask=~mask))


def _placed(base: pa.Array, places: NDArray[np.int64], values: pa.Array) -> pa.Array:
    mask = np.zeros(len(base), np.bool_)
    mask[places] = True
    return pc.replace_with_mask(base, pa.array(mask), values)


# Patterns of ``placeholders.csv`` for names.
_FILLER_NAME = r"^(?:Z{2,}|X{2,}|A{3,}|B{3,})|\bTEST\b"


def without_fillers(cells: Cells) -> pa.Array:
    """Return the values of a column of names, fillers and empty ones null."""
    upper = pc.utf8_upper(cells.values)
    filler = pc.or_(
        pc.is_in(upper, value_set=placeholders("any")),
        pc.is_in(upper, value_set=placeholders("name")),
    )
    filler = pc.or_(filler, pc.match_substring_regex(upper, _FILLER_NAME))
    letters = cells.letters.astype(np.int32) + cells.others > 0
    return keep_where(cells.values, letters & cells.present & ~np.asarray(filler.fill_null(False)))


def read_name(text: str, backward: bool = False) -> tuple[Name, Name | None]:
    """Take one name apart, and a second person's where the cell holds two.

    Args:
        text: ``Dr. Maria de la Cruz Jr``, ``de la Cruz, Maria T.``, ``John & Mary Smith`` …
        backward: Whether the family name stands first without a comma.
    """
    text = re.sub(r"\([^)]*\)|\"[^\"]*\"", " ", text)
    halves = re.split(r"\s*(?:&|/|\+|;|\band\b|\bAND\b|\bAnd\b)\s*", text, maxsplit=1)
    if len(halves) == 2 and all(re.search(r"[^\W\d_]", half) for half in halves):
        return _two(halves[0].strip(), halves[1].strip(), backward)
    return _one_name(text, backward), None


def _two(left: str, right: str, backward: bool) -> tuple[Name, Name]:
    """Read ``John & Mary Smith``, ``Smith, John & Mary`` and ``John Smith & Mary Jones``."""
    if "," in left:
        first = _one_name(left, backward)
        if "," in right or len(right.split()) > 2:
            return first, _one_name(right, backward)
        words = right.split()
        return first, Name(words[0], " ".join(words[1:]) or None, first.last, None)
    other = _one_name(right, backward)
    words = [w for w in left.split() if _bare(w) not in _TITLES]
    if len(words) <= 1 or (len(words) == 2 and len(words[1].strip(".")) == 1):
        first_word = words[0] if words else None
        return Name(first_word, words[1] if len(words) > 1 else None, other.last, None), other
    return _one_name(left, backward), other


def _bare(word: str) -> str:
    return word.upper().strip(".,")


def _one_name(text: str, backward: bool) -> Name:
    before, comma, after = text.partition(",")
    suffix: str | None = None
    if comma and _all_suffixes(after):
        text, comma, suffix = before, "", _suffix_of(after)
    if comma:
        family, found = _strip_suffix(before.split())
        rest, more = _strip_suffix(after.replace(",", " ").split())
        rest = _strip_titles(rest)
        return Name(
            rest[0] if rest else None,
            " ".join(rest[1:]) or None,
            " ".join(_strip_titles(family)) or None,
            found or more or suffix,
        )
    words, found = _strip_suffix(text.split())
    words = _strip_titles(words)
    return _plain(words, found or suffix, backward)


def _plain(words: list[str], suffix: str | None, backward: bool) -> Name:
    if not words:
        return Name(suffix=suffix)
    if len(words) == 1:
        return (
            Name(first=words[0], suffix=suffix)
            if not backward
            else Name(last=words[0], suffix=suffix)
        )
    if backward:
        cut = 1
        while cut < len(words) - 1 and _bare(words[cut - 1]) in _PARTICLES:
            cut += 1
        return Name(words[cut], " ".join(words[cut + 1 :]) or None, " ".join(words[:cut]), suffix)
    cut = len(words) - 1
    while cut > 1 and _bare(words[cut - 1]) in _PARTICLES:
        cut -= 1
    return Name(words[0], " ".join(words[1:cut]) or None, " ".join(words[cut:]), suffix)


def _strip_titles(words: list[str]) -> list[str]:
    while len(words) > 1 and _bare(words[0]) in _TITLES:
        words = words[1:]
    return words


def _strip_suffix(words: list[str]) -> tuple[list[str], str | None]:
    suffix = None
    while len(words) > 1:
        tail = _bare(words[-1])
        if tail in SUFFIXES:
            suffix = SUFFIXES[tail]
        elif tail not in _DEGREES:
            break
        words = words[:-1]
    return words, suffix


def _all_suffixes(text: str) -> bool:
    words = [_bare(w) for w in text.replace(",", " ").split()]
    return bool(words) and all(w in SUFFIXES or w in _DEGREES for w in words)


def _suffix_of(text: str) -> str | None:
    found = [SUFFIXES[_bare(w)] for w in text.replace(",", " ").split() if _bare(w) in SUFFIXES]
    return found[0] if found else None
