"""A table read once: its columns guessed from the first rows, then every row made into records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import pyarrow as pa

from amends.elements.columns import guess_columns, take_sample
from amends.elements.columns_base import ColumnGuess
from amends.elements.records import RecordMaker
from amends.elements.records_base import ItemFacts, Made, Tally
from amends.elements.records_cells import is_prose
from amends.elements.records_names import family_first
from amends.elements.shapes_cells import Cells
from amends.kernel.contents import TablePart
from amends.vault import Tokens

# Rows held before the columns are guessed, and the bytes they may take.
AHEAD_ROWS = 1 << 18
AHEAD_BYTES = 1 << 26

KeyChooser = Callable[[Sequence[ColumnGuess], Sequence[str]], Sequence[str]]


@dataclass(frozen=True)
class ReadTable:
    """A table under way.

    Attributes:
        maker: Makes its records, and counts.
        made: What each batch gives, as the table is read.
    """

    maker: RecordMaker
    made: Iterator[Made]


def read_table(
    part: TablePart,
    facts: ItemFacts,
    vault: Tokens,
    decided: Mapping[str, tuple[str | None, str]] | None = None,
    choose_keys: KeyChooser = lambda guesses, declared: (),
) -> ReadTable:
    """Read a table.

    Args:
        part: The table; its batches are read once.
        facts: What every record inherits.
        vault: Tokens of the case.
        decided: What people decided about its columns.
        choose_keys: Says which columns may tie its rows to other tables.
    """
    ahead, rest = _read_ahead(part.batches)
    sample = take_sample(ahead) if ahead else _nothing(part.columns)
    declared = [key.column for key in part.keys]
    guesses = guess_columns(
        sample, part.columns, part.has_header, decided, declared, facts.population
    )
    keys = choose_keys(guesses, declared)
    prose = frozenset(
        g.column for g in guesses if is_prose(g, Cells(sample.column(g.column).combine_chunks()))
    )
    maker = RecordMaker(guesses, facts, vault, _backward(guesses, sample), keys, prose, declared)
    return ReadTable(maker, _make(maker, chain(ahead, rest), part.has_header))


def _read_ahead(
    batches: Iterator[pa.RecordBatch],
) -> tuple[list[pa.RecordBatch], Iterator[pa.RecordBatch]]:
    held: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        size += batch.nbytes
        if rows >= AHEAD_ROWS or size >= AHEAD_BYTES:
            break
    return held, batches


def _nothing(columns: Sequence[str]) -> pa.Table:
    return pa.table({name: pa.array([], pa.string()) for name in columns})


def _backward(guesses: Sequence[ColumnGuess], sample: pa.Table) -> frozenset[str]:
    out = set()
    for guess in guesses:
        if guess.kind == ("name", "full"):
            cells = Cells(sample.column(guess.column).combine_chunks())
            if family_first(cells):
                out.add(guess.column)
    return frozenset(out)


def _make(
    maker: RecordMaker, batches: Iterator[pa.RecordBatch], has_header: bool
) -> Iterator[Made]:
    for batch in batches:
        late = [g for g in maker.guesses if _is_late(g, batch)]
        if late:
            _guess_again(maker, late, batch, has_header)
        yield maker.make(batch)


def _is_late(guess: ColumnGuess, batch: pa.RecordBatch) -> bool:
    """Say whether a column that was empty in the sample has values now."""
    unseen = guess.decided_by == "rule" and any(
        e.startswith("no values seen") for e in guess.evidence
    )
    return unseen and batch.column(guess.column).null_count < batch.num_rows


def _guess_again(
    maker: RecordMaker, late: Sequence[ColumnGuess], batch: pa.RecordBatch, has_header: bool
) -> None:
    names = [g.column for g in maker.guesses]
    fresh = {g.column: g for g in guess_columns(batch, names, has_header)}
    for guess in late:
        maker.learn(replace(fresh[guess.column], position=guess.position))


def column_rows(item_id: str, maker: RecordMaker) -> list[dict[str, object]]:
    """Return the rows of ``columns`` for a table that was read to its end.

    A column that held several elements gives a row for each, the main one first.
    """
    out: list[dict[str, object]] = []
    for guess in maker.guesses:
        tally = maker.tallies[guess.column]
        out += [
            {"item_id": item_id, "column": guess.column, "position": guess.position,
             "n_rows": maker.n_rows, "decided_by": guess.decided_by, **row}
            for row in _element_rows(guess, tally)
        ]  # fmt: skip
    return out


def _element_rows(guess: ColumnGuess, tally: Tally) -> list[dict[str, object]]:
    by_element: dict[str, int] = {}
    reasons: dict[str, list[str]] = {}
    for (element, why), n in sorted(tally.n_valid.items()):
        by_element[element] = by_element.get(element, 0) + n
        if why:
            reasons.setdefault(element, []).append(f"{n:,} values: {why}")
    rows: list[dict[str, object]] = []
    main = by_element.pop(guess.element, 0) if guess.element else 0
    only_others = guess.element is not None and not main and by_element and not tally.n_malformed
    if not only_others:
        rows.append({
            "element": guess.element, "part": guess.part, "confidence": guess.confidence,
            "evidence": [*guess.evidence, *_whose(guess), *reasons.get(guess.element or "", [])],
            "n_values": tally.n_values, "n_valid": main, "n_malformed": tally.n_malformed,
            "secured": _secured(guess, tally, main),
        })  # fmt: skip
    for element, n in sorted(by_element.items(), key=lambda pair: (-pair[1], pair[0])):
        rows.append({
            "element": element, "part": "", "confidence": guess.confidence,
            "evidence": [*reasons.get(element, []), f"in a column of {guess.element}"],
            "n_values": n, "n_valid": n, "n_malformed": 0, "secured": False,
        })  # fmt: skip
    for element, (n_valid, n_malformed) in sorted(tally.in_prose.items()):
        rows.append({
            "element": element, "part": "", "confidence": 0.7,
            "evidence": ["in the text of the cells"], "n_values": n_valid + n_malformed,
            "n_valid": n_valid, "n_malformed": n_malformed, "secured": False,
        })  # fmt: skip
    return rows


def _whose(guess: ColumnGuess) -> list[str]:
    return [f"another person's: {guess.role}"] if guess.role else []


def _secured(guess: ColumnGuess, tally: Tally, main: int) -> bool | None:
    if guess.element is None:
        return None
    return bool(main) and tally.n_secured >= main
