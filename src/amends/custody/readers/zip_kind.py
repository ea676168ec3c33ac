"""What a zip really is: a workbook, a document, a presentation, or just an archive."""

from __future__ import annotations

import struct
import zipfile

from amends.custody.limits import LimitError
from amends.custody.source import Source

MARKS = (
    ("docx", "word/document.xml"),
    ("xlsx", "xl/workbook.xml"),
    ("xlsx", "xl/workbook.bin"),
    ("pptx", "ppt/presentation.xml"),
)
MIMETYPES = (
    ("ods", b"application/vnd.oasis.opendocument.spreadsheet"),
    ("odt", b"application/vnd.oasis.opendocument.text"),
    ("odp", b"application/vnd.oasis.opendocument.presentation"),
)


def kind_of_zip(source: Source) -> str:
    """Return ``docx``, ``xlsx``, ``pptx``, ``ods``, ``odt``, ``odp``, or "" for any other zip or none at all."""
    if source.zip_kind is None:
        source.zip_kind = _look(source) if source.head.startswith(b"PK\x03\x04") else ""
    return source.zip_kind


def _look(source: Source) -> str:
    """Return the kind by the names in the directory; by the first names where it has none."""
    if source.head[30:38] == b"mimetype":
        return next(
            (kind for kind, mimetype in MIMETYPES if source.head[38:].startswith(mimetype)), ""
        )
    try:
        with zipfile.ZipFile(source.seekable()) as archive:
            names = set(archive.namelist())
    except LimitError:
        return ""
    except (zipfile.BadZipFile, OSError, ValueError, struct.error, NotImplementedError):
        if source.head[30:49] != b"[Content_Types].xml":
            return ""
        return next((kind for kind, mark in MARKS if mark.encode() in source.head), "")
    return next((kind for kind, mark in MARKS if mark in names), "")
