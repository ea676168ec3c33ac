"""The intrusion in a few lines, for the terminal: how they got in, since when, how much left, which ways are open."""

from __future__ import annotations

from collections.abc import Iterator

from amends.kernel.case import Case
from amends.report.story import head_words
from amends.tables.paths import FACTS


def intrusion_lines(case: Case) -> tuple[str, ...]:
    """Return one or two lines; none for a case without logs and inventories."""
    return tuple(_lines(case))


def _lines(case: Case) -> Iterator[str]:
    head = head_words(case)
    if head:
        yield head
    if not case.has(FACTS):
        return
    from amends.paths.stage import case_answer  # noqa: PLC0415 - only where there are inventories

    made = case_answer(case)
    if made is None:
        return
    stores = len({*made.people.told, *made.graph.stores()})
    if not made.open_stores:
        yield "Ways: none is open from the internet to a store, by the latest evidence."
        return
    reached = made.people.within(made.open_stores)
    total = made.people.within([*made.people.told, *made.people.counted])
    fixes = len(made.fixes)
    acts = (
        f"; {fixes} {'act closes' if fixes == 1 else 'acts close'} them all (amends paths)"
        if fixes
        else ""
    )
    yield (
        f"Ways: {len(made.open_stores)} of {stores} stores can still be reached from the internet, "
        f"{reached:,} of {total:,} people{acts}."
    )
