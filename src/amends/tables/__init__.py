"""The vocabulary: every table of a case. Declarations only; the documentation's tables page is made from them."""

from __future__ import annotations

from amends.kernel.schema import Table
from amends.tables import controls, custody, duties, elements, notices, paths, persons, timeline

ALL: tuple[Table, ...] = (
    *custody.TABLES,
    *elements.TABLES,
    *timeline.TABLES,
    *persons.TABLES,
    *duties.TABLES,
    *notices.TABLES,
    *paths.TABLES,
    *controls.TABLES,
)
"""Every table, in the order in which the pipeline writes them."""
