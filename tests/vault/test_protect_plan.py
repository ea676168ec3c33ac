"""Plans: which columns, which tables together, what a person may edit, what is refused when a plan is used."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.kernel.errors import UsageError
from amends.vault.protect.plan import (
    Plan,
    PlannedColumn,
    PlannedTable,
    check,
    grouped,
    in_order,
    joined,
    shape_digest,
)
from amends.vault.protect.plan_file import read_plan, write_plan
from amends.vault.protect.propose import Added, Found, chosen_columns
from amends.vault.stores.base import (
    Change,
    ChangingStore,
    ColumnShape,
    ForeignKey,
    Outlook,
    Refusal,
    TableShape,
)


def shape(name: str, *columns: str, key: tuple[str, ...] = (), **points: str) -> TableShape:
    """Return a table; ``ssn="b.ssn"`` points with column ssn to column ssn of table b."""
    keys = tuple(
        ForeignKey((here,), there.split(".")[0], (there.split(".")[1],))
        for here, there in points.items()
    )
    return TableShape(name, tuple(ColumnShape(c, "text") for c in columns), key, 3, (), keys)


CUSTOMERS = shape("customers", "id", "ssn", "name", key=("id",))
ACCOUNTS = shape("accounts", "owner", "n", key=("n",), owner="customers.ssn")
CARDS = shape("cards", "owner", "pan", key=("pan",), owner="accounts.owner")
OTHER = shape("other", "id", "imei", key=("id",))
SHAPES = (CUSTOMERS, ACCOUNTS, CARDS, OTHER)


def found(table: str, column: str, element: str, n: int = 10, hashed: bool = False) -> Found:
    return Found(table, column, element, n, n, hashed)


# --- which columns


@pytest.mark.parametrize(
    ("element", "scheme", "words"),
    [
        ("ssn", "siv", ""), ("imei", "siv", ""), ("card_cvv", "random", ""), ("pin", "random", ""),
        ("ssn_last4", "", "under a million"), ("zip", "", "under a million"), ("birth_date", "", "under a million"),
        ("email", "", "in clear"), ("name", "", "in clear"),
    ],
)  # fmt: skip
def test_identifiers_are_proposed_and_the_rest_is_said(
    element: str, scheme: str, words: str
) -> None:
    made, remarks = chosen_columns([found("t", "c", element)], [])
    if scheme:
        assert made["t"]["c"].scheme == scheme
        assert made["t"]["c"].domain == element
        assert not remarks
    else:
        assert not made
        assert words in remarks[0]


def test_an_unkeyed_hash_is_no_protection_and_said_to_be_none() -> None:
    made, remarks = chosen_columns([found("t", "c", "ssn", hashed=True)], [])
    assert not made
    assert "no protection" in remarks[0]


def test_a_column_of_two_kinds_takes_that_of_most_values() -> None:
    both = [found("t", "c", "itin", 3), found("t", "c", "ssn", 90), found("t", "c", "email", 500)]
    made, _ = chosen_columns(both, [])
    assert made["t"]["c"].domain == "ssn"


def test_what_a_person_adds_goes_before_what_was_found() -> None:
    made, _ = chosen_columns([found("t", "c", "ssn")], [Added("t", "c", "member_number")])
    assert made["t"]["c"].domain == "member_number"


def test_foreign_keys_pull_columns_in_both_ways_under_one_domain() -> None:
    start = {"accounts": {"owner": PlannedColumn("owner", "ssn")}}
    made = joined(SHAPES, start)
    assert {(t, c, p.domain) for t, cs in made.items() for c, p in cs.items()} == {
        ("customers", "ssn", "ssn"), ("accounts", "owner", "ssn"), ("cards", "owner", "ssn"),
    }  # fmt: skip
    assert "foreign key" in made["cards"]["owner"].why


def test_tables_joined_over_protected_columns_change_together_those_pointed_to_first() -> None:
    chosen = joined(SHAPES, {"cards": {"owner": PlannedColumn("owner", "ssn")}})
    chosen["other"] = {"imei": PlannedColumn("imei", "imei")}
    groups = grouped(SHAPES, chosen)
    assert groups["customers"] == groups["accounts"] == groups["cards"] != groups["other"]
    ordered = in_order(SHAPES, chosen, groups)
    assert ordered.index("customers") < ordered.index("accounts") < ordered.index("cards")


def test_a_circle_of_foreign_keys_has_an_order() -> None:
    a, b = shape("a", "x", x="b.x"), shape("b", "x", x="a.x")
    chosen = joined((a, b), {"a": {"x": PlannedColumn("x", "ssn")}})
    groups = grouped((a, b), chosen)
    assert sorted(in_order((a, b), chosen, groups)) == ["a", "b"]


# --- the file


def plan(*tables: PlannedTable, **given: object) -> Plan:
    made = Plan(
        "V" + "0" * 16, "vault1", "shop.db", "shop.db", "2026-01-01T00:00:00Z", 1000, tables
    )
    return dataclasses.replace(made, **given)  # type: ignore[arg-type]


def planned(table: TableShape, *columns: PlannedColumn, **given: object) -> PlannedTable:
    made = PlannedTable(table.name, "V" + "1" * 16, columns, shape_digest(table), 3)
    return dataclasses.replace(made, **given)  # type: ignore[arg-type]


SSN = PlannedColumn("ssn", "ssn")
_names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(table=_names, column=_names, note=_names)
def test_a_plan_comes_back_from_its_file_whatever_the_names(
    tmp_path_factory: pytest.TempPathFactory, table: str, column: str, note: str
) -> None:
    path = tmp_path_factory.mktemp("p") / "plan.toml"
    one = planned(
        shape(table, column), PlannedColumn(column, "ssn", why=note), notes=(note,),
        refusals=(Refusal(note, note),), guard=True,
    )  # fmt: skip
    made = plan(one, remarks=(note,))
    write_plan(path, made)
    back = read_plan(path)
    assert back.digest() == made.digest()
    assert back.tables[0].name == table
    assert back.tables[0].columns[0].name == column


def test_a_plan_is_read_by_its_owner_only(tmp_path: Path) -> None:
    write_plan(tmp_path / "plan.toml", plan(planned(CUSTOMERS, SSN)))
    assert (tmp_path / "plan.toml").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('name = "ssn"', 'nmae = "ssn"', "lacks something"),
        ('scheme = "siv"', 'scheme = "rot13"', "lacks something"),
        ("guard = false", 'guard = "no"', "lacks something"),
        ("chunk_rows = 1000", "chunk_rows = 0", "lacks something"),
        ('change_id = "V1', "change_id = \"V'; DROP", "lacks something"),
        ("[[table]]", "[[table", "not TOML"),
        ('address = "shop.db"', 'address = "postgresql://u:p@h/db"', "password"),
    ],
)
def test_an_edit_that_breaks_the_plan_is_said(
    tmp_path: Path, before: str, after: str, words: str
) -> None:
    path = tmp_path / "plan.toml"
    write_plan(path, plan(planned(CUSTOMERS, SSN)))
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(UsageError, match=words):
        read_plan(path)


def test_words_for_the_reader_do_not_change_the_digest() -> None:
    one = plan(planned(CUSTOMERS, SSN))
    other = plan(planned(CUSTOMERS, SSN, notes=("other",)), remarks=("other",))
    assert one.digest() == other.digest()
    assert one.digest() != plan(planned(CUSTOMERS, PlannedColumn("ssn", "tax_number"))).digest()


# --- used


class Stand:
    """A store that has tables and refuses what it is told to."""

    name = "shop.db"

    def __init__(self, *shapes: TableShape, refuses: str = "") -> None:
        self.shapes, self.refuses = list(shapes), refuses

    def tables(self, *, count: bool = True) -> list[TableShape]:
        return self.shapes

    def outlook(self, change: Change) -> Outlook:
        return Outlook((Refusal(self.refuses, "mend it"),) if self.refuses else ())


def _cases() -> Iterator[tuple[str, Plan, Stand, str]]:
    good = planned(CUSTOMERS, SSN)
    yield "good", plan(good), Stand(CUSTOMERS), ""
    yield "vault", plan(good, vault_id="vault2"), Stand(CUSTOMERS), "another vault"
    yield "store", plan(good, store="other.db"), Stand(CUSTOMERS), "another store"
    yield "gone", plan(good), Stand(OTHER), "no such table"
    yield "shape", plan(good), Stand(shape("customers", "id", "ssn", key=("id",))), "was changed"
    yield (
        "column",
        plan(planned(CUSTOMERS, PlannedColumn("x", "ssn"))),
        Stand(CUSTOMERS),
        "was changed",
    )
    yield "empty", plan(planned(CUSTOMERS)), Stand(CUSTOMERS), "names no column"
    yield "twice", plan(planned(CUSTOMERS, SSN, SSN)), Stand(CUSTOMERS), "names no column"
    yield (
        "small",
        plan(planned(CUSTOMERS, PlannedColumn("ssn", "zip", "ff1"))),
        Stand(CUSTOMERS),
        "FF1 would not",
    )
    yield (
        "guard", plan(planned(CUSTOMERS, PlannedColumn("ssn", "ssn", "ff1"), guard=True)), Stand(CUSTOMERS),
        "cannot refuse",
    )  # fmt: skip
    yield "one end", plan(good), Stand(CUSTOMERS, ACCOUNTS), "not protected alike"
    yield (
        "two domains", plan(good, planned(ACCOUNTS, PlannedColumn("owner", "owner"))), Stand(CUSTOMERS, ACCOUNTS),
        "not protected alike",
    )  # fmt: skip
    yield (
        "two groups", plan(good, planned(ACCOUNTS, PlannedColumn("owner", "ssn"), group=2)),
        Stand(CUSTOMERS, ACCOUNTS), "not protected alike",
    )  # fmt: skip
    yield (
        "random key", plan(planned(CUSTOMERS, PlannedColumn("id", "ssn", "random"))), Stand(CUSTOMERS),
        "cannot be a key",
    )  # fmt: skip
    yield "refused", plan(good), Stand(CUSTOMERS, refuses="no key"), "no key"


@pytest.mark.parametrize(
    ("made", "stand", "words"), [c[1:] for c in _cases()], ids=[c[0] for c in _cases()]
)
def test_a_plan_is_checked_again_when_it_is_used(made: Plan, stand: Stand, words: str) -> None:
    store: ChangingStore = stand  # type: ignore[assignment]  # what a check asks for is there
    if not words:
        check(made, store, "vault1")
        return
    with pytest.raises(UsageError, match=words) as caught:
        check(made, store, "vault1")
    assert caught.value.remedy
