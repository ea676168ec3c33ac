"""HTML: the text a reader sees, block by block; table rows as lines with tabs; scripts and styles dropped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from amends.custody.readers.base import Opener, blocks_of
from amends.custody.source import Source
from amends.custody.text import decode, looks_like_text, repaired, sniff_encoding, text_of
from amends.kernel.contents import DocumentPart, Part

_START = re.compile(rb"<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>]", re.I)
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w.:-]+)", re.I)
HIDDEN = frozenset({"script", "style", "noscript", "template", "svg", "object"})
BLOCKS = frozenset(
    [
        "p",
        "div",
        "section",
        "article",
        "header",
        "footer",
        "main",
        "aside",
        "nav",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "table",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "blockquote",
        "pre",
        "form",
        "fieldset",
        "address",
        "figure",
        "figcaption",
        "hr",
        "br",
        "title",
        "option",
        "caption",
    ]
)
SHOWN_ATTRIBUTES = {"input": "value", "img": "alt"}


class Html:
    """Reads HTML pages."""

    name = "html"

    def detect(self, source: Source) -> bool:
        """Answer by the first tags, or the ending of the name."""
        if not looks_like_text(source.head):
            return False
        head = source.head[:4096].replace(b"\x00", b"")
        return _START.search(head[:2048]) is not None or (
            source.ending in (".html", ".htm", ".xhtml") and b"<" in head
        )

    def map(self, source: Source, opener: Opener) -> Iterator[Part]:
        """Yield the one document."""
        pieces = _decoded(source)
        yield DocumentPart(source.inner_path, "text/html", self.name, blocks_of(html_text(pieces)))


def _decoded(source: Source) -> Iterator[str]:
    """Yield the page as text; a stated charset counts where the bytes are not UTF-8."""
    stated = _CHARSET.search(source.head[:4096])
    name, _ = sniff_encoding(source.head)
    if stated and name not in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
        return decode_stated(source, stated.group(1).decode("ascii", "replace"))
    return text_of(source.stream(), source.head)


def decode_stated(source: Source, charset: str) -> Iterator[str]:
    """Yield text in a stated charset, or in the sniffed one where that is unknown."""
    stream = source.stream()
    try:
        "".encode(charset)
    except (LookupError, UnicodeError):
        yield from text_of(stream, source.head)
        return
    yield from decode(
        stream, "cp1252" if charset.lower() in ("iso-8859-1", "latin-1", "us-ascii") else charset
    )


def html_text(pieces: Iterator[str]) -> Iterator[str]:
    """Yield the visible text of a page."""
    parser = _Visible()
    for piece in pieces:
        for at in range(0, len(piece), 1 << 16):
            try:
                parser.feed(piece[at : at + (1 << 16)])
            except (AssertionError, ValueError):  # the parser gives up on some broken declarations
                parser.rawdata = ""
                parser.take(re.sub(r"<[^>]*>", " ", piece[at : at + (1 << 16)]))
            if len(parser.rawdata) > (1 << 20):  # an open tag that never ends
                parser.take(parser.rawdata)
                parser.rawdata = ""
        yield parser.taken()
    try:
        parser.close()
    except (AssertionError, ValueError):
        parser.take(parser.rawdata)
    yield parser.taken()


class _Visible(HTMLParser):
    """Collects visible text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._hidden = 0
        self._in_cell = False
        self._at_line_start = True
        self._preformatted = 0
        self._cells = 0

    def taken(self) -> str:
        """Return what was collected, and start again."""
        text = "".join(self._pieces)
        self._pieces = []
        return repaired(text)

    def take(self, text: str) -> None:
        """Add text."""
        if text:
            self._pieces.append(text)
            self._at_line_start = text.endswith("\n")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin blocks, cells and hidden parts."""
        if tag in HIDDEN:
            self._hidden += 1
        elif tag in ("td", "th"):
            if self._cells:
                self.take("\t")
            self._cells += 1
            self._in_cell = True
        elif tag in BLOCKS:
            self._line(tag)
        if tag == "tr":
            self._cells = 0
        if tag == "pre":
            self._preformatted += 1
        shown = dict(attrs).get(SHOWN_ATTRIBUTES.get(tag, ""))
        if shown and not self._hidden:
            self.take(f" {shown} ")
        if tag == "a" and not self._hidden:
            link = dict(attrs).get("href") or ""
            if link.startswith(("mailto:", "tel:")):
                self.take(f"{link.split(':', 1)[1].split('?')[0]} ")

    def handle_endtag(self, tag: str) -> None:
        """End blocks, cells and hidden parts."""
        if tag in HIDDEN:
            self._hidden = max(self._hidden - 1, 0)
        elif tag in ("td", "th"):
            self._in_cell = False
        elif tag in BLOCKS:
            self._line(tag)
        if tag == "pre":
            self._preformatted = max(self._preformatted - 1, 0)
        if tag == "tr":
            self._cells = 0

    def _line(self, tag: str) -> None:
        if self._in_cell and tag != "tr":
            self.take(" ")
        elif not self._at_line_start and not self._hidden:
            self.take("\n")

    def handle_data(self, data: str) -> None:
        """Add visible text with spaces run together."""
        if self._hidden:
            return
        if self._preformatted:
            self.take(data)
            return
        text = re.sub(r"[ \t\r\n\f]+", " ", data)
        if text == " " and self._at_line_start:
            return
        self.take(text.lstrip(" ") if self._at_line_start else text)
