"""Writes the demonstration case: exhibits, rosters, notes, and the truth beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from amends.demo import applicants, crm, former, network, roster, second
from amends.demo.business import write_business
from amends.demo.carrier import Chunk, make_chunk
from amends.demo.crm_schema import open_crm
from amends.demo.documents import write_documents
from amends.demo.exhibits import ROSTER, STOLEN, write_case_notes
from amends.demo.logs.estate import draw_estate
from amends.demo.logs.holdings import Counted
from amends.demo.logs.story import draw_story
from amends.demo.logs.write import write_logs
from amends.demo.net.write import write_network
from amends.demo.people import World, world
from amends.demo.rows import Rows
from amends.demo.sinks import Delimited, ParquetFile, Sink
from amends.demo.strings import as_text, blank, take
from amends.demo.truth import Truth
from amends.kernel.errors import UsageError
from amends.kernel.progress import Progress, Silent, step

_RowsOf = Callable[[Chunk], Iterator[Rows]]


@dataclass(frozen=True)
class DemoSummary:
    """What was written.

    Attributes:
        people: True persons and businesses of the population.
        affected: Those with an element in the stolen exhibits of this tranche.
        records: Rows and mentions in stolen exhibits that are somebody's.
        elements: Person-element pairs exposed by this tranche.
        documents: Documents written (letters, forms, mails).
        size_bytes: Size of the stolen exhibits and the rosters.
        log_lines: Lines of logs.
    """

    people: int
    affected: int
    records: int
    elements: int
    documents: int
    size_bytes: int
    log_lines: int = 0


def write_demo(
    folder: Path,
    *,
    people: int = 20_000,
    seed: int = 1,
    tranche: int = 1,
    truth: Path | None = None,
    log_lines: int | None = None,
    progress: Progress | None = None,
) -> DemoSummary:
    """Write a tranche of Larkspur's stolen data; the same seed and size give the same bytes.

    Args:
        folder: Where ``evidence-N/`` and ``roster-1/`` go.
        people: Size of the population; about seven in ten are in the first.
        seed: Which population.
        tranche: 1, or 2 for the exhibits that turn up later.
        truth: Folder for the truth, by default ``truth-N`` beside the evidence.
        log_lines: About how many lines of logs the first tranche has; by default twenty a person, from
            30,000 to 400,000.
        progress: Where to report how far it is.

    Raises:
        UsageError: There is no such tranche, or no people.
    """
    if tranche not in STOLEN or people < 10:
        raise UsageError(
            "The demonstration case has tranches 1 and 2 and at least ten people",
            remedy="write --tranche 1 --people 20000",
        )
    evidence, rosters = folder / STOLEN[tranche], folder / ROSTER
    evidence.mkdir(parents=True, exist_ok=True)
    the = world(people, seed)
    stolen, known = _sinks(evidence, rosters, tranche)
    documents = 0
    extra = 0
    answers = truth or folder / f"truth-{tranche}"
    counted = Counted()
    with (
        Truth(answers) as kept,
        step(progress or Silent(), "Writing Larkspur Wireless", people, "people") as task,
    ):
        for built in _built_ahead(the, stolen, known):
            chunk = built.chunk
            kept.begin(len(chunk.people))
            _write_rows(built, stolen, known, kept, counted)
            if chunk.number == 0 and tranche == 1:
                extra = write_business(chunk, evidence / "business_accounts.xlsx", kept)
            if chunk.number == 0:
                documents = write_documents(chunk, evidence, tranche, kept)
            kept.close(chunk.people.ids, built.true_people)
            task.advance(len(chunk.people))
        for _, sink, _ in (*stolen, *known):
            sink.close()
    written = 0
    if tranche == 1:
        lines = min(max(20 * people, 30_000), 400_000) if log_lines is None else log_lines
        deeds, written = write_logs(
            folder, seed=seed, counted=counted, evidence=evidence, roster=rosters, truth=answers, lines=lines
        )  # fmt: skip
        write_network(folder, deeds, answers)
    write_case_notes(folder, tranche, draw_story(draw_estate(seed)).entry)
    return DemoSummary(
        people + extra, kept.n_affected, kept.n_records, kept.n_elements, documents,
        _size(evidence) + (_size(rosters) if tranche == 1 else 0), written,
    )  # fmt: skip


_Written = tuple[str, Sink, _RowsOf]


def _sinks(
    evidence: Path, rosters: Path, tranche: int
) -> tuple[tuple[_Written, ...], tuple[_Written, ...]]:
    if tranche == 2:
        return second.open_second(evidence), ()
    rosters.mkdir(parents=True, exist_ok=True)
    names: dict[str, tuple[Callable[[Path], Sink], _RowsOf]] = {
        "larkspur_crm.pg.sql": (open_crm, crm.crm_rows),
        "former_customers.mysql.sql": (former.open_former, former.former_rows),
        "credit_applicants.csv": (applicants.open_applicants, applicants.applicant_rows),
        "devices.parquet": (ParquetFile, network.device_rows),
        "prepaid_subscribers.psv.gz": (network.open_prepaid, network.prepaid_rows),
    }
    lists = {
        "customer_master.csv": roster.master_rows,
        "death_list.csv": roster.death_rows,
        "guardians.csv": roster.guardian_rows,
    }
    return (
        tuple((name, start(evidence / name), rows) for name, (start, rows) in names.items()),
        tuple((name, Delimited(rosters / name), rows) for name, rows in lists.items()),
    )


@dataclass(frozen=True)
class _Built:
    """One chunk with its rows for every exhibit, and who is in it."""

    chunk: Chunk
    stolen: list[list[Rows]]
    known: list[list[Rows]]
    true_people: dict[str, object]


def _build(
    the: World, number: int, stolen: tuple[_Written, ...], known: tuple[_Written, ...]
) -> _Built:
    chunk = make_chunk(the, number)
    return _Built(
        chunk,
        [list(rows_of(chunk)) for _, _, rows_of in stolen],
        [list(rows_of(chunk)) for _, _, rows_of in known],
        _true_people(chunk),
    )


def _built_ahead(
    the: World, stolen: tuple[_Written, ...], known: tuple[_Written, ...]
) -> Iterator[_Built]:
    """Yield the chunks in order; the next one is built while this one is written."""
    with ThreadPoolExecutor(1) as builder:
        coming = builder.submit(_build, the, 0, stolen, known)
        for number in range(1, the.chunks):
            built = coming.result()
            coming = builder.submit(_build, the, number, stolen, known)
            yield built
        yield coming.result()


def _write_rows(
    built: _Built,
    stolen: tuple[_Written, ...],
    known: tuple[_Written, ...],
    kept: Truth,
    counted: Counted,
) -> None:
    ids = built.chunk.people.ids
    for (name, sink, _), tables in zip(stolen, built.stolen, strict=True):
        for rows in tables:
            sink.write(rows)
            kept.add(name, rows, ids)
            counted.add(name, rows)
    for (_, sink, _), tables in zip(known, built.known, strict=True):
        for rows in tables:
            sink.write(rows)


def _true_people(chunk: Chunk) -> dict[str, object]:
    people, pool = chunk.people, chunk.the.names
    everybody = np.arange(len(people))
    lines = chunk.lines(chunk.rng(99), everybody)
    last = take(pool.surnames.written, people.surname)
    dead = ~np.isnat(people.died_on)
    status = np.where(dead, 2, np.where(people.adult, 0, 1))
    state = take(chunk.the.map.states, people.state)
    military = np.isin(state.to_numpy(zero_copy_only=False).astype("U2"), ("AE", "AP", "AA"))
    return {
        "true_id": people.ids,
        "first": take(pool.given.written, people.given),
        "middle": take(pool.given.written, people.middle),
        "last": last,
        "suffix": take(as_text(["", "Jr", "Sr", "III"]), people.suffix),
        "birth_on": people.born_on,
        "died_on": people.died_on,
        "on_death_list": roster.on_death_list(chunk),
        "status": take(as_text(["adult", "minor", "deceased"]), status),
        "state": blank(state, people.foreign | people.unknown | military),
        "line1": lines.line1,
        "line2": lines.line2,
        "city": lines.city,
        "zip": lines.zip,
        "country": lines.country,
    }


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
