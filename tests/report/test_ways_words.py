"""Evidence of a way is shown by file and line; the rest stands behind it."""

from __future__ import annotations

import pytest

from amends.report.ways import places_words


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ("after/services.csv:8", "services.csv:8"),
        ("a/x.json#15 | a/accounts.csv:12 | a/x.xml: host h port 1/tcp", "x.json#15, accounts.csv:12 and 1 more"),
        ("somebody says so; still: net/configs/r1.conf:103 filter F term in-4", "r1.conf:103"),
        ("no file is named", "no file is named"),
        ("", ""),
    ],
)  # fmt: skip
def test_evidence_is_shortened_to_file_and_line(evidence: str, said: str) -> None:
    assert places_words(evidence) == said
