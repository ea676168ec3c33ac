"""The look-up of an edition: the people, accounts and merges of a determination as key files. Set-wise, any number.

Persons and accounts come as batches and go as keyed hashes; nothing else of them is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from amends.kernel.errors import TableError
from amends.portal.answers import UNDECIDED_CLASS
from amends.portal.edition import CODES, LINKS, MOVED
from amends.portal.handles import account_forms, account_numbers, person_numbers, refs_of_forms
from amends.portal.keys import SiteKeys, company_keys
from amends.portal.lookup import KeyFile, KeyFileWriter
from amends.portal.shapes import ALIASES, Determination
from amends.vault.codes import code_key

_UNDECIDED = 0  # in links.keys


def write_look_up(
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
    codes = KeyFileWriter(half / CODES, "i4", UNDECIDED_CLASS, once=True)
    for batch in people:
        class_ids = _class_ids(batch, len(found.classes))
        n_undecided += int((class_ids == UNDECIDED_CLASS).sum())
        codes.add(person_numbers(keys.index, letter_key, batch.column("person_id")), class_ids)
    coded = codes.finish()
    links = KeyFileWriter(half / LINKS, "u8", _UNDECIDED, once=False)
    alive = KeyFile(half / CODES)
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
    aliases = follow_merges(aliases.select(ALIASES.names).cast(ALIASES))
    old = person_numbers(keys.index, letter_key, aliases.column(0).combine_chunks())
    new = person_numbers(keys.index, letter_key, aliases.column(1).combine_chunks())
    gone = ~alive.holds(old)
    old, new = old[gone], new[gone]
    links.add(old, new)
    handles = keys.index.handles(old).to_pylist(), keys.index.handles(new).to_pylist()
    moved = dict(zip(*handles, strict=True))
    (half / MOVED).write_text(json.dumps(moved) + "\n", "utf-8")
    return len(moved)


def follow_merges(aliases: pa.Table) -> pa.Table:
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
