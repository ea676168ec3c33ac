"""Bulk releases: two others approve, used once, ended once."""

from __future__ import annotations

from pathlib import Path

import pytest

from amends.kernel.errors import AmendsError, DeliveryError, TableError, UsageError
from amends.vault.brake import keeping, releases
from amends.vault.brake.releases import approve_release, ask_release, run_release
from amends.vault.brake.windows import Budget
from tests.vault.brake.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    for name in ("dana", "robin", "sam"):
        made.let(name, "tax", 2, 3, clear=True)
    keeping.set_purpose(made.brake, "look", clear=False, domains=[])
    keeping.set_actor(made.brake, "dana", "look", Budget(2, 3))
    (tmp_path / "tokens.txt").write_text("\n".join(made.tokens(50)) + "\n")
    return made


def ask(world: World, tmp_path: Path, **more: object) -> str:
    given = {"domain": "ssn", "purpose": "tax", "case": "TAX-1", "hours": 24, "clear": True}
    asker = ("dana", world.keys["dana"])
    return ask_release(
        world.brake, world.keyring, tmp_path / "tokens.txt", asker=asker, **{**given, **more}  # type: ignore[arg-type]
    ).release_id  # fmt: skip


def approve(world: World, release_id: str, *names: str) -> None:
    for name in names:
        approve_release(world.brake, release_id, name, world.keys[name])


def run(world: World, tmp_path: Path, release_id: str, to: str = "out.csv") -> int:
    return run_release(
        world.brake, world.keyring, release_id, tmp_path / "tokens.txt", tmp_path / to
    )


def test_two_others_approve_and_it_is_used_once(world: World, tmp_path: Path) -> None:
    release_id = ask(world, tmp_path)
    with pytest.raises(DeliveryError, match="two actors"):
        run(world, tmp_path, release_id)
    approve(world, release_id, "robin")
    with pytest.raises(DeliveryError, match="robin"):
        run(world, tmp_path, release_id)
    approve(world, release_id, "sam")
    assert run(world, tmp_path, release_id) == 50
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0] == "token,ssn" and lines[1].endswith(",900000000") and len(lines) == 51
    assert (tmp_path / "out.csv").stat().st_mode & 0o777 == 0o600
    for to in ("out.csv", "again.csv"):
        with pytest.raises(AmendsError, match="already"):
            run(world, tmp_path, release_id, to)
    # It does not count against anybody's budget.
    assert world.brake.look()[0].windows.used("", world.wall).per_day == 0


def test_who_asked_cannot_approve_and_nobody_approves_twice(world: World, tmp_path: Path) -> None:
    release_id = ask(world, tmp_path)
    with pytest.raises(DeliveryError, match="asked"):
        approve(world, release_id, "dana")
    approve(world, release_id, "robin")
    with pytest.raises(DeliveryError, match="another"):
        approve(world, release_id, "robin")
    with pytest.raises(DeliveryError, match="not right"):
        approve_release(world.brake, release_id, "sam", world.keys["robin"])
    with pytest.raises(DeliveryError, match="no such release"):
        approve(world, "R0099", "sam")


def test_it_lapses(world: World, tmp_path: Path) -> None:
    release_id = ask(world, tmp_path, hours=1)
    approve(world, release_id, "robin", "sam")
    world.pass_time(3601)
    with pytest.raises(DeliveryError, match="lapsed"):
        run(world, tmp_path, release_id)


def test_another_file_than_the_approved_one_is_refused(world: World, tmp_path: Path) -> None:
    release_id = ask(world, tmp_path)
    approve(world, release_id, "robin", "sam")
    (tmp_path / "tokens.txt").write_text("\n".join(world.tokens(51)) + "\n")
    with pytest.raises(DeliveryError, match="not the one"):
        run(world, tmp_path, release_id)


@pytest.mark.parametrize("at", ["before rename", "after rename"])
def test_killed_and_run_again_it_ends_once_in_the_same_file(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    release_id = ask(world, tmp_path)
    approve(world, release_id, "robin", "sam")
    whole = releases._write_file

    def killed(*given: object) -> int:
        if at == "after rename":
            whole(*given)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(releases, "_write_file", killed)
    with pytest.raises(KeyboardInterrupt):
        run(world, tmp_path, release_id)
    monkeypatch.setattr(releases, "_write_file", whole)
    with pytest.raises(DeliveryError, match="in the file it was begun in"):
        run(world, tmp_path, release_id, "elsewhere.csv")
    assert run(world, tmp_path, release_id) == 50
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 51
    acts = [line.act for line in world.brake.chain.every()]
    assert acts.count("release.begun") == acts.count("release.done") == 1


def test_a_stream_cannot_be_gone_on_with(world: World, tmp_path: Path) -> None:
    release_id = ask(world, tmp_path)
    approve(world, release_id, "robin", "sam")

    class Broken:
        def write(self, text: str) -> int:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_release(
            world.brake, world.keyring, release_id, tmp_path / "tokens.txt", None, Broken()  # type: ignore[arg-type]
        )  # fmt: skip
    with pytest.raises(DeliveryError, match="already"):
        run(world, tmp_path, release_id)


def test_masked_purposes_release_masked_values(world: World, tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="masked"):
        ask(world, tmp_path, purpose="look")
    release_id = ask(world, tmp_path, purpose="look", clear=False)
    approve(world, release_id, "robin", "sam")
    run(world, tmp_path, release_id)
    assert (tmp_path / "out.csv").read_text().splitlines()[1].endswith(",•••0000")


def test_a_file_already_there_is_never_replaced(world: World, tmp_path: Path) -> None:
    release_id = ask(world, tmp_path)
    approve(world, release_id, "robin", "sam")
    (tmp_path / "out.csv").write_text("mine")
    with pytest.raises(UsageError, match="already"):
        run(world, tmp_path, release_id)
    assert (tmp_path / "out.csv").read_text() == "mine"


@pytest.mark.parametrize("text", ["", "\n\n", "tk1_short\n", "900-00-0001\n", "\x00\xff"])
def test_a_file_that_is_no_list_of_tokens_is_refused_without_repeating_it(
    world: World, tmp_path: Path, text: str
) -> None:
    (tmp_path / "tokens.txt").write_bytes(text.encode("latin-1"))
    with pytest.raises((TableError, UsageError)) as caught:
        ask(world, tmp_path)
    assert "900" not in str(caught.value) and "short" not in str(caught.value)


def test_a_stopped_actor_neither_asks_nor_approves(world: World, tmp_path: Path) -> None:
    release_id = ask(world, tmp_path)
    keeping.stop_actor(world.brake, "robin", "left the company")
    with pytest.raises(DeliveryError, match="stopped"):
        approve(world, release_id, "robin")
