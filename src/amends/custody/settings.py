"""The reader a case asks for in its settings."""

from __future__ import annotations

from pathlib import Path

from amends.custody.limits import Limits
from amends.custody.reader import Reader
from amends.kernel.case import Case
from amends.kernel.config import Config, read_config
from amends.kernel.errors import UsageError
from amends.kernel.progress import Progress


def reader_for(settings: Config, folder: Path) -> Reader:
    """Return a reader with the bounds and passwords of a case.

    Args:
        settings: The case's settings.
        folder: The case folder; a relative ``password_file`` is looked for in it first.

    Raises:
        UsageError: The password file cannot be read.
    """
    limits = Limits(
        depth=settings.number("custody", "max_depth"),
        items=settings.number("custody", "max_items"),
        ratio=settings.number("custody", "max_ratio"),
        memory_bytes=settings.number("custody", "max_item_bytes"),
    )
    return Reader(limits, read_passwords(settings.text("custody", "password_file"), folder))


def read_passwords(name: str, folder: Path) -> tuple[str, ...]:
    """Return the passwords of a file, one a line; none where no file is named."""
    if not name:
        return ()
    path = folder / name
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "The password file cannot be read",
            where=name,
            remedy="name a text file with one password a line",
        ) from error
    return tuple(line for line in lines if line)


def open_case(folder: Path, progress: Progress | None = None) -> Case:
    """Open a case with the reader of exhibits in its hands.

    Raises:
        UsageError: No case there, or a setting that cannot be used.
        TableError: A newer Amends made it.
    """
    settings = read_config(folder / "case.toml")
    return Case(folder, progress=progress, contents=reader_for(settings, folder))
