"""Taking evidence in: hashed, copied read-only or referenced, with one sealed line for each act.

Nothing is lost by an interruption: a copy is complete or absent, a line is written after its bytes are safe, and the
same command given again carries on. What is no regular file, or cannot be read, is refused by a line, not by a crash.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import date
from importlib import metadata
from pathlib import Path

from amends.custody.digests import Digests, digest
from amends.custody.intakes import intakes_of
from amends.custody.journal import (
    CLOCK_SOURCE,
    FOLDER,
    Exhibit,
    exhibit_of,
    exhibits,
    lines_after_open_begin,
    open_journal,
)
from amends.custody.names import clean_leaf
from amends.kernel import clock, ids
from amends.kernel.case import Case
from amends.kernel.errors import EvidenceError, UsageError
from amends.kernel.ledger import Ledger, actor_name
from amends.kernel.progress import Task, step

ROLES = ("stolen", "roster", "log", "inventory")
INCOMING = ".incoming-"
REFUSALS = {
    "link": "give the path it points to, if that was received",
    "device": "only files and folders can be taken in",
    "unreadable": "mend the rights on it, then add it again",
}


@dataclass(frozen=True)
class Tags:
    """What is said about an exhibit when it is taken in.

    Attributes:
        role: stolen, roster, log or inventory.
        owner: Organisation whose data it is.
        population: current, former, prospective, business …
        store: System it came from.
        as_of: Day the data describe, ISO; "" when not said.
        note: Remark.
    """

    role: str = "stolen"
    owner: str = ""
    population: str = ""
    store: str = ""
    as_of: str = ""
    note: str = ""


@dataclass(frozen=True)
class Taken:
    """What became of one path.

    Attributes:
        exhibit_id: ``E0001`` …; "" where it was refused.
        path: As given.
        size_bytes: Size.
        sha256: Hex; "" where it was refused.
        blake3: Hex.
        place: Where its bytes lie.
        warnings: What the person should know.
    """

    exhibit_id: str
    path: str
    size_bytes: int
    sha256: str
    blake3: str
    place: str
    warnings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Return the fields as a JSON value."""
        return {**asdict(self), "warnings": list(self.warnings)}


@dataclass(frozen=True)
class _Candidate:
    """A path to be taken, and how it was named."""

    path: Path
    given: str


def take_in(
    case: Case, paths: Sequence[Path], tags: Tags, *, reference: bool = False
) -> list[Taken]:
    """Take files, and every file of folders, into custody.

    Args:
        case: The case.
        paths: Files and folders.
        tags: What is said about all of them.
        reference: Leave the bytes where they lie; only hash them.

    Returns:
        One entry a path, in order; refused ones with an empty ``exhibit_id`` and a warning.

    Raises:
        UsageError: A path does not exist, a role or day makes no sense.
        EvidenceError: The bytes cannot be written into the case.
    """
    _check(paths, tags)
    candidates = list(_found(paths, case.folder))
    intake = _Intake(case, tags, reference)
    batch = ids.digest_value([[str(path) for path in paths], asdict(tags), reference])
    done = intake.begin(batch)
    total = sum(_size(candidate.path) for candidate in candidates)
    taken: list[Taken] = []
    with step(case.progress, "custody", total, "bytes") as task:
        for candidate in candidates:
            earlier = done.get(candidate.given)
            if earlier is not None:
                taken.append(_as_taken(earlier))
                task.advance(earlier.size_bytes)
                continue
            taken.append(intake.take(candidate, task))
    intake.end(batch)
    return taken


def _check(paths: Sequence[Path], tags: Tags) -> None:
    if tags.role not in ROLES:
        raise UsageError(f"There is no role {tags.role!r}", remedy="roles are: " + ", ".join(ROLES))
    if tags.as_of:
        try:
            date.fromisoformat(tags.as_of)
        except ValueError as error:
            raise UsageError(
                "The day the data describe is no day",
                where=tags.as_of,
                remedy="write it as 2021-08-16",
            ) from error
    for path in paths:
        if not os.path.lexists(path):
            raise UsageError(
                "There is nothing at this path", where=str(path), remedy="check the spelling"
            )


def _found(paths: Sequence[Path], case_folder: Path) -> Iterator[_Candidate]:
    """Yield every file of the paths given, folders in a fixed order; never the case itself."""
    home = case_folder.resolve()
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            for folder, names, files in os.walk(path, onerror=None):
                names.sort()
                here = Path(folder)
                if here.resolve() == home or home in here.resolve().parents:
                    names.clear()
                    continue
                linked = [name for name in names if (here / name).is_symlink()]
                for name in sorted([*files, *linked]):
                    found = here / name
                    yield _Candidate(found, found.as_posix())
        else:
            yield _Candidate(path, path.as_posix())


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _as_taken(exhibit: Exhibit) -> Taken:
    return Taken(
        exhibit.exhibit_id,
        exhibit.path,
        exhibit.size_bytes,
        exhibit.sha256,
        exhibit.blake3,
        exhibit.place,
    )


class _Intake:
    """One intake into one case."""

    def __init__(self, case: Case, tags: Tags, reference: bool) -> None:
        self._case = case
        self._tags = tags
        self._reference = reference
        self._folder = case.folder / FOLDER
        self._journal: Ledger = open_journal(case.folder)
        self._number = 0
        self._by_digest: dict[str, Exhibit] = {}

    def begin(self, batch: str) -> dict[str, Exhibit]:
        """Open the intake; return what an interrupted one already took, by path."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for left in self._folder.glob(f"{INCOMING}*"):
            left.unlink(missing_ok=True)
        for exhibit in exhibits(self._case.folder):
            self._remember(exhibit)
        lines = lines_after_open_begin(self._journal.lines(), batch)
        if not lines:
            self._journal.append("begin", batch=batch, tool=tool_name(), clock=CLOCK_SOURCE)
        return {
            str(line.body["path"]): exhibit_of(line.body) for line in lines if line.act == "take"
        }

    def end(self, batch: str) -> None:
        """Close the intake under one root, and have the case's ledger witness it and the journal's head."""
        intake = intakes_of(self._journal.lines())[-1]
        sealed = {"intake": intake.number, "root": intake.root, "leaves": len(intake.bodies)}
        self._journal.append("end", batch=batch, **sealed)
        seq, head = self._journal.head()
        self._case.ledger.append(
            "add", journal_seq=seq, journal_head=head, exhibits=self._number, root=intake.root
        )

    def take(self, candidate: _Candidate, task: Task) -> Taken:
        """Take one path in, or refuse it."""
        refused = _refusal(candidate.path)
        if refused:
            return self._refuse(candidate, refused)
        try:
            with candidate.path.open("rb"):
                pass
        except OSError:
            return self._refuse(candidate, "unreadable")
        return self._receive(candidate, task)

    def _receive(self, candidate: _Candidate, task: Task) -> Taken:
        before = candidate.path.stat()
        if self._reference:
            sealed = digest(candidate.path, None, task.advance)
            place = str(candidate.path.resolve())
        else:
            sealed, place = self._copy(candidate.path, task)
        warnings = []
        after = candidate.path.stat()
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            warnings.append("it changed while it was read: ask whether it is still being written")
        same = self._by_digest.get(sealed.sha256)
        if same is not None:
            warnings.append(f"the same bytes were taken in before, as {same.exhibit_id}")
            if not self._reference and not same.reference:
                place = same.place
        exhibit = self._exhibit(candidate, sealed, place, same)
        self._journal.append("take", **exhibit.as_json(), warnings=warnings)
        self._remember(exhibit)
        return replace(_as_taken(exhibit), warnings=tuple(warnings))

    def _exhibit(
        self, candidate: _Candidate, sealed: Digests, place: str, same: Exhibit | None
    ) -> Exhibit:
        tags = self._tags
        return Exhibit(
            exhibit_id=f"E{self._number + 1:04d}",
            path=_shown(candidate.given),
            place=place,
            size_bytes=sealed.size_bytes,
            sha256=sealed.sha256,
            blake3=sealed.blake3,
            role=tags.role,
            owner=tags.owner,
            population=tags.population,
            store=tags.store,
            as_of=tags.as_of,
            note=tags.note,
            reference=self._reference,
            same_as=same.exhibit_id if same else "",
            received_at=clock.stamp(),
            received_by=actor_name(),
            clock=CLOCK_SOURCE,
            tool=tool_name(),
            reason="taken into custody",
        )

    def _remember(self, exhibit: Exhibit) -> None:
        self._number = max(self._number, int(exhibit.exhibit_id[1:]))
        self._by_digest.setdefault(exhibit.sha256, exhibit)

    def _refuse(self, candidate: _Candidate, reason: str) -> Taken:
        remedy = REFUSALS[reason]
        path = _shown(candidate.given)
        self._journal.append(
            "refuse",
            path=path,
            reason=reason,
            remedy=remedy,
            role=self._tags.role,
            tool=tool_name(),
        )
        return Taken("", path, 0, "", "", "", (f"not taken in ({reason}): {remedy}",))

    def _copy(self, path: Path, task: Task) -> tuple[Digests, str]:
        """Copy a file to where its digest says, all or nothing; return its digests and its place."""
        incoming = self._folder / f"{INCOMING}{os.getpid()}"
        try:
            with incoming.open("wb", buffering=0) as copy:
                sealed = digest(path, copy, task.advance)
                os.fsync(copy.fileno())
            home = self._folder / sealed.sha256[:2] / sealed.sha256
            held = next(home.iterdir(), None) if home.is_dir() else None
            if held is not None:
                incoming.unlink()
                return sealed, held.relative_to(self._case.folder).as_posix()
            home.mkdir(parents=True, exist_ok=True)
            target = home / _leaf(path)
            incoming.chmod(0o400)
            incoming.rename(target)
            _settle(home)
        except OSError as error:
            with suppress(OSError):
                incoming.unlink(missing_ok=True)
            free = shutil.disk_usage(self._folder).free
            raise EvidenceError(
                "The exhibit could not be copied into the case",
                where=f"{path.name}: {error.strerror}; {free:,} bytes free",
                remedy="free disk space, or add it with --reference; then give the same command again",
            ) from error
        return sealed, target.relative_to(self._case.folder).as_posix()


def _settle(home: Path) -> None:
    """Force a folder's new entry to disk."""
    handle = os.open(home, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _leaf(path: Path) -> str:
    name = clean_leaf(path.name)
    ending = "".join(path.suffixes[-2:])[-24:]
    return name if len(name.encode()) <= 200 else clean_leaf(name[:100] + ending)


def _shown(given: str) -> str:
    return given.encode("utf-8", "backslashreplace").decode()


def _refusal(path: Path) -> str:
    """Return why a path cannot be taken, "" where it can."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return "unreadable"
    if stat.S_ISLNK(mode):
        return "link"
    return "" if stat.S_ISREG(mode) else "device"


def tool_name() -> str:
    """Return name and version of this program."""
    try:
        return f"amends {metadata.version('amends')}"
    except metadata.PackageNotFoundError:
        return "amends"
