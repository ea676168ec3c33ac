"""Publishing: whole or not at all, one at a time, never another case's, never an older edition."""

from __future__ import annotations

import json
import random
import signal
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.kernel.errors import BusyError, TableError, UsageError
from amends.portal import publish as room_publish
from amends.portal.frozen import from_json, to_json
from amends.portal.indexing import follow_merges
from amends.portal.keys import company_keys
from amends.portal.publish import _alone
from amends.portal.published import Published
from amends.portal.shapes import ALIASES, AnswerClass, Determination
from amends.portal.verify import verify
from tests.portal.world import (
    ACCOUNTS,
    PEOPLE,
    accounts,
    aliases,
    classes,
    determination,
    people,
    publish_world,
)

ROOT = Path(__file__).parents[2]


def test_what_is_published_holds_no_person_and_no_account_in_clear(tmp_path: Path) -> None:
    world = publish_world(tmp_path, merged={"P000000000077": "P000000000001"})
    company = company_keys(world.keys)
    secrets = [*PEOPLE, *ACCOUNTS, "P000000000077", *(world.code(p) for p in PEOPLE)]
    secrets += [world.code(p).replace("-", "") for p in PEOPLE]
    secrets += [world.ref(a) for a in ACCOUNTS] + [company.account_key.hex()]
    for path in world.published.rglob("*"):
        if path.is_file():
            text = path.read_bytes().decode("latin-1")
            assert not [s for s in secrets if s in text], path.name


def test_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    world = publish_world(tmp_path)
    for path in (world.published / "keys" / "site.json", world.keys / "banner.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in ("keys", "state"):
        assert stat.S_IMODE((world.published / folder).stat().st_mode) == 0o700
    assert "request_key" not in repr(Published.open(world.published).keys)


def test_a_new_edition_takes_the_place_of_the_old_by_one_link(tmp_path: Path) -> None:
    first = publish_world(tmp_path)
    state = first.published / "state" / "site.db"
    state.write_text("kept")
    second = publish_world(tmp_path, determination(2))
    current = second.published / "current"
    assert current.is_symlink()
    assert current.readlink() == Path("editions") / second.summary.name
    assert second.summary.name.startswith("0002-")
    assert (second.published / "editions" / first.summary.name).is_dir()
    assert state.read_text() == "kept"


def test_the_last_three_editions_are_kept(tmp_path: Path) -> None:
    made = [publish_world(tmp_path, determination(n)).summary.name for n in (1, 2, 3, 4, 4)]
    published = tmp_path / "published"
    assert sorted(p.name for p in (published / "editions").iterdir()) == sorted(made[2:])
    assert Published.open(published).edition.folder.name == made[-1]


def test_an_edition_older_than_the_one_there_is_refused(tmp_path: Path) -> None:
    world = publish_world(tmp_path, determination(2))
    with pytest.raises(UsageError, match="Edition 2 is published there"):
        publish_world(tmp_path, determination(1))
    assert Published.open(world.published).edition.number == 2


def test_the_folder_of_another_case_is_refused(tmp_path: Path) -> None:
    world = publish_world(tmp_path)
    with pytest.raises(UsageError, match="Another case"):
        publish_world(tmp_path / "other", determination(case_id="another"), to=world.published)
    with pytest.raises(UsageError, match="Another case"):
        # The same id, but keys of its own: a case made anew under an old name.
        publish_world(tmp_path / "third", to=world.published)
    assert verify(world.published, world.keys).faults == ()


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("mine")
    with pytest.raises(UsageError, match="something else"):
        publish_world(tmp_path, to=tmp_path / "home")
    assert [p.name for p in (tmp_path / "home").iterdir()] == ["letter.txt"]


def test_two_publishers_at_once_one_is_told_to_wait(tmp_path: Path) -> None:
    world = publish_world(tmp_path)
    with _alone(world.published), pytest.raises(BusyError, match="publishing"):
        publish_world(tmp_path)
    publish_world(tmp_path)


def test_a_class_that_is_not_there_stops_it_and_the_old_edition_stays(tmp_path: Path) -> None:
    world = publish_world(tmp_path)
    for wrong in ({"P1": 4}, {"P1": -2}):
        with pytest.raises(TableError, match="not there"):
            publish_world(tmp_path, determination(2), people_are=wrong)
    assert Published.open(world.published).edition.folder.name == world.summary.name
    assert not list((world.published / "editions").glob(".half-*"))


def test_a_disk_that_is_full_leaves_the_old_edition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = publish_world(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(room_publish.__globals__["editions"], "write_facts", full)
    with pytest.raises(TableError, match="cannot be written"):
        publish_world(tmp_path, determination(2))
    assert Published.open(world.published).edition.number == 1


def test_a_site_set_up_again_from_the_same_case_has_the_same_handles(tmp_path: Path) -> None:
    world = publish_world(tmp_path)
    again = publish_world(tmp_path, to=tmp_path / "second-server")
    code = world.code("P000000000001")
    found = [Published.open(w.published).by_code(code) for w in (world, again)]
    assert found[0] == found[1]
    assert found[0] is not None
    assert len(found[0].handle) == 32


def test_counts_add_up(tmp_path: Path) -> None:
    shared = {**ACCOUNTS, "555-0100": "P000000000002"}
    both = accounts(shared) + accounts({"555-0100": "P000000000004", "555-0200": None})  # type: ignore[dict-item]
    from amends.portal import publish

    world = publish_world(tmp_path)
    made = publish(
        determination(2),
        people({**PEOPLE, "P5": 0}) + people({"P5": 0}),
        both,
        aliases(),
        case_keys=world.keys,
        to=world.published,
    )
    assert (made.n_people + made.n_undecided, made.n_accounts) == (
        len(PEOPLE) + 1,
        len(ACCOUNTS) + 2,
    )
    assert (made.n_unsure_codes, made.n_shared_accounts) == (1, 1)
    site = Published.open(world.published)
    states = {a: site.by_account(world.ref(a)) for a in ("555-0100", "555-0200", "555-0001")}
    assert {a: s.state for a, s in states.items() if s} == {
        "555-0100": "undecided",
        "555-0200": "undecided",
        "555-0001": "yes",
    }
    assert site.by_code(world.code("P5")).state == "undecided"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("pairs", "wanted"),
    [
        ([], {}),
        ([("a", "b")], {"a": "b"}),
        ([("a", "b"), ("b", "c"), ("c", "d")], {"a": "d", "b": "d", "c": "d"}),
        ([("a", "b"), ("a", "c")], {}),
        ([("a", "b"), ("a", "b")], {"a": "b"}),
        ([("a", "b"), ("b", "a"), ("x", "y")], {"x": "y"}),
        ([("a", "a")], {}),
        ([(f"p{n}", f"p{n + 1}") for n in range(300)], {f"p{n}": "p300" for n in range(300)}),
    ],
)
def test_merges_are_followed_to_their_end(
    pairs: list[tuple[str, str]], wanted: dict[str, str]
) -> None:
    table = pa.table([[a for a, _ in pairs], [b for _, b in pairs]], schema=ALIASES)
    found = follow_merges(table)
    assert dict(zip(*(c.to_pylist() for c in found.columns), strict=True)) == wanted


@given(st.dictionaries(st.integers(0, 12), st.integers(0, 12), max_size=12))
@settings(max_examples=80, deadline=None)
def test_a_merge_never_leads_to_somebody_who_is_merged(moves: dict[int, int]) -> None:
    table = pa.table([[str(a) for a in moves], [str(b) for b in moves.values()]], schema=ALIASES)
    found = follow_merges(table).to_pylist()
    assert not {r["person_id"] for r in found} & {str(a) for a in moves}
    for row in found:
        at = int(row["old_person_id"])
        for _ in moves:
            at = moves.get(at, at)
        assert row["person_id"] == str(at)


def test_shapes_survive_being_written(tmp_path: Path) -> None:
    found = determination(3)
    text = json.dumps(to_json(found))
    assert from_json(Determination, json.loads(text)) == found
    for wrong in ([], {}, {"case_id": 3}, None, "x", {**to_json(found), "editions": 4}):
        with pytest.raises(ValueError, match="Determination"):
            from_json(Determination, wrong)
    one = replace(classes()[0], offer=None)
    assert from_json(AnswerClass, json.loads(json.dumps(to_json(one)))) == one


_PUBLISHER = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.portal.world import determination, publish_world
print("ready", flush=True)
publish_world(Path({folder!r}), determination({edition}))
"""


@pytest.mark.slow
def test_a_publisher_killed_at_any_moment_leaves_a_whole_edition(tmp_path: Path) -> None:
    world = publish_world(tmp_path)
    site = Published.open(world.published)
    chance = random.Random(5)
    took_up = kills = 0
    edition = 1
    for _ in range(14):
        script = _PUBLISHER.format(root=str(ROOT), folder=str(tmp_path), edition=edition + 1)
        child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(chance.uniform(0, 0.8))
        child.send_signal(signal.SIGKILL)
        kills += child.wait() == -signal.SIGKILL
        child.stdout.close()
        found = Published.open(world.published)
        assert found.edition.number in (edition, edition + 1)
        assert found.by_code(world.code("P000000000001")).state == "yes"  # type: ignore[union-attr]
        took_up += site.reload(now=True)
        assert site.edition.number == found.edition.number
        edition = found.edition.number
    assert kills >= 3
    last = publish_world(tmp_path, determination(edition + 1))
    assert verify(last.published, last.keys).faults == ()
    assert not list((last.published / "editions").glob(".half-*"))


def test_of_many_publishers_each_is_done_or_told_to_wait(tmp_path: Path) -> None:
    world = publish_world(tmp_path)
    script = _PUBLISHER.format(root=str(ROOT), folder=str(tmp_path), edition=2)
    crowd = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]  # fmt: skip
    said = [one.communicate(timeout=60)[1] for one in crowd]
    assert any(one.returncode == 0 for one in crowd)
    assert all(not text or "Another Amends is publishing" in text for text in said)
    assert verify(world.published, world.keys).faults == ()
    assert Published.open(world.published).edition.number == 2
