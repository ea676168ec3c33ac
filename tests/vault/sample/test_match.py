"""Which rows are rows of ours: whatever the order, with chance reckoned in."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amends.kernel.errors import TableError, UsageError
from amends.vault.sample.dating import brackets, origins
from amends.vault.sample.index import Part, Source, build, open_index
from amends.vault.sample.match import COMMON, Matched, match
from amends.vault.sample.traits import U64, with_pairs
from amends.vault.sample.verdict import judge

PEOPLE = 2000


def person(n: int, start: int = 0) -> dict[str, U64]:
    """Return people whose numbers are drawn from a seed; a name is shared by about ten."""
    chance = np.random.default_rng(start + 1)
    ids = np.arange(start, start + n, dtype=np.uint64)
    return {
        "ssn": ids + np.uint64(10**9),
        "phone": ids + np.uint64(2 * 10**9),
        "account": ids + np.uint64(3 * 10**9),
        "name": chance.integers(1, 200, n).astype(np.uint64) + np.uint64(4 * 10**9),
        "birth_date": chance.integers(1, 9000, n).astype(np.uint64) + np.uint64(5 * 10**9),
    }


def cut(traits: dict[str, U64], rows: object) -> dict[str, U64]:
    """Return some rows."""
    return {t: v[rows] for t, v in traits.items()}  # type: ignore[index]  # whatever numpy takes


OURS = person(PEOPLE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an index of one table."""
    made = tmp_path_factory.mktemp("index") / "index"
    build(made, [Part(Source("crm", "customers"), OURS)])
    return made


def verdict(folder: Path, sample: dict[str, U64], signs: dict[str, float] | None = None) -> str:
    """Return what a sample is called."""
    return judge(sample, _match(folder, sample), signs or {}).verdict


def _match(folder: Path, sample: dict[str, U64]) -> Matched:
    return match(sample, open_index(folder))


def shuffled(traits: dict[str, U64], *names: str) -> dict[str, U64]:
    """Return rows with some traits moved on by one row each."""
    return {t: np.roll(v, 1 + i) if t in names else v for i, (t, v) in enumerate(traits.items())}


STRANGERS = person(500, 10**6)
SOME = cut(OURS, slice(100, 600))


@pytest.mark.parametrize(
    ("sample", "signs", "want"),
    [
        (SOME, {}, "ours"),
        (cut(OURS, slice(7, 10)), {}, "ours"),
        ({t: SOME[t] for t in ("name", "birth_date", "phone")}, {}, "ours"),
        (STRANGERS, {}, "not_ours"),
        (STRANGERS, {"values no such element can have": 0.4}, "invented"),
        (STRANGERS, {"values no such element can have": 0.02}, "not_ours"),
        (shuffled(SOME, "ssn"), {}, "recombined"),
        (shuffled(SOME, *OURS), {}, "recombined"),
        ({**SOME, "ssn": STRANGERS["ssn"]}, {}, "partly_ours"),
        ({t: np.concatenate([v, STRANGERS[t]]) for t, v in SOME.items()}, {}, "partly_ours"),
        ({"name": SOME["name"]}, {}, "undecided"),
        ({"passport": SOME["ssn"], "name": SOME["name"]}, {}, "undecided"),
        (cut(OURS, slice(0, 0)), {}, "undecided"),
    ],
)
def test_a_sample_is_called_what_it_is(
    folder: Path, sample: dict[str, U64], signs: dict[str, float], want: str
) -> None:
    assert verdict(folder, sample, signs) == want


def test_names_and_birth_dates_that_fit_by_chance_are_no_match(folder: Path) -> None:
    chance = np.random.default_rng(3)
    sample = {t: chance.choice(OURS[t], 400) for t in ("name", "birth_date")}
    made = judge(sample, _match(folder, sample), {})
    assert made.verdict in ("not_ours", "undecided")
    assert made.joint <= 10 * max(made.by_chance, 1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(40)))
def test_the_order_of_rows_changes_nothing(folder: Path, order: list[int]) -> None:
    some = cut(OURS, slice(0, 40))
    index = open_index(folder)
    straight, turned = match(some, index), match(cut(some, order), index)
    assert (straight.joint[order] == turned.joint).all()
    assert straight.by_chance == pytest.approx(turned.by_chance)


def test_pairs_are_those_a_loop_finds(folder: Path) -> None:
    sample = shuffled(cut(OURS, slice(0, 60)), "phone")
    matched = _match(folder, sample)
    ours, theirs = with_pairs(OURS), with_pairs(sample)
    for row in range(60):
        agreeing = [
            sum(bool(theirs[t][row] and theirs[t][row] == ours[t][r]) for t in OURS)
            for r in range(PEOPLE)
        ]
        best = int(matched.best[row])
        assert best >= 0
        assert agreeing[int(matched.record[best])] == max(agreeing)


def test_a_value_everybody_shares_leads_nowhere(tmp_path: Path) -> None:
    ours = {**OURS, "phone": np.full(PEOPLE, 7, np.uint64)}
    build(tmp_path / "index", [Part(Source("crm", "t"), ours)])
    sample = {"phone": np.full(5, 7, np.uint64), "account": STRANGERS["account"][:5]}
    matched = _match(tmp_path / "index", sample)
    assert not len(matched.row)
    assert matched.present["phone"].min() > COMMON


def copies(tmp_path: Path) -> Path:
    """Return an index of one store as of three days: every tenth phone changes, every twentieth person is new."""
    parts, table = [], dict(OURS)
    for month in (5, 6, 7):
        parts.append(Part(Source("crm", f"crm-{month}", f"2026-0{month}-01"), dict(table)))
        changed = np.arange(PEOPLE) % 10 == month
        table["phone"] = np.where(
            changed, table["phone"] + np.uint64(10**7 * month), table["phone"]
        )
        fresh = np.arange(PEOPLE) % 20 == month
        table = {t: np.where(fresh, v + np.uint64(10**8 * month), v) for t, v in table.items()}
    build(tmp_path / "index", parts)
    return tmp_path / "index"


def test_copies_of_several_days_say_when_a_sample_was_taken(tmp_path: Path) -> None:
    index = open_index(copies(tmp_path))
    june = index.source == 1
    sample = {t: np.asarray(index.columns[t])[june][:800] for t in OURS}
    found = brackets(index, match(sample, index))[0]
    assert (found.store, found.after, found.before) == ("crm", "2026-05-01", "2026-07-01")
    assert not found.contradicts


def test_a_sample_of_two_days_says_so(tmp_path: Path) -> None:
    index = open_index(copies(tmp_path))
    rows = np.concatenate(
        [np.flatnonzero(index.source == 0)[:500], np.flatnonzero(index.source == 2)[500:900]]
    )
    sample = {t: np.asarray(index.columns[t])[rows] for t in OURS}
    assert brackets(index, match(sample, index))[0].contradicts


def test_the_store_that_explains_most_comes_first(tmp_path: Path) -> None:
    part = {t: OURS[t] for t in ("name", "phone")}
    build(tmp_path / "index", [Part(Source("billing", "b"), part), Part(Source("crm", "c"), OURS)])
    index = open_index(tmp_path / "index")
    found = origins(index, match(SOME, index))
    assert [o.store for o in found] == ["crm", "billing"]
    assert found[0].explains == 1.0 > found[1].explains


def test_a_damaged_index_is_told(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    column = broken / "column-ssn.npy"
    column.write_bytes(column.read_bytes()[:-8000])
    with pytest.raises(TableError, match="cannot be used"):
        open_index(broken)
    (broken / "index.json").write_text("{")
    with pytest.raises(TableError, match="cannot be used"):
        open_index(broken)


def test_tables_without_anything_to_tell_people_by_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Nothing here tells"):
        build(tmp_path / "index", [Part(Source("a", "b"), {"ssn": np.zeros(5, np.uint64)})])
    assert not list(tmp_path.iterdir())


def test_an_index_is_replaced_whole(tmp_path: Path) -> None:
    build(tmp_path / "index", [Part(Source("a", "b"), SOME)])
    build(tmp_path / "index", [Part(Source("a", "b"), STRANGERS)])
    assert [p.name for p in tmp_path.iterdir()] == ["index"]
    assert verdict(tmp_path / "index", SOME) == "not_ours"
