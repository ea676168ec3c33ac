"""Formats that are known and not read: named, with a step that works, never silently passed over."""

from __future__ import annotations

from collections.abc import Iterator

from amends.custody.readers.base import Opener
from amends.custody.source import Source
from amends.kernel.contents import Fault, Part

OCR = "make it searchable with an OCR program (ocrmypdf) and add the result"
MAILBOX = "export the mailbox as mbox or eml (readpst -r) and add that"
UNPACK = "unpack it with 7-Zip and add the files as exhibits"
EXPORT = "export its tables as CSV or SQL with the program that made it"
IGNORE = "nothing to read; set it aside, or look at it by hand"

KNOWN: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n", OCR),
    (0, b"\xff\xd8\xff", OCR),
    (0, b"GIF8", OCR),
    (0, b"II*\x00", OCR),
    (0, b"MM\x00*", OCR),
    (0, b"BM", OCR),
    (8, b"WEBP", OCR),
    (4, b"ftypheic", OCR),
    (0, b"!BDN", MAILBOX),
    (0, b"7z\xbc\xaf\x27\x1c", UNPACK),
    (0, b"Rar!\x1a\x07", UNPACK),
    (0, b"MSCF", UNPACK),
    (0, b"\x60\xea", UNPACK),
    (0, b"\x1f\x9d", UNPACK),
    (0x8001, b"CD001", UNPACK),
    (0, b"PGDMP", "turn it into SQL with pg_restore -f dump.sql and add that"),
    (4, b"Standard Jet DB", EXPORT),
    (4, b"Standard ACE DB", EXPORT),
    (0, b"TAPE", EXPORT),
    (0, b"ElfFile\x00", "add it with the role log"),
    (0, b"\xd4\xc3\xb2\xa1", "add it with the role log"),
    (0, b"\x0a\x0d\x0d\x0a", "add it with the role log"),
    (0, b"MZ", IGNORE),
    (0, b"\x7fELF", IGNORE),
    (0, b"ORC", EXPORT),
    (0, b"Obj\x01", EXPORT),
    (0, b"ARROW1", EXPORT),
    (0, b"ID3", IGNORE),
    (4, b"ftyp", IGNORE),
    (0, b"OggS", IGNORE),
    (0, b"RIFF", IGNORE),
)


class Unsupported:
    """Names known formats that cannot be read here."""

    name = "unsupported"

    def detect(self, source: Source) -> bool:
        """Answer by the magic numbers; two-byte ones only where the head is binary."""
        return _remedy(source.head) != ""

    def map(self, source: Source, opener: Opener) -> Iterator[Part]:
        """Yield one fault with its remedy."""
        opener.budget.take_item()
        remedy = _remedy(source.head)
        reason = "needs_ocr" if remedy == OCR else "unsupported_format"
        yield Fault(source.inner_path, "", reason, remedy)


def _remedy(head: bytes) -> str:
    for place, magic, remedy in KNOWN:
        if head.startswith(magic, place) and (len(magic) > 2 or b"\x00" in head[:64]):
            return remedy
    return ""
