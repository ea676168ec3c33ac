"""Reports of scanners are the review's: paths neither calls them unknown nor reads them whole."""

from __future__ import annotations

import io
import json

import pytest

from amends.paths.collect import collect

SARIF = json.dumps(
    {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": []}]}
)
CASES = {
    "code.sarif": SARIF,
    "ar.json": json.dumps({"assessment-results": {"results": []}}),
    "poam.json": json.dumps({"plan-of-action-and-milestones": {"poam-items": []}}),
    "qualys.csv": '"Scan Results"\n\n"IP","DNS","QID","Title","Severity"\n"10.0.0.1","a","38170","x","3"\n',
    "list.csv": "resource;rule_id;severity;title\nbucket1;S3.2;high;open bucket\n",
}


@pytest.mark.parametrize("name", CASES)
def test_a_report_of_a_scanner_is_not_called_unknown(name: str) -> None:
    assert collect([(name, CASES[name].encode())]).rejects == []


def test_a_file_that_nobody_reads_is_still_told() -> None:
    made = collect(
        [("notes.csv", b"day,weather\nmonday,rain\n"), ("x.json", b'{"weather": "rain"}')]
    )
    assert [r.reason for r in made.rejects] == ["unknown_format", "unknown_format"]


def test_a_large_assessment_is_left_after_its_head() -> None:
    stream = io.BytesIO(SARIF.encode() + b" " * 1_000_000)
    assert collect([("big.sarif", stream)]).rejects == []
    assert stream.tell() < 100_000
