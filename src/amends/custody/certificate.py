"""The custody certificate: a PDF that says what was received, under which seals, and whether they hold today."""

from __future__ import annotations

from pathlib import Path

from amends.custody.intake import tool_name
from amends.custody.intakes import intakes
from amends.custody.journal import exhibits, open_journal, refusals
from amends.custody.verify import verify
from amends.kernel import clock, ids
from amends.kernel.case import Case
from amends.kernel.errors import TableError

LISTED = 2_000
"""Exhibits printed one by one; some seventy pages. The journal and the roots hold the rest."""

_TEMPLATE = Path(__file__).parent / "templates" / "certificate.typ"


def certificate(case: Case) -> bytes:
    """Return the certificate of a case as PDF; every exhibit is read again for it.

    Raises:
        TableError: The typesetter refuses.
    """
    import typst  # noqa: PLC0415 - the typesetter is large, and only a certificate wants it

    try:
        made = typst.Compiler(ignore_system_fonts=True).compile(
            _TEMPLATE.read_bytes(),
            format="pdf",
            sys_inputs={"certificate": ids.canonical_json(_facts(case))},
            timestamp=0,
        )
    except typst.TypstError as error:
        raise TableError(
            "The certificate could not be set",
            remedy="export the journal instead: amends custody export CASE --to custody.jsonl",
        ) from error
    if not isinstance(made, bytes):
        raise TableError(
            "The certificate is no single PDF",
            remedy="this is a fault in Amends: please report it with the number of exhibits",
        )
    return made


def _facts(case: Case) -> dict[str, object]:
    seq, head = open_journal(case.folder).head()
    found = exhibits(case.folder)
    return {
        "case": case.name,
        "entity": case.config.text("case", "entity"),
        "tool": tool_name(),
        "made_at": _minute(clock.stamp()),
        "journal_seq": seq,
        "journal_head": head,
        "faults": [*verify(case), *case.ledger.faults()],
        "n_exhibits": len(found),
        "left_out": max(0, len(found) - LISTED),
        "intakes": [
            {
                "number": intake.number,
                "began_at": _minute(intake.began_at),
                "ended_at": _minute(intake.ended_at) if intake.ended_at else "interrupted",
                "things": len(intake.bodies),
                "root": intake.root,
                "stamps": [
                    {
                        "at": _minute(str(s["at"])),
                        "authority": s["authority"],
                        "trusted": s["trusted"],
                    }
                    for s in intake.stamps
                ],
            }
            for intake in intakes(case.folder)
        ],
        "exhibits": [
            {
                "exhibit_id": e.exhibit_id,
                "path": e.path,
                "role": e.role,
                "store": e.store,
                "reference": e.reference,
                "size": f"{e.size_bytes:,}",
                "received_at": _minute(e.received_at),
                "received_by": e.received_by,
                "sha256": e.sha256,
            }
            for e in found[:LISTED]
        ],
        "refused": [
            {"path": str(line.body.get("path", "")), "reason": str(line.body.get("reason", ""))}
            for line in refusals(case.folder)[:LISTED]
        ],
    }


def _minute(at: str) -> str:
    return at[:16].replace("T", " ")
