"""Read finished letters back and compare them with the plan, by a path that shares nothing with the setting of them.

The text comes out of the finished PDF (PDFium), page by page; the address out of the place where the envelope's
window looks. A merge fault (shifted names, a wrong list, a lost page) is found before anything can leave.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pypdfium2 as pdfium

from amends.notices.compose import Letter
from amends.notices.facts import Recipient
from amends.notices.letters import Piece
from amends.notices.plain import address_block, as_text, salutation
from amends.notices.wording import element_words, wording

_POINTS_AN_INCH = 72
_PAGE_HEIGHT = 11 * _POINTS_AN_INCH
# Where the window looks, in points from the lower left: 2 to 3.45 inches below the top, 0.9 to 4.45 from the left.
_WINDOW = (
    0.9 * _POINTS_AN_INCH,
    _PAGE_HEIGHT - 3.45 * _POINTS_AN_INCH,
    4.45 * _POINTS_AN_INCH,
    _PAGE_HEIGHT - 2.0 * _POINTS_AN_INCH,
)
_FOOT = re.compile(
    r"(?:Notice number|Número de aviso)\s+(N[0-9A-F]{16})\s+(?:Page|Página)\s+(\d+)\s+(?:of|de)\s+(\d+)\s*$"
)


@dataclass(frozen=True)
class ReadPiece:
    """One piece as it lies in the PDF.

    Attributes:
        notice_id: From the foot of its pages.
        page_first: Its first page, from 1.
        page_last: Its last page.
        window: Text in the envelope's window.
        text: The text of its pages in order, feet removed.
    """

    notice_id: str
    page_first: int
    page_last: int
    window: str
    text: str


def read_pieces(pdf: bytes) -> tuple[list[ReadPiece], list[str]]:
    """Return the pieces found in a PDF, and faults of its pages (no foot, pages missing or out of order)."""
    found: list[ReadPiece] = []
    wrong: list[str] = []
    document = pdfium.PdfDocument(pdf)
    try:
        for number in range(len(document)):
            text, window = _page(document, number)
            foot = _FOOT.search(text)
            if foot is None:
                wrong.append(f"page {number + 1} carries no notice number")
                continue
            _add(found, wrong, number + 1, foot, text[: foot.start()], window)
    finally:
        document.close()
    wrong += [f"{p.notice_id} lacks its last page" for p in found if "\f" in p.text]
    return found, wrong


def _page(document: pdfium.PdfDocument, number: int) -> tuple[str, str]:
    page = document[number]
    body = page.get_textpage()
    try:
        return body.get_text_range(), body.get_text_bounded(*_WINDOW)
    finally:
        body.close()
        page.close()


def _add(
    found: list[ReadPiece],
    wrong: list[str],
    number: int,
    foot: re.Match[str],
    text: str,
    window: str,
) -> None:
    """Put a page to its piece; a piece that waits for more pages ends in a form feed."""
    notice, page, pages = foot.group(1), int(foot.group(2)), int(foot.group(3))
    open_mark = "" if page == pages else "\f"
    last = found[-1] if found else None
    if page == 1:
        found.append(ReadPiece(notice, number, number, window, text + open_mark))
    elif (
        last
        and last.notice_id == notice
        and number - last.page_first + 1 == page
        and last.text.endswith("\f")
    ):
        found[-1] = ReadPiece(
            notice, last.page_first, number, last.window, last.text[:-1] + text + open_mark
        )
    else:
        wrong.append(f"page {number} is page {page} of {notice}, out of order")


@dataclass(frozen=True)
class Expected:
    """What the plan says of one piece, taken from the sealed row.

    Attributes:
        piece: Recipient and variant.
        elements: The person's elements by the plan.
    """

    piece: Piece
    elements: tuple[str, ...]


def compare(
    pdf: bytes, plan: Sequence[Expected], texts: Mapping[str, Letter], letterhead: Sequence[str]
) -> tuple[list[ReadPiece], list[str]]:
    """Return the pieces of a finished PDF and everything in which they differ from the plan.

    Args:
        pdf: The finished file.
        plan: What was to be in it, in order.
        texts: Variant id -> composed letter.
        letterhead: Lines above the address.
    """
    pieces, wrong = read_pieces(pdf)
    if [p.notice_id for p in pieces] != [e.piece.to.notice_id for e in plan]:
        wrong.append("the pieces in the file are not those of the plan, in their order")
        return pieces, wrong
    for read, expected in zip(pieces, plan, strict=True):
        letter = texts[expected.piece.variant]
        wrong += [
            f"{read.notice_id}: {fault}"
            for fault in _differences(read, expected, letter, letterhead)
        ]
    return pieces, wrong


def _differences(
    read: ReadPiece, expected: Expected, letter: Letter, letterhead: Sequence[str]
) -> list[str]:
    to = expected.piece.to
    found = []
    if bare(read.window) != bare("".join(address_block(letter, to))):
        found.append("the address in the window is not the person's")
    if bare(salutation(letter, to.name)) not in bare(read.text):
        found.append("the salutation does not name the person")
    found += _element_differences(read, expected, letter)
    whole = "".join(
        [*letterhead, *address_block(letter, to), _reference(letter, to), as_text(letter, to)]
    )
    if bare(read.text) != bare(whole):
        found.append("the text is not the text of the plan")
    return found


def _reference(letter: Letter, to: Recipient) -> str:
    return f"{wording(letter.variant.language).words['reference']}{to.notice_id}"


def _element_differences(read: ReadPiece, expected: Expected, letter: Letter) -> list[str]:
    """Compare the printed list with the elements of the plan's row, not with those of the variant."""
    words = wording(letter.variant.language)
    after = read.text.split(words.headings["what_information"], 1)
    if len(after) != 2:
        return ["the section on the information is missing"]
    part = after[1].split(words.headings["what_we_do"], 1)[0]
    bullets = [bare(b) for b in part.split("•")[1:]]
    named = element_words(words.language)
    adult = letter.variant.audience == "adult"
    wanted = [
        bare(n if adult else re.sub(r"\byour\b", "the", n))
        for n in (named[e].singular for e in expected.elements)
    ]
    if len(bullets) != len(wanted):
        return ["the number of elements named is not the person's"]
    missing = [w for w in wanted if not any(b.startswith(w) for b in bullets)]
    return ["an element of the person is not named"] if missing else []


# PDFium's marks for a hyphen at a line's end, and the second hyphen that Spanish sets at the next line's head.
_LINE_HYPHEN = re.compile("-?[\x02\ufffe]|-\r?\n-")


def bare(text: str) -> str:
    """Return text without spaces and line ends, in one form; PDFium's mark for a hyphen at a line's end becomes one."""
    folded = unicodedata.normalize("NFKC", _LINE_HYPHEN.sub("-", text))
    return re.sub(r"\s+", "", folded)
