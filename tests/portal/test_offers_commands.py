"""The commands of offers and protection, as a person gives them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from amends.cli.offers import offers
from amends.cli.output import Face
from amends.cli.protection import protection
from amends.kernel.errors import UsageError
from amends.portal.keys import read_site_keys
from amends.portal.offers.book import OfferBook
from amends.portal.offers.history import history_of
from amends.portal.protection.http import SigningSecret
from amends.portal.protection.simulator import Faults, Simulator
from amends.portal.state import open_state
from tests.portal.claims_world import PRODUCT, code, handle
from tests.portal.world import World, publish_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a published world."""
    return publish_world(tmp_path)


def run(group: Any, *words: object, codes: tuple[int, ...] = (0,), text: str = "") -> Result:
    """Run a command and return what it said."""
    face = Face(no_input=True)
    made = CliRunner().invoke(group, [str(w) for w in words], obj=face, input=text)
    if made.exception and not isinstance(made.exception, SystemExit):
        raise made.exception
    assert made.exit_code in codes, made.output
    return made


def answer(group: Any, *words: object, codes: tuple[int, ...] = (0,)) -> Any:
    """Run a command with --json and return its answer."""
    return json.loads(run(group, *words, "--json", codes=codes).stdout)


def test_from_import_to_reconciliation(world: World, tmp_path: Path) -> None:
    file = tmp_path / "codes.csv"
    file.write_text("code\n" + "".join(f"{code(n)}\n" for n in range(5)) + "ab\n")
    made = answer(
        offers, "import", world.published, file, "--product", PRODUCT, "--expires-on", "2027-12-31"
    )
    assert (made["n_new"], made["refused"]) == (
        5,
        [{"line": 7, "reason": "a code has 4 characters or more"}],
    )
    shown = run(offers, "import", world.published, file, "--product", PRODUCT)
    assert code(0) not in shown.output
    state = open_state(world.published)
    book = OfferBook(state, read_site_keys(world.published))
    assert book.claim(handle(1), PRODUCT).code == code(0)
    stock = {s["product"]: s for s in answer(offers, "status", world.published)}
    assert (stock[PRODUCT]["imported"], stock[PRODUCT]["given"], stock[PRODUCT]["free"]) == (
        5,
        1,
        4,
    )
    assert "order more" in stock[PRODUCT]["alarms"][0]
    assert answer(offers, "status", world.published, "--batches")[0]["n_new"] == 5
    run(offers, "status", world.published)
    used = tmp_path / "used.csv"
    used.write_text(f"code,redeemed_on\n{code(0)},2026-12-01\n{code(4)},2026-12-02\n")
    found = answer(offers, "reconcile", world.published, used, codes=(10,))
    assert (found["n_given_used"], found["n_never_given_used"]) == (1, 1)
    run(offers, "reconcile", world.published, used, codes=(10,))
    leaked = tmp_path / "leaked.csv"
    leaked.write_text(f"code\n{code(0)}\n")
    words = ("--code-file", leaked, "--reason", "Withdrawn.", "--yes")
    assert answer(offers, "revoke", world.published, *words)["n_used"] == 1
    swapped = answer(offers, "replace", world.published, *words, "--used-too")
    assert swapped == {
        "revoked": {"n_rows": 1, "n_free": 0, "n_given": 1, "n_used": 0, "n_before": 0, "n_unknown": 0, "n_persons": 1},
        "replaced": {"n_void": 1, "n_given": 1, "n_waiting": 0},
    }  # fmt: skip
    assert book.peek(handle(1))[0].code == code(1)
    run(offers, "history", world.published, "--to", tmp_path / "claims.csv")
    text = (tmp_path / "claims.csv").read_text()
    mine = [row["act"] for row in csv.DictReader(text.splitlines()) if row["handle"] == handle(1)]
    assert mine == ["claimed", "given", "redeemed", "revoked", "replacing", "given"]
    assert [e["act"] for e in history_of(state, handle(1))] == mine
    assert code(0) not in text
    with pytest.raises(UsageError, match="Which codes"):
        run(offers, "revoke", world.published, "--reason", "x", "--yes")
    with pytest.raises(UsageError, match="needs a yes"):
        run(offers, "revoke", world.published, "--batch", "B1", "--reason", "x")
    state.dispose()


def test_a_product_that_no_letter_offers_is_not_stocked_by_mistake(
    world: World, tmp_path: Path
) -> None:
    file = tmp_path / "codes.csv"
    file.write_text(f"code\n{code(1)}\n")
    with pytest.raises(UsageError) as found:
        run(offers, "import", world.published, file, "--product", "larkspur guard")
    assert "Larkspur Guard" in found.value.remedy
    run(offers, "import", world.published, file, "--product", "Larkspur Business", "--ahead")


def test_codes_come_through_standard_input(world: World) -> None:
    words = ("import", world.published, "-", "--product", PRODUCT, "--json")
    made = run(offers, *words, text=f"{code(1)}\n{code(2)}\n")
    assert json.loads(made.stdout)["n_new"] == 2


def test_bulk_protection_from_a_file_of_accounts_to_evidence(world: World, tmp_path: Path) -> None:
    key = world.keys / "banner.json"
    accounts = tmp_path / "accounts.csv"
    accounts.write_text(
        "name,account\n" + "".join(f"x,555-000{n}\n" for n in (1, 2, 3, 4, 9, 7)) + "x,\n"
    )
    words = ("request-all", world.published, "--accounts", accounts, "--action", "lock,pin_reset")
    with pytest.raises(UsageError, match="company's own key"):
        run(protection, *words)
    made = answer(protection, *words, "--company-key", key)
    assert (made["n_rows"], made["n_affected"], made["n_undecided"]) == (7, 4, 1)
    assert (made["n_others"], made["n_refused"]) == (1, 1)
    assert (made["n_new"], made["n_known"]) == (10, 0)
    assert answer(protection, *words, "--company-key", key)["n_known"] == 10
    simulator = Simulator(SigningSecret.read(key), Faults())
    simulator.start()
    try:
        work = ("work", world.published, "--url", simulator.url, "--key-file", key, "--yes")
        dry = answer(protection, *work, "--dry-run")
        assert dry["lock"]["asked"] == 5
        assert simulator.n_calls == 0
        assert answer(protection, *work)["done"] == 10
        assert answer(protection, *work)["done"] == 0
    finally:
        simulator.stop()
    rows = answer(protection, "status", world.published)
    assert [(r["action"], r["source"], r["done"], r["total"], r["with_evidence"]) for r in rows] == [
        ("lock", "default", 5, 5, 5), ("pin_reset", "default", 5, 5, 5)
    ]  # fmt: skip
    run(protection, "status", world.published, "--recount")
    run(protection, "evidence", world.published, "--to", tmp_path / "evidence.csv")
    with (tmp_path / "evidence.csv").open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert len(lines) == 10
    assert {line["state"] for line in lines} == {"done"}
    assert {line["account_ref"] for line in lines} == {
        world.ref(f"555-000{n}") for n in (1, 2, 3, 4, 9)
    }
    assert all(line["reference"].startswith("SIM-") and line["ended_at"] for line in lines)


def test_references_come_from_parquet_and_a_case_knows_its_settings(
    world: World, tmp_path: Path
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    accounts = tmp_path / "accounts.parquet"
    pq.write_table(pa.table({"account_ref": [world.ref("555-0001"), "nonsense", None]}), accounts)
    made = answer(
        protection, "request-all", world.published, "--accounts", accounts, "--action", "lock"
    )
    assert (made["n_rows"], made["n_affected"], made["n_refused"], made["n_new"]) == (3, 1, 2, 1)
    case = tmp_path / "case"
    (case / "case.toml").write_text(
        '[console]\npublished = "../published"\n[protection]\nurl = "http://127.0.0.1:9/x"\n'
    )
    assert answer(protection, "work", case, "--dry-run")["lock"]["asked"] == 1
    with pytest.raises(UsageError, match="It is not said where"):
        run(protection, "work", world.published, "--yes")
    odd = tmp_path / "odd.csv"
    odd.write_text("konto\n1\n")
    with pytest.raises(UsageError, match="no column that is known"):
        run(protection, "request-all", world.published, "--accounts", odd, "--action", "lock")
    run(
        protection, "request-all", world.published, "--accounts", odd, "--action", "fly", codes=(2,)
    )


def test_the_stand_in_is_started_and_stops(world: World) -> None:
    words = (
        "simulate",
        "--key-file",
        world.keys / "banner.json",
        "--port",
        "0",
        "--seconds",
        "0.05",
    )
    assert "carried_out" in run(protection, *words, "--faults", "lost=0.1,busy=0.1").output
    run(protection, *words, "--faults", "lost", codes=(2,))
    run(protection, *words, "--faults", "luck=1", codes=(2,))
