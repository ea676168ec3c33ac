"""What the evidence says around a finding, and a few values of a column: for the eye that decides, masked.

Evidence is opened anew and read until the place is reached, within a bound of time: what lies deep in a large dump is
not shown rather than waited for. Masked text keeps its shape: digits become ``#``, capitalised words keep their first
letter, an identifier at most its last four.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from amends.kernel.case import Case
from amends.kernel.contents import DocumentPart, Part, TablePart
from amends.tables.custody import EXHIBITS, ITEMS
from amends.tables.elements import FINDINGS
from amends.taxonomy.elements import elements

SECONDS = 4.0
"""How long a page looks for the place before it says that it lies too deep."""

ROWS = 400
AROUND = 320
"""Characters shown before and after a finding: about four lines each."""

MOST_VALUES = 12
_HIDDEN = frozenset({"password", "security_answer", "pin", "account_pin", "card_cvv", "token"})
_TOO_DEEP = (
    "The place lies too deep in a large exhibit to be shown here; see it with: amends explain"
)


@dataclass(frozen=True)
class Piece:
    """A stretch of a preview.

    Attributes:
        text: What is shown.
        element: Element found in it; "" for plain text.
        here: Whether it is the finding asked about.
        finding_id: The finding; "" for plain text.
    """

    text: str
    element: str = ""
    here: bool = False
    finding_id: str = ""


@dataclass(frozen=True)
class Preview:
    """A stretch of evidence.

    Attributes:
        pieces: In order.
        why_not: Why nothing is shown; "" when something is.
    """

    pieces: tuple[Piece, ...] = ()
    why_not: str = ""


@dataclass(frozen=True)
class ColumnSample:
    """Values of a column.

    Attributes:
        values: Distinct values as shown, with how many there are of each shape, the most frequent first.
        rows: Rows read for it.
        why_not: Why nothing is shown; "" when something is.
    """

    values: tuple[tuple[str, int], ...] = ()
    rows: int = 0
    why_not: str = ""


def column_sample(
    case: Case, item_id: str, column: str, element: str | None, *, reveal: bool = False
) -> ColumnSample:
    """Return distinct values from the first rows of a table's column.

    Args:
        case: The case, opened with a reader of exhibits.
        item_id: The table.
        column: Its column.
        element: What it is taken for: decides how values are masked.
        reveal: Show them in full; the caller writes that to the ledger.
    """
    with _opened(case, item_id) as found:
        if not isinstance(found, TablePart):
            return ColumnSample(why_not=_TOO_DEEP)
        if column not in found.columns:
            return ColumnSample(why_not="The table has no such column any more")
        values, rows = _distinct(found, column)
    shapes = Counter((v if reveal else mask_value(v, element))[:120] for v in values)
    shown = tuple(shapes.most_common(MOST_VALUES))
    return ColumnSample(shown, rows, "" if shown else "No value was seen")


def _distinct(found: TablePart, column: str) -> tuple[list[str], int]:
    """Return the distinct values of the first rows, and how many rows were read."""
    values: dict[str, None] = {}
    rows = 0
    for batch in found.batches:
        for value in batch.column(column).to_pylist():
            rows += 1
            if value not in (None, ""):
                values.setdefault(value)
        if rows >= ROWS:
            break
    return list(values), rows


def finding_preview(case: Case, finding_id: str, *, reveal: bool = False) -> Preview:
    """Return the text around a finding, all findings in it marked.

    Args:
        case: The case, opened with a reader of exhibits.
        finding_id: The finding.
        reveal: Show the text in full; the caller writes that to the ledger.
    """
    findings = case.read(FINDINGS)
    rows = case.engine.arrow(
        f'SELECT item_id, start, "end" FROM {findings} WHERE finding_id = ?', [finding_id]
    ).to_pylist()
    if not rows:
        return Preview(why_not="There is no such finding any more")
    item, first = rows[0]["item_id"], max(0, rows[0]["start"] - AROUND)
    last = rows[0]["end"] + AROUND
    with _opened(case, item) as found:
        if not isinstance(found, DocumentPart):
            return Preview(why_not=_TOO_DEEP)
        text = _stretch(found, first, last)
    near = case.engine.arrow(
        f"""SELECT finding_id, start, "end", element, masked FROM {findings}
        WHERE item_id = ? AND "end" > ? AND start < ? ORDER BY start, "end" DESC""",
        [item, first, first + len(text)],
    ).to_pylist()
    return Preview(tuple(_pieces(text, first, near, finding_id, reveal)))


@contextmanager
def _opened(case: Case, item_id: str) -> Iterator[TablePart | DocumentPart | None]:
    """Open an item for reading; ``None`` when it was not reached in time. The exhibit stays open inside the block."""
    row = case.engine.arrow(
        f"""SELECT i.inner_path, i.kind, e.place FROM {case.read(ITEMS)} AS i
        JOIN {case.read(EXHIBITS)} AS e USING (exhibit_id) WHERE i.item_id = ?""",
        [item_id],
    ).to_pylist()
    if not row:
        yield None
        return
    place = Path(row[0]["place"])
    parts = case.contents.parts(place if place.is_absolute() else case.folder / place)
    try:
        yield _reached(parts, row[0]["inner_path"], row[0]["kind"])
    finally:
        if isinstance(parts, Generator):
            parts.close()


def _reached(parts: Iterator[Part], inner_path: str, kind: str) -> TablePart | DocumentPart | None:
    limit = time.monotonic() + SECONDS
    wanted = TablePart if kind == "table" else DocumentPart
    for part in parts:
        if isinstance(part, wanted) and part.inner_path == inner_path:
            return part
        if isinstance(part, TablePart | DocumentPart) and not _skip(part, limit):
            return None
    return None


def _skip(part: TablePart | DocumentPart, limit: float) -> bool:
    """Read a part to its end; say whether there was time for it."""
    pieces: Iterator[object] = part.batches if isinstance(part, TablePart) else part.blocks
    return all(time.monotonic() <= limit for _ in pieces)


def _stretch(part: DocumentPart, first: int, last: int) -> str:
    kept = []
    for block in part.blocks:
        if block.offset >= last:
            break
        if block.offset + len(block.text) > first:
            kept.append(block.text[max(0, first - block.offset) : last - block.offset])
    return "".join(kept)


def _pieces(
    text: str, offset: int, near: Sequence[dict[str, object]], wanted: str, reveal: bool
) -> Iterator[Piece]:
    """Cut a text at its findings; where two overlap, the wanted one wins, then the earlier."""
    spans = [_span(row, n, offset, len(text)) for n, row in enumerate(near)]
    own = [s for s in spans if s[3] == wanted]
    rest = [
        s for s in spans if s[3] != wanted and not any(s[0] < o[1] and o[0] < s[1] for o in own)
    ]
    at = 0
    for start, end, row_no, finding_id in sorted(own + _apart(rest)):
        row = near[row_no]
        yield from _plain(text[at:start], reveal)
        shown = text[start:end] if reveal else str(row["masked"] or mask_text(text[start:end]))
        piece = Piece(shown, str(row["element"]), finding_id=finding_id)
        yield replace(piece, here=finding_id == wanted)
        at = end
    yield from _plain(text[at:], reveal)


_Span = tuple[int, int, int, str]


def _span(row: dict[str, object], number: int, offset: int, length: int) -> _Span:
    start, end = int(str(row["start"])) - offset, int(str(row["end"])) - offset
    return max(0, start), min(length, end), number, str(row["finding_id"])


def _apart(spans: Sequence[_Span]) -> list[_Span]:
    kept: list[_Span] = []
    for span in sorted(spans):
        if not kept or span[0] >= kept[-1][1]:
            kept.append(span)
    return kept


def _plain(text: str, reveal: bool) -> Iterator[Piece]:
    if text:
        yield Piece(text if reveal else mask_text(text))


_MAIL = re.compile(r"[\w.+'-]+@(?=[\w-]+\.)")
_CAPITALISED = re.compile(r"\b([^\W\d_])([^\W_]*)\b")
_WORD = re.compile(r"[^\W_]+")


def mask_text(text: str) -> str:
    """Return running text with digits, capitalised words and mailboxes hidden.

    Names that nobody found stand with a capital in nearly every document; words in small letters stay readable.
    """

    def hide(found: re.Match[str]) -> str:
        word = found.group(0)
        if word[0].isupper() and len(word) > 1:
            return word[0] + "·" * (len(word) - 1)
        return word

    hidden = _MAIL.sub(lambda m: m.group(0)[0] + "···@", text)
    return _CAPITALISED.sub(hide, re.sub(r"\d", "#", hidden))


def mask_value(value: str, element: str | None = None) -> str:
    """Return a cell so that its shape shows: digits as ``#`` with at most the last four, words by their first letter.

    A secret (a password, a PIN) is hidden wholly; so is every word that mixes letters and digits.
    """
    if element in _HIDDEN:
        return "•" * min(len(value), 8)
    value = _MAIL.sub(lambda m: m.group(0)[0] + "···@", value)
    known = elements().get(element or "")
    digits = [i for i, c in enumerate(value) if c.isdigit()]
    clear = set(digits[-4:]) if len(digits) >= 9 and (known is None or known.identifier) else set()
    parts, at = [], 0
    for found in _WORD.finditer(value):
        parts += [value[at : found.start()], _hidden_word(found, clear)]
        at = found.end()
    return "".join([*parts, value[at:]])


def _hidden_word(found: re.Match[str], clear: set[int]) -> str:
    word, first = found.group(0), found.start()
    if word.isalpha():
        return word[0] + "·" * (len(word) - 1)
    return "".join(
        (c if first + i in clear else "#") if c.isdigit() else "x" for i, c in enumerate(word)
    )
