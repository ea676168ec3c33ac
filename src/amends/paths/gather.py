"""Inputs by date: from folders or exhibits to the network at each date of its evidence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from amends.kernel.contents import Contents, Fault
from amends.kernel.errors import EvidenceError
from amends.paths.collect import collect
from amends.paths.shapes import Reject
from amends.paths.states import Dated

CONTEXT = frozenset(
    {
        "assets.csv",
        "services.csv",
        "accounts.csv",
        "grants.csv",
        "stores.csv",
        "kev.csv",
        "hosts.csv",
    }
)
"""Lists that stand until they are renewed: a date without its own takes the one before."""
_DAY = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")
_WORD = re.compile(r"^(before|after|later)(?:[-_ ].*)?$", re.IGNORECASE)
_ORDER = {"before": "0", "after": "2", "later": "3"}


@dataclass(frozen=True)
class Source:
    """A file of the inputs.

    Attributes:
        path: Where its bytes lie.
        name: Its path as people know it.
        on: Its date: an ISO day, before, after or later; "" for what holds at every date.
    """

    path: Path
    name: str
    on: str


def date_of(name: str) -> str:
    """Return the date that a folder of a path names: an ISO day, before, after, later; "" for none."""
    folders = name.replace("\\", "/").split("/")[-2::-1]  # the innermost first
    for folder in folders:
        word = _WORD.match(folder)
        if word:
            return word.group(1).lower()
    for folder in folders:
        day = _DAY.search(folder)
        if day:
            return day.group(1)
    return ""


def order_of(on: str) -> tuple[str, str]:
    """Return what sorts dates: before, days, after, later."""
    return (_ORDER.get(on, "1"), on)


def in_folder(folder: Path, on: str = "") -> list[Source]:
    """Return the files of a folder, each with its date.

    Args:
        folder: The folder, or one file.
        on: Date of all of them, whatever their folders are called.

    Raises:
        EvidenceError: Nothing is there.
    """
    files = [folder] if folder.is_file() else sorted(p for p in folder.rglob("*") if p.is_file())
    root = folder.parent if folder.is_file() else folder
    shown = [
        p for p in files if not any(part.startswith(".") for part in p.relative_to(root).parts)
    ]
    if not shown:
        raise EvidenceError(
            "There is nothing to read here",
            where=str(folder),
            remedy="give a folder of inventories, scans and configurations, or a case",
        )
    names = [(p, p.relative_to(root).as_posix()) for p in shown]
    return [Source(p, name, on or date_of(name)) for p, name in names]


def networks(sources: Sequence[Source], contents: Contents, key: bytes = b"") -> list[Dated]:
    """Return the network at each date, earliest first.

    Args:
        sources: The files.
        contents: Opens them, containers and all.
        key: Names credentials, so that a weak secret cannot be guessed from its name; needed where the answer is kept.
    """
    found = []
    for on, some in by_date(sources):
        faults: list[Reject] = []
        day = on if _DAY.fullmatch(on) else ""
        made = collect(_opened(some, contents, faults), day, key)
        made.rejects.extend(faults)
        found.append(Dated(on, made))
    return found


def by_date(sources: Iterable[Source]) -> list[tuple[str, list[Source]]]:
    """Return the files of each date: its own, those of no date, and the lists nobody renewed."""
    known = list(sources)
    always = [s for s in known if not s.on]
    dates = sorted({s.on for s in known if s.on}, key=order_of)
    if not dates:
        return [("", always)]
    made: list[tuple[str, list[Source]]] = []
    standing: dict[str, Source] = {}
    for on in dates:
        own = [s for s in known if s.on == on]
        names = {_base(s) for s in own}
        kept = [s for name, s in sorted(standing.items()) if name not in names]
        made.append((on, [*always, *kept, *own]))
        standing.update({_base(s): s for s in own if _base(s) in CONTEXT})
    return made


def _base(source: Source) -> str:
    return source.name.replace("\\", "/").rsplit("/", 1)[-1].lower()


def _opened(
    sources: Iterable[Source], contents: Contents, faults: list[Reject]
) -> Iterator[tuple[str, BinaryIO]]:
    for source in sources:
        for part in contents.raw(source.path, source.name.rsplit("/", 1)[-1]):
            name = f"{source.name}/{part.inner_path}" if part.inner_path else source.name
            if isinstance(part, Fault):
                place = f"{name} {part.place}".strip()
                faults.append(Reject(place, part.reason, part.remedy))
                continue
            yield name, part.stream
            faults.extend(Reject(name, f.reason, f.remedy) for f in part.faults)
