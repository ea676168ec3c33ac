"""Make the table and put three customers into it."""

from __future__ import annotations

from model import Base, Customer, engine
from sqlalchemy.orm import Session


def main() -> None:
    """Fill the database; SSNs of 666 were never issued."""
    database = engine()
    Base.metadata.create_all(database)
    with Session(database) as session:
        session.add_all(
            [
                Customer(name="Ann Lee", ssn="666-12-3456"),
                Customer(name="Bob Roe", ssn="666-12-3457"),
                Customer(name="Cy Poe", ssn=None),
            ]
        )
        session.commit()
    print("3 customers")


if __name__ == "__main__":
    main()
