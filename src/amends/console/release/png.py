"""Pages of a PDF as PNG: drawn by PDFium, written with nothing but zlib.

Source:
    PNG specification, third edition (W3C, 2025): grey, eight bits, no filter.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt
import pypdfium2 as pdfium

SCALE = 1.7
"""Pixels a point: a letter page is 1040 pixels wide, enough to read the small print."""


def pages(pdf: bytes, scale: float = SCALE) -> list[bytes]:
    """Return each page of a PDF as a PNG in grey; the caller holds the press."""
    document = pdfium.PdfDocument(pdf)
    try:
        return [png(_drawn(document, number, scale)) for number in range(len(document))]
    finally:
        document.close()


def _drawn(document: pdfium.PdfDocument, number: int, scale: float) -> npt.NDArray[np.uint8]:
    page = document[number]
    try:
        picture = page.render(scale=scale, grayscale=True)
        array = np.array(picture.to_numpy(), np.uint8)
        picture.close()
    finally:
        page.close()
    return array[:, :, 0] if array.ndim == 3 else array


def png(grey: npt.NDArray[np.uint8]) -> bytes:
    """Return a PNG of an array of grey values, one row a line."""
    height, width = grey.shape
    lines = np.zeros((height, width + 1), np.uint8)  # a filter byte, 0 for none, before each line
    lines[:, 1:] = grey
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(lines.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
