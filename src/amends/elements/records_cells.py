"""Personal data inside the prose of a column: a note that says "SSN 900-12-3456, called back".

Such a column is read as text, one cell a paragraph, and what it holds becomes columns of its own
beside the table's. Names and addresses in notes are left alone: they are as often those of staff
or of somebody else, and a row has its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from amends.elements.columns_base import ColumnGuess
from amends.elements.detectors.base import Finding, Validity
from amends.elements.headers import plain_header
from amends.elements.shapes_cells import Cells, Mask
from amends.elements.shapes_data import word_set
from amends.elements.text import find

# Two blank lines keep a label in one cell from speaking for a value in the next.
_BETWEEN = "\n\n\n"
_LEFT_ALONE = frozenset(["name", "address", "zip"])
# Under a header that does not say "notes", only what proves itself by a checksum or a label.
_SURE = word_set("email ssn itin card imei iban mbi drivers_licence passport iccid")
_NOTES = word_set(
    "note notes comment comments remark remarks memo message messages body narrative details text "
    "freetext transcript chat notas comentarios observaciones bemerkung bemerkungen kommentar "
    "remarque commentaire observacoes"
)
_LEAST = 0.6
_MOST_CHARACTERS = 1 << 20


@dataclass(frozen=True)
class InText:
    """What the cells of a column hold of one element.

    Attributes:
        element: Element code.
        values: The first such value of each cell as it stands there; null where there is none.
        valid: Which of them pass the element's check.
    """

    element: str
    values: pa.Array
    valid: Mask


def is_prose(guess: ColumnGuess, cells: Cells) -> bool:
    """Say whether a column is prose, going by a sample: many words, no element of its own."""
    if guess.element is not None or guess.decided_by != "rule":
        return False
    n = cells.n_present + int(cells.long.sum())
    wordy = int(((cells.spaces >= 3) & (cells.letters >= 10)).sum()) + int(cells.long.sum())
    return n > 0 and wordy / n >= 0.3


def read_prose(header: str, values: pa.Array) -> list[InText]:
    """Return what the cells of a column hold, one entry an element.

    Args:
        header: The column's name; one that says "notes" lets weaker finds count.
        values: The cells.
    """
    texts = [(text or "").replace("\n", " ").replace("\r", " ") for text in values.to_pylist()]
    found: dict[str, dict[int, tuple[str, bool]]] = {}
    start = 0
    while start < len(texts):
        size, end = 0, start
        while end < len(texts) and (size < _MOST_CHARACTERS or end == start):
            size += len(texts[end]) + len(_BETWEEN)
            end += 1
        _read_some(texts[start:end], start, found)
        start = end
    notes = bool(set(plain_header(header).split("_")) & _NOTES)
    return [
        _column(element, held, len(texts))
        for element, held in sorted(found.items())
        if notes or element in _SURE
    ]


def _read_some(
    texts: Sequence[str], first: int, found: dict[str, dict[int, tuple[str, bool]]]
) -> None:
    whole = _BETWEEN.join(texts)
    starts = np.cumsum([0, *(len(text) + len(_BETWEEN) for text in texts)])
    for one in find(whole, names=False):
        row = int(np.searchsorted(starts, one.start, "right")) - 1
        inside = one.end <= starts[row] + len(texts[row])
        if inside and one.element not in _LEFT_ALONE and one.confidence >= _LEAST:
            _keep(found.setdefault(one.element, {}), first + row, whole[one.start : one.end], one)


def _keep(held: dict[int, tuple[str, bool]], row: int, value: str, one: Finding) -> None:
    valid = one.validity is Validity.VALID
    if row not in held or (valid and not held[row][1]):
        held[row] = (value, valid)


def _column(element: str, held: dict[int, tuple[str, bool]], n: int) -> InText:
    values: list[str | None] = [None] * n
    valid = np.zeros(n, np.bool_)
    for row, (value, is_valid) in held.items():
        values[row], valid[row] = value, is_valid
    return InText(element, pa.array(values, pa.string()), valid)
