"""Finding one person: by letter code, or by name and what a caller can prove."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from amends.console.desk import Desk
from amends.console.shelf import PROOFS, key_sql
from amends.kernel.case import Case
from amends.kernel.errors import DeliveryError
from amends.portal.shapes import AnswerClass, Determination
from amends.report.publishing import prepare
from amends.tables.persons import PERSONS
from amends.vault.blind import BlindIndex
from amends.vault.codes import code_bytes, code_key, read_code
from amends.vault.keys import domain_key, load_root


@dataclass(frozen=True)
class Codes:
    """Keyed hashes of letter codes, sorted, beside the persons they lead to; no code can be read from it.

    Attributes:
        index: What hashes a code.
        numbers: Hashes, ascending.
        people: Person ids, in the same order, as bytes.
    """

    index: BlindIndex
    numbers: NDArray[np.uint64]
    people: NDArray[np.bytes_]

    def find(self, code: bytes) -> str:
        """Return the person of a code, or ""."""
        number = np.uint64(self.index.hash(code))
        at = int(np.searchsorted(self.numbers, number))
        if at < len(self.numbers) and self.numbers[at] == number:
            return bytes(self.people[at]).decode()
        return ""


@dataclass(frozen=True)
class Answers:
    """What two people released: what each person reads.

    Attributes:
        found: The determination.
        people: Person ids as bytes, ascending.
        classes: Class of each; -1 = not yet decided.
    """

    found: Determination
    people: NDArray[np.bytes_]
    classes: NDArray[np.int32]

    def of(self, person_id: str) -> AnswerClass | None:
        """Return what a person reads, or ``None`` when nothing about them is released."""
        wanted = person_id.encode()
        at = int(np.searchsorted(self.people, wanted))
        if at < len(self.people) and self.people[at] == wanted and self.classes[at] >= 0:
            return self.found.classes[int(self.classes[at])]
        return None


_ONE_AT_A_TIME = threading.Lock()


def codes(desk: Desk, case: Case) -> Codes:
    """Return the letter codes of everybody, and of ids that a released letter was printed under."""

    def make() -> Codes:
        ids = case.engine.arrow(f"SELECT person_id FROM {case.read(PERSONS)}").column(0)
        old, now = _aliases(desk, case)
        printed = pa.chunked_array([*ids.chunks, *old.chunks], pa.string()).combine_chunks()
        leads = pa.chunked_array([*ids.chunks, *now.chunks], pa.string()).combine_chunks()
        index = BlindIndex(domain_key(load_root(case.folder / "keys"), "console", "codes"))
        numbers = index.hashes(code_bytes(code_key(case.folder / "keys"), printed))
        order = np.argsort(numbers)
        people = np.array(leads.to_numpy(zero_copy_only=False), dtype="S")
        return Codes(index, numbers[order], people[order])

    return desk.kept("codes", (desk.tables_stamp((PERSONS,)), _seals(desk)), make)


def _aliases(desk: Desk, case: Case) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    try:
        made = prepare(case).aliases
    except DeliveryError:
        return pa.chunked_array([[]], pa.string()), pa.chunked_array([[]], pa.string())
    return made.column("old_person_id"), made.column("person_id")


def answers(desk: Desk, case: Case) -> Answers | None:
    """Return what is released, or ``None`` while nothing is."""

    def make() -> Answers | None:
        try:
            ready = prepare(case)
        except DeliveryError:
            return None
        rows = case.engine.arrow(f"SELECT * FROM ({ready.people}) ORDER BY person_id")
        people = np.array(rows.column(0).to_numpy(), dtype="S")
        return Answers(ready.found, people, rows.column(1).to_numpy().astype(np.int32))

    return desk.kept("answers", _seals(desk), make)


def _seals(desk: Desk) -> object:
    """Return what changes when something is sealed, approved or run."""
    acts = [line.seq for line in desk.ledger.kept() if line.act in ("seal", "approve", "run")]
    return tuple(acts[-1:])


def by_code(desk: Desk, case: Case, text: str) -> str:
    """Return the person of a typed letter code, or ""."""
    code = read_code(text)
    return codes(desk, case).find(code) if code is not None else ""


def by_name(desk: Desk, case: Case, text: str, most: int) -> list[str]:
    """Return persons of a name, as ``first last`` or ``last, first``, in any record of theirs; or a business."""
    found: list[str] = []
    for last, first in _readings(text):
        found.extend(matching(desk, case, last, first, {}, 0, most))
    return list(dict.fromkeys(found))[:most]


def _readings(text: str) -> list[tuple[str, str]]:
    """Return how a typed name may be read: family name and given name."""
    if "," in text:
        last, _, first = text.partition(",")
        return [(last, first.split()[0] if first.split() else "")]
    words = text.split()
    if len(words) < 2:
        return [(text, "")]
    return [(words[-1], words[0]), (" ".join(words[1:]), words[0]), (text, "")]


def matching(
    desk: Desk, case: Case, last: str, first: str, proofs: Mapping[str, str], needed: int, most: int
) -> list[str]:
    """Return persons of a family name (or business) of whom enough is proved.

    Args:
        desk: The desk.
        case: The case, borrowed.
        last: Family name or name of a business.
        first: Given name; "" for any.
        proofs: Kind of ``PROOFS`` → what the caller said; empty ones count for nothing.
        needed: How many must be right.
        most: Persons to return.
    """
    listed = desk.on_shelf(case, "names")
    given = {k: v for k, v in proofs.items() if v and k in PROOFS}
    right = " + ".join(
        f"max(CASE WHEN {k}_key = {PROOFS[k].format('CAST(? AS VARCHAR)')} THEN 1 ELSE 0 END)"
        for k in given
    )
    tests = [f"last_key = {key_sql('CAST(? AS VARCHAR)')}"]
    key = [last, last]
    if first.strip():
        tests.append(f"first_key = {key_sql('CAST(? AS VARCHAR)')}")
        key += [first, first]
    values: list[object] = [*key, *given.values(), needed]
    rows = case.engine.arrow(
        f"""SELECT person_id FROM {listed} WHERE {" AND ".join(tests)}
        GROUP BY person_id HAVING {right or "0"} >= ? ORDER BY person_id LIMIT {int(most)}""",
        values,
    )
    return [str(p) for p in rows.column(0).to_pylist()]
