"""The commands of the room, as a person gives them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from amends.cli.main import cli
from amends.cli.portal import address_warnings
from amends.kernel.case import Case
from amends.kernel.errors import DeliveryError, UsageError
from tests.notices.world import make_case
from tests.portal.world import World, publish_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with make_case(tmp_path / "case"):
        pass
    yield publish_world(tmp_path)


def amends(*words: object) -> Result:
    done = CliRunner().invoke(cli, ["--no-input", *map(str, words)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


@pytest.mark.parametrize(
    ("site", "domain", "says"),
    [
        ("help.larkspur.example", "larkspur.example", ""),
        ("Help.Larkspur.Example/start", "www.larkspur.example", ""),
        ("a.b.larkspur.example", "larkspur.example", ""),
        ("", "larkspur.example", "no address"),
        ("help.larkspur.example", "", "domain is not known"),
        ("larkspur-help.example", "larkspur.example", "not a sub-domain"),
        ("evil-larkspur.example", "larkspur.example", "not a sub-domain"),
        ("larkspur.example.evil.example", "larkspur.example", "not a sub-domain"),
        ("larkspur.example", "larkspur.example", "not a sub-domain"),
    ],
)
def test_an_address_people_cannot_trust_is_warned_of(site: str, domain: str, says: str) -> None:
    found = address_warnings(site, domain)
    assert (says in found[0]) if says else not found


def test_what_is_whole_is_said_to_be_and_what_is_not_ends_with_four(world: World) -> None:
    good = amends("portal", "verify", world.published, "--case", world.keys.parent, "--json")
    assert json.loads(good.stdout)["whole"] is True
    (world.published / "current" / "moved.json").write_text("{ }")
    bad = amends("portal", "verify", world.published)
    assert bad.exit_code == 4
    assert "moved.json was changed" in bad.stdout


def test_how_a_site_stands_is_shown(world: World) -> None:
    found = json.loads(amends("portal", "status", world.published, "--json").stdout)
    assert (found["edition"], found["counts"]["people"]) == (1, 5)
    assert "people" in amends("portal", "status", world.published).stdout
    with pytest.raises(UsageError, match="Nothing is published"):
        amends("portal", "status", world.keys)


def test_the_banner_key_is_shown_only_on_request_and_that_is_noted(world: World) -> None:
    case = world.keys.parent
    held = json.loads((world.keys / "banner.json").read_text())
    shown = amends("portal", "banner-key", case).stdout
    assert str(world.keys / "banner.json") in shown.replace("\n", "")
    assert held["key_id"] in shown
    assert held["request_key"] not in shown
    assert held["account_key"] not in shown
    revealed = json.loads(amends("portal", "banner-key", case, "--reveal", "--json").stdout)
    assert revealed["account_key"] == held["account_key"]
    with Case(case) as opened:
        line = opened.ledger.last("reveal")
        assert line is not None
        assert line.body == {"what": "banner_key", "key_id": held["key_id"]}


def test_a_case_without_a_release_cannot_be_published(world: World, tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="sealed"):
        amends("portal", "publish", world.keys.parent, "--to", tmp_path / "out")
    assert not (tmp_path / "out").exists()
