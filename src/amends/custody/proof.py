"""One exhibit shown alone: a small file which proves that it was in an intake, without showing the others.

The proof holds what the journal says of the exhibit, the Merkle path to the root of its intake, and the stamps on
that root. Whoever has it, the exhibit and the root certificate of the authority can check all three without the case.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from amends.custody.digests import digest
from amends.custody.intakes import Intake, intakes, leaf_of
from amends.custody.merkle import audit_path, leads_to
from amends.kernel.case import Case
from amends.kernel.errors import EvidenceError, UsageError
from amends.vault.stamps import read_stamp

FORMAT = "amends inclusion proof 1"


def proof(case: Case, exhibit_id: str) -> dict[str, Any]:  # Any: JSON
    """Return the proof for an exhibit.

    Raises:
        UsageError: There is no such exhibit.
    """
    for intake in intakes(case.folder):
        for index, body in enumerate(intake.bodies):
            if body.get("exhibit_id") == exhibit_id:
                return _proof(case, intake, index)
    raise UsageError(
        f"There is no exhibit {exhibit_id}", remedy="list them with: amends show CASE exhibits"
    )


def _proof(case: Case, intake: Intake, index: int) -> dict[str, Any]:
    leaves = intake.leaves
    return {
        "format": FORMAT,
        "case": case.name,
        "intake": intake.number,
        "exhibit": intake.bodies[index],
        "index": index,
        "size": len(leaves),
        "path": [step.hex() for step in audit_path(leaves, index)],
        "root": intake.root,
        "stamps": [{"at": s.get("at"), "response": s.get("response")} for s in intake.stamps],
    }


def read_proof(path: Path) -> dict[str, Any]:
    """Return the proof written in a file.

    Raises:
        UsageError: It is none.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            "The proof cannot be read", where=path.name, remedy="ask for a new one"
        ) from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise UsageError(
            "This is no inclusion proof",
            where=path.name,
            remedy="make one with: amends custody proof",
        )
    return found


def proof_faults(given: dict[str, Any], exhibit: Path, roots: bytes = b"") -> list[str]:
    """Return a sentence for each thing that a proof does not prove; empty where all of it holds.

    Args:
        given: The proof.
        exhibit: The exhibit's bytes.
        roots: Root certificates of the stamp's authority, PEM; without any its signature is not traced.

    Raises:
        UsageError: The exhibit cannot be read.
    """
    body = given.get("exhibit")
    if not isinstance(body, dict):
        return ["the proof names no exhibit"]
    faults = _byte_faults(body, exhibit)
    try:
        root = bytes.fromhex(str(given.get("root")))
        path = [bytes.fromhex(step) for step in given.get("path", [])]
        held = leads_to(root, leaf_of(body), int(given["index"]), int(given["size"]), path)
    except (KeyError, ValueError, TypeError):
        return [*faults, "the proof is not written as proofs are"]
    if not held:
        faults.append("the path does not lead from this exhibit to the root of the intake")
    return faults + _stamp_faults(given, root, roots)


def _byte_faults(body: dict[str, Any], exhibit: Path) -> list[str]:
    try:
        found = digest(exhibit)
    except OSError as error:
        raise UsageError(
            "The exhibit cannot be read",
            where=exhibit.name,
            remedy="give the file the proof is about",
        ) from error
    same = (found.size_bytes, found.sha256, found.blake3) == tuple(
        body.get(k) for k in ("size_bytes", "sha256", "blake3")
    )
    return [] if same else ["the file is not the exhibit the proof speaks of"]


def _stamp_faults(given: dict[str, Any], root: bytes, roots: bytes) -> list[str]:
    faults = []
    stamps = given.get("stamps")
    for stamp in stamps if isinstance(stamps, list) else []:
        try:
            read = read_stamp(base64.b64decode(str(stamp["response"]), validate=True), root, roots)
            if read.at != stamp.get("at"):
                faults.append("the proof gives the stamp another time")
        except EvidenceError as error:
            faults.append(f"{error.what[0].lower()}{error.what[1:]}")
        except (ValueError, KeyError, TypeError, AttributeError):
            faults.append("the proof holds a stamp that is not written as stamps are")
    return faults
