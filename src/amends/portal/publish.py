"""Publishing: an edition is written whole beside the one that is served, then one rename takes it up.

Killed at any moment, the old edition is served on; what was half made is swept away by the next publisher.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from amends.kernel import clock, ids
from amends.kernel.errors import BusyError, TableError, UsageError
from amends.portal import edition as editions
from amends.portal.asked.message import sample_texts
from amends.portal.classes import write_classes
from amends.portal.indexing import write_look_up
from amends.portal.keys import (
    SITE_FILE,
    SiteKeys,
    edition_key,
    read_site_keys,
    site_keys,
    write_site_keys,
)
from amends.portal.pages.links import refuse_wrong_links
from amends.portal.pages.static import write_static
from amends.portal.scam.register import write_sent
from amends.portal.shapes import Determination

KEPT_EDITIONS = 3
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
                # Words first: they refuse what may not be said, and cost a second.
                _write_words(half, found, sent, keys)
                counts = write_look_up(half, found, people, accounts, aliases, keys, case_keys)
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


def _write_words(
    half: Path, found: Determination, sent: Iterable[pa.RecordBatch], keys: SiteKeys
) -> None:
    write_static(found, half / "static")
    refuse_wrong_links(found, half / "static")
    write_classes(half / editions.CLASSES, found.classes)
    write_sent(
        sent,
        keys.sent_key,
        found.incident,
        half,
        letters=(letter for c in found.classes for letter in c.letters.values()),
        texts=sample_texts(found.incident),
        named_hosts={c.offer.redeem_at for c in found.classes if c.offer},
    )


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
