"""Documents read block by block: findings with tokens, and a record for everybody they name."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from amends.elements.detectors.base import Finding, Validity
from amends.elements.records import ItemFacts
from amends.elements.shapes import CHECKS
from amends.elements.shapes_cells import Cells
from amends.elements.shapes_data import word_set
from amends.elements.text import find
from amends.kernel.contents import Block, DocumentPart
from amends.taxonomy.elements import elements
from amends.vault import Tokens

_FORMS = {"ssn": "digits", "drivers_licence": "alnum"}
# Identifiers of which not even the last four may be shown: there is little else to them.
_HIDDEN = word_set(
    "password pin account_pin card_cvv security_answer token private_key ssn_last4 irs_ip_pin "
    "card_expiry password_hash biometric genetic mother_maiden_name username"
)


@dataclass(frozen=True)
class ReadBlock:
    """What one block of a document gave.

    Attributes:
        findings: Rows of ``findings``.
        records: Rows of ``records``; null when it names nobody.
        n_characters: Characters looked at.
    """

    findings: list[dict[str, object]]
    records: pa.Table | None
    n_characters: int


class DocumentReader:
    """Reads documents.

    Args:
        vault: Tokens of the case.
    """

    def __init__(self, vault: Tokens) -> None:
        self._vault = vault
        self._n_findings = 0

    def read(self, part: DocumentPart, facts: ItemFacts) -> Iterator[ReadBlock]:
        """Yield what each block holds."""
        for block in part.blocks:
            found = find(block.text)
            rows = self._rows(block, found, facts, part.page_starts)
            yield ReadBlock(rows, None, len(block.text))

    def _rows(
        self, block: Block, found: Sequence[Finding], facts: ItemFacts, pages: Sequence[int]
    ) -> list[dict[str, object]]:
        tokens = self._tokens(block.text, found)
        rows: list[dict[str, object]] = []
        for number, one in enumerate(found):
            self._n_findings += 1
            start = block.offset + one.start
            rows.append({
                "finding_id": f"F{self._n_findings:09d}",
                "item_id": facts.item_id,
                "start": start,
                "end": block.offset + one.end,
                "page": bisect.bisect_right(pages, start) if pages else None,
                "element": one.element,
                "token": tokens.get(number),
                "masked": mask(one.element, block.text[one.start : one.end]),
                "valid": one.validity is Validity.VALID,
                "confidence": round(one.confidence, 2),
                "evidence": list(one.evidence),
                "record_id": None,
            })  # fmt: skip
        return rows

    def _tokens(self, text: str, found: Sequence[Finding]) -> dict[int, str]:
        """Return the tokens of identifiers by number of finding, one call an element."""
        known = elements()
        by_element: dict[str, list[int]] = {}
        for number, one in enumerate(found):
            if one.element in known and known[one.element].identifier:
                by_element.setdefault(one.element, []).append(number)
        out: dict[int, str] = {}
        for element, numbers in by_element.items():
            values = normal_texts(element, [text[found[n].start : found[n].end] for n in numbers])
            tokens = self._vault.tokens("ssn" if element == "itin" else element, values)
            out |= {n: token for n, token in zip(numbers, tokens.to_pylist(), strict=True) if token}
        return out


def normal_texts(element: str, values: Sequence[str]) -> pa.Array:
    """Return values of an element in the normal form in which tables hold them."""
    cells = Cells(pa.array(values, pa.string()))
    form = _FORMS.get(element) or CHECKS.get((element, ""), (None, "text"))[1]
    if form == "digits":
        return cells.digits_only()
    if form == "alnum":
        return cells.alnum_only()
    return pc.utf8_lower(cells.values) if form == "lower" else cells.values


def mask(element: str, value: str) -> str:
    """Return a value with all but its last four letters and digits hidden.

    What is short, or is a secret by itself, is hidden wholly. Names, addresses and the like are
    shown by their first letter.
    """
    known = elements()
    identifier = element in known and known[element].identifier
    signs = [c for c in value if c.isalnum()]
    if not identifier:
        return value[:1] + "…" if value else ""
    if element in _HIDDEN or len(signs) < 7:
        return "•" * min(len(signs), 8)
    return "•" * min(len(signs) - 4, 12) + "".join(signs[-4:])
