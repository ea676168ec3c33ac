"""Set letters as PDF with Typst: one document for a batch, every value passed as data, the same plan the same bytes."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass

import segno

from amends.kernel.errors import DeliveryError
from amends.notices.compose import CODE_SLOT, Letter
from amends.notices.facts import Recipient
from amends.notices.plain import address_block, salutation
from amends.notices.typeset import typesetter
from amends.notices.wording import wording


@dataclass(frozen=True)
class Piece:
    """One letter to be set: whose, and which text.

    Attributes:
        to: The recipient.
        variant: Id of the text.
    """

    to: Recipient
    variant: str


QR_QUIET = 4
"""Modules of white around the square (ISO/IEC 18004)."""


def scan_square(site: str, code: str) -> bytes:
    """Return a PNG of the QR code that opens the site with the code filled in.

    The code stands behind ``#``: no browser sends that part to a server, so it is in no log.
    """
    out = io.BytesIO()
    segno.make(f"https://{site}/c#{code}", error="m", micro=False, boost_error=False).save(
        out, kind="png", scale=1, border=QR_QUIET
    )
    return out.getvalue()


def set_letters(
    pieces: Sequence[Piece], texts: dict[str, Letter], entity: str, sender: Sequence[str]
) -> bytes:
    """Return one PDF with all pieces, each beginning on a page of its own.

    Args:
        pieces: In the order in which they are to lie in the file.
        texts: Variant id -> composed letter.
        entity: Name on the letterhead.
        sender: Lines under it.

    Raises:
        DeliveryError: The typesetter refuses; the message holds no word of a letter.
    """
    used = sorted({p.variant for p in pieces})
    batch = {
        "title": texts[used[0]].title if used else "",
        "entity": entity,
        "sender": list(sender),
        "variants": {name: _variant(texts[name]) for name in used},
        "pieces": [_piece(p, texts[p.variant]) for p in pieces],
    }
    try:
        return typesetter().compile(json.dumps(batch), len(pieces))
    except ValueError as error:
        raise DeliveryError(
            f"The letters could not be set ({len(pieces)} pieces)",
            where="templates/letter.typ",
            remedy="this is a fault in the template, or memory ran out: restore templates/letter.typ of this version, "
            "or make [channels.print] batch smaller",
        ) from error


def _variant(letter: Letter) -> dict[str, object]:
    words = wording(letter.variant.language).words
    return {
        "language": letter.variant.language,
        "title": letter.title,
        "dated": letter.dated,
        "page": words["page"],
        "reference": words["reference"],
        "sections": [
            {
                "key": s.key,
                "heading": s.heading,
                "blocks": [
                    {
                        "kind": b.kind,
                        "text": b.text,
                        "items": list(b.items),
                        "offices": [{"name": o.name, "lines": list(o.lines)} for o in b.offices],
                    }
                    for b in s.blocks
                ],
            }
            for s in letter.sections
        ],
    }


def _piece(piece: Piece, letter: Letter) -> dict[str, object]:
    code = piece.to.code or CODE_SLOT
    scanned = letter.site and piece.to.code and any(b.kind == "site_code" for b in letter.blocks())
    return {
        "notice_id": piece.to.notice_id,
        "variant": piece.variant,
        "address": list(address_block(letter, piece.to)),
        "salutation": salutation(letter, piece.to.name),
        "code": code,
        "square": list(scan_square(letter.site, code)) if scanned else [],
    }
