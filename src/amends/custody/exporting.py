"""The journal in the forms others ask for: sealed lines, CASE/UCO, a certificate."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from amends.custody.case_uco import case_uco
from amends.custody.certificate import certificate
from amends.custody.journal import journal_path
from amends.kernel.case import Case
from amends.kernel.errors import TableError, UsageError


def export_custody(case: Case, to: Path) -> Path:
    """Write the custody journal: ``.jsonl`` as it is sealed, ``.jsonld`` CASE/UCO, ``.pdf`` a certificate.

    Raises:
        UsageError: The ending is another.
        TableError: The file cannot be written.
    """
    make = _FORMS.get(to.suffix.lower())
    if make is None:
        raise UsageError(
            f"The custody log is not written as {to.suffix or 'a file without ending'}",
            remedy="end the name in .jsonl, .jsonld or .pdf; tables: amends export CASE custody-log",
        )
    payload = make(case)
    try:
        to.write_bytes(payload)
    except OSError as error:
        raise TableError(
            "The file cannot be written", where=to.name, remedy="choose another place"
        ) from error
    case.ledger.append("export", name="custody", to=to.name, run=case.run_id())
    return to


def _lines(case: Case) -> bytes:
    path = journal_path(case.folder)
    return path.read_bytes() if path.exists() else b""


def _json_ld(case: Case) -> bytes:
    return (json.dumps(case_uco(case), ensure_ascii=False, indent=1) + "\n").encode()


_FORMS: dict[str, Callable[[Case], bytes]] = {
    ".jsonl": _lines,
    ".jsonld": _json_ld,
    ".pdf": certificate,
}
