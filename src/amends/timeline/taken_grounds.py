"""Why these numbers: the grounds of a row of ``taken`` in plain words, with figures."""

from __future__ import annotations

import re

from amends.timeline.narrative import counted
from amends.timeline.taken_bounds import EXCLUDED, PROVED, Bounds, Evidence

NO_READ_LOG = "No log of reads exists."
NO_STEP = "No step of the chain leads there."
OPEN_END = "No date of containment is entered, so the time runs to the last line of the logs."
_OF_READS = (
    "No log of reads",
    "The log of reads",
    "A tool that",
    "Some reads",
    "No step",
    "The logs show no way in",
)
_OF_LEAVING = (
    "The reader sat outside", "No log of traffic", "It cannot be excluded that it left", "The logs of traffic",
    "An archive was written", "No step", "The logs show no way in",
)  # fmt: skip


def reasons(said: str, *, reads: bool) -> tuple[str, ...]:
    """Return those sentences of grounds that are reasons and not figures, so that stores can share them.

    Args:
        said: Grounds, as ``grounds`` wrote them.
        reads: Whether reasons for reads are wanted, or for what left.
    """
    plain = re.sub(r" was started (once|[\d,]+ times)\.", " was started.", said)
    plain = re.sub(r"(One read|[\d,]+ reads) may be", "Some reads may be", plain)
    starts = _OF_READS if reads else _OF_LEAVING
    parts = re.split(r"(?<=\.) (?=[A-Z0-9])", plain)
    return tuple(dict.fromkeys(p for p in parts if p.startswith(starts)))


def grounds(e: Evidence, made: Bounds) -> str:
    """Return the sentences that say what the bounds rest on."""
    said = [*_read_words(e), *_packed_words(e), *_left_words(e, made), *_bound_words(e, made)]
    return " ".join(said)


def size_words(size: float) -> str:
    """Return a number of bytes as people write it."""
    for unit, of in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= of:
            return f"{size / of:,.1f} {unit}"
    return f"{size:,.0f} bytes"


def _unit(e: Evidence) -> str:
    return e.holding.unit or "rows"


def _read_words(e: Evidence) -> list[str]:
    r = e.reads
    if r is None:
        if e.audit.complete:
            return [
                "The log of reads covers the whole time without a gap and shows no read by the intruder."
            ]
        if not e.audit.exists:
            return [NO_READ_LOG]
        return [
            "The log of reads shows no read by the intruder, but it is not whole: "
            + _joined(e.audit.gaps)
        ]
    said = []
    audited = r.n_reads - r.n_tools
    if r.n_sure and audited:
        least = f"{'it covers' if audited == 1 else 'together they cover'} {counted(r.lower, _unit(e))} at least"
        some = "one read" if audited == 1 else f"{audited:,} reads"
        if r.n_counted == audited:
            said.append(f"The logs hold {some} of it, with {_counts(audited)}; {least}.")
        elif r.n_counted:
            said.append(f"The logs hold {some} of it, {r.n_counted:,} with a count; {least}.")
        else:
            said.append(
                f"The logs hold {some} of it without a count of {_unit(e)}, so none is proved by them."
            )
    if r.n_tools:
        said.append(f"A tool that copies whole tables or files was started {_times(r.n_tools)}.")
    if r.n_doubtful:
        some = "One read" if r.n_doubtful == 1 else f"{r.n_doubtful:,} reads"
        said.append(f"{some} may be the company's own: counted for the upper bound only.")
    if r.n_remote:
        said.append("The reader sat outside, so what was read had left.")
    return said  # fmt: skip


def _counts(n: int) -> str:
    return "a count" if n == 1 else "counts"


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n:,} times"


def _packed_words(e: Evidence) -> list[str]:
    sized = [a for a in e.archives if a.size]
    if not e.reads or not e.archives:
        return []
    if not sized:
        return ["An archive was written afterwards; no log says how large."]
    largest = max(sized, key=lambda a: a.size or 0)
    packed = ", compressed" if largest.compressed else ""
    return [
        f"An archive of {size_words(largest.size or 0)}{packed} was written on {largest.host} afterwards."
    ]


def _left_words(e: Evidence, made: Bounds) -> list[str]:
    out = [o for o in e.outflow if o.of_chain]
    if out and (e.reads or e.reached):
        total = sum(o.best for o in out)
        peers = ", ".join(o.peer for o in out[:3])
        said = f"{size_words(total)} above the usual left to {peers}"
        if made.fits or not made.read_rows:
            return [said + "."]
        return [f"{said}; they cannot hold all {counted(made.read_rows, _unit(e))}."]
    if made.acquired == EXCLUDED and made.accessed != EXCLUDED:
        return [
            "The logs of traffic to the outside are whole and show nothing that could hold it: it did not leave."
        ]
    if made.acquired != PROVED and (e.reads or e.reached):
        if not e.exits.exists:
            return [
                "No log of traffic to the outside exists, so it cannot be shown whether it left."
            ]
        if not e.exits.complete:
            return [
                "It cannot be excluded that it left: the logs of traffic are not whole: "
                + _joined(e.exits.gaps)
            ]
    return []  # fmt: skip


def _bound_words(e: Evidence, made: Bounds) -> list[str]:
    if made.accessed == EXCLUDED:
        return []
    said = []
    if e.audit.exists and not e.audit.complete and e.reads:
        said.append("The log of reads is not whole: " + _joined(e.audit.gaps))
    if made.upper is None:
        said.append("How many it holds is not known, so there is no upper bound.")
    elif not e.audit.complete and e.holding.rows is not None and made.upper == e.holding.rows:
        said.append(f"At most it is all it holds: {counted(made.upper, _unit(e))}.")
    if not e.reached and not e.reads:
        said.append(NO_STEP)
    return said


def _joined(parts: tuple[str, ...]) -> str:
    return "; ".join(parts[:4]) + ("; and more." if len(parts) > 4 else ".")
