"""A customer desk: find a person by SSN, see the last four, read the whole only through the brake."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Protocol

from model import VAULT, Customer, engine
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from amends.kernel.errors import AmendsError
from amends.vault.brake.client import BrakeClient

DATABASE = engine()


class Reader(Protocol):
    """Whoever may say what stands behind a token."""

    def reveal(self, token: str, purpose: str, case: str) -> str:
        """Return the value, or a mask where the purpose allows no more."""


class Brake:
    """Asks the service of ``amends vault serve``, which counts, limits and writes down."""

    def __init__(self, address: str, key: str) -> None:
        self.client = BrakeClient(address, actor="desk", key=key)

    def reveal(self, token: str, purpose: str, case: str) -> str:
        """Return the value behind one token."""
        return self.client.reveal("ssn", [token], purpose=purpose, case=case, clear=True)[0]


class NoBrake:
    """Stands in where no service runs: nobody reads a whole SSN."""

    def reveal(self, token: str, purpose: str, case: str) -> str:
        """Refuse."""
        raise AmendsError(
            "Whole values are read through the brake, and none is running",
            remedy="start it: amends vault serve VAULT",
        )


def reader() -> Reader:
    """Return the brake where its key is there."""
    key = Path(os.environ.get("DESK_KEY", "desk.key"))
    address = os.environ.get("DESK_BRAKE", str(VAULT / "brake.sock"))
    return Brake(address, key.read_text()) if key.exists() else NoBrake()


def shown(customer: Customer) -> dict[str, Any]:
    """Return a customer as the desk sees one."""
    ssn = None if customer.ssn is None else str(customer.ssn)
    return {"id": customer.id, "name": customer.name, "ssn": ssn}


async def find(request: Request) -> JSONResponse:
    """Find customers by SSN; it comes in the body, since addresses are logged."""
    sought = str((await request.json())["ssn"])
    with Session(DATABASE) as session:
        found = session.scalars(select(Customer).where(Customer.ssn == sought)).all()
        return JSONResponse([shown(c) for c in found])


async def add(request: Request) -> JSONResponse:
    """Add a customer."""
    told = await request.json()
    with Session(DATABASE) as session:
        customer = Customer(name=str(told["name"]), ssn=str(told["ssn"]))
        session.add(customer)
        session.commit()
        return JSONResponse(shown(customer), status_code=201)


async def reveal(request: Request) -> JSONResponse:
    """Read one customer's SSN, for a purpose and a case."""
    told = await request.json()
    with Session(DATABASE) as session:
        customer = session.get(Customer, request.path_params["id"])
        if customer is None or customer.ssn is None:
            return JSONResponse({"error": "There is no such SSN"}, status_code=404)
        token = customer.ssn.token
    try:
        value = reader().reveal(token, str(told["purpose"]), str(told["case"]))
    except AmendsError as error:
        return JSONResponse({"error": error.what, "remedy": error.remedy}, status_code=403)
    return JSONResponse({"ssn": value})


app = Starlette(
    routes=[
        Route("/find", find, methods=["POST"]),
        Route("/customers", add, methods=["POST"]),
        Route("/customers/{id:int}/reveal", reveal, methods=["POST"]),
    ]
)
