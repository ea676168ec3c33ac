"""What the site, the banner and the letter say of a person comes from one released determination, and agrees."""

from __future__ import annotations

import csv
import hashlib
import hmac
import json
import shutil
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amends.pipeline import open_case
from amends.portal import Published
from amends.report import publishing
from amends.vault.codes import code_key, letter_codes
from tests.e2e.face import Demo, Grown, amends, refusal


@pytest.fixture(scope="module")
def again(grown: Grown, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the case with its second seal approved, and where both editions were published in turn."""
    folder = tmp_path_factory.mktemp("again")
    case, to = folder / "case", folder / "published"
    shutil.copytree(grown.case, case, symlinks=True)
    amends("portal", "publish", case, "--to", to)
    for name in ("Dana Lee", "Sam Roe"):
        amends("notices", "approve", case, str(grown.second["seal_id"]), "--as", name)
    amends("portal", "publish", case, "--to", to)
    return case, to


def _sealed(case: Path, seal: object) -> list[dict[str, object]]:
    return pq.read_table(case / "seals" / str(seal) / "notices.parquet").to_pylist()


def test_what_nobody_released_cannot_be_published(demo: Demo, tmp_path: Path) -> None:
    said = refusal("portal", "publish", demo.case, "--to", tmp_path / "out", code=5)
    assert "sealed" in said or "released" in said
    assert not (tmp_path / "out" / "current").exists()


def test_a_run_made_after_the_release_changes_nothing(grown: Grown, tmp_path: Path) -> None:
    """The second tranche was run and sealed, and nobody approved it yet."""
    amends("portal", "publish", grown.case, "--to", tmp_path / "later")
    one, two = Published.open(grown.published), Published.open(tmp_path / "later")
    first = {n["person_id"] for n in _sealed(grown.case, grown.first["seal_id"])}
    second = {n["person_id"] for n in _sealed(grown.case, grown.second["seal_id"])}
    key = code_key(grown.case / "keys")
    fresh = sorted(second - first)
    assert fresh

    for code in letter_codes(key, pa.array(fresh)).to_pylist():
        found = two.by_code(code)
        assert found is None or found.state == "undecided"
    assert one.edition.number == two.edition.number == 1
    assert one.found.edition.by_element == two.found.edition.by_element


def test_every_printed_code_answers_with_the_letters_elements(grown: Grown) -> None:
    published = Published.open(grown.published)
    elements = {n["notice_id"]: n["elements"] for n in _sealed(grown.case, grown.first["seal_id"])}
    codes = {}
    for manifest in (grown.case / "out" / "print").glob("*/manifest.csv"):
        with manifest.open(encoding="utf-8", newline="") as stream:
            codes |= {row["notice_id"]: row["code"] for row in csv.DictReader(stream)}
    assert len(codes) > 500
    for notice, code in codes.items():
        answer = published.by_code(code)
        assert answer is not None and answer.state == "yes" and answer.answer_class is not None
        assert sorted(e.element for e in answer.answer_class.elements) == elements[notice]


def test_every_account_answers_as_its_holders_letter(again: tuple[Path, Path]) -> None:
    """The banner's answer is the letter's, person by person; held is undecided; a stranger is no."""
    case, to = again
    published = Published.open(to)
    secret = bytes.fromhex(json.loads((case / "keys" / "banner.json").read_text())["account_key"])
    key = code_key(case / "keys")
    asked = {"yes": 0, "undecided": 0}
    with open_case(case) as opened:
        ready = publishing.prepare(opened)
        people = {
            p["person_id"]: p["class_id"]
            for batch in publishing.people_batches(opened, ready)
            for p in batch.to_pylist()
        }
        for batch in publishing.account_batches(opened, ready):
            ids = batch.column(1).fill_null("nobody")
            codes = letter_codes(key, ids).to_pylist()
            for row, code in zip(batch.to_pylist(), codes, strict=True):
                reference = hmac.new(secret, row["account"].encode(), hashlib.sha256).hexdigest()
                answer = published.by_account(reference)
                known = people.get(row["person_id"], -1) >= 0
                assert answer.state == ("yes" if known else "undecided")
                asked[answer.state] += 1
                if known:
                    assert answer == published.by_code(code)
    assert asked["yes"] > 500 and asked["undecided"] > 10
    stranger = published.by_account(hmac.new(secret, b"nobody's", hashlib.sha256).hexdigest())
    assert (stranger.state, stranger.edition) == ("no", 2)


def test_the_second_edition_answers_with_the_last_notice(
    again: tuple[Path, Path], grown: Grown
) -> None:
    case, to = again
    published = Published.open(to)
    last: dict[object, list[str]] = {}
    for seal in (grown.first, grown.second):
        for notice in _sealed(case, seal["seal_id"]):
            last[notice["person_id"]] = notice["elements"]

    codes = letter_codes(code_key(case / "keys"), pa.array(list(last))).to_pylist()
    with open_case(case) as opened:
        aliases = publishing.prepare(opened).aliases.to_pylist()
    moved = {a["old_person_id"]: a["person_id"] for a in aliases}
    told: dict[object, list[str]] = {}
    for (person, elements), code in zip(last.items(), codes, strict=True):
        answer = published.by_code(code)
        assert answer is not None and answer.state == "yes" and answer.answer_class is not None
        named = sorted(e.element for e in answer.answer_class.elements)
        # Whoever became part of another reads that person's answer.
        living = moved.get(person, person)
        assert told.setdefault(living, named) == named
        if living == person and person not in moved.values():
            assert named == elements
    figures = published.found.edition
    assert (figures.edition, figures.n_persons) == (2, len(told))
    assert dict(figures.by_element) == dict(Counter(e for named in told.values() for e in named))


def test_nothing_personal_lies_in_what_is_published(grown: Grown) -> None:
    people = pq.read_table(
        grown.case / "tables" / "persons",
        columns=["person_id", "name_last", "email", "phone", "street"],
    ).to_pylist()
    words = {
        str(value).encode()
        for p in people
        for key, value in p.items()
        if value and (key != "name_last" or len(str(value)) > 7)
    }
    files = [p for p in (grown.published / "editions").rglob("*") if p.is_file()]
    assert len(files) > 10 and len(words) > 3000
    for path in files:
        content = path.read_bytes()
        # Last names can be words of a page; ids, addresses, telephones and mailboxes cannot.
        found = [w for w in words if w in content and not w.isalpha()]
        assert not found, path.name
