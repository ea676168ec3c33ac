"""What needs a human eye: identifiers that contradict each other, and ties that were close.

A conflict never stops the run: it says what Amends did for now and what would settle it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from amends.persons.block import unpack
from amends.persons.cluster import Clusters
from amends.persons.compare import is_business
from amends.persons.dates import NEAR, SLIP, compare_dates, one_slip
from amends.persons.features import Features
from amends.persons.frequency import starts_of
from amends.persons.hashing import I64, U64, as_u64, combine
from amends.persons.identity import Persons, encode
from amends.persons.model import shipped
from amends.tables.persons import CONFLICTS

CLOSE = 0.7
"""log10 odds on either side of the threshold within which a tie is close: odds of five to one."""

MOST_SHARERS = 8
"""An SSN that more persons use is a default of a system, not a dispute."""


@dataclass(frozen=True)
class Kind:
    """One kind of conflict.

    Attributes:
        name: As in the table.
        why: What is wrong, without personal values.
        suggestion: What Amends did, and what would settle it.
        blocks: Whether the notice waits.
    """

    name: str
    why: str
    suggestion: str
    blocks: bool = False


SSN_DIFFERS = Kind(
    "ssn_differs",
    "records of one person hold different SSNs, and not by a slip",
    "kept as one person; look at the records, then: decide keep_apart, or settle",
)
BIRTH_DIFFERS = Kind(
    "birth_differs",
    "records of one person hold different birth dates, and not by a slip",
    "kept as one person; look at the records, then: decide keep_apart, or settle",
)
BOTH_DIFFER = Kind(
    "ssn_and_birth_differ",
    "records of one person differ in SSN and birth date",
    "kept as one person, its notice waits; decide keep_apart or merge",
    blocks=True,
)
SSN_SHARED = Kind(
    "ssn_shared",
    "one SSN stands with several persons",
    "kept apart; each is told of the SSN found with their records; if one of them is not its owner: decide not_theirs",
)
SSN_OF_RELATIVE = Kind(
    "ssn_of_relative",
    "an SSN stands once with a person who has another one, and more often with somebody of the same home or name",
    "plausibly the other's, as on a joint form; the person's own SSN counts either way; if so: decide not_theirs",
)
SSN_OF_ANOTHER = Kind(
    "ssn_of_another",
    "the only SSN of a person stands in one record, and in three or more of a stranger",
    "its notice waits, so that nobody is told of an SSN that is not theirs; decide not_theirs, or settle",
    blocks=True,
)
TIE = Kind(
    "borderline_tie",
    "one person by a close call",
    "taken as one person; if they are two: decide keep_apart",
)
APART = Kind(
    "borderline_apart",
    "two persons by a close call",
    "taken as two persons; if they are one: decide merge",
)
NAME_AND_BUSINESS = Kind(
    "name_and_business",
    "one cluster holds records of a human and of a business",
    "kept as one; if the business is to be told by itself: decide keep_apart",
)


def conflicts(
    record_id: I64, clusters: Clusters, people: Persons, affected: npt.NDArray[np.bool_]
) -> pa.Table:
    """Return the table ``conflicts``: one row is one matter, with persons and records concerned.

    Args:
        record_id: The records.
        clusters: Their clusters.
        people: Their persons.
        affected: Which persons have stolen records; matters among others are left out.
    """
    node_person, row_of = _nodes(clusters, people)
    tables = [
        *_inside(clusters, node_person, row_of, record_id, people),
        *_shared(record_id, clusters, people),
        *_close(clusters, node_person, row_of, record_id, people),
    ]
    found = pa.concat_tables(tables)
    ours = people.ids.filter(pa.array(affected))
    owner = pc.list_parent_indices(found.column("persons").combine_chunks())
    known = pc.is_in(found.column("persons").combine_chunks().flatten(), ours)
    rows = np.unique(owner.filter(known).to_numpy(zero_copy_only=False))
    return found.take(pa.array(rows, pa.int64()))


def _nodes(clusters: Clusters, people: Persons) -> tuple[I64, I64]:
    """Return for each distinct record its person and the first row that holds it."""
    n = len(clusters.weight)
    row_of = np.full(n, len(clusters.node), np.int64)
    np.minimum.at(row_of, clusters.node, np.arange(len(clusters.node)))
    return people.person[row_of], row_of


def _inside(
    clusters: Clusters, node_person: I64, row_of: I64, record_id: I64, people: Persons
) -> list[pa.Table]:
    """Return what contradicts itself inside a person, from neighbouring distinct values."""
    work = clusters.work
    f, ssn, ssn4 = work.features, work.original("ssn"), work.original("ssn4")
    born = work.original("born").astype(np.int32)
    by_ssn = _value_changes(node_person, as_u64(ssn))
    near = _slip4(ssn4[by_ssn[0]].astype(np.int16), ssn4[by_ssn[1]].astype(np.int16))
    by_ssn = (by_ssn[0][~near], by_ssn[1][~near])
    by_born = _value_changes(node_person, as_u64(born))
    level = compare_dates(born[by_born[0]], born[by_born[1]])
    far = (level != SLIP) & (level != NEAR)
    by_born = (by_born[0][far], by_born[1][far])
    firm, human = is_business(f), (f.first != 0) | (f.last != 0)
    mixed = _value_changes(node_person, np.where(firm, 1, np.where(human, 2, 0)).astype(np.uint64))
    both = np.intersect1d(node_person[by_ssn[0]], node_person[by_born[0]])
    found = []
    for kind, (x, y) in (
        (SSN_DIFFERS, by_ssn),
        (BIRTH_DIFFERS, by_born),
        (NAME_AND_BUSINESS, mixed),
    ):
        a, b = x, y
        if kind is not NAME_AND_BUSINESS:
            twice = np.isin(node_person[a], both)
            if kind is SSN_DIFFERS:
                found.append(
                    _pairs(BOTH_DIFFER, row_of[a[twice]], row_of[b[twice]], record_id, people)
                )
            a, b = a[~twice], b[~twice]
        found.append(_pairs(kind, row_of[a], row_of[b], record_id, people))
    return found


def _value_changes(group: I64, values: U64) -> tuple[I64, I64]:
    """Return, for each group with more than one value, rows with its smallest and its largest value."""
    rows = np.flatnonzero(values != 0)
    order = rows[np.lexsort((values[rows], group[rows]))]
    starts = (
        np.flatnonzero(np.concatenate([[True], group[order][1:] != group[order][:-1]]))
        if len(order)
        else rows
    )
    ends = np.append(starts[1:], len(order)) - 1
    a, b = order[starts], order[ends.astype(np.int64)] if len(order) else order
    differ = values[a] != values[b]
    return a[differ], b[differ]


def _slip4(a: npt.NDArray[np.int16], b: npt.NDArray[np.int16]) -> npt.NDArray[np.bool_]:
    x, y = a.astype(np.int64), b.astype(np.int64)
    return np.asarray(one_slip(x, y, 4) | (x == y))


def _shared(record_id: I64, clusters: Clusters, people: Persons) -> list[pa.Table]:
    """Return the SSNs that several persons with names use, by who is plausibly the owner."""
    f, whole = clusters.work.features, as_u64(clusters.work.original("ssn"))
    named = (f.first != 0) & (f.last != 0) & (whole != 0)
    rows = np.flatnonzero(named[clusters.node])
    by_row = whole[clusters.node[rows]]
    ranks = np.lexsort((people.numbers[people.person[rows]], by_row))
    order, ssn = rows[ranks], by_row[ranks]
    person = people.person[order]
    use = np.ones(len(order), bool)  # one use: a person with an SSN
    use[1:] = (ssn[1:] != ssn[:-1]) | (person[1:] != person[:-1])
    at = np.flatnonzero(use)
    times = np.diff(np.append(at, len(order)))
    order, ssn, person = order[at], ssn[at], person[at]
    starts = starts_of(ssn)
    sizes = np.diff(np.append(starts, len(ssn)))
    kind, is_other = _owners(f, clusters.node[order], people.person[order], times, starts, sizes)
    good = (sizes > 1) & (sizes <= MOST_SHARERS)
    found = []
    for number, of_kind in enumerate((SSN_SHARED, SSN_OF_RELATIVE, SSN_OF_ANOTHER)):
        groups = good & (kind == number)
        chosen = np.repeat(groups, sizes)
        each = sizes[groups]
        if of_kind is SSN_OF_ANOTHER:  # the owner's notice need not wait
            chosen, each = chosen & is_other, each - 1
        found.append(_table(of_kind, order[chosen], each, record_id, people))
    return found


def _owners(
    f: Features, node: I64, person: I64, times: I64, starts: I64, sizes: I64
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Return for each shared SSN 0 (open), 1 (a relative's), 2 (somebody else's), and which uses are not the owner's.

    Args:
        f: Distinct records.
        node: The first of each use.
        person: Its person.
        times: Records of the person that hold the SSN.
        starts: First use of each SSN.
        sizes: Uses of each SSN.
    """
    group = np.repeat(np.arange(len(starts)), sizes)
    most = np.maximum.reduceat(times, starts) if len(starts) else times
    owners = (
        np.add.reduceat((times == most[group]).astype(np.int64), starts) if len(starts) else most
    )
    owner = np.zeros(len(starts), np.int64)
    leading = np.flatnonzero(times == most[group])
    owner[group[leading]] = leading
    at = owner[group]
    other = np.arange(len(node)) != at
    own = np.bincount(person, minlength=int(person.max(initial=0)) + 1)[person] > 1
    x, y = node, node[at]
    whole = f.names.whole
    home = (f.street[x] != 0) & (f.street[x] == f.street[y]) & (f.house[x] == f.house[y])
    kin = (whole[f.last[x]] == whole[f.last[y]]) | home
    clear = (owners[group] == 1) & (times == 1)

    def all_others(said: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        return np.asarray(np.bincount(group[other & ~said], minlength=len(starts)) == 0)

    out = np.zeros(len(starts), np.uint8)
    out[all_others(clear & own & kin)] = 1
    out[all_others(clear & ~own & ~kin & (times[at] >= 3))] = 2
    return out, other


def _close(
    clusters: Clusters, node_person: I64, row_of: I64, record_id: I64, people: Persons
) -> list[pa.Table]:
    """Return the ties that were close: records held by nothing stronger, and pairs just kept apart."""
    limit = float(shipped()["prior"]["threshold"])
    weak = np.flatnonzero(
        (clusters.partner >= 0) & (clusters.rule == 1) & (clusters.weight < limit + CLOSE)
    )
    other = clusters.partner[weak]
    once = (clusters.partner[other] != weak) | (weak < other)
    tied = _pairs(TIE, row_of[weak[once]], row_of[other[once]], record_id, people)
    near = np.flatnonzero(clusters.pair_weight >= limit - CLOSE)
    a, b = unpack(clusters.pairs[near])
    apart = node_person[a] != node_person[b]
    a, b = a[apart], b[apart]
    key = combine(
        np.minimum(node_person[a], node_person[b]), np.maximum(node_person[a], node_person[b])
    )
    _, first = np.unique(key, return_index=True)
    return [tied, _pairs(APART, row_of[a[first]], row_of[b[first]], record_id, people)]


def _pairs(kind: Kind, a: I64, b: I64, record_id: I64, people: Persons) -> pa.Table:
    rows = np.stack([a, b], axis=1).ravel() if len(a) else np.zeros(0, np.int64)
    return _table(kind, rows, np.full(len(a), 2, np.int64), record_id, people)


def _table(kind: Kind, rows: I64, sizes: I64, record_id: I64, people: Persons) -> pa.Table:
    """Return conflicts of one kind; ``rows`` holds the records of each, one after another."""
    n = len(sizes)
    offsets = np.zeros(n + 1, np.int32)
    np.cumsum(sizes, out=offsets[1:])
    ids = (
        encode(people.numbers).take(pa.array(people.person[rows]))
        if len(rows)
        else pa.array([], pa.string())
    )
    records = pa.array(record_id[rows]).cast(pa.string())
    about = np.zeros(n, np.uint64)
    np.add.at(about, np.repeat(np.arange(n), sizes), combine(record_id[rows]))
    code = encode(combine(about, np.full(n, len(kind.name) * 1000 + ord(kind.name[0]), np.int64)))
    names = pa.array([kind.name] * n, pa.string())
    persons = pa.ListArray.from_arrays(pa.array(offsets), ids)
    return pa.table(
        {
            "conflict_id": pa.array(["C" + c[1:] for c in code.to_pylist()], pa.string()),
            "kind": names,
            "persons": _distinct_lists(
                persons, np.repeat(np.arange(n), sizes), people.person[rows]
            ),
            "records": pa.ListArray.from_arrays(pa.array(offsets), records),
            "why": pa.array([kind.why] * n, pa.string()),
            "suggestion": pa.array([kind.suggestion] * n, pa.string()),
            "blocks_notice": pa.array([kind.blocks] * n, pa.bool_()),
        },
        schema=CONFLICTS.schema,
    )


def _distinct_lists(lists: pa.ListArray, owner: I64, person: I64) -> pa.ListArray:
    """Return lists without a person named twice in a row of the same list."""
    if not len(person):
        return lists
    keep = np.ones(len(person), bool)
    keep[1:] = (person[1:] != person[:-1]) | (owner[1:] != owner[:-1])
    sizes = np.bincount(owner[keep], minlength=len(lists))
    offsets = np.zeros(len(lists) + 1, np.int32)
    np.cumsum(sizes, out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), lists.flatten().filter(pa.array(keep)))
