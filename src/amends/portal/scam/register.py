"""The register of what was sent: keyed hashes of notice numbers, our own public contacts, the wording of our letters.

    sent.keys   sorted uint64, one a notice number (8 B)          sent.json   contacts, subject lines, counts
    sent.days   uint16 days since 2000-01-01, same order (2 B)    sent.runs   sorted uint64, runs of words of letters
    sent.ways   uint8 index of the channel, same order (1 B)

Nothing in it is personal: a number of 64 random bits under a key, a day, a channel, and what every letter prints.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.kernel.errors import TableError
from amends.portal.scam.hosts import belongs_to, looks_like_host, read_link
from amends.portal.scam.parts import read_parts
from amends.portal.scam.phones import phone_digits
from amends.portal.scam.wording import known_runs
from amends.portal.shapes import Incident, LetterText
from amends.vault.blind import BlindIndex

SENT = pa.schema([("notice_id", pa.string()), ("channel", pa.string()), ("sent_on", pa.date32())])
"""One row a notice that a channel accepted: its number, ``print`` or ``email``, and the day."""

# What stands in the portal's copy of a letter where the letter has its own number.
ON_PAPER = {"en": "printed on your letter", "es": "impreso en su carta"}
FILES = ("sent.keys", "sent.days", "sent.ways", "sent.runs", "sent.json")
_FORMAT = 1
_FIRST_DAY = date(2000, 1, 1)
_NUMBER_BYTES = 17  # N and 16 hex digits


@dataclass(frozen=True)
class Sent:
    """What is known of one notice.

    Attributes:
        channel: ``print`` or ``email``.
        sent_on: Day on which the channel took it.
    """

    channel: str
    sent_on: date


@dataclass(frozen=True)
class Own:
    """What is ours, as everybody may know it.

    Attributes:
        entity: The company.
        hosts: Its domain, the site, and the domain of its sender.
        senders: Addresses that notices are sent from.
        phones: Telephone numbers that letters print as ours, digits only.
        named_hosts: Hosts of others that our letters name, such as those of the credit bureaus.
        named_phones: Telephone numbers of others that our letters name.
        subjects: Subject lines of our e-mails.
    """

    entity: str
    hosts: tuple[str, ...]
    senders: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    named_hosts: tuple[str, ...] = ()
    named_phones: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()


def write_sent(
    batches: Iterable[pa.RecordBatch | pa.Table],
    key: bytes,
    incident: Incident,
    folder: Path,
    *,
    letters: Iterable[LetterText] = (),
    texts: Iterable[str] = (),
    named_hosts: Iterable[str] = (),
) -> int:
    """Write the register of what was sent and return the number of notices in it.

    Args:
        batches: Rows of ``SENT``: notices that a channel accepted.
        key: Key of the register, 32 bytes; the site holds it.
        incident: Gives our contacts.
        folder: Where the files go; it exists.
        letters: Every letter that was sent: gives subject lines, the wording, and who else is named in them.
        texts: Other texts that we send, such as answers by e-mail.
        named_hosts: Other hosts that our letters point to, such as the partner's for enrolment codes.

    Raises:
        TableError: A row has no notice number in our form.
    """
    numbers, days, ways, channels = _collected(batches, BlindIndex(key))
    order = np.argsort(numbers, kind="stable")
    numbers[order].tofile(folder / "sent.keys")
    days[order].tofile(folder / "sent.days")
    ways[order].tofile(folder / "sent.ways")
    titles, bodies = _letter_texts(letters)
    bodies |= set(texts)
    known_runs(sorted(bodies), _run_key(key)).tofile(folder / "sent.runs")
    own = _own(incident, titles, bodies, named_hosts)
    held = {
        "format": _FORMAT,
        "n_notices": len(numbers),
        "channels": channels,
        "last_sent_on": _last_day(days),
        **{name: getattr(own, name) for name in Own.__dataclass_fields__},
    }
    (folder / "sent.json").write_text(
        json.dumps(held, ensure_ascii=False, indent=1) + "\n", "utf-8"
    )
    return len(numbers)


def _collected(
    batches: Iterable[pa.RecordBatch | pa.Table], index: BlindIndex
) -> tuple[NDArray[np.uint64], NDArray[np.uint16], NDArray[np.uint8], list[str]]:
    numbers: list[NDArray[np.uint64]] = [np.zeros(0, np.uint64)]
    days: list[NDArray[np.uint16]] = [np.zeros(0, np.uint16)]
    ways: list[NDArray[np.uint8]] = [np.zeros(0, np.uint8)]
    channels: list[str] = []
    for batch in batches:
        numbers.append(index.text_hashes(_numbers(batch.column("notice_id"))))
        on = pc.cast(batch.column("sent_on"), pa.date32()).cast(pa.int32())
        since = np.asarray(on.fill_null(0), np.int64) - (_FIRST_DAY - date(1970, 1, 1)).days
        days.append(np.clip(since, 0, 65535).astype(np.uint16))
        ways.append(_way_numbers(batch.column("channel"), channels))
    return np.concatenate(numbers), np.concatenate(days), np.concatenate(ways), channels


def _numbers(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    good = pc.match_substring_regex(whole, r"^N[0-9A-F]{16}$")
    if not pc.all(good.fill_null(False), min_count=0).as_py():
        raise TableError(
            "A notice that was sent has no number in our form",
            where="register of what was sent",
            remedy="publish notices that amends sealed: N and 16 hex digits",
        )
    return whole


def _way_numbers(column: pa.Array | pa.ChunkedArray, channels: list[str]) -> NDArray[np.uint8]:
    for name in pc.unique(column).to_pylist():
        if name not in channels:
            channels.append(name)
    return np.asarray(pc.index_in(column, pa.array(channels, pa.string())), np.uint8)


def _last_day(days: NDArray[np.uint16]) -> str:
    return (_FIRST_DAY + timedelta(days=int(days.max()))).isoformat() if len(days) else ""


def _letter_texts(letters: Iterable[LetterText]) -> tuple[set[str], set[str]]:
    """Return the titles and the distinct texts of letters; letters of many classes share most of theirs."""
    titles: set[str] = set()
    texts: set[str] = set()
    for letter in letters:
        titles.add(letter.title)
        texts |= {letter.title, letter.dated}
        for section in letter.sections:
            texts.add(section.heading)
            for block in section.blocks:
                texts |= {block.text, *block.items, *_as_sent(block.text)}
                texts |= {line for o in block.offices for line in (o.name, *o.lines)}
    return titles, {t for t in texts if t}


def _as_sent(text: str) -> Iterator[str]:
    """Yield a paragraph as it was sent, where the portal's copy has words in place of the notice number."""
    for words in ON_PAPER.values():
        if words in text:
            yield text.replace(words, "[[notice_id]]")


def _own(incident: Incident, titles: set[str], texts: set[str], named_hosts: Iterable[str]) -> Own:
    sender = incident.email.casefold().strip()
    hosts = _distinct(
        read_link(h).host for h in (incident.domain, incident.site, sender.partition("@")[2]) if h
    )
    phones = _distinct([phone_digits(incident.phone)])
    others_hosts, others_phones = {read_link(h).host for h in named_hosts if h}, set()
    for text in texts:
        found = read_parts(text)
        others_hosts |= {link.host for link in found.links}
        others_phones |= set(found.phones)
    return Own(
        entity=incident.entity,
        hosts=hosts,
        senders=_distinct([sender]),
        phones=phones,
        named_hosts=tuple(
            sorted(
                h for h in others_hosts
                if looks_like_host(h) and not any(belongs_to(h, o) for o in hosts)
            )
        ),
        named_phones=tuple(sorted(others_phones - set(phones))),
        subjects=tuple(sorted(f"{t} - {incident.entity}" for t in titles)),
    )  # fmt: skip


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(v for v in values if v))


def _run_key(key: bytes) -> bytes:
    """Return the key of the runs of words; BLAKE2b takes up to 64 bytes."""
    return b"runs" + key[:60]


class SentRegister:
    """The register of what was sent, opened for reading.

    Attributes:
        own: What is ours.
        n_notices: Notices in it.
        last_sent_on: Last day on which a notice of it was taken by its channel; ``None`` while there is none.
        runs: Sorted hashes of the runs of words of our letters.
    """

    def __init__(self, folder: Path, key: bytes) -> None:
        """Map the files; see ``open``."""
        held = _held(folder)
        self.own = Own(
            held["entity"],
            *(tuple(held[name]) for name in list(Own.__dataclass_fields__)[1:]),
        )
        self.n_notices = int(held["n_notices"])
        self.last_sent_on = (
            date.fromisoformat(held["last_sent_on"]) if held["last_sent_on"] else None
        )
        self._channels = tuple(held["channels"])
        self._keys = _mapped(folder / "sent.keys", np.uint64)
        self._days = _mapped(folder / "sent.days", np.uint16)
        self._ways = _mapped(folder / "sent.ways", np.uint8)
        self.runs = _mapped(folder / "sent.runs", np.uint64)
        if not len(self._keys) == len(self._days) == len(self._ways) == self.n_notices:
            raise _damaged(folder)
        self._index = BlindIndex(key)
        self.run_key = _run_key(key)

    @classmethod
    def open(cls, folder: Path, key: bytes) -> SentRegister:
        """Open the register that ``write_sent`` wrote.

        Raises:
            TableError: It is missing or damaged.
        """
        return cls(folder, key)

    def find(self, number: str) -> Sent | None:
        """Return what is known of the notice of a number, or ``None`` where none was sent with it."""
        if len(number) != _NUMBER_BYTES:
            return None
        mine = np.uint64(self._index.hash(number.encode()))
        at = int(np.searchsorted(self._keys, mine))
        if at >= len(self._keys) or self._keys[at] != mine:
            return None
        on = _FIRST_DAY + timedelta(days=int(self._days[at]))
        return Sent(self._channels[int(self._ways[at])], on)

    def __iter__(self) -> Iterator[None]:
        """Refuse: nobody may list what was sent."""
        raise TypeError("the register of what was sent cannot be listed")


def _held(folder: Path) -> dict[str, Any]:  # Any: JSON, its form checked by its number
    try:
        held = json.loads((folder / "sent.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(folder) from error
    if not isinstance(held, dict) or held.get("format") != _FORMAT:
        raise _damaged(folder)
    return held


def _mapped(path: Path, kind: type[np.unsignedinteger]) -> NDArray[np.unsignedinteger]:
    try:
        if path.stat().st_size == 0:
            return np.zeros(0, kind)
        return np.memmap(path, dtype=kind, mode="r")
    except (OSError, ValueError) as error:
        raise _damaged(path.parent) from error


def _damaged(folder: Path) -> TableError:
    return TableError(
        "The register of what was sent is missing or damaged",
        where=f"{folder.name}/sent.*",
        remedy="publish again: amends portal publish CASE --to PUBLISHED",
    )
