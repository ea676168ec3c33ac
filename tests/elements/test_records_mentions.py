"""Documents that come in blocks: nobody and nothing is cut in two where a block ends."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest

from amends.elements.records_base import ItemFacts
from amends.elements.records_mentions import DocumentReader, whole_paragraphs
from amends.kernel.contents import Block, DocumentPart
from amends.vault import Tokens, create_keys

FACTS = ItemFacts("I0000001", 1, "E0001")
FILLER = "the weather was fine and the shop stayed open until late in the evening; "
LETTER = "Patient: John Smith, SSN 219-09-8765, born 03/25/1980"


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    folder = tmp_path_factory.mktemp("case") / "keys"
    create_keys(folder)
    return Tokens(folder)


def blocks(text: str, *cuts: int) -> Iterator[Block]:
    places = [0, *cuts, len(text)]
    for start, end in pairwise(places):
        yield Block(start, text[start:end])


def read(vault: Tokens, text: str, *cuts: int) -> tuple[list[dict[str, object]], set[str]]:
    part = DocumentPart("", "text/plain", "text", blocks(text, *cuts))
    records: list[dict[str, object]] = []
    seen = set()
    for held in DocumentReader(vault).read(part, FACTS):
        records += held.records.to_pylist() if held.records is not None else []
        for row in held.findings:
            start, end = row["start"], row["end"]
            assert isinstance(start, int) and isinstance(end, int)
            seen.add(text[start:end])
    return records, seen


@pytest.mark.parametrize("between", [" ", "\n", "\n\n"])
@pytest.mark.parametrize("inside", [12, 25, 30, 48])
def test_a_mention_at_the_end_of_a_block_is_whole(vault: Tokens, inside: int, between: str) -> None:
    lead = FILLER * 1200
    text = lead + between + LETTER + between + FILLER * 1200
    (record,), seen = read(vault, text, len(lead) + 1 + inside)
    assert (record["name_last"], record["ssn_last4"]) == ("Smith", "8765")
    assert "219-09-8765" in seen


def test_blocks_lose_and_double_nothing() -> None:
    text = FILLER * 4000
    made = list(whole_paragraphs(blocks(text, 90_000, 90_001, 200_000, 280_000)))
    assert "".join(block.text for block in made) == text
    assert [b.offset for b in made[1:]] == [b.offset + len(b.text) for b in made[:-1]]


def test_a_table_of_a_document_keeps_its_headers_in_the_next_block(vault: Tokens) -> None:
    names = [
        f"{a} {b}" for a in ("John", "Maria", "Linda", "Paul") for b in ("Smith", "Garcia", "Hall")
    ]
    rows = [f"LW1{n:05d}\t{names[n % 12]}\t{1000 + n}\t$50.00\n" for n in range(6000)]
    text = "Spring rewards\nID\tName\tLast 4 SSN\tAmount\n" + "".join(rows)
    records, _ = read(vault, text, 100_000)
    right = [r["ssn_last4"] == str(1000 + n) for n, r in enumerate(records)]
    assert len(right) == 6000 and sum(right) > 5990  # 1111 and the like stand for nothing
