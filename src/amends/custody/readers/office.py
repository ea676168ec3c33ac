"""Office documents: DOCX, PPTX, ODT, ODP. Paragraphs as lines, tables as lines with tabs, notes and text boxes too.

The XML is read with entities refused, so that an entity bomb is a fault.

Source:
    ECMA-376 part 1 (WordprocessingML, PresentationML); OASIS OpenDocument 1.3 part 3.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, cast
from xml.parsers import expat

from amends.custody.limits import BOMB_REMEDY, LimitError
from amends.custody.names import clean_name
from amends.custody.readers.base import Opener, blocks_of, member
from amends.custody.readers.zip_kind import kind_of_zip
from amends.custody.source import Source
from amends.kernel.contents import DocumentPart, Fault, Part

MEDIA_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "odp": "application/vnd.oasis.opendocument.presentation",
}
TEXT_PARTS = {
    "docx": r"word/(?:document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml",
    "pptx": r"ppt/(?:slides|notesSlides|comments)/[^/]+\.xml",
    "odt": r"(?:content|styles)\.xml",
    "odp": r"content\.xml",
}
DAMAGED_REMEDY = "open it with an office program, repair and save it, and add that"
_EMBEDDED = re.compile(r"(?:word|ppt)/embeddings/[^/]+\.(?:xlsx|docx|pptx|pdf|csv|txt|zip)$", re.I)


class Office:
    """Reads text documents and presentations."""

    name = "office"

    def detect(self, source: Source) -> bool:
        """Answer by what is in the zip."""
        return kind_of_zip(source) in MEDIA_TYPES

    def map(self, source: Source, opener: Opener) -> Iterator[Part]:
        """Yield the document, then what is embedded in it."""
        kind = kind_of_zip(source)
        faults: list[Fault] = []
        try:
            archive = zipfile.ZipFile(source.seekable())
        except zipfile.BadZipFile:
            opener.budget.take_item()
            yield Fault(source.inner_path, "", "truncated", DAMAGED_REMEDY)
            return
        with archive:
            names = _in_order(
                [name for name in archive.namelist() if re.fullmatch(TEXT_PARTS[kind], name)]
            )
            texts = _texts(archive, names, opener, faults, source.inner_path)
            yield DocumentPart(
                source.inner_path, MEDIA_TYPES[kind], self.name, blocks_of(texts), [], faults
            )
            for name in archive.namelist():
                if _EMBEDDED.search(name):
                    with archive.open(name) as stream:
                        yield from opener.inside(
                            member(source, clean_name(name), cast(BinaryIO, stream), opener)
                        )


def _in_order(names: list[str]) -> list[str]:
    """Return part names with the main text first, and slides by number."""

    def place(name: str) -> tuple[int, list[int], str]:
        main = 0 if name in ("word/document.xml", "content.xml") or "/slides/" in name else 1
        return main, [int(number) for number in re.findall(r"\d+", name)], name

    return sorted(names, key=place)


def _texts(
    archive: zipfile.ZipFile, names: list[str], opener: Opener, faults: list[Fault], inner: str
) -> Iterator[str]:
    for name in names:
        try:
            with archive.open(name) as stream:
                yield from xml_text(cast(BinaryIO, stream), opener)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
            faults.append(Fault(inner, name, "truncated", DAMAGED_REMEDY, whole=False))
        except expat.ExpatError:
            faults.append(Fault(inner, name, "unreadable", DAMAGED_REMEDY, whole=False))
        except LimitError as error:
            faults.append(Fault(inner, name, error.reason, error.remedy, whole=False))


def xml_text(stream: BinaryIO, opener: Opener) -> Iterator[str]:
    """Yield the text of one XML part.

    Raises:
        LimitError: It declares entities, or unfolds too far.
        expat.ExpatError: It is not well formed.
    """
    writer = _Writer()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = writer.start
    parser.EndElementHandler = writer.end
    parser.CharacterDataHandler = writer.data
    parser.EntityDeclHandler = _refuse
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    while piece := stream.read(1 << 18):
        opener.budget.take_bytes(len(piece))
        try:
            parser.Parse(piece, False)
        except expat.ExpatError:
            yield writer.taken()
            raise
        yield writer.taken()
    parser.Parse(b"", True)
    yield writer.taken()


def _refuse(*_: object) -> None:
    raise LimitError("bomb", BOMB_REMEDY)


PARAGRAPHS = frozenset({"w:p", "a:p", "text:p", "text:h"})
ROWS = frozenset({"w:tr", "a:tr", "table:table-row"})
CELLS = frozenset({"w:tc", "a:tc", "table:table-cell", "table:covered-table-cell"})
TEXTS = frozenset({"w:t", "w:delText", "a:t", "w:instrText"})
BREAKS = {
    "w:br": "\n",
    "w:cr": "\n",
    "w:tab": "\t",
    "a:br": "\n",
    "text:line-break": "\n",
    "text:tab": "\t",
    "text:s": " ",
    "w:noBreakHyphen": "-",
}
SKIPPED = frozenset({"mc:Fallback", "w:instrText"})


@dataclass
class _Writer:
    """Collects text as the XML goes by."""

    pieces: list[str] = field(default_factory=list)
    rows: int = 0
    cells: list[int] = field(default_factory=list)
    paragraphs: list[int] = field(default_factory=list)
    in_text: int = 0
    skipped: int = 0

    def taken(self) -> str:
        """Return what was collected, and start again."""
        text = "".join(self.pieces)
        self.pieces = []
        return text

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin rows, cells and text."""
        if name in SKIPPED:
            self.skipped += 1
        if self.skipped:
            return
        if name in ROWS:
            self.cells.append(0)
        elif name in CELLS and self.cells:
            self._start_cell()
        elif name in PARAGRAPHS:
            self._start_paragraph()
            self.in_text += name.startswith("text:")
        elif name in TEXTS:
            self.in_text += 1
        elif name in BREAKS:
            self.pieces.append(" " if self.paragraphs else BREAKS[name])

    def _start_cell(self) -> None:
        if self.cells[-1]:
            self.pieces.append("\t")
        self.cells[-1] += 1
        self.paragraphs.append(0)

    def _start_paragraph(self) -> None:
        if not self.paragraphs:
            return
        if self.paragraphs[-1]:
            self.pieces.append(" ")
        self.paragraphs[-1] += 1

    def end(self, name: str) -> None:
        """End rows, cells and text."""
        if name in SKIPPED:
            self.skipped -= 1
            return
        if self.skipped:
            return
        if name in ROWS and self.cells:
            self.cells.pop()
            self.pieces.append("\n" if not self.cells else " ")
        elif name in CELLS and self.paragraphs:
            self.paragraphs.pop()
        elif name in PARAGRAPHS:
            if not self.paragraphs:
                self.pieces.append("\n")
            if name.startswith("text:"):
                self.in_text -= 1
        elif name in TEXTS:
            self.in_text -= 1

    def data(self, text: str) -> None:
        """Add text."""
        if self.in_text and not self.skipped:
            self.pieces.append(text)
