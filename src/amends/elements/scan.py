"""The engine of ``amends scan``: what a file holds, as JSON objects, without a case.

Shapes: DESIGN section 9. Nothing is written to disk; values are masked unless ``reveal``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from amends.elements.detectors.base import Finding
from amends.elements.records_base import ItemFacts
from amends.elements.records_mentions import mask, whole_paragraphs
from amends.elements.records_tables import column_rows, read_table
from amends.elements.text import find
from amends.kernel.contents import Contents, DocumentPart, Fault, Part, TablePart
from amends.vault import Tokens, create_keys

_SHOWN = (
    "column",
    "element",
    "confidence",
    "n_rows",
    "n_values",
    "n_valid",
    "n_malformed",
    "evidence",
)


def scan_path(
    path: Path,
    contents: Contents,
    *,
    shown: str = "",
    text_lines: bool = False,
    reveal: bool = False,
) -> Iterator[dict[str, object]]:
    """Yield what a file holds: findings, columns, exceptions.

    Args:
        path: A file.
        contents: Opens it; custody's reader.
        shown: How its path is to be printed; by default as given.
        text_lines: Take each line of a text file as a document of its own, and say its number;
            offsets are then into the line.
        reveal: Put the values in too.
    """
    name = shown or str(path)
    if text_lines and _is_text(path):
        with path.open(encoding="utf-8", errors="replace", newline="") as lines:
            for number, line in enumerate(lines, start=1):
                for row in scan_text(line.rstrip("\r\n"), path=name, reveal=reveal):
                    yield {**row, "line": number}
        return
    for part in contents.parts(path):
        yield from scan_part(part, path=name, reveal=reveal)


def scan_part(part: Part, *, path: str = "-", reveal: bool = False) -> Iterator[dict[str, object]]:
    """Yield what one part of a file holds.

    Args:
        part: A table, a document or a fault.
        path: What to print as its path.
        reveal: Put the values of findings in too.
    """
    if isinstance(part, Fault):
        yield _exception(path, part)
        return
    if isinstance(part, TablePart):
        yield from _table(path, part)
    else:
        yield from _document(path, part, reveal)
    yield from (_exception(path, fault) for fault in part.faults)


def scan_text(
    text: str, *, path: str = "-", reveal: bool = False, offset: int = 0, inner_path: str = ""
) -> Iterator[dict[str, object]]:
    """Yield the findings of a text.

    Args:
        text: Any text.
        path: What to print as its path.
        reveal: Put the values in too.
        offset: Where the text begins in its document.
        inner_path: Path inside the file.
    """
    for one in find(text):
        yield _finding(path, inner_path, text, one, offset, reveal)


def _finding(
    path: str, inner_path: str, text: str, one: Finding, offset: int, reveal: bool
) -> dict[str, object]:
    value = text[one.start : one.end]
    row: dict[str, object] = {
        "path": path,
        "inner_path": inner_path,
        "kind": "finding",
        "start": offset + one.start,
        "end": offset + one.end,
        "element": one.element,
        "confidence": round(one.confidence, 2),
        "evidence": list(one.evidence),
        "masked": mask(one.element, value),
    }
    if reveal:
        row["value"] = value
    return row


def _exception(path: str, fault: Fault) -> dict[str, object]:
    return {
        "path": path, "inner_path": fault.inner_path, "kind": "exception", "place": fault.place,
        "reason": fault.reason, "remedy": fault.remedy,
    }  # fmt: skip


def _table(path: str, part: TablePart) -> Iterator[dict[str, object]]:
    # Tokens need a key; this one dies with the folder, and no token leaves this function.
    with tempfile.TemporaryDirectory(prefix="amends-scan-") as folder:
        create_keys(Path(folder))
        reading = read_table(part, ItemFacts("", 0, ""), Tokens(Path(folder)))
        for _ in reading.made:
            pass
    for row in column_rows("", reading.maker):
        yield {
            "path": path, "inner_path": part.inner_path, "kind": "column",
            **{key: row[key] for key in _SHOWN},
        }  # fmt: skip


def _document(path: str, part: DocumentPart, reveal: bool) -> Iterator[dict[str, object]]:
    for block in whole_paragraphs(part.blocks):
        yield from scan_text(
            block.text, path=path, reveal=reveal, offset=block.offset, inner_path=part.inner_path
        )


def _is_text(path: Path) -> bool:
    """Say whether a file is plain text: no zero byte and valid UTF-8 at its beginning."""
    try:
        with path.open("rb") as stream:
            head = stream.read(1 << 16)
    except OSError:
        return False
    if b"\x00" in head:
        return False
    try:
        head[: max(len(head) - 4, 0)].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.end >= len(head) - 8
    return True
