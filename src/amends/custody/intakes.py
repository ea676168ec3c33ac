"""The intakes of a case: what came in together, sealed by one Merkle root that a stamp can date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amends.custody.journal import open_journal
from amends.custody.merkle import leaf_hash, root_of
from amends.kernel import ids
from amends.kernel.errors import UsageError
from amends.kernel.ledger import Line

SEALED_ACTS = ("take", "refuse")


@dataclass
class Intake:
    """What one ``amends add`` took in.

    Attributes:
        number: From 1, in order of receipt.
        began_at: When it began, ISO UTC.
        ended_at: When it ended; "" where it never did.
        bodies: What the journal says of each thing taken or refused, in order.
        sealed_root: The root its last line records, hex; "" in journals of versions that wrote none.
        stamps: Bodies of the stamp lines about it.
    """

    number: int
    began_at: str
    ended_at: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    sealed_root: str = ""
    stamps: list[dict[str, Any]] = field(default_factory=list)

    @property
    def leaves(self) -> list[bytes]:
        """Return the leaf hashes of its tree."""
        return [leaf_of(body) for body in self.bodies]

    @property
    def root(self) -> str:
        """Return the root over what the journal says now, hex."""
        return root_of(self.leaves).hex()


def leaf_of(body: dict[str, Any]) -> bytes:
    """Return the leaf hash of one thing taken or refused: of all the journal says of it."""
    return leaf_hash(ids.canonical_json(body).encode())


def intakes_of(lines: Iterable[Line]) -> list[Intake]:
    """Return the intakes that a journal's lines tell of, in order."""
    found: list[Intake] = []
    for line in lines:
        if line.act == "begin":
            found.append(Intake(len(found) + 1, line.at))
        elif line.act in SEALED_ACTS and found:
            found[-1].bodies.append(line.body)
        elif line.act == "end" and found:
            found[-1].ended_at = line.at
            found[-1].sealed_root = str(line.body.get("root", ""))
        elif line.act == "stamp":
            number = line.body.get("intake")
            if isinstance(number, int) and 0 < number <= len(found):
                found[number - 1].stamps.append(line.body)
    return found


def intakes(case_folder: Path) -> list[Intake]:
    """Return the intakes of a case, in order."""
    return intakes_of(open_journal(case_folder).lines())


def intake_numbered(case_folder: Path, number: int) -> Intake:
    """Return one intake; 0 is the last.

    Raises:
        UsageError: There is none of that number, or it never ended.
    """
    known = intakes(case_folder)
    if not known or number > len(known) or number < 0:
        raise UsageError(
            f"There is no intake {number or ''}".rstrip(),
            remedy=f"this case has {len(known)}; take something in with: amends add"
            if not known
            else f"intakes are numbered 1 to {len(known)}",
        )
    chosen = known[number - 1]
    if not chosen.ended_at:
        raise UsageError(
            f"Intake {chosen.number} was interrupted and has no root yet",
            remedy="give its amends add command again; it goes on where it stopped",
        )
    return chosen
