"""Publishing: an edition is written whole beside the one that is served, then one rename takes it up.

Killed at any moment, the old edition is served on; what was half made is swept away by the next publisher.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from amends.kernel import clock, ids
from amends.kernel.errors import BusyError, TableError, UsageError
from amends.portal import edition as editions
from amends.portal.answers import UNDECIDED_CLASS
from amends.portal.asked.message import sample_texts
from amends.portal.classes import write_classes
from amends.portal.handles import account_forms, account_numbers, person_numbers, refs_of_forms
from amends.portal.keys import (
    SITE_FILE,
    SiteKeys,
    company_keys,
    edition_key,
    read_site_keys,
    site_keys,
    write_site_keys,
)
from amends.portal.lookup import KeyFile, KeyFileWriter
from amends.portal.scam.register import write_sent
from amends.portal.shapes import ALIASES, Determination
from amends.vault.codes import code_key

KEPT_EDITIONS = 3
_UNDECIDED = 0  # in links.keys
_STATE = "state"


@dataclass(frozen=True)
class PublishSummary:
    """What was published.

    Attributes:
        edition: Its number.
        name: Name of its folder.
        n_people: Persons who read an answer.
        n_undecided: Persons whose answer is not yet decided.
        n_accounts: Accounts that lead to a person.
        n_moved: Persons that became part of another and whose letters still lead somewhere.
        n_classes: Different answers.
        n_unsure_codes: Codes that two persons share; both read "not yet decided".
        n_shared_accounts: Accounts of two persons or more; they read "not yet decided".
        n_unread_accounts: Accounts without a letter or digit; they lead nowhere.
        n_bytes: Bytes of the two key files.
    """

    edition: int
    name: str
    n_people: int
    n_undecided: int
    n_accounts: int
    n_moved: int
    n_classes: int
    n_unsure_codes: int
    n_shared_accounts: int
    n_unread_accounts: int
    n_bytes: int

    def as_json(self) -> dict[str, object]:
        """Return it as the command line prints it."""
        return asdict(self)


def publish(
    found: Determination,
    people: Iterable[pa.RecordBatch],
    accounts: Iterable[pa.RecordBatch],
    aliases: pa.Table,
    *,
    case_keys: Path,
    to: Path,
    sent: Iterable[pa.RecordBatch] = (),
) -> PublishSummary:
    """Publish a released determination, all or nothing.

    Args:
        found: What two people released.
        people: Every person of it (schema ``PEOPLE``).
        accounts: Their accounts (schema ``ACCOUNTS``).
        aliases: Person ids that became part of another (schema ``ALIASES``).
        case_keys: ``CASE/keys``.
        to: The published folder; made when it is not there.
        sent: What channels accepted: ``notice_id, channel, sent_on``.

    Raises:
        BusyError: Another publisher is at work there.
        UsageError: Another case, or a later edition, is published there, or something else lies there.
        TableError: It cannot be written; what is served stays.
    """
    try:
        with _alone(to):
            keys = _site_of(found, case_keys, to)
            _refuse_older(found, to, keys)
            _sweep(to)
            with _half(to / editions.EDITIONS) as half:
                counts = _write_keys(half, found, people, accounts, aliases, keys, case_keys)
                _write_rest(half, found, sent, keys)
                write_site_keys(to, keys)
                signs = edition_key(case_keys)
                name = editions.write_facts(half, found, counts, clock.stamp(), signs)
                _take_up(to, half, name)
            _drop_old(to, name)
    except OSError as error:
        raise TableError(
            "The edition cannot be written; what was served is served on",
            where=f"{to}: {error.strerror}",
            remedy="free disk space or mend the rights on the folder, then publish again",
        ) from error
    return _summary(found, name, counts, to / editions.EDITIONS / name)


@contextlib.contextmanager
def _alone(to: Path) -> Iterator[None]:
    """Hold the published folder alone, made when it is not there."""
    if to.exists() and not (to / SITE_FILE).exists() and _strangers(to):
        raise UsageError(
            "There is something else in this folder",
            where=str(to),
            remedy="name a folder that is empty or not there yet",
        )
    to.mkdir(parents=True, exist_ok=True)
    (to / _STATE).mkdir(mode=0o700, exist_ok=True)
    with (to / ".publishing").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BusyError(
                "Another Amends is publishing to this folder",
                where=str(to),
                remedy="wait for it to end, then give the same command again",
            ) from error
        yield


@contextlib.contextmanager
def _half(folder: Path) -> Iterator[Path]:
    """Make a folder for an edition; what is not taken up goes away."""
    half = folder / f"{editions.HALF}{ids.new(8)}"
    half.mkdir(parents=True)
    try:
        yield half
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _strangers(to: Path) -> bool:
    own = {editions.EDITIONS, editions.CURRENT, "keys", _STATE, ".publishing"}
    return any(p.name not in own for p in to.iterdir())


def _site_of(found: Determination, case_keys: Path, to: Path) -> SiteKeys:
    """Return the keys of the site, after making sure that the folder is this case's."""
    keys = site_keys(case_keys, found.case_id)
    if (to / SITE_FILE).exists():
        there = read_site_keys(to)
        if there.case_id != keys.case_id or there.index_key != keys.index_key:
            raise UsageError(
                "Another case is published in this folder",
                where=str(to),
                remedy="name another folder for this case",
            )
    return keys


def _refuse_older(found: Determination, to: Path, keys: SiteKeys) -> None:
    name = editions.current_name(to)
    if not name:
        return
    try:
        there = editions.read_facts(to / editions.EDITIONS / name, keys.edition_public).number
    except TableError:
        return  # what cannot be read is best replaced
    if found.edition.edition < there:
        raise UsageError(
            f"Edition {there} is published there; this is edition {found.edition.edition}",
            where=str(to),
            remedy="publish from the case as it is now, or restore the case from its newest backup",
        )


def _sweep(to: Path) -> None:
    """Drop what publishers that were killed left half made."""
    for left in (to / editions.EDITIONS).glob(f"{editions.HALF}*"):
        shutil.rmtree(left, ignore_errors=True)
    for left in to.glob(f".{editions.CURRENT}-*"):
        left.unlink(missing_ok=True)


def _write_keys(
    half: Path,
    found: Determination,
    people: Iterable[pa.RecordBatch],
    accounts: Iterable[pa.RecordBatch],
    aliases: pa.Table,
    keys: SiteKeys,
    case_keys: Path,
) -> dict[str, int]:
    """Write both key files and ``moved.json``; return the counts of the edition."""
    letter_key, account_key = code_key(case_keys), company_keys(case_keys).account_key
    n_undecided = 0
    codes = KeyFileWriter(half / editions.CODES, "i4", UNDECIDED_CLASS, once=True)
    for batch in people:
        class_ids = _class_ids(batch, len(found.classes))
        n_undecided += int((class_ids == UNDECIDED_CLASS).sum())
        codes.add(person_numbers(keys.index, letter_key, batch.column("person_id")), class_ids)
    coded = codes.finish()
    links = KeyFileWriter(half / editions.LINKS, "u8", _UNDECIDED, once=False)
    alive = KeyFile(half / editions.CODES)
    n_unread = 0
    n_moved = _write_moved(half, aliases, alive, letter_key, keys, links)
    for batch in accounts:
        forms = account_forms(batch.column("account"))
        readable = forms.is_valid()
        n_unread += len(forms) - readable.true_count
        refs = refs_of_forms(account_key, forms.filter(readable))
        holders = batch.column("person_id").filter(readable)
        numbers = person_numbers(keys.index, letter_key, holders)
        numbers[np.asarray(holders.is_null())] = _UNDECIDED
        links.add(account_numbers(keys.index, refs), numbers)
    linked = links.finish()
    return {
        "people": coded.n_keys - n_undecided,
        "undecided": n_undecided,
        "accounts": linked.n_keys - n_moved,
        "moved": n_moved,
        "classes": len(found.classes),
        "unsure_codes": coded.n_unsure,
        "shared_accounts": linked.n_unsure,
        "unread_accounts": n_unread,
    }


def _class_ids(batch: pa.RecordBatch, n_classes: int) -> NDArray[np.int32]:
    """Return the classes of a batch.

    Raises:
        TableError: One is not there.
    """
    found: NDArray[np.int32] = batch.column("class_id").to_numpy(zero_copy_only=False)
    found = found.astype(np.int32)
    if len(found) and (found.min() < UNDECIDED_CLASS or found.max() >= n_classes):
        raise TableError("A person belongs to a class of answers that is not there")
    return found


def _write_moved(
    half: Path,
    aliases: pa.Table,
    alive: KeyFile,
    letter_key: bytes,
    keys: SiteKeys,
    links: KeyFileWriter,
) -> int:
    """Let the codes of merged persons lead to the one that lives; return how many there are.

    An id that is in use today leads to itself, whatever it once became part of.
    """
    aliases = _resolved(aliases.select(ALIASES.names).cast(ALIASES))
    old = person_numbers(keys.index, letter_key, aliases.column(0).combine_chunks())
    new = person_numbers(keys.index, letter_key, aliases.column(1).combine_chunks())
    gone = ~alive.holds(old)
    old, new = old[gone], new[gone]
    links.add(old, new)
    handles = keys.index.handles(old).to_pylist(), keys.index.handles(new).to_pylist()
    moved = dict(zip(*handles, strict=True))
    (half / editions.MOVED).write_text(json.dumps(moved) + "\n", "utf-8")
    return len(moved)


def _resolved(aliases: pa.Table) -> pa.Table:
    """Follow chains of merges to their end; a ring, or an id that leads to two, leads nowhere and is dropped.

    Doubles its stride each round, so the longest chain of a million takes twenty.
    """
    aliases = aliases.group_by(ALIASES.names).aggregate([])
    names, counts = np.unique(aliases.column(0).to_numpy(zero_copy_only=False), return_counts=True)
    names = names[counts == 1]
    if not len(names):
        return ALIASES.empty_table()
    old = aliases.column(0).to_numpy(zero_copy_only=False)
    new = aliases.column(1).to_numpy(zero_copy_only=False)
    order = np.argsort(old)
    goal = new[order][np.isin(old[order], names)]
    for _ in range(len(names).bit_length() + 1):
        at = np.minimum(np.searchsorted(names, goal), len(names) - 1)
        further = names[at] == goal
        if not further.any():
            break
        goal = np.where(further, goal[at], goal)
    at = np.minimum(np.searchsorted(names, goal), len(names) - 1)
    ends = names[at] != goal
    return pa.table([pa.array(names[ends]), pa.array(goal[ends])], schema=ALIASES)


def _write_rest(
    half: Path, found: Determination, sent: Iterable[pa.RecordBatch], keys: SiteKeys
) -> None:
    write_classes(half / editions.CLASSES, found.classes)
    (half / "static").mkdir()
    write_sent(
        sent,
        keys.sent_key,
        found.incident,
        half,
        letters=(letter for c in found.classes for letter in c.letters.values()),
        texts=sample_texts(found.incident),
        named_hosts={c.offer.redeem_at for c in found.classes if c.offer},
    )
    with contextlib.suppress(ImportError):
        from amends.portal.pages.static import write_static  # noqa: PLC0415

        write_static(found, half / "static")


def _take_up(to: Path, half: Path, name: str) -> None:
    """Give the edition its name and let ``current`` point to it, each by one rename that lasts."""
    for path in (*half.rglob("*"), half):
        _lasting(path)
    folder = half.with_name(name)
    half.rename(folder)
    _lasting(folder.parent)
    link = to / f".{editions.CURRENT}-{ids.new(8)}"
    link.symlink_to(Path(editions.EDITIONS) / name)
    link.replace(to / editions.CURRENT)
    _lasting(to)


def _lasting(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _drop_old(to: Path, name: str) -> None:
    """Keep the newest editions, by when they were made."""
    folder = to / editions.EDITIONS
    others = [folder / n for n in editions.edition_names(to) if n != name]
    others.sort(key=lambda p: p.stat().st_mtime_ns, reverse=True)
    for old in others[KEPT_EDITIONS - 1 :]:
        shutil.rmtree(old, ignore_errors=True)


def _summary(
    found: Determination, name: str, counts: dict[str, int], folder: Path
) -> PublishSummary:
    size = sum((folder / f).stat().st_size for f in (editions.CODES, editions.LINKS))
    return PublishSummary(
        edition=found.edition.edition,
        name=name,
        n_people=counts["people"],
        n_undecided=counts["undecided"],
        n_accounts=counts["accounts"],
        n_moved=counts["moved"],
        n_classes=counts["classes"],
        n_unsure_codes=counts["unsure_codes"],
        n_shared_accounts=counts["shared_accounts"],
        n_unread_accounts=counts["unread_accounts"],
        n_bytes=size,
    )
