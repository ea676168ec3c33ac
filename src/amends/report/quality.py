"""A random sample of what a run determined, looked at by people: how often it is wrong, with intervals.

Two questions (requirement R17): of those who are told, how many should not be (*false notify*); of those who should be
told, how many are not (*missed notify*). The first is read off a sample of who is told, the second needs one of who
is *not*. A sample is drawn by seed from what the last run determined: the same seed and run draw the same units, in
whatever order rows lie. What reviewers said is append-only; the last answer of each reviewer counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from amends.kernel import clock, ids
from amends.kernel.case import Case
from amends.kernel.errors import UsageError
from amends.kernel.register import make_tables
from amends.report.funnel import DOUBTFUL
from amends.tables.duties import DUTY_GROUPS, PERSON_GROUPS
from amends.tables.elements import COLUMNS, FINDINGS
from amends.tables.persons import PERSONS

METADATA = sa.MetaData()

SAMPLES = sa.Table(
    "quality_samples",
    METADATA,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("sample_id", sa.String(16), nullable=False, unique=True),
    sa.Column("made_at", sa.String(32), nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("of", sa.String(16), nullable=False),
    sa.Column("method", sa.String(16), nullable=False),
    sa.Column("seed", sa.String(40), nullable=False),
    sa.Column("run", sa.String(16), nullable=False),
    sa.Column("strata", sa.Text, nullable=False),
)
UNITS = sa.Table(
    "quality_units",
    METADATA,
    sa.Column("sample_id", sa.String(16), primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("stratum", sa.String(80), nullable=False),
)
ANSWERS = sa.Table(
    "quality_answers",
    METADATA,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("sample_id", sa.String(16), nullable=False, index=True),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("answer", sa.String(16), nullable=False),
    sa.Column("note", sa.Text, nullable=False, default=""),
)

RIGHT, WRONG, MISSING, TAKEN_BACK = "right", "wrong", "missing", "undo"
METHODS = ("simple", "stratified")
MOST_UNITS = 5_000
LEAST_IN_STRATUM = 10
"""Fewer units say next to nothing of a stratum: none wrong among ten still leaves 31 of 100 possible."""
NOT_TOLD_SHARE = 3
"""One unit in three is drawn from what is not told, so that what was missed is looked for too."""


@dataclass(frozen=True)
class Frame:
    """What a sample is drawn from.

    Attributes:
        name: persons, columns or findings.
        means: What one unit is, and what the answers mean.
        told: What the units that count as found are called.
    """

    name: str
    means: str
    told: str


FRAMES: Mapping[str, Frame] = {
    f.name: f
    for f in (
        Frame("persons", "a person: is it right that they are told, of these elements?", "told"),
        Frame("columns", "a column: does it hold what Amends says it holds?", "holds an element"),
        Frame("findings", "a finding in a document: is it what Amends says?", "found"),
    )
}


@dataclass(frozen=True)
class Layer:
    """One stratum of a sample.

    Attributes:
        name: Its name.
        told: Whether its units are told (found); otherwise what was missed is looked for in it.
        size: Units it has.
        n: Units drawn.
    """

    name: str
    told: bool
    size: int
    n: int


@dataclass(frozen=True)
class Sample:
    """A sample that was drawn."""

    sample_id: str
    made_at: str
    by: str
    of: str
    method: str
    seed: str
    run: str
    strata: tuple[Layer, ...]

    @property
    def n(self) -> int:
        """Return the number of units drawn."""
        return sum(s.n for s in self.strata)


@dataclass(frozen=True)
class Answer:
    """What a reviewer said of a unit."""

    place: int
    by: str
    at: str
    answer: str
    note: str


def draw(
    case: Case, of: str, n: int, by: str, *, seed: str = "", method: str = "stratified"
) -> Sample:
    """Draw a sample and keep it.

    Args:
        case: The case.
        of: persons, columns or findings.
        n: Units to look at; a small stratum gives all it has.
        by: Who draws it.
        seed: Any word; a fresh one when empty.
        method: ``simple`` (told and not told) or ``stratified`` (each again by how sure the run was).

    Raises:
        UsageError: No such frame or method, a number out of bounds, or there is nothing to draw from.
        TableError: The tables were not written yet.
    """
    _check(of, n, method)
    seed = (seed.strip() or ids.new(4))[:40]
    found = _drawn(case, of, method, seed, n)
    sizes = {name: (told, size) for name, told, size, _ in found}
    wanted = allocate(sizes, n)
    strata = tuple(Layer(name, told, size, wanted[name]) for name, told, size, _ in found)
    units = [(u, name) for name, _, _, drawn in found for u in drawn[: wanted[name]]]
    if not units:
        raise UsageError("There is nothing to draw a sample from", remedy="run: amends run CASE")
    # The order of work mixes the strata, so that who stops early has looked at all of them.
    units.sort(key=lambda u: ids.digest_text(f"{seed}|order|{u[0]}"))
    made = Sample(
        "Q" + ids.new(4), clock.stamp(), by, of, method, seed, case.run_id(), strata
    )  # fmt: skip
    _keep(case, made, units)
    return made


def _check(of: str, n: int, method: str) -> None:
    if of not in FRAMES or method not in METHODS:
        raise UsageError(
            "A sample of that kind is not known",
            remedy="samples are of: " + " ".join(FRAMES) + "; methods: " + " ".join(METHODS),
        )
    if not 1 <= n <= MOST_UNITS:
        raise UsageError(
            "That number of units cannot be drawn", remedy=f"give a number from 1 to {MOST_UNITS}"
        )


def allocate(sizes: Mapping[str, tuple[bool, int]], n: int) -> dict[str, int]:
    """Return how many units each stratum gives: in proportion, but enough of each to say something.

    Args:
        sizes: Stratum → (told, size).
        n: Units in all.
    """
    made: dict[str, int] = {}
    has_both = len({told for told, size in sizes.values() if size}) == 2
    for told in (True, False):
        layers = {k: size for k, (t, size) in sizes.items() if t == told}
        share = n if not has_both else (n - n // NOT_TOLD_SHARE if told else n // NOT_TOLD_SHARE)
        whole = sum(layers.values())
        for name, size in layers.items():
            fair = -(-share * size // whole) if whole else 0
            made[name] = min(size, max(fair, min(LEAST_IN_STRATUM, share)))
    return made


_SURE = """CASE WHEN p.n_records + p.n_roster_records = 1 THEN 'one record'
                WHEN p.confidence >= .99 THEN 'several records, firm' ELSE 'several records, less sure' END"""


def _frame_sql(case: Case, of: str, method: str) -> str:
    """Return SQL of the units to draw from: ``unit, told, layer``."""
    if of == "persons":
        return _persons_frame_sql(case, _SURE if method == "stratified" else "'all'")
    if of == "columns":
        layer = f"CASE WHEN confidence < {DOUBTFUL} THEN 'doubtful' ELSE 'sure' END"
        if method == "simple":
            layer = "'element'"
        return f"""SELECT item_id || ' ' || "column" AS unit, element IS NOT NULL AS told,
                CASE WHEN element IS NULL THEN 'no element' ELSE {layer} END AS layer
            FROM {case.read(COLUMNS)} WHERE n_values > 0"""
    layer = "CASE WHEN confidence < .9 THEN 'less sure' ELSE 'sure' END"
    if method == "simple":
        layer = "'found'"
    return f"SELECT finding_id AS unit, TRUE AS told, {layer} AS layer FROM {case.read(FINDINGS)}"


def _persons_frame_sql(case: Case, layer: str) -> str:
    told = f"""SELECT m.person_id FROM {case.read(PERSON_GROUPS)} AS m
        JOIN {case.read(DUTY_GROUPS)} AS g USING (group_id) WHERE g.tell"""
    return f"""SELECT p.person_id AS unit, t.person_id IS NOT NULL AS told,
            CASE WHEN t.person_id IS NULL THEN 'not told' ELSE 'told: ' || {layer} END AS layer
        FROM {case.read(PERSONS)} AS p LEFT JOIN ({told}) AS t USING (person_id)"""


def _drawn(
    case: Case, of: str, method: str, seed: str, n: int
) -> list[tuple[str, bool, int, list[str]]]:
    """Return for each stratum its name, whether it is told, its size and its first ``n`` units in the seed's order."""
    rows = case.engine.arrow(
        f"""SELECT layer, told, count(*) AS size, arg_min(unit, md5(concat(?, '|', unit)), {int(n)}) AS drawn
        FROM ({_frame_sql(case, of, method)}) AS frame GROUP BY layer, told ORDER BY told DESC, layer""",
        [seed],
    ).to_pylist()
    return [(r["layer"], bool(r["told"]), int(r["size"]), list(r["drawn"])) for r in rows]


def _keep(case: Case, made: Sample, units: Sequence[tuple[str, str]]) -> None:
    make_tables(case.register, METADATA)
    row = {**asdict(made), "strata": ids.canonical_json([asdict(s) for s in made.strata])}
    with case.register.begin() as connection:
        connection.execute(SAMPLES.insert().values(**row))
        connection.execute(
            UNITS.insert(),
            [
                {"sample_id": made.sample_id, "place": place, "unit": unit, "stratum": name}
                for place, (unit, name) in enumerate(units, 1)
            ],
        )
    case.ledger.append(
        "quality_sample", sample=made.sample_id, of=made.of, seed=made.seed, method=made.method,
        n=len(units), run=made.run, by=made.by,
    )  # fmt: skip


def samples(case: Case) -> list[Sample]:
    """Return every sample, the newest first."""
    make_tables(case.register, METADATA)
    query = sa.select(SAMPLES).order_by(SAMPLES.c.seq.desc())
    with case.register.connect() as connection:
        return [_sample(dict(row)) for row in connection.execute(query).mappings()]


def _sample(row: dict[str, object]) -> Sample:
    strata = tuple(Layer(**s) for s in json.loads(str(row.pop("strata"))))
    row.pop("seq")
    return Sample(**row, strata=strata)  # type: ignore[arg-type]  # the columns are those of Sample


def sample(case: Case, sample_id: str) -> Sample:
    """Return one sample.

    Raises:
        UsageError: There is none of that id.
    """
    found = next((s for s in samples(case) if s.sample_id == sample_id), None)
    if found is None:
        raise UsageError("There is no such sample", remedy="draw one on the review screen")
    return found


def units(case: Case, sample_id: str) -> list[tuple[int, str, str]]:
    """Return (place, unit, stratum) of a sample, in the order of work."""
    make_tables(case.register, METADATA)
    query = sa.select(UNITS).where(UNITS.c.sample_id == sample_id).order_by(UNITS.c.place)
    with case.register.connect() as connection:
        return [(r.place, r.unit, r.stratum) for r in connection.execute(query)]


def answer(case: Case, sample_id: str, place: int, said: str, by: str, note: str = "") -> None:
    """Record what a reviewer says of a unit; a later answer of the same reviewer takes the place of the earlier.

    Raises:
        UsageError: No such unit or answer.
    """
    if said not in (RIGHT, WRONG, MISSING, TAKEN_BACK):
        raise UsageError("That is no answer", remedy="answers are: right wrong missing")
    layer = {p: name for p, _, name in units(case, sample_id)}.get(place)
    if layer is None:
        raise UsageError("There is no such unit in this sample", remedy="open it from the list")
    told = {s.name: s.told for s in sample(case, sample_id).strata}[layer]
    if said == WRONG and not told:
        raise UsageError(
            "Nothing was told of this one that could be wrong",
            remedy="say right, or missing when it should be told",
        )
    row = {
        "sample_id": sample_id, "place": place, "by": by, "at": clock.stamp(), "answer": said,
        "note": note,
    }  # fmt: skip
    with case.register.begin() as connection:
        connection.execute(ANSWERS.insert().values(**row))
    case.ledger.append("quality_answer", sample=sample_id, place=place, answer=said, by=by)


def answers(case: Case, sample_id: str) -> list[Answer]:
    """Return the answers in force, the last of each reviewer for each unit, oldest first."""
    make_tables(case.register, METADATA)
    query = sa.select(ANSWERS).where(ANSWERS.c.sample_id == sample_id).order_by(ANSWERS.c.seq)
    latest: dict[tuple[int, str], Answer] = {}
    with case.register.connect() as connection:
        for r in connection.execute(query):
            latest.pop((r.place, r.by), None)
            latest[r.place, r.by] = Answer(r.place, r.by, r.at, r.answer, r.note)
    return [a for a in latest.values() if a.answer != TAKEN_BACK]
