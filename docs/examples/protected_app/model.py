"""The customers of the desk; their SSNs are tokens in the database."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from amends.vault.keyring import Keyring
from amends.vault.sqlalchemy_type import Masked, Protected, digits, last_four

VAULT = Path(os.environ.get("DESK_VAULT", "vault"))
DATABASE = os.environ.get("DESK_DATABASE", "sqlite:///desk.db")


@cache
def keyring() -> Keyring:
    """Open the vault, once, when the first statement needs it."""
    return Keyring.open(VAULT)


class Base(DeclarativeBase):
    """The tables of the desk."""


class Customer(Base):
    """A customer; ``ssn`` comes back as a mask that shows the last four digits."""

    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    ssn: Mapped[Masked | str | None] = mapped_column(
        Protected(keyring, "ssn", normal=digits, mask=last_four), index=True
    )


def engine() -> Engine:
    """Open the database; what an error says of a statement leaves its parameters out."""
    return create_engine(DATABASE, hide_parameters=True)
