"""Documents read block by block: findings with tokens, and a record for everybody they name."""

from __future__ import annotations

import bisect
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from amends.elements.detectors.base import Finding, Validity
from amends.elements.mentions import Mention, mentions
from amends.elements.records_base import ITEM_SHIFT, ItemFacts
from amends.elements.records_grids import Grid, grids
from amends.elements.records_person import TOKEN_COLUMNS
from amends.elements.records_values import rows_table
from amends.elements.shapes import form_of
from amends.elements.shapes_cells import Cells
from amends.elements.shapes_data import word_set
from amends.elements.text import find
from amends.elements.text_blocks import SECONDS_PER_MI
from amends.kernel.contents import Block, DocumentPart
from amends.tables.elements import RECORDS
from amends.taxonomy.elements import elements
from amends.vault import Tokens

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
        """Yield what each stretch of a document holds.

        A stretch that takes too long has the rest of its document looked at for identifiers only.
        """
        slow = False
        heading: list[str] | None = None
        for block in whole_paragraphs(part.blocks):
            tables = list(grids(block.text, block.offset, facts, self._vault, heading))
            heading = _running_on(block.text, tables)
            rest = Block(block.offset, _without(block.text, tables))
            began = time.monotonic()
            found = find(rest.text, names=not slow)
            slow = time.monotonic() - began > SECONDS_PER_MI * max(0.1, len(rest.text) / (1 << 20))
            rows = self._rows(rest, found, facts, part.page_starts)
            records = [self._record(rest, one, rows, facts) for one in mentions(rest.text, found)]
            for grid in tables:
                rows += self._grid_rows(block, grid, facts, part.page_starts)
            made = [grid.records for grid in tables]
            if records:
                made.append(rows_table(RECORDS, records))
            yield ReadBlock(rows, pa.concat_tables(made) if made else None, len(block.text))

    def _grid_rows(
        self, block: Block, grid: Grid, facts: ItemFacts, pages: Sequence[int]
    ) -> list[dict[str, object]]:
        """Return the findings of a grid."""
        known = elements()
        rows: list[dict[str, object]] = []
        for cell in grid.cells:
            self._n_findings += 1
            is_identifier = cell.element in known and known[cell.element].identifier
            token = None
            if is_identifier and cell.normal:
                domain = "ssn" if cell.element == "itin" else cell.element
                normal = f":{cell.normal}" if domain == "drivers_licence" else cell.normal
                token = self._vault.tokens(domain, pa.array([normal]))[0].as_py()
            start = block.offset + cell.start
            rows.append({
                "finding_id": f"F{self._n_findings:09d}", "item_id": facts.item_id,
                "start": start, "end": block.offset + cell.end,
                "page": bisect.bisect_right(pages, start) if pages else None,
                "element": cell.element, "token": token,
                "masked": mask(cell.element, block.text[cell.start : cell.end]),
                "valid": cell.valid, "confidence": cell.guess.confidence,
                "evidence": list(cell.guess.evidence),
                "record_id": (facts.item_no << ITEM_SHIFT) + grid.row_starts[cell.row],
            })  # fmt: skip
        return rows

    def _record(
        self, block: Block, one: Mention, rows: list[dict[str, object]], facts: ItemFacts
    ) -> dict[str, object]:
        """Return the record of a mention, and tie its findings to it."""
        start = block.offset + one.start
        record_id = (facts.item_no << ITEM_SHIFT) + start
        held = [rows[number] for number in one.findings]
        for row in held:
            row["record_id"] = record_id
        valid = {str(row["element"]) for row in held if row["valid"]}
        possible = {str(row["element"]) for row in held} - valid
        named = any((one.name.first, one.name.last))
        out: dict[str, object] = {
            "record_id": record_id, "item_id": facts.item_id, "exhibit_id": facts.exhibit_id,
            "locator": start, "kind": "mention", "role": facts.role, "owner": facts.owner,
            "population": facts.population, "store": facts.store, "as_of_on": facts.as_of_on,
            "name_first": one.name.first or None, "name_middle": one.name.middle or None,
            "name_last": one.name.last or None, "name_suffix": one.name.suffix or None,
            "birth_on": one.birth_on, "phone": next(iter(one.phones), None),
            "email": next(iter(one.emails), None), "street": one.address.street or None,
            "city": one.address.city or None, "state": one.address.state or None,
            "zip": one.address.zip or None, "elements": sorted(valid), "possible": sorted(possible),
            "secured": [],
            "ambiguous": one.ambiguous if not named and "compete" in one.ambiguous else None,
        }  # fmt: skip
        return out | self._identifiers(block, held)

    def _identifiers(self, block: Block, held: list[dict[str, object]]) -> dict[str, object]:
        """Return tokens and last fours of the first valid identifier of each kind."""
        out: dict[str, object] = {}
        for row in held:
            element, token = str(row["element"]), row["token"]
            if not row["valid"] or not token:
                continue
            column = TOKEN_COLUMNS.get(element)
            if column is not None:
                out.setdefault(column, token)
            start, end = row["start"], row["end"]
            assert isinstance(start, int) and isinstance(end, int)
            signs = [
                c for c in block.text[start - block.offset : end - block.offset] if c.isalnum()
            ]
            tail = "".join(signs[-4:])
            if element in ("ssn", "itin"):
                out.setdefault("ssn_last4", tail)
            elif element == "drivers_licence":
                out.setdefault("licence_token", token)
                out.setdefault("licence_last4", tail.upper())
        for row in held:
            if row["element"] == "ssn_last4" and row["valid"]:
                start, end = row["start"], row["end"]
                assert isinstance(start, int) and isinstance(end, int)
                value = block.text[start - block.offset : end - block.offset]
                digits = "".join(c for c in value if c.isdigit())
                if len(digits) >= 4:
                    out.setdefault("ssn_last4", digits[-4:])
        return out

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
            if element == "drivers_licence":
                values = _with_states(values, [found[n] for n in numbers])
            tokens = self._vault.tokens("ssn" if element == "itin" else element, values)
            out |= {n: token for n, token in zip(numbers, tokens.to_pylist(), strict=True) if token}
        return out


def whole_paragraphs(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield blocks anew, cut where paragraphs end, so that nobody is cut in two.

    Where no paragraph ends near a block's end, the cut is in the widest stretch without personal
    data there, between lines, sentences or words, whichever there are.

    Args:
        blocks: A document's blocks; the end of each, up to 64 Ki characters, goes to the next.
    """
    held: Block | None = None
    for block in blocks:
        if held is None:
            held = block
            continue
        text = held.text
        cut = _cut(text) if len(text) >= _CARRY else 0
        if cut:
            yield Block(held.offset, text[:cut])
        held = Block(held.offset + cut, text[cut:] + block.text)
    if held is not None and held.text:
        yield held


_CARRY, _TAIL = 1 << 16, 1 << 13


def _cut(text: str) -> int:
    """Return where a long text is best cut, near its end."""
    paragraph = text.rfind("\n\n", len(text) - _CARRY)
    if paragraph >= 0:
        return paragraph + 2
    base = len(text) - _TAIL
    tail = text[base:]
    found = find(tail)
    ends = [0, *(one.end for one in found)]
    starts = [*(one.start for one in found), len(tail)]
    gaps = sorted(zip(ends, starts, strict=True), key=lambda gap: gap[0] - gap[1])
    for mark in ("\n", ". ", " "):
        for end, start in gaps[:3]:
            middle = tail.find(mark, (end + start) // 2, start)
            place = middle if middle >= 0 else tail.rfind(mark, end, start)
            if place >= 0:
                return base + place + len(mark)
    return base + gaps[0][0] if gaps[0][0] else len(text)


def _running_on(text: str, tables: Sequence[Grid]) -> list[str] | None:
    """Return the headers of a grid that reaches the end of a text: it may go on in the next."""
    last = max(tables, key=lambda grid: grid.end, default=None)
    return last.headers if last is not None and not text[last.end :].strip() else None


def _without(text: str, tables: Sequence[Grid]) -> str:
    """Return the text with its grids blanked, every offset kept."""
    for grid in tables:
        blank = re.sub(r"[^\n]", " ", text[grid.start : grid.end])
        text = text[: grid.start] + blank + text[grid.end :]
    return text


def _with_states(values: pa.Array, found: Sequence[Finding]) -> pa.Array:
    """Return licences as tables hold them: state, colon, number; no state where none was said."""
    states = [next((e[7:] for e in one.evidence if e.startswith("state: ")), "") for one in found]
    known = [code if len(code) == 2 else "" for code in states]
    return pc.binary_join_element_wise(pa.array(known, pa.string()), values, ":")


def normal_texts(element: str, values: Sequence[str]) -> pa.Array:
    """Return values of an element in the normal form in which tables hold them."""
    cells = Cells(pa.array(values, pa.string()))
    form = form_of(element)
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
