"""What a zip really is: a workbook, a document, a presentation, or just an archive."""

from __future__ import annotations

import zipfile

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
    if not source.head.startswith(b"PK\x03\x04"):
        return ""
    for kind, mimetype in MIMETYPES:
        if b"mimetype" + mimetype in source.head[:200]:
            return kind
    for kind, mark in MARKS:
        if mark.encode() in source.head:
            return kind
    if source.path is None:
        by_ending = {".docx": "docx", ".docm": "docx", ".xlsx": "xlsx", ".xlsm": "xlsx", ".pptx": "pptx", ".xlsb": "xlsx"}
        return by_ending.get(source.ending, "")
    try:
        with zipfile.ZipFile(source.path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError):
        return ""
    return next((kind for kind, mark in MARKS if mark in names), "")
