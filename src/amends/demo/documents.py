"""Documents of the case: a support mailbox, the personnel share, and odds and ends of a server.

Each text is written around true people; the elements it shows of each are kept as it is written.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from amends.demo.carrier import Chunk
from amends.demo.formats import docx_bytes, locked_zip_bytes, pdf_bytes
from amends.demo.letters import LETTERS, STAFF, Mention, Written
from amends.demo.mailbox import write_mailbox
from amends.demo.subjects import Subject, subjects
from amends.demo.truth import Truth

MOST = 400


@dataclass
class _Cast:
    """Hands out people, each a few times at most."""

    people: list[Subject]
    _next: int = field(default=0)

    def take(self, count: int) -> list[Subject]:
        """Return the next people, from the start again when all have had their turn."""
        out = [self.people[(self._next + k) % len(self.people)] for k in range(count)]
        self._next += count
        return out


def n_documents(people: int) -> int:
    """Return how many documents a case of that size has; it grows slowly and stops."""
    return min(24 + people // 200, MOST)


def write_documents(chunk: Chunk, evidence: Path, tranche: int, kept: Truth) -> int:
    """Write the documents of a tranche; return how many.

    Only people of the first chunk appear in them, so that memory stays flat.
    """
    rng = chunk.rng(90 if tranche == 1 else 91)
    count = n_documents(chunk.the.people)
    people = subjects(chunk, rng, count)
    if not people:
        return 0
    cast = _Cast(people)
    if tranche == 2:
        return _write_letters(rng, cast, evidence / "care_letters", count // 6 + 2, LETTERS, kept)
    mails = write_mailbox(rng, cast.take, count // 2, evidence / "support_mail.mbox", kept)
    staff = _write_letters(rng, cast, evidence / "hr-share", count // 2, STAFF, kept)
    return mails + staff + _write_misc(rng, cast, evidence / "misc", kept)


def _write_letters(
    rng: np.random.Generator,
    cast: _Cast,
    folder: Path,
    count: int,
    kinds: tuple[Written, ...],
    kept: Truth,
) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        lines, mentions, table = kind.write(rng, cast.take(kind.people), number)
        name = f"{kind.stem}_{number + 1:04d}.{kind.ending}"
        path = folder / kind.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(as_document(kind.ending, lines, table))
        text = "\n".join(lines)
        for place, mention in _placed(text, mentions):
            who = mention.who
            inner = path.relative_to(folder).as_posix()
            kept.add_mention(folder.name, inner, place, who.true_id, who.place, *mention.elements)
    return count


def _placed(text: str, mentions: tuple[Mention, ...]) -> Iterator[tuple[int, Mention]]:
    for mention in mentions:
        yield max(text.find(mention.named), 0), mention


def as_document(ending: str, lines: list[str], table: list[list[str]]) -> bytes:
    """Return lines (and a table) in the format of a file ending."""
    if ending == "pdf":
        return pdf_bytes([*lines, *("   ".join(row) for row in table)])
    if ending == "docx":
        return docx_bytes(lines, table)
    if ending == "html":
        body = "".join(f"<p>{_html(line)}</p>\n" for line in lines)
        rows = "".join(
            "<tr>" + "".join(f"<td>{_html(cell)}</td>" for cell in row) + "</tr>\n" for row in table
        )
        page = f"<!DOCTYPE html>\n<html><head><meta charset='utf-8'></head><body>\n{body}"
        return f"{page}<table>\n{rows}</table>\n</body></html>\n".encode()
    return ("\n".join([*lines, *("\t".join(row) for row in table)]) + "\n").encode()


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _write_misc(rng: np.random.Generator, cast: _Cast, folder: Path, kept: Truth) -> int:
    """Write what a copied test server holds: things that cannot be read, and things of no interest."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = "".join(f"{who.full},{who.ssn},{who.phone}\n" for who in cast.take(8))
    locked = locked_zip_bytes("q3_ports.csv", ("name,ssn,tel\n" + rows).encode(), b"Meadow!2026")
    (folder / "q3_ports_locked.zip").write_bytes(locked)
    (folder / "export_0730.csv.gz").write_bytes(_cut_gzip(rng))
    (folder / "new_customers.csv").write_bytes(b"")
    (folder / "cell_cache.lwb").write_bytes(b"LWB\x07\x00" + rng.bytes(6_000))
    (folder / "inventory_skus.csv").write_bytes(_inventory(rng))
    (folder / "deploy.log").write_bytes(_log(rng))
    return 6


def _cut_gzip(rng: np.random.Generator) -> bytes:
    """Return a gzip that lost its second half on the way out."""
    numbers = rng.integers(100_000_000, 999_999_999, (400, 2))
    text = "shipment,pallet\n" + "".join(f"{a},{b}\n" for a, b in numbers.tolist())
    out = io.BytesIO()
    with gzip.GzipFile("", "wb", 6, out, 0) as packed:
        packed.write(text.encode())
    whole = out.getvalue()
    return whole[: len(whole) // 2]


def _inventory(rng: np.random.Generator) -> bytes:
    """Return stock counts whose nine-digit part numbers are nobody's."""
    rows = ["part_no,bin,on_hand,reorder_point,last_count"]
    for part in rng.integers(100_000_000, 999_999_999, 300).tolist():
        bin_no, count = int(rng.integers(1, 90)), int(rng.integers(0, 4000))
        rows.append(f"{part},A-{bin_no:02d},{count},{count // 4},2026-07-{part % 28 + 1:02d}")
    return ("\n".join(rows) + "\n").encode()


def _log(rng: np.random.Generator) -> bytes:
    lines = []
    for second in range(240):
        job = int(rng.integers(10_000_000, 99_999_999))
        lines.append(
            f"2026-07-29T03:{second // 60:02d}:{second % 60:02d}Z INFO deploy job={job} "
            f"build=4.18.{second % 9} took={int(rng.integers(5, 900))}ms\n"
        )
    return "".join(lines).encode()
