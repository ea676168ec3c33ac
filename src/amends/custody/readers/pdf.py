"""PDF: the text of each page and of its form fields. A PDF without text needs OCR, and says so.

Source:
    ISO 32000-2, 12.7 (interactive forms); PDFium public headers (fpdf_annot.h).
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any, BinaryIO

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from amends.custody.readers.base import Opener, blocks_of
from amends.custody.source import Source
from amends.kernel.contents import DocumentPart, Fault, Part

MEDIA_TYPE = "application/pdf"
PASSWORD_REMEDY = "put its password into the password_file of case.toml, or save it without one"  # noqa: S105 (a sentence)
OCR_REMEDY = "make it searchable with an OCR program (ocrmypdf) and add the result"
DAMAGED_REMEDY = "repair it (qpdf, mutool clean) and add the result"
WRONG_PASSWORD = 4


class Pdf:
    """Reads PDF documents."""

    name = "pdf"

    def detect(self, source: Source) -> bool:
        """Answer by the mark, which may come after a little rubbish."""
        return b"%PDF-" in source.head[:1024]

    def map(self, source: Source, opener: Opener) -> Iterator[Part]:
        """Yield the one document."""
        held = source.seekable()
        document = _open(held, opener.passwords)
        if isinstance(document, str):
            opener.budget.take_item()
            remedy = PASSWORD_REMEDY if document == "encrypted" else DAMAGED_REMEDY
            yield Fault(source.inner_path, "", document, remedy)
            return
        faults: list[Fault] = []
        starts: list[int] = []
        try:
            if len(document) and not _has_text(document):
                opener.budget.take_item()
                yield Fault(source.inner_path, "", "needs_ocr", OCR_REMEDY)
                return
            pages = _pages(document, starts, faults, source.inner_path)
            yield DocumentPart(
                source.inner_path, MEDIA_TYPE, self.name, blocks_of(pages), starts, faults
            )
        finally:
            document.close()


def _open(held: BinaryIO, passwords: tuple[str, ...]) -> Any:  # pypdfium2 has no types
    for password in (None, *passwords):
        held.seek(0)
        try:
            document = pdfium.PdfDocument(held, password=password)
            document.init_forms()
            return document
        except pdfium.PdfiumError as error:
            if (
                getattr(error, "err_code", None) != WRONG_PASSWORD
                and "password" not in str(error).lower()
            ):
                return "truncated"
    return "encrypted"


def _has_text(document: Any) -> bool:
    for number in range(len(document)):
        try:
            if _page_text(document, number).strip():
                return True
        except pdfium.PdfiumError:
            continue
    return False


def _pages(document: Any, starts: list[int], faults: list[Fault], inner: str) -> Iterator[str]:
    offset = 0
    for number in range(len(document)):
        starts.append(offset)
        try:
            text = _page_text(document, number)
        except pdfium.PdfiumError:
            faults.append(
                Fault(inner, f"page {number + 1}", "unreadable", DAMAGED_REMEDY, whole=False)
            )
            continue
        if not text.strip():
            faults.append(Fault(inner, f"page {number + 1}", "needs_ocr", OCR_REMEDY, whole=False))
            continue
        text += "\n"
        offset += len(text)
        yield text


def _page_text(document: Any, number: int) -> str:
    page = document[number]
    try:
        lines = page.get_textpage()
        try:
            text = str(lines.get_text_range()).replace("\r\n", "\n").replace("\ufffe", "-")
        finally:
            lines.close()
        fields = _fields(document, page)
        return text + ("\n" + "\n".join(fields) if fields else "")
    finally:
        page.close()


def _fields(document: Any, page: Any) -> list[str]:
    """Return "name: value" for each filled form field of a page."""
    form = getattr(document, "formenv", None)
    if form is None:
        return []
    found = []
    for number in range(pdfium_c.FPDFPage_GetAnnotCount(page.raw)):
        note = pdfium_c.FPDFPage_GetAnnot(page.raw, number)
        if not note:
            continue
        try:
            value = _string(pdfium_c.FPDFAnnot_GetFormFieldValue, form.raw, note)
            name = _string(pdfium_c.FPDFAnnot_GetFormFieldName, form.raw, note)
            if value.strip() and value != "Off":
                found.append(f"{name}: {value}" if name else value)
        finally:
            pdfium_c.FPDFPage_CloseAnnot(note)
    return found


def _string(function: Any, form: Any, note: Any) -> str:
    """Return what a PDFium function writes as UTF-16 into a buffer."""
    size = function(form, note, None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    function(form, note, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace")
