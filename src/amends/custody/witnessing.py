"""A witness copy: heads and roots of a case, small enough to be printed, kept where the case is not.

A chain of seals shows every change but one: that its end was cut off, or that the whole of it was written anew. What
somebody else kept shows that too.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from amends.custody.intakes import intakes
from amends.custody.journal import open_journal
from amends.kernel import clock
from amends.kernel.case import Case
from amends.kernel.errors import UsageError
from amends.kernel.ledger import Ledger

FORMAT = "amends witness 1"


def witness_copy(case: Case) -> dict[str, Any]:  # Any: JSON
    """Return what a witness should keep of a case."""
    journal, ledger = open_journal(case.folder).head(), case.ledger.head()
    return {
        "format": FORMAT,
        "case": case.name,
        "at": clock.stamp(),
        "journal": {"seq": journal[0], "digest": journal[1]},
        "ledger": {"seq": ledger[0], "digest": ledger[1]},
        "roots": [intake.root for intake in intakes(case.folder) if intake.ended_at],
    }


def read_witness(path: Path) -> dict[str, Any]:
    """Return a witness copy from its file.

    Raises:
        UsageError: It is none.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            "The witness copy cannot be read", where=path.name, remedy="find another copy"
        ) from error
    whole = isinstance(found, dict) and found.get("format") == FORMAT
    if not whole or not all(isinstance(found.get(k), dict) for k in ("journal", "ledger")):
        raise UsageError(
            "This is no witness copy",
            where=path.name,
            remedy="make one with: amends custody witness",
        )
    return dict(found)


def witness_faults(case: Case, kept: dict[str, Any]) -> list[str]:
    """Return a sentence for each thing in a case that is not as a witness kept it."""
    faults = []
    for name, chain in (("journal", open_journal(case.folder)), ("ledger", case.ledger)):
        faults += _head_faults(name, chain, kept[name])
    roots = [intake.root for intake in intakes(case.folder) if intake.ended_at]
    for number, root in enumerate(kept.get("roots", []), start=1):
        if number > len(roots):
            faults.append(f"intake {number}, which was witnessed, is missing")
        elif roots[number - 1] != root:
            faults.append(f"intake {number} is not the one that was witnessed: its root differs")
    return faults


def _head_faults(name: str, chain: Ledger, kept: dict[str, Any]) -> list[str]:
    seq = kept.get("seq")
    if not seq:
        return []
    found = next((line.digest for line in chain.lines() if line.seq == seq), None)
    if found is None:
        return [f"{name}: line {seq}, which was witnessed, is missing: the end was cut off"]
    if found != kept.get("digest"):
        return [f"{name}: line {seq} is not the one that was witnessed: it was rewritten"]
    return []
