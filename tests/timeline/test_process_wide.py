"""What one room sets for the whole process it puts back: others read as they always did."""

from __future__ import annotations

import csv
import io

from amends.timeline.lines import blocks
from amends.timeline.parsers.records import LONGEST_RECORD, csv_columns, of_lines


def test_a_log_with_long_fields_leaves_the_limit_of_csv_as_it_was() -> None:
    before = csv.field_size_limit()
    for lines in blocks(
        io.BytesIO(b'"a"\r"b",c\n')
    ):  # a block in which somebody meddled: read one by one
        csv_columns(of_lines(lines), ("one", "two"), ",", '"')
    assert csv.field_size_limit() == before < LONGEST_RECORD
