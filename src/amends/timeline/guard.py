"""What one bad block may cost: its lines, never the run.

Logs of an incident are hostile: what the intruder could write, he wrote. A parser, a rule or a mask that breaks on a
block costs that block; its lines are counted as rejects, and the file is ``partly`` read.
"""

from __future__ import annotations

import logging

UNREADABLE = "unreadable"
REMEDY = "look at the lines named unreadable in the sealed exhibit; export them as text, CSV or JSON and add that"
UNJUDGED = "rules did not look at some of its lines: search the sealed exhibit by hand, and report the fault"
HEADINGS = frozenset({"blank", "empty line", "heading", "comment", "empty record"})
"""Reasons of rejects that lose nothing."""
_log = logging.getLogger(__name__)


def survivable(error: BaseException) -> bool:
    """Answer whether a run may go on: all but want of memory, and what somebody outside asked for.

    A panic of a library in Rust is no ``Exception``, so that nobody catches it by habit; it costs a file all the same.
    """
    if isinstance(error, MemoryError):
        return False
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"


def note(what: str, log_id: str, error: BaseException) -> None:
    """Log which part failed on which log, and by which kind of error; never its text, which may quote a line."""
    _log.warning("%s failed", what, extra={"log": log_id, "kind": type(error).__name__})
