"""Known facts explain what they name, and nothing else."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime

import pytest

from amends.timeline.excuses import Deed, excuse
from amends.timeline.known import KnownFact

BACKUP = KnownFact("backup", "nightly", ("bk1", "db1"), ("bkp",), daily_minutes=(60, 180))
TEST = KnownFact(
    "test", "ticket", networks=(ipaddress.ip_network("198.51.100.9"),),
    from_at=datetime(2026, 3, 3, tzinfo=UTC), to_at=datetime(2026, 3, 5, tzinfo=UTC),
)  # fmt: skip
EMPTY = KnownFact("backup", "we make backups")


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 3, day, hour, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("deed", "explained"),
    [
        (Deed(at(4, 1), ("bk1", "db1"), "bkp"), True),
        (Deed(at(4, 14), ("bk1", "db1"), "bkp"), False),
        (Deed(at(4, 1), ("bk1", "db1"), "mallory"), False),
        (Deed(at(4, 1), ("jump", "db1"), "bkp"), False),
        (Deed(at(4, 11), ("198.51.100.9", "web1")), True),
        (Deed(at(9, 11), ("198.51.100.9", "web1")), False),
        (Deed(at(4, 11), ("198.51.100.10", "web1")), False),
    ],
)
def test_a_fact_explains_only_what_it_names(deed: Deed, explained: bool) -> None:
    assert (excuse((EMPTY, BACKUP, TEST), deed) is not None) is explained
