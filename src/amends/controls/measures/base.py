"""The shapes of measuring: a measure, a finding, and the ground they are read from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pyarrow as pa

from amends.kernel.engine.base import Engine, quote
from amends.kernel.schema import Table

Row = Mapping[str, object]

PLACES = 100
"""Places named of a finding, at most."""


@dataclass(frozen=True)
class Measured:
    """A measure of this case.

    Attributes:
        measure: Its id.
        value: Today's value; ``None`` when it was not measured.
        at: Date of the evidence it rests on.
        evidence: Ids and tables it was read from.
        why_not: What would have to be added; empty when it was measured.
    """

    measure: str
    value: float | None
    at: datetime | None = None
    evidence: tuple[str, ...] = ()
    why_not: str = ""


@dataclass(frozen=True)
class Finding:
    """What the evidence says about a kind of finding.

    Attributes:
        kind: Kind of finding, as the rules name it.
        measured: The measure it is followed by.
        why: What was found, in a sentence with figures and dates.
        fails: Whether the latest evidence shows it wrong; never true when not measured.
        persons: People whose data the open evidence exposes.
        persons_then: People whose data it exposed on the day of the breach; ``None`` when nobody knows.
        persons_removed: People no way reaches any more once it is mended; ``None`` where no way depends on it.
        on_path: Whether the intruder's own way went through it.
        observed: How sure it is: 1 seen, less where inferred.
        places: Places it is about, sorted.
        things: How many things somebody has to work on; 0 for as many as there are places.
        failed_in_breach: Whether it was wrong on the day of the breach, or the intruder made use of it.
        failed_on: Day of the first evidence that it was wrong.
        closed_on: Day of the evidence that proves it right again.
        reopened_on: Day of the evidence that shows it wrong again after it was proved right.
        also: Further measures that the same look gives.
    """

    kind: str
    measured: Measured
    why: str
    fails: bool = False
    persons: int = 0
    persons_then: int | None = None
    persons_removed: int | None = None
    on_path: bool = False
    observed: float = 1.0
    places: tuple[str, ...] = ()
    things: int = 0
    failed_in_breach: bool = False
    failed_on: date | None = None
    closed_on: date | None = None
    reopened_on: date | None = None
    also: tuple[Measured, ...] = ()


def not_measured(kind: str, measure: str, why_not: str, *also: str) -> Finding:
    """Return the finding that nothing is known, and what would have to be added."""
    more = tuple(Measured(m, None, why_not=why_not) for m in also)
    return Finding(kind, Measured(measure, None, why_not=why_not), why_not, also=more)


HIDES = 0.5
"""How sure it is that somebody is exposed by what hides an intruder (logs, alerts, plans), and opens no door itself."""


@dataclass(frozen=True)
class Place:
    """A machine as the company's lists have it.

    Attributes:
        name: Its name.
        zone: Zone or environment.
        role: What it is for.
        is_test: Whether zone, role or name call it test, development or staging.
    """

    name: str
    zone: str = ""
    role: str = ""
    is_test: bool = False


@dataclass(frozen=True)
class ListedStore:
    """A store as the company's lists have it: name, machine it lies on (as listed), element codes."""

    name: str
    host: str = ""
    elements: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Oldest:
    """The oldest record of somebody unneeded.

    Attributes:
        on: Day on which it was last needed, by its own date.
        as_of: Day the data describe.
        place: Item and column.
        n_over: Records past the time they may be kept.
        n_rows: Records looked at.
    """

    on: date
    as_of: date
    place: str
    n_over: int
    n_rows: int


@dataclass
class Ground:
    """Everything a measure may look at.

    Attributes:
        engine: The engine.
        names: Tables that were written and hold rows, readable in SQL.
        today: The day of the run.
        chain: Steps of the intruder's chain, in order.
        first_at: First access.
        last_at: Last step.
        discovered_at: When the company found out, as the case says.
        contained_at: When the intruder was shut out, as the case says.
        hosts: Machines by lower-case name.
        stores: Stores by lower-case name.
        outside: The company's own outside addresses.
        persons: People of the case.
        events: Dates of the case by kind, as entered.
        needless: Populations that are needed no more, by what they are.
        proofs: Decisions that a dated exhibit proves a rule: rule, exhibit, choice.
        sent: What channels took: seal, channel, notices, first and last day.
        vault: What the audit of the company's vault says; empty when no vault is named.
        oldest: The oldest record of somebody unneeded; ``None`` when no date tells.
        keep_days: Days a record may be kept after its last need.
        findings: Name of the table of scanners' findings, readable in SQL; empty for none.
    """

    engine: Engine
    names: Mapping[str, str]
    today: date
    chain: Sequence[Row] = ()
    first_at: datetime | None = None
    last_at: datetime | None = None
    discovered_at: datetime | None = None
    contained_at: datetime | None = None
    hosts: Mapping[str, Place] = field(default_factory=dict)
    stores: Mapping[str, ListedStore] = field(default_factory=dict)
    outside: frozenset[str] = frozenset()
    persons: int = 0
    events: Mapping[str, str] = field(default_factory=dict)
    needless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    proofs: Sequence[tuple[str, str, str]] = ()
    sent: Sequence[Row] = ()
    vault: Mapping[str, object] = field(default_factory=dict)
    oldest: Oldest | None = None
    keep_days: int = 730
    findings: str = ""

    def has(self, *tables: Table) -> bool:
        """Say whether all of these tables hold rows."""
        return all(t.name in self.names for t in tables)

    def name(self, table: Table) -> str:
        """Return the name of a table that holds rows, readable in SQL."""
        return self.names[table.name]

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, object]]:
        """Return the rows of a query; only for answers of a few rows."""
        found: list[dict[str, object]] = self.engine.arrow(sql, parameters).to_pylist()
        return found

    def row(self, sql: str, parameters: Sequence[object] = ()) -> dict[str, object]:
        """Return the one row of a query."""
        return self.rows(sql, parameters)[0]

    def listed(self, name: str, values: Sequence[str]) -> str:
        """Make a list of texts readable as a table with the column ``value`` and return its name."""
        return self.engine.register(name, pa.table({"value": pa.array(list(values), pa.string())}))

    @property
    def chain_hosts(self) -> frozenset[str]:
        """Return the places of the chain, lower case."""
        ends = ("source", "destination")
        return frozenset(str(h[e]).lower() for h in self.chain for e in ends if h[e])

    @property
    def techniques(self) -> frozenset[str]:
        """Return the techniques of the chain."""
        return frozenset(str(h["technique"]) for h in self.chain if h["technique"])

    @property
    def test_hosts(self) -> frozenset[str]:
        """Return the test machines, lower case."""
        return frozenset(k for k, h in self.hosts.items() if h.is_test)

    @property
    def breach_ended_on(self) -> date | None:
        """Return the last day on which the intruder is known to have been there."""
        at = self.contained_at or self.last_at or self.discovered_at
        return at.date() if at else None


def number(value: object) -> int:
    """Return a whole number of a query's answer; 0 for null. Sums come as decimals."""
    return int(value) if isinstance(value, int | float | Decimal) else 0


def instant(value: object) -> datetime | None:
    """Return an instant of a query's answer in UTC; a day counts from its midnight."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    return None


def day(value: object) -> date | None:
    """Return the day of an instant or day; ``None`` for anything else."""
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None


def texts(value: object) -> list[str]:
    """Return a list of texts of a query's answer."""
    return [str(v) for v in value] if isinstance(value, list) else []


def said(on: date | datetime | None) -> str:
    """Return a day as people say it."""
    found = day(on)
    return f"{found.day} {found:%B %Y}" if found else "a day nobody said"


def named(places: Sequence[str], most: int = 5) -> str:
    """Return the first few of some places in words."""
    shown = ", ".join(places[:most])
    more = len(places) - most
    return f"{shown} and {more:,} more" if more > 0 else shown


def many(count: int, one: str, more: str = "") -> str:
    """Return a number with its noun."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def column(name: str) -> str:
    """Return a column's name quoted for SQL."""
    return quote(name)
