"""Progress bars with rate and time left, on a terminal only, to standard error."""

from __future__ import annotations

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress
from rich.progress import Task as RichTask
from rich.text import Text

from amends.kernel.progress import Progress, Silent, Task


class _Rate(TaskProgressColumn):
    """Units a second, in the task's own unit."""

    def render(self, task: RichTask) -> Text:
        """Return the rate, or nothing while it is not known."""
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
            if speed >= size:
                return Text(f"{speed / size:.1f} {letter}{task.fields['unit']}/s", style="cyan")
        return Text(f"{speed:.0f} {task.fields['unit']}/s", style="cyan")


class _BarTask:
    def __init__(self, bars: RichProgress, task_id: TaskID) -> None:
        self._bars, self._id = bars, task_id

    def advance(self, amount: float = 1.0) -> None:
        """Move the bar."""
        self._bars.advance(self._id, amount)

    def say(self, text: str) -> None:
        """Show what is being worked on."""
        self._bars.update(self._id, doing=text[:40])


class Bars:
    """Draws a bar for each task that is under way."""

    def __init__(self, console: Console) -> None:
        """Draw on ``console``; nothing is drawn until the first task."""
        self._bars = RichProgress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            _Rate(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("[dim]{task.fields[doing]}"),
            console=console,
            transient=True,
        )
        self._open: dict[int, TaskID] = {}

    def task(self, title: str, total: float | None = None, unit: str = "") -> Task:
        """Begin a bar."""
        self._bars.start()
        task_id = self._bars.add_task(title, total=total, unit=unit, doing="")
        made = _BarTask(self._bars, task_id)
        self._open[id(made)] = task_id
        return made

    def finish(self, task: Task) -> None:
        """Take the bar away; stop drawing when it was the last."""
        self._bars.remove_task(self._open.pop(id(task)))
        if not self._open:
            self._bars.stop()


def progress_for(console: Console, quiet: bool) -> Progress:
    """Return bars on a terminal, silence elsewhere."""
    return Bars(console) if console.is_terminal and not quiet else Silent()
