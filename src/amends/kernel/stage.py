"""A stage: a named step that reads tables earlier stages wrote and writes its own.

A stage is skipped when the digests of its inputs, settings, data files and code equal those in the
ledger.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amends.kernel.schema import Table

if TYPE_CHECKING:
    from amends.kernel.case import Case


def _nothing(case: Case) -> object:
    return None


@dataclass(frozen=True)
class Stage:
    """One step of the pipeline.

    Attributes:
        name: The room's name.
        reads: Tables it needs.
        writes: Tables it writes, whole, and nobody else does.
        run: Does the work.
        also: Returns, as a JSON value, whatever else the result depends on: decisions, case dates,
            a journal's head.
    """

    name: str
    reads: tuple[Table, ...]
    writes: tuple[Table, ...]
    run: Callable[[Case], None]
    also: Callable[[Case], object] = _nothing
