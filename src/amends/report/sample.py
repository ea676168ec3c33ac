"""Is a sample that somebody shows ours? Which store, which date, how many people we have not told yet."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from amends.kernel import ids
from amends.kernel.case import Case
from amends.kernel.contents import Fault
from amends.kernel.errors import UsageError
from amends.report.sample_reading import Numbers, Sample, case_parts, read_sample, table_parts
from amends.tables.elements import RECORDS
from amends.tables.persons import MEMBERSHIPS
from amends.vault import create_keys
from amends.vault.sample.dating import Bracket, Origin, brackets, origins
from amends.vault.sample.index import NO_PERSON, Index, build, open_index
from amends.vault.sample.match import Matched, match
from amends.vault.sample.traits import Traits, with_pairs
from amends.vault.sample.verdict import Verdict, judge

OpenCase = Callable[[Path], Case]

_IDENTITIES = (
    "ssn", "name+birth_date", "licence", "passport", "name+address", "account", "email", "phone", "imei", "imsi",
)  # fmt: skip
"""What tells the people of a sample apart where no case has resolved them, the surest first."""


@dataclass(frozen=True)
class Held:
    """What a sample is held against.

    Attributes:
        name: How it was given.
        index: Its index.
        keys: Folder of its key.
        faults: What of it could not be read.
    """

    name: str
    index: Index
    keys: Path
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class People:
    """How many people a sample holds, and who of them is new.

    Attributes:
        n: Different people among its rows.
        ours: Of these, people of ours.
        told: Of ours, those whose data the case already counts as stolen.
        not_told: Of ours, those only a roster knows: new to this breach.
        earlier: People who are in an earlier incident too.
        new: People who are in no earlier incident and not told in this case.
    """

    n: int
    ours: int
    told: int
    not_told: int
    earlier: int
    new: int


@dataclass(frozen=True)
class Answer:
    """All that is said of a sample.

    Attributes:
        verdict: What it is, and why.
        origins: Stores that hold its rows, the likeliest first.
        brackets: Between which copies it was taken.
        people: Whom it is about.
        overlaps: Earlier incident → rows of the sample that are in it.
        faults: What of the sample could not be read.
        seconds: Time of reading and matching, without making an index.
    """

    verdict: Verdict
    origins: tuple[Origin, ...]
    brackets: tuple[Bracket, ...]
    people: People
    overlaps: dict[str, int]
    faults: tuple[Fault, ...]
    seconds: float

    def as_json(self) -> dict[str, object]:
        """Return it as ``amends sample check --json`` prints it."""
        faults = [
            {"inner_path": f.inner_path, "reason": f.reason, "remedy": f.remedy}
            for f in self.faults
        ]
        return {
            **asdict(self.verdict), "origins": [asdict(o) for o in self.origins],
            "brackets": [asdict(b) for b in self.brackets], "people": asdict(self.people),
            "overlaps": self.overlaps, "exceptions": faults, "seconds": round(self.seconds, 3),
        }  # fmt: skip


def check(sample: Sequence[Path], held: Held, earlier: Sequence[Held] = ()) -> Answer:
    """Hold a sample against what we have.

    Args:
        sample: Its files or folders.
        held: What we hold.
        earlier: Earlier incidents.

    Raises:
        UsageError: The sample holds no table.
    """
    started = time.monotonic()
    read = read_sample(sample, Numbers(held.keys))
    matched = match(read.traits, held.index)
    verdict = judge(read.traits, matched, read.signs)
    before: list[NDArray[np.bool_]] = []
    overlaps: dict[str, int] = {}
    for one in earlier:
        again = match(read_sample(sample, Numbers(one.keys)).traits, one.index)
        overlaps[one.name] = int(again.joint.sum())
        before.append(again.joint)
    people = _people(read, matched, held.index, before)
    return Answer(
        verdict, tuple(origins(held.index, matched)), tuple(brackets(held.index, matched)), people,
        overlaps, tuple(read.faults), time.monotonic() - started,
    )  # fmt: skip


def _people(
    read: Sample, matched: Matched, index: Index, before: list[NDArray[np.bool_]]
) -> People:
    who = _who(read.traits, matched, index)
    n = int(who.max(initial=-1)) + 1
    joint, told = np.zeros(n, bool), np.zeros(n, bool)
    joint[who[matched.joint]] = True
    exposed = np.array([s.exposed for s in index.sources], bool)
    stolen = matched.sure & exposed[np.asarray(index.source[matched.record], np.int64)]
    told[who[matched.row[stolen]]] = True
    earlier = np.zeros(n, bool)
    for rows in before:
        earlier[who[rows]] = True
    return People(
        n, int(joint.sum()), int(told.sum()), int((joint & ~told).sum()), int(earlier.sum()),
        int((~earlier & ~told).sum()),
    )  # fmt: skip


def _who(traits: Traits, matched: Matched, index: Index) -> NDArray[np.int64]:
    """Return a number from 0 for each row's person: the case's own where known, else by what tells people apart."""
    found = np.full(matched.n, -1, np.int64)
    chosen = matched.joint
    persons = np.asarray(index.person[matched.record[matched.best[chosen]]], np.int64)
    found[chosen] = np.where(persons == int(NO_PERSON), -1, persons)
    names = np.where(found >= 0, found.astype(np.uint64), np.uint64(0))
    kind = np.where(found >= 0, 1, 0)
    made = with_pairs(traits)
    for place, trait in enumerate(_IDENTITIES, start=2):
        if trait in made:
            free = (kind == 0) & (made[trait] != 0)
            names[free], kind[free] = made[trait][free], place
    lone = kind == 0
    names[lone] = np.flatnonzero(lone).astype(np.uint64)
    _, numbers = np.unique(
        np.stack([kind.astype(np.uint64), names], axis=1), axis=0, return_inverse=True
    )
    return np.asarray(numbers, np.int64).reshape(-1)


def index_tables(paths: Sequence[Path], folder: Path) -> tuple[Held, int]:
    """Make an index of tables in files, with a key of its own, and return it with its number of records.

    Raises:
        UsageError: There is something else at ``folder``, or nothing to index at the paths.
    """
    if folder.exists() and not (folder / "keys").is_dir():
        raise UsageError(
            "There is something else at this place", where=str(folder), remedy="name a new folder"
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    create_keys(folder / "keys")
    faults: list[Fault] = []
    index = build(folder / "index", table_parts(paths, Numbers(folder / "keys"), faults))
    return Held(str(folder), index, folder / "keys", tuple(faults)), index.n


@contextmanager
def held(place: Sequence[Path], open_case: OpenCase) -> Iterator[Held]:
    """Open what a sample is to be held against: a case, an index, or tables, which are indexed for this once.

    Args:
        place: A case, an index made by :func:`index_tables`, or files and folders of tables.
        open_case: Opens a case; the pipeline's.
    """
    first = place[0]
    if len(place) == 1 and (first / "case.toml").exists():
        with open_case(first) as case:
            yield _of_case(case)
        return
    if len(place) == 1 and (first / "index").is_dir() and (first / "keys").is_dir():
        yield Held(str(first), open_index(first / "index"), first / "keys")
        return
    folder = Path(tempfile.mkdtemp(prefix="amends-sample-"))
    try:
        made, _ = index_tables(place, folder / "held")
        yield replace(made, name=", ".join(map(str, place)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _of_case(case: Case) -> Held:
    """Return a case's index; it is made when there is none of the tables as they are."""
    if not case.has(RECORDS):
        raise UsageError(
            "This case has no records yet", where=str(case.folder), remedy=f"run it: amends run {case.folder}"
        )  # fmt: skip
    keys, folder = case.folder / "keys", case.folder / "sample-index"
    digest = ids.digest_value([case.tables.digest(t) for t in (RECORDS, MEMBERSHIPS)])
    if (folder / "index.json").exists():
        index = open_index(folder)
        if index.made_from == digest:
            return Held(str(case.folder), index, keys)
    return Held(str(case.folder), build(folder, case_parts(case, Numbers(keys)), digest), keys)
