"""Is everything as it was sealed? Names each changed, missing, added, reordered or cut thing.

Looks at four things: the journal's own chain, the journal against its witnesses (the heads the case's ledger
recorded, or one kept elsewhere), the intakes against their roots and stamps, and the exhibits against the journal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amends.custody.digests import digest
from amends.custody.intake import INCOMING
from amends.custody.intakes import intakes_of
from amends.custody.journal import FILE, FOLDER, journal_path
from amends.custody.stamping import stamp_faults, trusted_roots
from amends.kernel import ids
from amends.kernel.case import Case
from amends.kernel.ledger import GENESIS, Line

FIELDS = ("seq", "at", "actor", "act", "body", "prev", "digest")


@dataclass(frozen=True)
class Witness:
    """A line of the journal that somebody else recorded.

    Attributes:
        seq: Number of the line.
        digest: Its digest.
    """

    seq: int
    digest: str


def verify(case: Case, witness: Witness | None = None) -> list[str]:
    """Return one sentence for each thing that is not as it was sealed; empty where all is sound.

    Args:
        case: The case.
        witness: A line of the journal kept outside the case, besides those in the case's ledger.

    Raises:
        UsageError: The root certificates named in the settings cannot be read.
    """
    witnesses = _ledger_witnesses(case)
    if witness is not None:
        witnesses.append(witness)
    return verify_folder(case.folder, witnesses, trusted_roots(case))


def verify_folder(folder: Path, witnesses: Sequence[Witness] = (), roots: bytes = b"") -> list[str]:
    """Return one sentence for each thing in a case's evidence that is not as it was sealed.

    Args:
        folder: The case folder.
        witnesses: Lines of the journal that somebody recorded.
        roots: Root certificates of time-stamp authorities, PEM; without any, stamps are not traced to one.
    """
    lines, faults = _read(journal_path(folder))
    faults.extend(_chain(lines))
    faults.extend(_against_witnesses(lines, witnesses))
    faults.extend(_intakes(lines, roots))
    taken = [
        line["body"]
        for _, line in lines
        if line.get("act") == "take" and isinstance(line.get("body"), dict)
    ]
    faults.extend(_numbers(taken))
    faults.extend(_exhibits(folder, taken))
    faults.extend(_strangers(folder, taken))
    return faults


def _ledger_witnesses(case: Case) -> list[Witness]:
    found = []
    for line in case.ledger.lines():
        if "journal_head" in line.body:
            found.append(Witness(int(line.body["journal_seq"]), str(line.body["journal_head"])))
    return found


Numbered = list[tuple[int, dict[str, Any]]]


def _read(path: Path) -> tuple[Numbered, list[str]]:
    """Return the journal's lines with their places, and what is wrong with their form."""
    if not path.exists():
        return [], []
    raw = path.read_bytes()
    faults: list[str] = []
    texts = raw.split(b"\n")
    if texts.pop():
        faults.append("journal: the last line is cut off")
    lines: Numbered = []
    for place, text in enumerate(texts, start=1):
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            line = None
        if not isinstance(line, dict) or set(line) != set(FIELDS):
            faults.append(f"journal line {place} was changed: it is no line of a journal")
            continue
        if ids.canonical_json(line).encode() != text:
            faults.append(f"journal line {place} was changed: it is not written as it was sealed")
        lines.append((place, line))
    return lines, faults


def _chain(lines: Numbered) -> Iterator[str]:
    """Yield what breaks the chain: changed, missing, moved and doubled lines."""
    prev, seq = GENESIS, 0
    seen: set[object] = set()
    for place, line in lines:
        sealed = ids.digest_value({key: value for key, value in line.items() if key != "digest"})
        if sealed != line["digest"]:
            yield f"journal line {place} was changed after it was written"
        if line["seq"] in seen:
            yield f"journal line {place} is there twice (number {line['seq']})"
        elif line["seq"] != seq + 1:
            yield f"journal line {place} has number {line['seq']} after {seq}: lines are missing or moved"
        if line["prev"] != prev:
            yield f"journal line {place} does not continue the line before it: a line is missing, added or moved"
        seen.add(line["seq"])
        prev = line["digest"]
        seq = line["seq"] if isinstance(line["seq"], int) else seq + 1


def _against_witnesses(lines: Numbered, witnesses: Sequence[Witness]) -> Iterator[str]:
    digests = {line["seq"]: line["digest"] for _, line in lines}
    for witness in witnesses:
        found = digests.get(witness.seq)
        if found is None:
            yield f"journal: line {witness.seq}, which was witnessed, is missing: the end was cut off"
        elif found != witness.digest:
            yield f"journal: line {witness.seq} is not the one that was witnessed: the journal was rewritten"


def _intakes(lines: Numbered, roots: bytes) -> Iterator[str]:
    """Yield intakes whose root or stamp does not fit what the journal says was taken in."""
    whole = [Line(**line) for _, line in lines if isinstance(line["body"], dict)]
    for intake in intakes_of(whole):
        if intake.sealed_root and intake.sealed_root != intake.root:
            yield f"intake {intake.number}: its root is not the one that was sealed"
        yield from stamp_faults(intake, roots)


def _numbers(taken: Sequence[dict[str, Any]]) -> Iterator[str]:
    for at, body in enumerate(taken, start=1):
        if body.get("exhibit_id") != f"E{at:04d}":
            yield f"exhibit {body.get('exhibit_id')} stands where E{at:04d} should: exhibits are missing or moved"


def _exhibits(folder: Path, taken: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield what is wrong with the bytes of exhibits; each place is read once."""
    judged: dict[tuple[str, str], str] = {}
    for body in taken:
        place, sha256 = str(body.get("place", "")), str(body.get("sha256", ""))
        key = (place, sha256)
        if key not in judged:
            judged[key] = _judge(folder, body)
        if judged[key]:
            yield f"exhibit {body.get('exhibit_id')} {judged[key]}"


def _judge(folder: Path, body: dict[str, Any]) -> str:
    place = str(body.get("place", ""))
    path = Path(place) if body.get("reference") else folder / place
    if path.is_symlink():
        return f"was replaced by a link ({place})"
    if not path.is_file():
        return f"is missing ({place})"
    try:
        size = path.stat().st_size
        if size < body.get("size_bytes", 0):
            return f"was cut short: {size:,} of {body['size_bytes']:,} bytes ({place})"
        if size > body.get("size_bytes", 0):
            return f"was changed: {size:,} bytes where {body['size_bytes']:,} were sealed ({place})"
        sealed = digest(path)
    except OSError:
        return f"cannot be read ({place})"
    if sealed.sha256 != body.get("sha256") or sealed.blake3 != body.get("blake3"):
        return f"was changed: its digests differ ({place})"
    return ""


def _strangers(folder: Path, taken: Sequence[dict[str, Any]]) -> Iterator[str]:
    known = {str(body.get("place")) for body in taken if not body.get("reference")}
    home = folder / FOLDER
    if not home.is_dir():
        if known:
            yield "the evidence folder is missing"
        return
    for path in sorted(home.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            continue
        place = path.relative_to(folder).as_posix()
        if place in known or path == home / FILE or path.name.startswith(INCOMING):
            continue
        yield f"evidence: {place} was added: no line of the journal knows it"
