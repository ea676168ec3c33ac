"""Seals: plans that were frozen, each a folder of the case with its rows, its texts, and one digest over both.

CASE/seals/S0001/notices.parquet   one row a notice, with its place (``ordinal``) in its channel
CASE/seals/S0001/texts.json        the facts of the incident and every variant, as they were when it was sealed
CASE/seals/S0001/seal.json         id, edition, counts, digest
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from amends.kernel import ids
from amends.kernel.case import Case
from amends.kernel.errors import DeliveryError
from amends.tables.persons import PERSON_CHANGES, PERSONS

FOLDER = "seals"
_SEAL_ID = re.compile(r"S\d{4,}")


@dataclass(frozen=True)
class Seal:
    """A frozen plan.

    Attributes:
        seal_id: ``S0001`` …
        edition: 1 for the first release, 2 for the next …
        sealed_at: ISO instant.
        run: The run whose plan it froze.
        counts: Notices by channel.
        held: Notices left out, by reason.
        warnings: What the two who approve should know.
        digest: SHA-256 over rows and texts.
    """

    seal_id: str
    edition: int
    sealed_at: str
    run: str
    counts: dict[str, int]
    held: dict[str, int]
    warnings: tuple[str, ...]
    digest: str

    @property
    def n_notices(self) -> int:
        """Return the number of notices in it."""
        return sum(self.counts.values())

    def as_json(self) -> dict[str, object]:
        """Return it as the command line prints it."""
        return {**asdict(self), "warnings": list(self.warnings), "count": self.n_notices}


def folder_of(case: Case, seal_id: str) -> Path:
    """Return the folder of a seal."""
    return case.folder / FOLDER / seal_id


def in_force(case: Case) -> list[Seal]:
    """Return every seal, oldest first.

    Raises:
        DeliveryError: A seal that the ledger names is not there: without it nobody can say who was told.
    """
    there = {path.name for path in (case.folder / FOLDER).glob("S[0-9]*") if path.is_dir()}
    gone = sorted(recorded(case) - there)
    if gone:
        raise DeliveryError(
            f"Seal {gone[0]} is missing, and with it who was told",
            where=f"{FOLDER}/{gone[0]}",
            remedy="restore the folder from a backup; nothing was planned or sent",
        )
    return [read(case.folder / FOLDER / name) for name in sorted(there)]


def recorded(case: Case) -> set[str]:
    """Return the ids of the seals that the ledger names."""
    return {str(line.body.get("seal")) for line in case.ledger.lines() if line.act == "seal"}


def read(folder: Path) -> Seal:
    """Read one seal.

    Raises:
        DeliveryError: There is no such seal, or its file cannot be read.
    """
    if not folder.is_dir():
        raise _no_such(folder.name)
    try:
        raw = json.loads((folder / "seal.json").read_text("utf-8"))
        return Seal(**{**raw, "warnings": tuple(raw["warnings"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DeliveryError(
            f"Seal {folder.name} is not what was sealed: its file cannot be read",
            where=f"{FOLDER}/{folder.name}/seal.json",
            remedy="restore the folder from a backup; nothing was sent",
        ) from error


def _no_such(seal_id: str) -> DeliveryError:
    return DeliveryError(
        f"There is no seal {seal_id}", remedy="see them with: amends notices status CASE"
    )


def digest_of(folder: Path) -> str:
    """Return the digest over a seal's rows and texts, taken anew from the files."""
    files = [folder / "notices.parquet", folder / "texts.json"]
    return ids.digest_text("\n".join(ids.digest_file(f) for f in files))


def check(case: Case, seal_id: str) -> Seal:
    """Return a seal after comparing its files with its digest and with the ledger.

    Raises:
        DeliveryError: There is no such seal, or its files are not what was sealed.
    """
    if not _SEAL_ID.fullmatch(seal_id):
        raise _no_such(seal_id)
    folder = folder_of(case, seal_id)
    seal = read(folder)
    sealed = [
        line
        for line in case.ledger.lines()
        if line.act == "seal" and line.body.get("seal") == seal_id
    ]
    try:
        now = digest_of(folder)
    except OSError:
        now = "missing"
    if not sealed or now != seal.digest or sealed[-1].body.get("digest") != seal.digest:
        raise DeliveryError(
            f"Seal {seal_id} is not what was sealed: its files differ from the digest in the ledger",
            where=f"{FOLDER}/{seal_id}",
            remedy="restore the folder from a backup; nothing was sent",
        )
    return seal


def rows_view(case: Case, seal_id: str) -> str:
    """Make a seal's rows readable in SQL and return the name, quoted."""
    return case.engine.view(f"seal_{seal_id}", [folder_of(case, seal_id) / "notices.parquet"])


def all_rows(case: Case) -> str | None:
    """Make the rows of every seal readable in SQL; ``None`` while there is none."""
    files = [folder_of(case, s.seal_id) / "notices.parquet" for s in in_force(case)]
    return case.engine.view("sealed_notices", files) if files else None


def told(case: Case) -> str:
    """Make what each person was told by earlier seals readable: ``person_id``, ``told`` (elements).

    A person who became part of another brings along what it was told, through all merges since, until an id that is
    in use today. One that was parted counts as told only under the id that stayed: the other one hears for the first
    time. Somebody who was merged and parted again keeps what was said to that very id.
    """
    rows = all_rows(case)
    if rows is None:
        empty = pa.table(
            {"person_id": pa.array([], pa.string()), "told": pa.array([], pa.list_(pa.string()))}
        )
        return case.engine.register("notices_told", empty)
    alive = f"SELECT person_id FROM {case.read(PERSONS)}"
    moved = "SELECT CAST(NULL AS VARCHAR) AS old_id, CAST(NULL AS VARCHAR) AS new_id WHERE FALSE"
    if case.has(PERSON_CHANGES):
        moved = f"""SELECT DISTINCT old_person_id AS old_id, new_person_id AS new_id FROM {case.read(PERSON_CHANGES)}
            WHERE kind = 'merged' AND old_person_id NOT IN ({alive})"""
    return case.engine.materialise(
        "notices_told",
        f"""WITH RECURSIVE moved AS ({moved}), path AS (
            SELECT old_id, new_id FROM moved
            UNION
            SELECT p.old_id, m.new_id FROM path AS p JOIN moved AS m ON m.old_id = p.new_id
        ), single AS (
            SELECT DISTINCT coalesce(p.new_id, s.person_id) AS person_id, unnest(s.elements) AS element
            FROM {rows} AS s LEFT JOIN path AS p ON p.old_id = s.person_id
        )
        SELECT person_id, list(element ORDER BY element) AS told FROM single GROUP BY person_id""",
    )
