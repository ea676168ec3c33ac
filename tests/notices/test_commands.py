"""The commands on seals say plainly what is wrong, and change nothing then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from amends.cli.main import cli
from amends.kernel.case import Case
from amends.kernel.errors import AmendsError, DeliveryError
from amends.notices import release as release_room
from amends.notices import stage
from tests.notices.world import FL, fill, group, make_case, person

PEOPLE = [person(n, city="Miami", state="FL", zip="33101") for n in (1, 2, 3)]
GROUPS = [group("G1", FL, ["name", "ssn"])]


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Path]:
    with make_case(tmp_path / "acme") as case:
        fill(case, PEOPLE, GROUPS, {p["person_id"]: "G1" for p in PEOPLE})
        stage.run(case)
    yield tmp_path / "acme"


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, ["notices", *(str(w) for w in words)])


def fault(*words: object) -> str:
    """Run a command that must fail with a word for the reader; return what, where and remedy."""
    made = run(*words)
    assert isinstance(made.exception, AmendsError), made.output + repr(made.exception)
    assert made.exception.remedy
    return f"{made.exception} {made.exception.remedy}"


def done(*words: object) -> Any:
    made = run(*words, "--json")
    assert made.exit_code == 0, made.output + repr(made.exception)
    return json.loads(made.stdout)


def release(acme: Path) -> None:
    done("seal", acme)
    done("approve", acme, "S0001", "--as", "Dana Lee")
    done("approve", acme, "S0001", "--as", "Sam Roe")


def test_sealing_an_empty_plan(tmp_path: Path) -> None:
    with make_case(tmp_path / "acme") as case:
        fill(case, [], [], {})
        stage.run(case)
    assert "There is no notice to seal" in fault("seal", tmp_path / "acme")
    assert not (tmp_path / "acme" / "seals").exists()


def test_sealing_a_case_that_was_never_run(tmp_path: Path) -> None:
    make_case(tmp_path / "acme").close()
    assert "amends run" in fault("seal", tmp_path / "acme")


def test_sealing_twice(acme: Path) -> None:
    assert done("seal", acme)["seal_id"] == "S0001"
    assert "There is no notice to seal" in fault("seal", acme)
    assert [p.name for p in sorted((acme / "seals").iterdir())] == ["S0001"]


@pytest.mark.parametrize("seal", ["S0009", "s1", "../seals/S0001", "", "S0001/..", "/etc"])
def test_approving_a_seal_that_is_not_there(acme: Path, seal: str) -> None:
    done("seal", acme)
    assert f"There is no seal {seal}".strip() in fault("approve", acme, seal, "--as", "Dana Lee")


@pytest.mark.parametrize(
    "again", ["Dana Lee", "dana  lee", "DANA LEE", "Dana\u00a0Lee", "D\u0430na Lee", "Dana-Lee."]
)
def test_approving_ones_own_seal_twice_under_another_spelling(acme: Path, again: str) -> None:
    done("seal", acme)
    done("approve", acme, "S0001", "--as", "Dana Lee")
    assert "must come from another person" in fault("approve", acme, "S0001", "--as", again)
    assert "so far: Dana Lee" in fault("send", acme, "--channel", "print", "--yes")


@pytest.mark.parametrize("name", ["", "  ", "?!"])
def test_approving_without_a_name(acme: Path, name: str) -> None:
    done("seal", acme)
    assert "needs a name" in fault("approve", acme, "S0001", "--as", name)


def test_sending_before_anything_is_sealed_or_approved(acme: Path) -> None:
    assert "nothing sealed" in fault("send", acme, "--channel", "print", "--yes")
    done("seal", acme)
    assert "two different people" in fault("send", acme, "--channel", "print", "--yes")
    assert not list((acme / "out").rglob("letters.pdf"))


@pytest.mark.parametrize("name", ["notices.parquet", "texts.json", "seal.json"])
@pytest.mark.parametrize("how", ["changed", "gone", "garbage"])
def test_a_plan_file_that_was_changed_is_never_sent(acme: Path, name: str, how: str) -> None:
    release(acme)
    path = acme / "seals" / "S0001" / name
    raw = path.read_bytes()
    if how == "gone":
        path.unlink()
    elif how == "garbage":
        path.write_bytes(b"not what it was")
    elif name == "seal.json":
        path.write_bytes(raw.replace(b'"digest": "', b'"digest": "0', 1))
    else:
        path.write_bytes(raw[:-5] + b"00000")
    said = fault("send", acme, "--channel", "print", "--yes")
    assert "not what was sealed" in said
    assert not list((acme / "out").rglob("letters.pdf"))


def test_a_seal_that_vanished_stops_planning_sealing_and_sending(acme: Path) -> None:
    release(acme)
    (acme / "seals" / "S0001").rename(acme / "elsewhere")
    for words in (("seal", acme), ("send", acme, "--channel", "print", "--yes")):
        assert "Seal S0001 is missing" in fault(*words)
    with Case(acme) as case, pytest.raises(DeliveryError, match="S0001 is missing"):
        stage.run(case)


def test_a_crash_between_the_folder_and_the_ledger_is_made_good(
    acme: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Case(acme) as case, monkeypatch.context() as patch:
        patch.setattr(release_room, "_record", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            release_room.seal(case)
    assert "not what was sealed" in fault("approve", acme, "S0001", "--as", "Dana Lee")
    assert done("seal", acme)["seal_id"] == "S0001"
    assert done("approve", acme, "S0001", "--as", "Dana Lee")["approved_by"] == ["Dana Lee"]
    assert "There is no notice to seal" in fault("seal", acme)


def test_sending_twice_sends_once(acme: Path) -> None:
    release(acme)
    first = done("send", acme, "--channel", "email", "--dry-run")
    assert first["count"] == 3
    assert "No mail server is set" in fault("send", acme, "--channel", "email", "--yes")
    assert done("status", acme) == [
        {"seal": "S0001", "channel": "email", "state": "waiting", "n": 3}
    ]
