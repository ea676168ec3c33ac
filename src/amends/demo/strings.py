"""Whole columns of text at once: digits, dates, joins, and the slips of the people who typed them.

Everything works on Arrow string arrays and numpy arrays of one chunk of the carrier's people; only
the few values that are spoiled are touched one by one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
# Arrow ships no types: an array of strings here.
Text = Any

_ZERO = 48
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def fixed(cells: Bytes) -> Text:
    """Return one string a row of a matrix of ASCII codes."""
    n, width = cells.shape
    offsets = np.arange(n + 1, dtype=np.int32) * width
    data = np.ascontiguousarray(cells, dtype=np.uint8)
    return pa.StringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(data))


def digit_cells(numbers: Ints, width: int) -> Bytes:
    """Return the decimal digits of each number, zero-padded, as a matrix of ASCII codes."""
    rest = numbers.astype(np.int64)
    cells = np.empty((len(rest), width), np.uint8)
    for place in range(width - 1, -1, -1):
        higher = rest // 10
        cells[:, place] = rest - higher * 10 + _ZERO
        rest = higher
    return cells


def digits(numbers: Ints, width: int) -> Text:
    """Return each number as text of ``width`` digits."""
    return fixed(digit_cells(numbers, width))


def pattern(cells: Bytes, layout: str) -> Text:
    """Lay digits out: ``#`` takes the next column of ``cells``, any other sign stands for itself."""
    out = np.empty((len(cells), len(layout)), np.uint8)
    taken = 0
    for place, sign in enumerate(layout):
        if sign == "#":
            out[:, place] = cells[:, taken]
            taken += 1
        else:
            out[:, place] = ord(sign)
    return fixed(out)


def day_cells(days: npt.NDArray[np.datetime64]) -> Bytes:
    """Return eight digits YYYYMMDD for each day."""
    months = days.astype("datetime64[M]")
    year = months.astype("datetime64[Y]").astype(np.int64) + 1970
    month = months.astype(np.int64) % 12 + 1
    day = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    return digit_cells(year * 10_000 + month * 100 + day, 8)


def iso_day(days: npt.NDArray[np.datetime64]) -> Text:
    """Return days as ``YYYY-MM-DD``."""
    return pattern(day_cells(days), "####-##-##")


def us_day(days: npt.NDArray[np.datetime64], layout: str = "##/##/####") -> Text:
    """Return days with the month first, by default as ``MM/DD/YYYY``."""
    cells = day_cells(days)
    return pattern(cells[:, [4, 5, 6, 7, 0, 1, 2, 3]], layout)


def as_text(values: Sequence[str | None] | npt.NDArray[Any]) -> Text:
    """Return any sequence of strings or numbers as Arrow strings."""
    return pc.cast(pa.array(values), pa.string())


def take(words: Text, index: npt.NDArray[Any]) -> Text:
    """Return ``words[index]``."""
    return words.take(pa.array(index))


def join(*parts: Text | str, sep: str = "") -> Text:
    """Join columns and constants row by row; an empty or null part still takes its separator."""
    return pc.binary_join_element_wise(*parts, sep, null_handling="replace", null_replacement="")


def choose(mask: Mask, yes: Text | str | None, no: Text | str | None) -> Text:
    """Return ``yes`` where the mask is true, else ``no``."""
    return pc.if_else(pa.array(mask), _scalar(yes), _scalar(no))


def _scalar(value: Text | str | None) -> Text:
    return pa.scalar(value, pa.string()) if value is None or isinstance(value, str) else value


def blank(values: Text, mask: Mask) -> Text:
    """Return the column with null where the mask is true."""
    return choose(mask, None, values)


def present(values: Text) -> Mask:
    """Return where a value stands: not null and not empty."""
    filled = pc.fill_null(pc.not_equal(values, ""), False)
    return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=np.bool_)


def patch(values: Text, where: Ints, new: Sequence[str | None]) -> Text:
    """Return the column with ``new`` at the (ascending) rows ``where``."""
    if not len(where):
        return values
    mask = np.zeros(len(values), np.bool_)
    mask[where] = True
    return pc.replace_with_mask(values, pa.array(mask), pa.array(new, pa.string()))


def spoil(
    values: Text,
    mask: Mask,
    rng: np.random.Generator,
    slip: Callable[[np.random.Generator, str], str],
) -> Text:
    """Return the column with ``slip`` applied to the masked values that stand."""
    where = np.flatnonzero(mask & present(values))
    old = values.take(pa.array(where)).to_pylist()
    return patch(values, where, [slip(rng, value) for value in old])


def mistype(rng: np.random.Generator, word: str) -> str:
    """Make one slip of the keyboard in a word: a wrong, missing, doubled or swapped letter."""
    if len(word) < 3:
        return word
    at = int(rng.integers(1, len(word) - 1))
    kind = int(rng.integers(4))
    letter = _LETTERS[int(rng.integers(26))]
    letter = letter.upper() if word[at].isupper() else letter
    changed = (
        word[:at] + letter + word[at + 1 :],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + word[at + 1 :],
        word[: at + 1] + word[at:],
    )
    return changed[kind]


def misdial(rng: np.random.Generator, number: str) -> str:
    """Change or swap digits after the first four signs; the length stays."""
    places = [i for i, sign in enumerate(number) if sign.isdigit() and i > 3]
    if len(places) < 2:
        return number
    pick = int(rng.integers(len(places) - 1))
    at, after = places[pick], places[pick + 1]
    signs = list(number)
    if rng.random() < 0.5 and signs[at] != signs[after]:
        signs[at], signs[after] = signs[after], signs[at]
    else:
        signs[at] = str((int(signs[at]) + int(rng.integers(1, 9))) % 10)
    return "".join(signs)


def lose_digit(rng: np.random.Generator, number: str) -> str:
    """Lose one digit, or write the letter O for a zero: a number no longer well formed."""
    if "0" in number and rng.random() < 0.3:
        return number.replace("0", "O", 1)
    at = max(i for i, sign in enumerate(number) if sign.isdigit())
    return number[:at] + number[at + 1 :]


def plain_ascii(word: str) -> str:
    """Return a word as an old mainframe keeps it: no accents, no marks, upper case."""
    return plain_letters(word).replace("'", "").replace("-", " ").replace(".", "").upper()


_STROKES = str.maketrans(
    {"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ı": "i", "ß": "ss"}
    | {"æ": "ae", "Æ": "AE", "’": "'"}
)


def plain_letters(word: str) -> str:
    """Return a word in ASCII: without accents and strokes."""
    if word.isascii():
        return word
    split = unicodedata.normalize("NFKD", word.translate(_STROKES))
    return split.encode("ascii", "ignore").decode()
