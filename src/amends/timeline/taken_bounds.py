"""The three estimates of one holding together: proved, most likely, at most; seen and taken: proved or excluded."""

from __future__ import annotations

from dataclasses import dataclass

from amends.timeline.egress import Leaving
from amends.timeline.reads_scope import ReadRows
from amends.timeline.staging import RATIO_BEST, RATIO_HIGH, Archive
from amends.timeline.taken_coverage import Cover
from amends.timeline.taken_stores import Holding

PROVED, NOT_EXCLUDED, EXCLUDED = "proved", "not_excluded", "excluded"
# Text encoded for a terminal or mail (base64) is 1.37 times as long with its line ends (RFC 2045, section 6.8).
_ENCODED = 1.37
_BULK_SHARE = 0.05  # overhead and retransmission alone blur five hundredths of what was sent
_AS_SENT = (
    0.95  # an archive counts as sent when so much of its size left; the rest is sampling and clocks
)


@dataclass(frozen=True)
class Evidence:
    """What is known of one holding.

    Attributes:
        holding: The table, file or share.
        reads: Its reads; ``None`` for none.
        audit: The log of its reads.
        exits: The logs of traffic to the outside.
        reached: Whether a step of the chain leads to its host.
        share: Share of what left that was likely its rows, 0 to 1.
        alone: Whether it is the only holding that was read, or could have been.
        archives: What was packed after it was read.
        outflow: What left after it was read.
        carried: Bytes from its host to hosts the intruder held, above the usual, that no read explains.
    """

    holding: Holding
    reads: ReadRows | None
    audit: Cover
    exits: Cover
    reached: bool
    share: float
    alone: bool
    archives: tuple[Archive, ...]
    outflow: tuple[Leaving, ...]
    carried: int = 0


@dataclass(frozen=True)
class Bounds:
    """What was taken of one holding.

    Attributes:
        lower: Proved.
        best: Most likely.
        upper: At most; ``None`` when the number of rows is not known.
        accessed: proved, not_excluded or excluded.
        acquired: proved, not_excluded or excluded.
        read_rows: From reads.
        staged_rows: From archives.
        left_rows: From bytes that left.
        fits: Whether what left can hold the best value.
    """

    lower: int
    best: int
    upper: int | None
    accessed: str
    acquired: str
    read_rows: int | None
    staged_rows: int | None
    left_rows: int | None
    fits: bool


def bound(e: Evidence) -> Bounds:
    """Return the bounds of one holding."""
    read = _read(e)
    staged, left, most_left = _staged(e), _left(e), _could_hold(e)
    accessed = _accessed(e)
    if accessed == EXCLUDED:
        return Bounds(0, 0, 0, EXCLUDED, EXCLUDED, None, staged, None, False)
    upper = _upper(e)
    lower = e.reads.lower if e.reads else 0
    best = _best(e, read, staged, left, upper)
    acquired = _acquired(e, best, most_left)
    fits = most_left is None or best <= most_left or bool(e.reads and e.reads.n_remote)
    if acquired == EXCLUDED:
        return Bounds(0, 0, upper, accessed, acquired, read, staged, 0, False)
    if acquired == PROVED:
        accessed = PROVED
        lower = _lower_when_left(e, lower, best)
        if not fits and most_left is not None:
            best = min(best, max(most_left, lower))
    else:
        lower = 0
    if upper is not None:
        best = min(best, upper)
        upper = max(upper, lower, best)
    return Bounds(
        min(lower, best),
        best,
        upper,
        accessed,
        acquired,
        read,
        staged,
        left if left else None,
        fits,
    )


def _read(e: Evidence) -> int | None:
    """Return the rows read: by the store's own log where that is whole, else by all logs."""
    if e.reads is None:
        return None
    return e.reads.audit_best if e.audit.complete and _audited(e) else e.reads.best


def _audited(e: Evidence) -> bool:
    return e.reads is not None and e.reads.n_reads > e.reads.n_tools


def _is_bulk(e: Evidence) -> bool:
    """Answer whether so much was read that what left can bear it out; a look at ten rows never leaves a trace."""
    r = e.reads
    return r is not None and (r.whole or bool(r.n_remote) or e.share >= _BULK_SHARE)


def _accessed(e: Evidence) -> str:
    if e.reads and e.reads.n_sure and e.reads.n_tools != e.reads.n_reads:
        return PROVED
    if not e.reads and e.audit.complete:
        return EXCLUDED
    return NOT_EXCLUDED


def _upper(e: Evidence) -> int | None:
    """Return the most that can have been taken: all of it, unless a whole log of reads says less."""
    if e.audit.complete and e.reads and _audited(e):
        return e.reads.audit_upper
    size = e.holding.rows
    if size is None:
        return None
    return max(size, e.reads.lower if e.reads else 0)


def _best(
    e: Evidence, read: int | None, staged: int | None, left: int | None, upper: int | None
) -> int:
    """Return the most likely number: reads first, for they name the rows; then what left; then what was packed."""
    if read is not None:
        return read
    if not e.reached:
        return 0
    moved = round(e.carried / e.holding.avg_bytes) if e.holding.avg_bytes else 0
    likely = moved or (left or staged or 0 if e.alone else 0)
    return likely if upper is None else min(likely, upper)


def _acquired(e: Evidence, best: int, most_left: int | None) -> str:
    seen = e.reads is not None and e.reads.n_sure > 0
    if seen and e.reads and e.reads.n_remote:
        return PROVED
    if (
        seen
        and _is_bulk(e)
        and any(o.of_chain and o.low > 0 for o in e.outflow)
        and _surely_left(e) > 0
    ):
        return PROVED
    nothing = not any(o.of_chain for o in e.outflow) and (most_left or 0) <= max(1, best) // 100
    if e.exits.complete and nothing and not (e.reads and e.reads.n_remote):
        return EXCLUDED
    return NOT_EXCLUDED


def _lower_when_left(e: Evidence, lower: int, best: int) -> int:
    """Return what is proved to have left: what was counted, as far as the bytes bear it out."""
    if lower == 0 and e.reads and e.reads.whole and e.alone:
        return min(best, _surely_left(e))
    return lower if _sent_whole(e) else min(lower, _surely_left(e))


def _chain_bytes(e: Evidence, name: str) -> int:
    return sum(getattr(o, name) for o in e.outflow if o.of_chain)


def _could_hold(e: Evidence) -> int | None:
    """Return the most rows that what left can hold, packed as tightly as data of this kind ever is."""
    each = e.holding.avg_bytes
    if not each or not e.exits.exists:
        return None
    return int(sum(o.high for o in e.outflow) * RATIO_HIGH / each)


def _left(e: Evidence) -> int | None:
    """Return the rows that left, by bytes: as packed as the archives say, or as the reads were."""
    each = e.holding.avg_bytes
    sent = _chain_bytes(e, "best") * e.share
    if not each or not sent:
        return None
    packed = any(a.compressed for a in e.archives)
    rows = round(sent * (RATIO_BEST if packed else 1.0) / each)
    return rows if e.holding.rows is None else min(rows, e.holding.rows)


def _surely_left(e: Evidence) -> int:
    """Return the rows that must have left, were they sent unpacked and encoded, and all else sent first."""
    each = e.holding.avg_bytes
    if e.reads and e.reads.n_remote:
        return e.reads.lower
    if not each:
        return e.reads.lower if e.reads and _sent_whole(e) else 0
    if not e.alone and not _sent_whole(e):
        return min(1, int(_chain_bytes(e, "low") * e.share / (each * _ENCODED)))
    return int(_chain_bytes(e, "low") / (each * _ENCODED))


def _sent_whole(e: Evidence) -> bool:
    """Answer whether as many bytes left as were packed after the reads, or as the rows have unpacked."""
    if e.reads and e.reads.n_remote:
        return True
    sent = _chain_bytes(e, "best")
    sizes = [a.size for a in e.archives if a.size]
    if sizes and sent >= _AS_SENT * max(sizes):
        return True
    each, best = e.holding.avg_bytes, _read(e)
    return bool(each and best and e.share and sent * e.share >= best * each * _AS_SENT)


def _staged(e: Evidence) -> int | None:
    """Return the rows that the archives hold, by size."""
    each = e.holding.avg_bytes
    if not each or not e.archives:
        return None
    sizes = [(a.size or 0, bool(a.compressed)) for a in e.archives]
    total = max(((size * (RATIO_BEST if packed else 1.0)) for size, packed in sizes), default=0)
    rows = round(total * e.share / each) or None
    return rows if rows is None or e.holding.rows is None else min(rows, e.holding.rows)
