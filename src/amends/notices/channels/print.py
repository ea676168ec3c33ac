"""The print house: a batch is a folder with one PDF and a manifest, whole or absent.

out/print/BATCH/letters.pdf
out/print/BATCH/manifest.csv
out/print/BATCH/ack.csv        written by the printer: notice_id, status, at
"""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from amends.kernel.errors import DeliveryError
from amends.notices.channels.base import Answer, Batch, Outcome, Outgoing, Receipt
from amends.notices.compose import Letter
from amends.notices.letters import Piece, set_letters
from amends.notices.readback import Expected, ReadPiece, compare

MANIFEST = (
    "notice_id", "person_id", "piece", "page_first", "page_last", "name", "address_1", "address_2", "address_3",
    "address_4", "address_5", "city", "state", "zip", "country", "variant", "code", "imb", "sha256",
)  # fmt: skip

# What a printer may say, and what it means here.
STATUSES = {
    "printed": "delivered", "mailed": "delivered", "delivered": "delivered", "ok": "delivered", "accepted": "delivered",
    "returned": "returned", "undeliverable": "returned", "bounced": "returned",
    "rejected": "refused", "refused": "refused", "spoiled": "refused", "failed": "refused",
}  # fmt: skip


class PrintChannel:
    """Writes print batches.

    Args:
        folder: ``out/print``.
        texts: Variant id -> composed letter.
        entity: Name on the letterhead.
        sender: Lines under it.
    """

    name = "print"
    asks_cheaply = True
    settle_seconds = 0.0

    def __init__(
        self, folder: Path, texts: Mapping[str, Letter], entity: str, sender: Sequence[str]
    ) -> None:
        """Use a folder; half-made batches of a crash are cleared away."""
        self._folder = folder
        self._texts = dict(texts)
        self._entity = entity
        self._sender = tuple(sender)
        folder.mkdir(parents=True, exist_ok=True)
        for half in folder.glob(".*.half"):
            shutil.rmtree(half, ignore_errors=True)

    def offer(self, batch: Batch, key: str) -> Sequence[Outcome]:
        """Set, read back and place a batch; its folder appears whole, by one rename.

        Raises:
            DeliveryError: The finished file differs from the plan, or the disk refuses; nothing was placed.
        """
        home = self._place(key)
        pieces = [Piece(n.to, n.variant) for n in batch.notices]
        pdf = set_letters(pieces, self._texts, self._entity, self._sender)
        expected = [Expected(p, n.elements) for p, n in zip(pieces, batch.notices, strict=True)]
        read, wrong = compare(pdf, expected, self._texts, (self._entity, " · ".join(self._sender)))
        if wrong:
            raise DeliveryError(
                f"Batch {key} was stopped by its proof: {wrong[0]} ({len(wrong)} faults)",
                where=f"out/print/{key}",
                remedy="nothing was placed; put the notices named aside with amends decide, or report the fault",
            )
        try:
            self._write(home, pdf, batch.notices, read)
        except OSError as error:
            raise DeliveryError(
                f"Batch {key} could not be written: {error.strerror}", where="out/print",
                remedy="free disk space or mend the rights, then give the same command again",
            ) from error  # fmt: skip
        return [Outcome(n.to.notice_id, "accepted") for n in batch.notices]

    def _place(self, key: str) -> Path:
        """Return a folder that is free: a batch partly placed before gets a sibling, never an overwrite."""
        home, turn = self._folder / key, 1
        while home.exists():
            turn += 1
            home = self._folder / f"{key}-{turn}"
        return home

    def _write(
        self, home: Path, pdf: bytes, notices: Sequence[Outgoing], read: Sequence[ReadPiece]
    ) -> None:
        half = self._folder / f".{home.name}.half"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir()
        _write_whole(half / "letters.pdf", pdf)
        _write_whole(half / "manifest.csv", manifest(notices, read).encode())
        _force(half)
        half.rename(home)
        _force(self._folder)

    def ask(self, batch: Batch) -> Mapping[str, Answer]:
        """Say which notices of a batch lie in a placed folder of it."""
        there: set[str] = set()
        for home in (self._folder / batch.batch_id, *self._folder.glob(f"{batch.batch_id}-*")):
            if (home / "manifest.csv").exists():
                with (home / "manifest.csv").open(encoding="utf-8", newline="") as stream:
                    there.update(row["notice_id"] for row in csv.DictReader(stream))
        return {
            n.to.notice_id: "arrived" if n.to.notice_id in there else "not" for n in batch.notices
        }

    def receipts(self) -> Iterator[Receipt]:
        """Yield what printers acknowledged; a status nobody knows is left alone."""
        for path in sorted(self._folder.glob("*/ack.csv")):
            with path.open(encoding="utf-8-sig", newline="") as stream:
                for row in csv.DictReader(stream):
                    state = STATUSES.get((row.get("status") or "").strip().lower())
                    if state and row.get("notice_id"):
                        yield Receipt(
                            row["notice_id"].strip(),
                            state,
                            (row.get("at") or "").strip()[:32],
                            "ack",
                        )

    def close(self) -> None:
        """Nothing to let go of."""


def manifest(notices: Sequence[Outgoing], read: Sequence[ReadPiece]) -> str:
    """Return the manifest of a batch as CSV; no cell can live as a formula in a spreadsheet."""
    lines = [",".join(MANIFEST)]
    for number, (notice, piece) in enumerate(zip(notices, read, strict=True), start=1):
        to = notice.to
        address = [*to.lines[:5], *[""] * (5 - len(to.lines[:5]))]
        seen = hashlib.sha256(piece.text.encode()).hexdigest()
        cells = [
            to.notice_id, to.person_id, str(number), str(piece.page_first), str(piece.page_last), to.name, *address,
            to.city, to.state, to.zip, to.country, notice.variant, to.code, "", seen,
        ]  # fmt: skip
        lines.append(",".join(_cell(c) for c in cells))
    return "\n".join(lines) + "\n"


def _cell(value: str) -> str:
    """Return one CSV cell, quoted where needed; a value that a spreadsheet would run gets an apostrophe in front.

    Source:
        OWASP, CSV injection: cells beginning with = + - @ tab or carriage return.
    """
    shown = "'" + value if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
    if any(c in shown for c in ',"\n\r'):
        return '"' + shown.replace('"', '""') + '"'
    return shown


def _write_whole(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _force(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
