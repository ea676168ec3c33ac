"""Progress is for the person waiting: an interface that does nothing by default.

The command line lays a bar with rate and time left over it; the Python API leaves it silent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Task(Protocol):
    """One piece of work under way."""

    def advance(self, amount: float = 1.0) -> None:
        """Say that so much more is done, in the task's unit."""
        ...

    def say(self, text: str) -> None:
        """Show what is being worked on; never a personal value."""
        ...


class Progress(Protocol):
    """Where work reports how far it is."""

    def task(self, title: str, total: float | None = None, unit: str = "") -> Task:
        """Begin a task; ``total`` in ``unit`` where it is known."""
        ...

    def finish(self, task: Task) -> None:
        """End a task."""
        ...


class _SilentTask:
    def advance(self, amount: float = 1.0) -> None:
        """Do nothing."""

    def say(self, text: str) -> None:
        """Do nothing."""


class Silent:
    """The default: nobody is watching."""

    def task(self, title: str, total: float | None = None, unit: str = "") -> Task:
        """Return a task that does nothing."""
        return _SilentTask()

    def finish(self, task: Task) -> None:
        """Do nothing."""


@contextmanager
def step(
    progress: Progress, title: str, total: float | None = None, unit: str = ""
) -> Iterator[Task]:
    """Run a block as one task of ``progress``."""
    task = progress.task(title, total, unit)
    try:
        yield task
    finally:
        progress.finish(task)
