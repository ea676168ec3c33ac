# ruff: noqa: E501  (a case of a table reads best on one line; dumps end lines in spaces)
"""What the custody tests share: reading everything, and small files of each format."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from amends.custody.limits import Limits
from amends.custody.reader import Reader
from amends.kernel.contents import DocumentPart, Fault, TablePart


@dataclass
class Read:
    """All that a reader gave."""

    tables: dict[str, list[dict[str, str | None]]] = field(default_factory=dict)
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    headers: dict[str, bool] = field(default_factory=dict)
    keys: dict[str, tuple] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    pages: dict[str, list[int]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    numbers: dict[str, list[int]] = field(default_factory=dict)

    def reasons(self) -> list[str]:
        return [fault.reason for fault in self.faults]

    def rows(self, path: str = "") -> list[list[str | None]]:
        return [list(row.values()) for row in self.tables[path]]


def read(path: Path, *, limits: Limits | None = None, passwords: tuple[str, ...] = ()) -> Read:
    found = Read()
    for part in Reader(limits, passwords).parts(path):
        if isinstance(part, TablePart):
            rows: list[dict[str, str | None]] = []
            numbers: list[int] = []
            for batch in part.batches:
                assert batch.schema.names == [*part.columns, "_row"]
                assert all(str(kind) == "string" for kind in batch.schema.types[:-1])
                numbers.extend(batch.column(batch.num_columns - 1).to_pylist())
                columns = [column.to_pylist() for column in batch.columns[:-1]]
                rows.extend(
                    dict(zip(part.columns, row, strict=True)) for row in zip(*columns, strict=True)
                )
            assert part.inner_path not in found.tables
            assert numbers == sorted(set(numbers))
            found.tables[part.inner_path] = rows
            found.columns[part.inner_path] = part.columns
            found.headers[part.inner_path] = part.has_header
            found.keys[part.inner_path] = part.keys
            found.numbers[part.inner_path] = numbers
            found.faults.extend(part.faults)
        elif isinstance(part, DocumentPart):
            text, offset = "", 0
            for block in part.blocks:
                assert block.offset == offset
                assert 0 < len(block.text) <= 4 << 20
                offset += len(block.text)
                text += block.text
            assert part.inner_path not in found.documents
            found.documents[part.inner_path] = text
            found.pages[part.inner_path] = list(part.page_starts)
            found.faults.extend(part.faults)
        else:
            assert part.reason
            assert part.remedy
            found.faults.append(part)
    return found


def read_bytes(folder: Path, name: str, payload: bytes, **options) -> Read:
    path = folder / name
    path.write_bytes(payload)
    return read(path, **options)


def zip_of(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        for name, payload in files.items():
            archive.writestr(name, payload)
    return held.getvalue()


W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def docx_of(body: str, **others: str) -> bytes:
    files = {
        "[Content_Types].xml": b"<Types/>",
        "word/document.xml": f'<?xml version="1.0"?><w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'.encode(),
    }
    for name, text in others.items():
        files[f"word/{name}.xml"] = f'<w:hdr xmlns:w="{W}">{text}</w:hdr>'.encode()
    return zip_of(files)


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def pdf_of(lines_by_page: list[list[str]]) -> bytes:
    """A PDF with plain text, written by hand."""
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    kids = []
    for lines in lines_by_page:
        shown = (
            "BT /F1 12 Tf 50 750 Td " + " ".join(f"({line}) Tj 0 -16 Td" for line in lines) + " ET"
        )
        stream = shown if lines else "0 0 m 100 100 l S"
        number = len(objects) + 1
        kids.append(f"{number} 0 R")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {number + 1} 0 R /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    out = b"%PDF-1.4\n"
    places = []
    for number, text in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{text}\nendobj\n".encode()
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    out += (
        f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    )
    return out
