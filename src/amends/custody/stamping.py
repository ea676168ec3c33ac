"""Stamps on the roots of intakes: asked of an authority over HTTP, or carried by hand where there is no network."""

from __future__ import annotations

import base64
from dataclasses import asdict
from pathlib import Path

from amends.custody.intakes import Intake, intake_numbered
from amends.custody.journal import open_journal
from amends.kernel.case import Case
from amends.kernel.errors import EvidenceError, UsageError
from amends.vault.stamps import Stamp, read_stamp, stamp_request

_KIND = "application/timestamp-query"
_SECONDS = 30


def request_for(case: Case, number: int = 0) -> tuple[Intake, bytes]:
    """Return an intake (0 = the last) and the request for a stamp on its root.

    Raises:
        UsageError: There is no such intake.
    """
    intake = intake_numbered(case.folder, number)
    return intake, stamp_request(bytes.fromhex(intake.root))


def ask(url: str, request: bytes) -> bytes:
    """Return an authority's answer to a request.

    Raises:
        UsageError: The address is no web address.
        EvidenceError: The authority does not answer, or not with a stamp.
    """
    import httpx  # noqa: PLC0415 - only who asks an authority needs a web client

    if not url.startswith(("http://", "https://")):
        raise UsageError(
            "The authority's address is no web address", remedy="begin it with https://"
        )
    try:
        answer = httpx.post(url, content=request, headers={"Content-Type": _KIND}, timeout=_SECONDS)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise EvidenceError(
            "The time-stamp authority does not answer",
            where=type(error).__name__,
            remedy="try again, or write the request with --request FILE and carry it there by hand",
        ) from error
    return answer.content


def record(case: Case, number: int, response: bytes, source: str = "") -> Stamp:
    """Check a stamp on an intake's root, and enter it in the custody journal.

    Args:
        case: The case.
        number: The intake; 0 is the last.
        response: The authority's answer.
        source: Address it came from; "" where it was carried by hand.

    Raises:
        UsageError: There is no such intake.
        EvidenceError: The stamp does not hold.
    """
    intake = intake_numbered(case.folder, number)
    stamp = read_stamp(response, bytes.fromhex(intake.root), trusted_roots(case))
    journal = open_journal(case.folder)
    journal.append(
        "stamp",
        intake=intake.number,
        root=intake.root,
        response=base64.b64encode(response).decode(),
        source=source,
        **asdict(stamp),
    )
    seq, head = journal.head()
    case.ledger.append("stamp", journal_seq=seq, journal_head=head, intake=intake.number)
    return stamp


def trusted_roots(case: Case) -> bytes:
    """Return the root certificates of authorities the case trusts; empty where none are named.

    Raises:
        UsageError: The file named in the settings cannot be read.
    """
    name = case.config.text("custody", "stamp_roots")
    if not name:
        return b""
    path = case.folder / name if not Path(name).is_absolute() else Path(name)
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            "The root certificates of time-stamp authorities cannot be read",
            where=name,
            remedy="name a PEM file in [custody] stamp_roots of case.toml",
        ) from error


def stamp_faults(intake: Intake, roots: bytes) -> list[str]:
    """Return a sentence for each stamp of an intake that does not hold."""
    faults = []
    for body in intake.stamps:
        try:
            response = base64.b64decode(str(body.get("response", "")), validate=True)
            stamp = read_stamp(response, bytes.fromhex(intake.root), roots)
        except (ValueError, EvidenceError) as error:
            why = (
                error.what
                if isinstance(error, EvidenceError)
                else "it is not written as a stamp is"
            )
            faults.append(f"intake {intake.number}: {why[0].lower()}{why[1:]}")
            continue
        if stamp.at != body.get("at"):
            faults.append(f"intake {intake.number}: the journal gives its stamp another time")
    return faults
