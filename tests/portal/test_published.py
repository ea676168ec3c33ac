"""What a site reads: right answers, one edition at a time, and nothing that was tampered with."""

from __future__ import annotations

import logging
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.kernel.errors import TableError, UsageError
from amends.portal import answers
from amends.portal.handles import account_form, account_forms, account_ref, account_refs
from amends.portal.lookup import KeyFile
from amends.portal.published import Published
from amends.portal.verify import verify
from tests.portal.world import (
    ACCOUNTS,
    PEOPLE,
    World,
    answer_class,
    classes,
    determination,
    publish_world,
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("world")
    merged = {"P000000000077": "P000000000001", "P000000000078": "P000000000009"}
    return publish_world(folder, merged=merged)


@pytest.fixture(scope="module")
def site(world: World) -> Published:
    return Published.open(world.published)


@pytest.mark.parametrize("person", PEOPLE)
def test_every_person_reads_their_own_class_by_code(
    site: Published, world: World, person: str
) -> None:
    found = site.by_code(world.code(person))
    assert found is not None
    if PEOPLE[person] == -1:
        assert (found.state, found.handle, found.answer_class) == ("undecided", "", None)
    else:
        assert found.answer_class == classes()[PEOPLE[person]]
        assert (found.state, found.edition, len(found.handle)) == ("yes", 1, 32)


@pytest.mark.parametrize("account", ACCOUNTS)
def test_account_and_letter_say_the_same(site: Published, world: World, account: str) -> None:
    by_account = site.by_account(world.ref(account))
    assert by_account == site.by_code(world.code(ACCOUNTS[account]))


def test_two_people_have_two_handles(site: Published, world: World) -> None:
    handles = {
        found.handle
        for p, n in PEOPLE.items()
        if n >= 0 and (found := site.by_code(world.code(p))) is not None
    }
    assert len(handles) == 5


@pytest.mark.parametrize(
    ("change", "known"),
    [
        (str, True),
        (str.lower, True),
        (lambda c: c.replace("-", " "), True),
        (lambda c: c.replace("-", ""), True),
        (lambda c: f"  {c}\n", True),
        (lambda c: c.replace("0", "O").replace("1", "l"), True),
        (lambda c: c[:-1] + ("0" if c[-1] != "0" else "2"), False),
        (lambda c: c[:-1], False),
        (lambda c: c * 2, False),
        (lambda c: "", False),
        (lambda c: "' OR 1=1 --", False),
        (lambda c: "\x00" * 16, False),
        (lambda c: "🙂" * 16, False),
        (lambda c: c * 100_000, False),
    ],
)
def test_a_code_is_read_as_people_type_it(
    site: Published, world: World, change: object, known: bool
) -> None:
    typed = change(world.code("P000000000001"))  # type: ignore[operator]
    assert (site.by_code(typed) is not None) == known
    assert (site.number_of_code(typed) is not None) == known


def test_a_right_code_of_nobody_is_not_known(site: Published, world: World) -> None:
    code = world.code("P999999999999")
    number = site.number_of_code(code)
    assert number is not None
    assert site.by_code(code) is None
    assert site.beside(number) in classes()


@pytest.mark.parametrize(
    ("in_evidence", "at_the_company"),
    [
        ("5550001", "555-0001"),
        ("00 555 0001", "5550001"),
        ("ab-12", "AB12"),
        ("LW/00912.a", "lw00912A"),
        ("007", "7"),
    ],
)
def test_an_account_is_found_however_it_is_written(
    tmp_path: Path, in_evidence: str, at_the_company: str
) -> None:
    world = publish_world(tmp_path, accounts_are={in_evidence: "P000000000001", "---": "P1"})
    site = Published.open(world.published)
    assert site.by_account(world.ref(at_the_company)).state == "yes"  # type: ignore[union-attr]
    assert (world.summary.n_accounts, world.summary.n_unread_accounts) == (1, 1)


@given(st.text(max_size=12))
@settings(deadline=None)
def test_one_account_and_a_batch_of_them_have_the_same_reference(account: str) -> None:
    key = b"k" * 32
    batch = pa.array([account, None, "1"], pa.string())
    assert account_refs(key, batch)[0].tobytes().hex() == account_ref(key, account)
    assert account_forms(batch).to_pylist()[0] == (account_form(account) or None)
    assert account_form(account_form(account)) == account_form(account)


@pytest.mark.parametrize("ref", ["", "zz", "0" * 63, "0" * 65, "g" * 64, "0" * 64 + "\n", "é" * 64])
def test_what_is_no_account_reference_has_no_answer(site: Published, ref: str) -> None:
    assert site.by_account(ref) is None


@pytest.mark.parametrize(("answers_no", "state"), [(True, "no"), (False, "undecided")])
def test_no_is_said_only_where_the_determination_allows_it(
    tmp_path: Path, answers_no: bool, state: str
) -> None:
    world = publish_world(tmp_path, determination(answers_no=answers_no))
    found = Published.open(world.published).by_account(world.ref("555-7777"))
    assert found is not None
    assert (found.state, found.edition, found.handle, found.answer_class) == (state, 1, "", None)


def test_an_older_code_leads_to_the_person_one_became_part_of(
    site: Published, world: World
) -> None:
    old, new = (site.by_code(world.code(p)) for p in ("P000000000077", "P000000000001"))
    assert old == new
    assert new is not None
    number = site.number_of_code(world.code("P000000000009"))
    assert set(site.moved.values()) == {new.handle, site.keys.index.handle(number or 0)}
    held = site.by_code(world.code("P000000000078"))
    assert held is not None
    assert held.state == "undecided"


def test_who_is_in_use_is_never_led_to_somebody_else(tmp_path: Path) -> None:
    merged = {"P000000000002": "P000000000001"}
    world = publish_world(tmp_path, merged=merged)
    site = Published.open(world.published)
    first, second = (site.by_code(world.code(p)) for p in ("P000000000001", "P000000000002"))
    assert first is not None
    assert second is not None
    assert first.handle != second.handle
    assert not site.moved
    assert world.summary.n_moved == 0


def test_a_handle_stays_the_same_in_every_edition(tmp_path: Path) -> None:
    world = publish_world(tmp_path)
    site = Published.open(world.published)
    before = site.by_code(world.code("P000000000004"))
    number = site.number_of_code(world.code("P000000000004"))
    more = (*classes()[:2], answer_class(2, ("name", "ssn")), classes()[3])
    publish_world(tmp_path, replace(determination(2), classes=more))
    assert site.by_code(world.code("P000000000004")) == before
    assert site.reload(now=True)
    after = site.by_code(world.code("P000000000004"))
    assert before is not None
    assert after is not None
    assert before.handle == after.handle
    assert (before.edition, after.edition) == (1, 2)
    assert [e.element for e in after.answer_class.elements] == ["name", "ssn"]  # type: ignore[union-attr]
    assert site.by_number(number or 0) == after


def test_member_and_stranger_take_the_same_steps(
    site: Published, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    find, handle = KeyFile.find, type(site.keys.index).handle
    monkeypatch.setattr(KeyFile, "find", lambda s, k: steps.append("find") or find(s, k))
    monkeypatch.setattr(
        type(site.keys.index), "handle", lambda s, n: steps.append("handle") or handle(s, n)
    )
    read = site.edition.classes.read
    monkeypatch.setattr(site.edition.classes, "read", lambda n: steps.append("read") or read(n))
    taken = []
    for person in ("P000000000001", "P000000000077", "P000000000009", "P999999999999"):
        steps.clear()
        site.by_code(world.code(person))
        taken.append(list(steps))
    for account in ("555-0001", "555-0009", "555-7777"):
        steps.clear()
        site.by_account(world.ref(account))
        taken.append(list(steps))
    assert all(t == taken[0] for t in taken)
    assert taken[0] == ["find", "find", "read", "handle"]


def test_a_look_up_without_anybody_knows_nobody(tmp_path: Path) -> None:
    world = publish_world(tmp_path, people_are={}, accounts_are={})
    site = Published.open(world.published)
    number = site.number_of_code(world.code("P1"))
    assert site.by_code(world.code("P1")) is None
    assert site.beside(number or 0) == classes()[0]
    assert site.by_account(world.ref("1")).state == "no"  # type: ignore[union-attr]


def test_nothing_published_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Nothing is published"):
        Published.open(tmp_path)
    world = publish_world(tmp_path)
    (world.published / "current").unlink()
    with pytest.raises(UsageError, match="Nothing is published"):
        Published.open(world.published)


def files_of(world: World) -> list[str]:
    edition = (world.published / "current").resolve()
    return [p.relative_to(edition).as_posix() for p in sorted(edition.rglob("*")) if p.is_file()]


FILES = ("edition.json", "codes.keys", "links.keys", "classes.bin", "moved.json")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("how", ["changed", "longer", "gone"])
def test_tampering_is_found_named_and_refused(tmp_path: Path, name: str, how: str) -> None:
    world = publish_world(tmp_path, merged={"P000000000077": "P000000000001"})
    assert name in files_of(world)
    path = (world.published / "current").resolve() / name
    raw = bytearray(path.read_bytes())
    if how == "changed":
        raw[len(raw) // 2] ^= 1
        path.write_bytes(raw)
    elif how == "longer":
        path.write_bytes(raw + b"}")
    else:
        path.unlink()
    found = verify(world.published, world.keys)
    assert any(name in fault for fault in found.faults)
    with pytest.raises(TableError, match="not what was published"):
        Published.open(world.published)


def test_a_file_slipped_in_is_found(tmp_path: Path) -> None:
    world = publish_world(tmp_path)
    (world.published / "current" / "static" / "extra.html").write_text("<form>SSN?</form>")
    assert any("static/extra.html does not belong" in f for f in verify(world.published).faults)
    with pytest.raises(TableError):
        Published.open(world.published)


def test_an_edition_signed_by_somebody_else_is_found_with_the_case(tmp_path: Path) -> None:
    world = publish_world(tmp_path)
    forged = publish_world(tmp_path / "thief")
    shutil.rmtree(world.published)
    shutil.copytree(forged.published, world.published, symlinks=True)
    assert verify(world.published).faults == ()  # keys and edition fit each other
    assert any("key of this case" in f for f in verify(world.published, world.keys).faults)


def test_an_edition_renamed_or_of_another_case_is_refused(tmp_path: Path) -> None:
    world = publish_world(tmp_path)
    current = world.published / "current"
    other = world.published / "editions" / "0009-00000000"
    current.resolve().rename(other)
    current.unlink()
    current.symlink_to(other)
    with pytest.raises(TableError, match="renamed"):
        Published.open(world.published)


def test_keys_others_can_read_are_named(tmp_path: Path) -> None:
    world = publish_world(tmp_path)
    (world.published / "keys" / "site.json").chmod(0o644)
    assert any("chmod 600" in f for f in verify(world.published).faults)


def test_a_broken_new_edition_is_refused_and_the_old_one_served_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = publish_world(tmp_path)
    site = Published.open(world.published)
    publish_world(tmp_path, determination(2))
    (world.published / "current" / "codes.keys").write_bytes(b"")
    with caplog.at_level(logging.WARNING):
        assert not site.reload(now=True)
        assert not site.reload(now=True)
    assert len(caplog.records) == 1
    assert site.by_code(world.code("P000000000001")).edition == 1  # type: ignore[union-attr]
    publish_world(tmp_path, determination(3))
    assert site.reload(now=True)
    assert site.edition.number == 3


def test_an_edition_that_was_still_on_its_way_is_taken_up_when_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = publish_world(tmp_path)
    site = Published.open(world.published)
    publish_world(tmp_path, determination(2))
    path = world.published / "current" / "links.keys"
    whole = path.read_bytes()
    path.write_bytes(whole[:-8])
    at = [site._looked_at + 2.0]
    monkeypatch.setattr("amends.portal.published.time.monotonic", lambda: at[0])
    assert not site.reload()
    assert site.refused == (world.published / "current").readlink().name
    path.write_bytes(whole)
    at[0] += 2.0
    assert not site.reload(now=True)  # not looked at again so soon
    at[0] += 15.0
    assert site.reload()
    assert (site.refused, site.edition.number) == ("", 2)


def test_a_reload_looks_at_most_once_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = publish_world(tmp_path)
    site = Published.open(world.published)
    publish_world(tmp_path, determination(2))
    at = [site._looked_at + 0.5]
    monkeypatch.setattr("amends.portal.published.time.monotonic", lambda: at[0])
    assert not site.reload()
    at[0] += 1.0
    assert site.reload()
    assert not site.reload()


def test_answers_never_mix_two_editions(tmp_path: Path) -> None:
    """Each edition names other elements: an answer must carry those of its own number."""

    def edition(n: int) -> World:
        elements = ("name", "ssn") if n % 2 else ("name", "imei", "pin")
        found = tuple(answer_class(k, elements) for k in range(4))
        return publish_world(tmp_path, replace(determination(n), classes=found))

    world = edition(1)
    site = Published.open(world.published)
    code, ref = world.code("P000000000001"), world.ref("555-0002")
    wrong: list[object] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            site.reload(now=True)
            for found in (site.by_code(code), site.by_account(ref)):
                named = len(found.answer_class.elements)  # type: ignore[union-attr]
                if named != (2 if found.edition % 2 else 3):  # type: ignore[union-attr]
                    wrong.append(found)

    crowd = [threading.Thread(target=ask, daemon=True) for _ in range(3)]
    for one in crowd:
        one.start()
    try:
        for n in range(2, 8):
            edition(n)
    finally:
        stop.set()
    for one in crowd:
        one.join(timeout=30)
    site.reload(now=True)
    assert not wrong
    assert site.edition.number == 7


def test_only_some_classes_stay_in_memory(tmp_path: Path) -> None:
    many = tuple(answer_class(n, ("name", "ssn"), residence=f"US-{n}") for n in range(700))
    people_are = {f"P{n:012d}": n for n in range(700)}
    world = publish_world(tmp_path, replace(determination(), classes=many), people_are=people_are)
    site = Published.open(world.published)
    for n in range(700):
        assert site.by_code(world.code(f"P{n:012d}")).answer_class == many[n]  # type: ignore[union-attr]
    assert site.edition.classes.read.cache_info().currsize == 512
    assert (site.edition.folder / "classes.bin").stat().st_size < 700 * 700
    assert answers.neighbour(site.edition, 1) in many
