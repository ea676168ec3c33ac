"""A protected column in an application: equality works through tokens, nothing else does, and nothing shows."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.sql.cache_key import NO_CACHE

from amends.kernel.errors import AmendsError, TableError
from amends.vault import sqlalchemy_values
from amends.vault.keyring import Keyring
from amends.vault.roots.file import FileRoot
from amends.vault.sqlalchemy_type import Masked, Protected, digits, last_four

ANN, BOB, CY = "666-12-3456", "666-12-3457", "666-12-3458"
HELD: dict[str, Keyring] = {}


def open_keyring() -> Keyring:
    return HELD["keyring"]


@pytest.fixture(scope="module", autouse=True)
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    folder = tmp_path_factory.mktemp("vault")
    root = FileRoot.create(folder / "root.key", "root.key")
    HELD["keyring"] = Keyring.create(folder / "vault", root)
    return HELD["keyring"]


class Base(orm.DeclarativeBase):
    pass


SSN = Protected(open_keyring, "ssn", normal=digits)


class Customer(Base):
    __tablename__ = "customers"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    ssn: orm.Mapped[Any] = orm.mapped_column(SSN, index=True, nullable=True)
    licence: orm.Mapped[Any] = orm.mapped_column(
        Protected(open_keyring, "drivers_licence"), nullable=True
    )
    claims: orm.Mapped[list[Claim]] = orm.relationship(
        primaryjoin=lambda: orm.foreign(Claim.ssn) == Customer.ssn, viewonly=True
    )

    @hybrid_property
    def identity(self) -> Any:
        return self.ssn


class Claim(Base):
    __tablename__ = "claims"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    ssn: orm.Mapped[Any] = orm.mapped_column(Protected(open_keyring, "ssn", normal=digits))


@pytest.fixture
def engine() -> Iterator[sa.Engine]:
    engine = sa.create_engine("sqlite://", hide_parameters=True, poolclass=sa.StaticPool)
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add_all(
            [
                Customer(id=1, name="Ann", ssn=ANN, licence="D1"),
                Customer(id=2, name="Bob", ssn=BOB, licence="D2"),
                Customer(id=3, name="Cy", ssn=None, licence=None),
                Claim(id=7, ssn="666123456"),
            ]
        )
        session.commit()
    yield engine
    engine.dispose()


def _stored(engine: sa.Engine, table: str = "customers") -> list[Any]:
    with engine.connect() as conn:
        return [r[0] for r in conn.exec_driver_sql(f"SELECT ssn FROM {table} ORDER BY id")]


def _names(engine: sa.Engine, where: Any) -> list[str]:
    with orm.Session(engine) as session:
        return list(session.scalars(sa.select(Customer.name).where(where).order_by(Customer.id)))


def test_the_database_holds_tokens_and_the_application_a_mask(engine: sa.Engine) -> None:
    stored = _stored(engine)
    assert stored[0].startswith("tk1_") and stored[2] is None
    with orm.Session(engine) as session:
        ann = session.get_one(Customer, 1)
        assert isinstance(ann.ssn, Masked) and ann.ssn.token == stored[0]
        assert "3456" not in f"{ann.ssn} {ann.ssn!r}"


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (lambda: Customer.ssn == ANN, ["Ann"]),
        (lambda: Customer.ssn == "666123456", ["Ann"]),
        (lambda: Customer.ssn == "  666 12 3456", ["Ann"]),
        (lambda: Customer.ssn == CY, []),
        (lambda: Customer.ssn != ANN, ["Bob"]),
        (lambda: Customer.ssn.in_([ANN, BOB]), ["Ann", "Bob"]),
        (lambda: Customer.ssn.in_([]), []),
        (lambda: Customer.ssn.not_in([ANN]), ["Bob"]),
        (lambda: Customer.ssn.is_(None), ["Cy"]),
        (lambda: Customer.ssn == None, ["Cy"]),  # noqa: E711
        (lambda: Customer.ssn.is_not(None), ["Ann", "Bob"]),
        (lambda: sa.or_(Customer.ssn == ANN, Customer.licence == "D2"), ["Ann", "Bob"]),
        (lambda: ~(Customer.ssn == ANN), ["Bob"]),
        (lambda: Customer.ssn.in_(sa.select(Claim.ssn)), ["Ann"]),
        (lambda: Customer.ssn == sa.select(Claim.ssn).limit(1).scalar_subquery(), ["Ann"]),
        (lambda: sa.exists().where(Claim.ssn == Customer.ssn), ["Ann"]),
        (lambda: Customer.identity == ANN, ["Ann"]),
        (None, ["Ann"]),
    ],
)
def test_equality_works_through_tokens(engine: sa.Engine, where: Any, found: Any) -> None:
    if where is None:
        other = orm.aliased(Customer)
        with orm.Session(engine) as session:
            assert session.scalars(sa.select(other.name).where(other.ssn == ANN)).all() == ["Ann"]
    else:
        assert _names(engine, where()) == found


def test_columns_of_one_domain_join(engine: sa.Engine) -> None:
    with orm.Session(engine) as session:
        joined = sa.select(Customer.name, Claim.id).join(Claim, Claim.ssn == Customer.ssn)
        assert session.execute(joined).all() == [("Ann", 7)]
        assert [c.id for c in session.get_one(Customer, 1).claims] == [7]
        eager = sa.select(Customer).options(orm.selectinload(Customer.claims))
        assert [len(c.claims) for c in session.scalars(eager.order_by(Customer.id))] == [1, 0, 0]


REFUSED = {
    "like": lambda: Customer.ssn.like("666%"),
    "ilike": lambda: Customer.ssn.ilike("666%"),
    "not_like": lambda: Customer.ssn.not_like("666%"),
    "contains": lambda: Customer.ssn.contains("34"),
    "startswith": lambda: Customer.ssn.startswith("666"),
    "endswith": lambda: Customer.ssn.endswith("3456"),
    "icontains": lambda: Customer.ssn.icontains("34"),
    "regexp": lambda: Customer.ssn.regexp_match("^666"),
    "regexp_replace": lambda: Customer.ssn.regexp_replace("6", "7"),
    "match": lambda: Customer.ssn.match("666"),
    "less": lambda: Customer.ssn < ANN,
    "at least": lambda: Customer.ssn >= ANN,
    "between": lambda: Customer.ssn.between(ANN, BOB),
    "concat": lambda: Customer.ssn + "x",
    "concat from the right": lambda: "x" + Customer.ssn,
    "concat function": lambda: Customer.ssn.concat("x"),
    "order": Customer.ssn.desc,
    "collate": lambda: Customer.ssn.collate("NOCASE"),
    "another domain": lambda: Customer.ssn == Customer.licence,
    "a plain column": lambda: Customer.ssn == Customer.name,
    "a query of another domain": lambda: Customer.ssn.in_(sa.select(Customer.licence)),
    "a parameter that comes later": lambda: Customer.ssn == sa.bindparam("x"),
    "a number": lambda: Customer.ssn == 666123456,
    "a mask": lambda: Customer.ssn == "•••••3456",
    "a text for a list": lambda: Customer.ssn.in_(ANN),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_tokens_cannot_do_is_refused_when_written(name: str) -> None:
    with pytest.raises(TableError) as told:
        REFUSED[name]()
    assert told.value.remedy
    assert "3456" not in str(told.value)


REFUSED_LATE = {
    "order by": lambda: sa.select(Customer.name).order_by(Customer.ssn),
    "order by with others": lambda: sa.select(Customer.name).order_by(Customer.id, Customer.ssn),
    "lower": lambda: sa.select(sa.func.lower(Customer.ssn)),
    "lower compared": lambda: sa.select(Customer).where(sa.func.lower(Customer.ssn) == ANN),
    "substr": lambda: sa.select(sa.func.substr(Customer.ssn, 1, 3)),
    "max": lambda: sa.select(sa.func.max(Customer.ssn)),
    "cast": lambda: sa.select(sa.cast(Customer.ssn, sa.Integer)),
    "a plain column first": lambda: sa.select(Customer).where(Customer.name == Customer.ssn),
    "concat after another": lambda: sa.select(Customer.name + Customer.ssn),
    "window": lambda: sa.select(sa.func.row_number().over(order_by=Customer.ssn)),
    "subquery": lambda: sa.select(sa.select(sa.func.upper(Customer.ssn)).subquery()),
    "update": lambda: sa.update(Customer).values(name=sa.func.lower(Customer.ssn)),
}


@pytest.mark.parametrize("name", REFUSED_LATE)
def test_what_cannot_be_seen_sooner_is_refused_before_it_is_sent(
    engine: sa.Engine, name: str
) -> None:
    with orm.Session(engine) as session, pytest.raises(TableError) as told:
        session.execute(REFUSED_LATE[name]())
    assert told.value.remedy


def test_counting_and_grouping_go_on(engine: sa.Engine) -> None:
    with orm.Session(engine) as session:
        assert session.scalar(sa.select(sa.func.count(Customer.ssn))) == 2
        assert session.scalar(sa.select(sa.func.count(sa.distinct(Customer.ssn)))) == 2
        assert session.scalar(sa.select(sa.func.count(Customer.ssn.distinct()))) == 2
        grouped = sa.select(Customer.ssn, sa.func.count()).group_by(Customer.ssn)
        assert len(session.execute(grouped).all()) == 3


def test_what_came_from_the_database_can_go_back(engine: sa.Engine) -> None:
    with orm.Session(engine) as session:
        ann, cy = session.get_one(Customer, 1), session.get_one(Customer, 3)
        cy.ssn = ann.ssn
        session.commit()
        assert session.scalars(sa.select(Customer.id).where(Customer.ssn == ann.ssn)).all() == [
            1,
            3,
        ]
        session.refresh(cy)
        assert cy.ssn == ann.ssn and hash(cy.ssn) == hash(ann.ssn)
    stored = _stored(engine)
    assert stored[0] == stored[2]


@pytest.mark.parametrize("value", ["•••••3456", "tk1_" + "A" * 34, 666123456, b"666123456"])
def test_a_mask_a_token_or_a_number_is_not_stored(engine: sa.Engine, value: Any) -> None:
    with orm.Session(engine) as session:
        session.add(Customer(id=9, name="Eve", ssn=value))
        with pytest.raises((sa.exc.StatementError, AmendsError)) as told:
            session.commit()
    assert "3456" not in str(told.value)
    assert len(_stored(engine)) == 3


def test_a_value_of_another_domain_is_not_stored(engine: sa.Engine) -> None:
    with orm.Session(engine) as session:
        ann = session.get_one(Customer, 1)
        ann.ssn = ann.licence
        with pytest.raises((sa.exc.StatementError, AmendsError)):
            session.commit()


def test_bulk_insert_executemany_and_returning(engine: sa.Engine) -> None:
    rows = [
        {"id": n, "name": f"p{n}", "ssn": f"667{n:06d}", "licence": None} for n in range(100, 600)
    ]
    with orm.Session(engine) as session:
        session.execute(sa.insert(Customer), rows[:200])
        session.bulk_insert_mappings(Customer, rows[200:300])  # type: ignore[arg-type]
        tokens = SSN.many([r["ssn"] for r in rows[300:]])
        ready = [{**r, "ssn": t} for r, t in zip(rows[300:], tokens, strict=True)]
        back = session.scalars(sa.insert(Customer).returning(Customer.ssn), ready).all()
        assert back == tokens
        session.commit()
    table = Customer.__table__
    with engine.begin() as conn:
        conn.execute(sa.insert(table), [{"id": 900, "name": "q", "ssn": "667000900"}])
        found = conn.execute(sa.select(table.c.id).where(table.c.ssn == "667-00-0555")).scalars()
        assert found.all() == [555]
    assert all(s is None or s.startswith("tk1_") for s in _stored(engine))


def test_update_and_delete_by_value_keep_the_session_right(engine: sa.Engine) -> None:
    with orm.Session(engine) as session:
        ann = session.get_one(Customer, 1)
        session.execute(sa.update(Customer).where(Customer.ssn == ANN).values(name="Anna"))
        assert ann.name == "Anna"
        session.execute(sa.delete(Customer).where(Customer.ssn == "666123457"))
        assert session.scalars(sa.select(Customer.id).order_by(Customer.id)).all() == [1, 3]


def test_reveal_always_by_a_function_and_with_a_mask(engine: sa.Engine) -> None:
    asked: list[str] = []

    def brake(token: str) -> str | None:
        asked.append(token)
        return None if len(asked) > 1 else "from the brake"

    def read(kind: Protected) -> list[Any]:
        table = sa.table("customers", sa.column("ssn", kind), sa.column("id"))
        with engine.connect() as conn:
            return list(conn.execute(sa.select(table.c.ssn).order_by(table.c.id)).scalars())

    assert read(Protected(open_keyring, "ssn", reveal="always")) == ["666123456", "666123457", None]
    first, second, none = read(Protected(open_keyring, "ssn", reveal=brake))
    assert first == "from the brake" and isinstance(second, Masked) and none is None
    assert asked == _stored(engine)[:2]
    shown = read(Protected(open_keyring, "ssn", mask=last_four))
    assert [str(v) for v in shown] == ["•••••3456", "•••••3457", "None"]


def test_echo_and_errors_show_tokens_only(
    engine: sa.Engine, caplog: pytest.LogCaptureFixture
) -> None:
    loud = sa.create_engine("sqlite://", echo=True, hide_parameters=False)
    Base.metadata.create_all(loud)
    with caplog.at_level(logging.DEBUG, "sqlalchemy"):
        with orm.Session(loud) as session:
            session.add(Customer(id=1, name="Ann", ssn=ANN))
            session.commit()
            session.scalars(sa.select(Customer).where(Customer.ssn == ANN)).all()
        with loud.connect() as conn, pytest.raises(sa.exc.IntegrityError) as told:
            conn.execute(
                sa.insert(Customer.__table__), {"id": 1, "name": "B", "ssn": BOB, "licence": None}
            )
    seen = caplog.text + str(told.value)
    loud.dispose()
    assert "tk1_" in seen
    for part in ("3456", "3457", "666"):
        assert part not in seen


def test_an_error_before_binding_shows_nothing_where_parameters_are_hidden(
    engine: sa.Engine,
) -> None:
    with engine.connect() as conn, pytest.raises(sa.exc.StatementError) as told:
        conn.execute(sa.insert(Customer.__table__), [{"id": 1, "name": "x", "ssn": ANN}, {"id": 2}])
    assert "3456" not in str(told.value)


def test_no_key_and_no_value_stands_in_the_statement_cache(engine: sa.Engine) -> None:
    statement = sa.select(Customer).where(Customer.ssn == ANN)
    key = statement._generate_cache_key()
    assert key is not None and SSN._static_cache_key is not NO_CACHE
    assert "3456" not in repr(key) + repr(SSN) + str(statement)
    literal = str(statement.compile(compile_kwargs={"literal_binds": True}))
    assert "3456" not in literal and "tk1_" in literal
    compiled = engine._compiled_cache
    assert compiled is not None
    with orm.Session(engine) as session:
        session.scalars(statement).all()
        before = len(compiled)
        for value in (BOB, CY, "666000000"):
            session.scalars(sa.select(Customer).where(Customer.ssn == value)).all()
        assert len(compiled) == before


def test_two_keyrings_are_not_mistaken_for_each_other(tmp_path: Path, engine: sa.Engine) -> None:
    other = Keyring.create(tmp_path / "v", FileRoot.create(tmp_path / "root.key", "root.key"))
    mine = sa.table("customers", sa.column("ssn", Protected(open_keyring, "ssn", normal=digits)))
    theirs = sa.table("customers", sa.column("ssn", Protected(other, "ssn", normal=digits)))
    with engine.connect() as conn:
        for _ in range(2):
            assert len(conn.execute(sa.select(mine).where(mine.c.ssn == ANN)).all()) == 1
            assert not conn.execute(sa.select(theirs).where(theirs.c.ssn == ANN)).all()
    with pytest.raises(TableError):
        _ = mine.c.ssn == theirs.c.ssn


def test_a_value_is_found_under_every_live_key_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = Keyring.create(tmp_path / "v", FileRoot.create(tmp_path / "root.key", "root.key"))
    table = sa.Table("t", sa.MetaData(), sa.Column("ssn", Protected(keyring, "ssn")))
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    table.create(engine)
    early = sa.select(table).where(table.c.ssn == "666123456")
    with engine.begin() as conn:
        conn.execute(sa.insert(table), {"ssn": "666123456"})
        with keyring.changing("key.made", {}) as change:
            change.file = keyring.with_new_version(change.file, "siv", "ssn")
        conn.execute(sa.insert(table), {"ssn": "666123456"})
        found = conn.execute(sa.select(table).where(table.c.ssn == "666123456")).scalars().all()
        assert [v.token[:4] for v in found] == ["tk1_", "tk2_"]
        monkeypatch.setattr(sqlalchemy_values, "FRESH_SECONDS", -1.0)
        with pytest.raises((TableError, sa.exc.StatementError), match="version"):
            conn.execute(early)
        again = sa.select(table).where(table.c.ssn == found[1])
        assert len(conn.execute(again).all()) == 2
    engine.dispose()


def test_a_random_column_cannot_be_searched(engine: sa.Engine) -> None:
    table = sa.Table("r", sa.MetaData(), sa.Column("ssn", Protected(open_keyring, "ssn", "random")))
    table.create(engine)
    with engine.begin() as conn:
        conn.execute(sa.insert(table), [{"ssn": ANN}, {"ssn": ANN}])
        first, second = conn.execute(sa.select(table)).scalars()
        assert first.token != second.token and first.token.startswith("tr1_")
    with pytest.raises(TableError):
        _ = table.c.ssn == ANN


def test_tokens_that_keep_their_form(engine: sa.Engine) -> None:
    kind = Protected(open_keyring, "account_number", "ff1", normal=digits, length=12)
    table = sa.Table("accounts", sa.MetaData(), sa.Column("number", kind))
    table.create(engine)
    with engine.begin() as conn:
        conn.execute(sa.insert(table), [{"number": "4511-0503-56"}, {"number": "4511050357"}])
        stored = conn.exec_driver_sql("SELECT number FROM accounts").scalars().all()
        assert all(len(s) == 10 and s.isdigit() for s in stored) and "4511050356" not in stored
        found = conn.execute(sa.select(table).where(table.c.number == "4511050356")).scalars().all()
        assert [f.token for f in found] == stored[:1]


def test_pickling_copies_and_migrations(engine: sa.Engine) -> None:
    table = pickle.loads(pickle.dumps(Customer.__table__))
    assert table.c.ssn.type.domain == "ssn" and table.c.ssn.type.same_domain(SSN)
    assert copy.deepcopy(SSN).same_domain(SSN)
    with pytest.raises((TableError, pickle.PicklingError)):
        pickle.dumps(Protected(HELD["keyring"], "ssn"))
    with orm.Session(engine) as session:
        ann = pickle.loads(pickle.dumps(session.get_one(Customer, 1)))
        assert ann.ssn.token == _stored(engine)[0]
    held = {c["name"]: c["type"] for c in sa.inspect(engine).get_columns("customers")}
    assert isinstance(held["ssn"], sa.String) and held["ssn"].length == 96
    moved = Customer.__table__.to_metadata(sa.MetaData())
    assert moved.c.ssn.type.length == 96
    assert "CREATE TABLE" in str(sa.schema.CreateTable(moved)) and "VARCHAR(96)" in str(
        sa.schema.CreateTable(moved)
    )


@pytest.mark.slow
def test_an_async_engine_on_postgresql_works_the_same() -> None:
    from sqlalchemy.ext.asyncio import create_async_engine

    from tests.notices.postgres import server

    async def run(address: str) -> list[str]:
        engine = create_async_engine(address, poolclass=sa.NullPool)
        async with engine.begin() as conn:
            await conn.run_sync(Base.metadata.create_all)
            await conn.execute(sa.insert(Customer), [{"id": 1, "name": "Ann", "ssn": ANN}])
            found = await conn.execute(sa.select(Customer.name).where(Customer.ssn == ANN))
            names = list(found.scalars())
            with pytest.raises(TableError):
                await conn.execute(sa.select(Customer.name).order_by(Customer.ssn))
        await engine.dispose()
        return names

    with server() as address:
        assert asyncio.run(run(address)) == ["Ann"]
