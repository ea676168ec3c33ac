"""Small writers of documents: PDF, DOCX, and a zip under the old PKZIP password scheme.

They write what a reader must cope with, and nothing else; the same text gives the same bytes.

Source:
    ISO 32000-1 (PDF 1.4 subset); ECMA-376 (DOCX); PKWARE APPNOTE 6.3.10, sections 4 and 6.1.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Sequence
from xml.sax.saxutils import escape

_EPOCH = (2026, 7, 31, 9, 0, 0)
_LINES_A_PAGE = 52

_DOCX_TYPES = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/'
    'vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_DOCX_LINKS = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
    'relationships/officeDocument" Target="word/document.xml"/></Relationships>'
)
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"

Table = Sequence[Sequence[str]]


def pdf_bytes(lines: Sequence[str]) -> bytes:
    """Return a PDF of text lines in Helvetica; signs outside Windows-1252 become ``?``."""
    pages = [lines[at : at + _LINES_A_PAGE] for at in range(0, len(lines), _LINES_A_PAGE)] or [[]]
    kids = " ".join(f"{4 + 2 * page} 0 R" for page in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, page in enumerate(pages):
        content = zlib.compress(b"BT /F1 10 Tf 13 TL 56 740 Td\n" + _shown(page) + b"ET\n")
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "
            b"/Resources << /Font << /F1 3 0 R >> >> "
            + f"/Contents {5 + 2 * number} 0 R >>".encode()
        )
        head = f"<< /Length {len(content)} /Filter /FlateDecode >>\nstream\n".encode()
        objects.append(head + content + b"\nendstream")
    return _pdf_file(objects)


def _shown(page: Sequence[str]) -> bytes:
    out = []
    for line in page:
        escaped = line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        out.append(b"(" + escaped.encode("cp1252", "replace") + b") Tj T*\n")
    return b"".join(out)


def _pdf_file(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    trailer = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    return bytes(out + trailer.encode())


def docx_bytes(paragraphs: Sequence[str], table: Table = (), after: Sequence[str] = ()) -> bytes:
    """Return a Word document: paragraphs, a table, paragraphs."""
    body = "".join(map(_paragraph, paragraphs))
    if table:
        rows = "".join(
            "<w:tr>" + "".join(f"<w:tc>{_paragraph(cell)}</w:tc>" for cell in row) + "</w:tr>"
            for row in table
        )
        body += f"<w:tbl>{rows}</w:tbl>"
    body += "".join(map(_paragraph, after))
    document = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        f'<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'
    )
    return zip_bytes(
        {
            "[Content_Types].xml": _DOCX_TYPES.encode(),
            "_rels/.rels": _DOCX_LINKS.encode(),
            "word/document.xml": document.encode(),
        }
    )


def _paragraph(text: str) -> str:
    return f'<w:p><w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'


def zip_bytes(members: dict[str, bytes]) -> bytes:
    """Return a zip whose members bear one fixed time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


class _OldPkzip:
    """The traditional PKZIP stream: weak by design, here only to make a locked test exhibit."""

    def __init__(self, password: bytes) -> None:
        self._keys = [0x12345678, 0x23456789, 0x34567890]
        for byte in password:
            self._turn(byte)

    def _turn(self, byte: int) -> None:
        first, second, third = self._keys
        first = _crc_step(first, byte)
        second = ((second + (first & 0xFF)) * 134_775_813 + 1) & 0xFFFFFFFF
        third = _crc_step(third, second >> 24)
        self._keys = [first, second, third]

    def lock(self, content: bytes) -> bytes:
        out = bytearray()
        for byte in content:
            mixed = self._keys[2] | 2
            out.append(byte ^ ((mixed * (mixed ^ 1) >> 8) & 0xFF))
            self._turn(byte)
        return bytes(out)


def _crc_step(crc: int, byte: int) -> int:
    return (zlib.crc32(bytes([byte]), crc ^ 0xFFFFFFFF) ^ 0xFFFFFFFF) & 0xFFFFFFFF


def locked_zip_bytes(name: str, content: bytes, password: bytes) -> bytes:
    """Return a zip of one member locked with a password under the traditional scheme."""
    crc = zlib.crc32(content)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(content) + packer.flush()
    # Eleven bytes of chance, here a constant, and the check byte: the top of the CRC.
    lead = bytes(range(17, 28)) + bytes([crc >> 24])
    locked = _OldPkzip(password).lock(lead + packed)
    day = (_EPOCH[0] - 1980) << 9 | _EPOCH[1] << 5 | _EPOCH[2]
    time = _EPOCH[3] << 11 | _EPOCH[4] << 5
    raw = name.encode()
    common = struct.pack(
        "<HHHHHIIIHH", 20, 1, 8, time, day, crc, len(locked), len(content), len(raw), 0
    )
    local = b"PK\x03\x04" + common + raw + locked
    central = (
        b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0x20, 0)
    )
    central += raw
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end
