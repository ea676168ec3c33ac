"""Rules over a whole run: batches one after the other, then the detections.

Only hits are kept: memory grows with what fires, not with the logs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa

from amends.tables.timeline import DETECTIONS
from amends.timeline.guard import note, survivable
from amends.timeline.sigma.addresses import Inside
from amends.timeline.sigma.evaluating import Evaluator
from amends.timeline.sigma.fields import Batch, Rows
from amends.timeline.sigma.finding import Finding, Fired
from amends.timeline.sigma.hits import Hits
from amends.timeline.sigma.rules import Rule, RuleSet

GATHER_ROWS = 32_768
GATHER_BYTES = 64 << 20
FEWEST_ROWS = 16
"""Where rules break on a batch, its halves are tried, down to so many events; those stay unjudged."""
Masker = Callable[[pa.Array], pa.Array]


class Detector:
    """Evaluates rules on batches of events, one after the other.

    Attributes:
        unjudged: Log files with the number of their events on which the rules broke; the rest was judged.
    """

    def __init__(
        self, rules: RuleSet, inside: Inside | None = None, mask: Masker | None = None
    ) -> None:
        """Make the rules ready.

        Args:
            rules: From ``load_rules``.
            inside: What belongs to the company; by default the private ranges.
            mask: Masks identifiers in the group of a correlation; by default nothing is masked.
        """
        self.rules = rules
        self._inside = inside or Inside()
        self._mask = mask
        self._evaluator = Evaluator(rules)
        self._hits = Hits(rules)
        self._gathered: list[pa.RecordBatch] = []
        self._size = [0, 0]
        self._done: Finding | None = None
        self.unjudged: dict[str, int] = {}

    def take(self, batch: pa.RecordBatch) -> None:
        """Take a batch of events with ``raw``, not masked. Small batches are gathered first."""
        self._gathered.append(batch)
        self._size[0] += batch.num_rows
        self._size[1] += batch.nbytes
        if self._size[0] >= GATHER_ROWS or self._size[1] >= GATHER_BYTES:
            self.settle()

    def evaluate(self, batch: pa.RecordBatch) -> list[tuple[Rule, Rows]]:
        """Evaluate a batch at once and return the rules that fired with their rows; their hits are kept too."""
        found: list[tuple[Rule, Rows]] = []
        for start in range(0, batch.num_rows, 2 * GATHER_ROWS):
            self._judge(batch, start, min(start + 2 * GATHER_ROWS, batch.num_rows), found)
        return found

    def settle(self) -> None:
        """Evaluate what is still gathered."""
        held, self._gathered, self._size = self._gathered, [], [0, 0]
        if held:
            self.evaluate(gathered(held))

    def finish(self) -> pa.Table:
        """Return the detections, as the table ``detections``."""
        rows = self._finding().rows()
        rows.sort(key=lambda r: (r["at"] is None, r["at"] or 0, r["rule_id"], r["detection_id"]))
        columns = {c.name: [r[c.name] for r in rows] for c in DETECTIONS.columns}
        arrays = [pa.array(columns[f.name], pa.int64()).cast(f.type) if pa.types.is_timestamp(f.type)
                  else pa.array(columns[f.name], f.type) for f in DETECTIONS.schema]  # fmt: skip
        table = pa.Table.from_arrays(arrays, schema=DETECTIONS.schema)
        if self._mask is not None and table.num_rows:
            place = table.schema.get_field_index("group")
            group = self._mask(table.column("group").combine_chunks())
            table = table.set_column(place, DETECTIONS.schema.field("group"), group)
        return table

    def fired(self) -> Iterator[Fired]:
        """Yield what each rule that is not silent found, by severity and title."""
        finding = self._finding()
        found = [f for r in self.rules.named().values() if (f := finding.fired(r)).count]
        order = ("critical", "high", "medium", "low", "informational", "")
        yield from sorted(found, key=lambda f: (order.index(f.rule.level), f.rule.title, f.rule.id))

    def unmatched(self) -> int:
        """Return how many rules speak of a log source that no parser of ours can give."""
        return sum(self.rules.whens[r.when] is False for r in self.rules.rules)

    def _judge(
        self, batch: pa.RecordBatch, start: int, end: int, found: list[tuple[Rule, Rows]]
    ) -> None:
        """Evaluate the rows from one to another; where the rules break on them, their halves."""
        try:
            part = Batch(batch.slice(start, end - start), self._inside)
            hits = list(self._evaluator.hits(part))
        except Exception as error:
            if not survivable(error):
                raise
            if end - start > FEWEST_ROWS:
                middle = (start + end) // 2
                self._judge(batch, start, middle, found)
                self._judge(batch, middle, end, found)
                return
            for log_id in batch.column("log_id").slice(start, end - start).to_pylist():
                self.unjudged[log_id] = self.unjudged.get(log_id, 0) + 1
            note("a rule", batch.column("log_id")[start].as_py(), error)
            return
        found.extend((rule, rows + start) for rule, rows in self._hits.take(part, hits))

    def _finding(self) -> Finding:
        self.settle()
        if self._done is None:
            self._done = Finding(self.rules, self._hits)
        return self._done


def gathered(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Return batches as one; a column that some lack is null there."""
    if len(batches) == 1:
        return batches[0]
    tables = [pa.Table.from_batches([b]) for b in batches]
    joined = pa.concat_tables(tables, promote_options="default").combine_chunks()
    return joined.to_batches()[0] if joined.num_rows else batches[0]
