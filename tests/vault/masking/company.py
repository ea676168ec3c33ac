"""A small company of five tables; no key is declared, and every identifier is invented."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

GIVEN = [
    "Mary",
    "James",
    "Linda",
    "Robert",
    "Ana",
    "Luis",
    "Grace",
    "Omar",
    "Wei",
    "Ivan",
    "Nina",
    "Paul",
]
FAMILY = [
    "Smith", "Nguyen", "Garcia", "Olsen", "Baker", "Cohen", "Rossi", "Yilmaz", "Novak", "Adeyemi", "O'Brien", "Lund",
]  # fmt: skip
STATES = (
    ("NV", "Reno", "89501"),
    ("OR", "Salem", "97301"),
    ("TX", "Waco", "76701"),
    ("OH", "Dayton", "45402"),
)


def tables(n: int = 300, seed: int = 7) -> dict[str, pa.Table]:
    """Return customers, accounts, payments, tickets and devices of a company with so many customers."""
    rng = np.random.default_rng(seed)
    ssn = [f"{a:03d}-{g:02d}-{s:04d}" for a, g, s in _ssn(rng, n)]
    first = [GIVEN[i] for i in rng.integers(0, len(GIVEN), n)]
    last = [FAMILY[i] for i in rng.integers(0, len(FAMILY), n)]
    place = [STATES[i] for i in rng.integers(0, len(STATES), n)]
    birth = [str(np.datetime64("1950-01-01") + int(d)) for d in rng.integers(0, 18_000, n)]
    lines = zip(rng.integers(201, 989, n), rng.integers(200, 999, n), strict=True)
    phone = [f"({area}) {exchange}-{i:04d}" for i, (area, exchange) in enumerate(lines)]
    names = list(zip(first, last, strict=True))
    email = [
        f"{a}.{b}{i}@corp-mail.example".lower().replace("'", "") for i, (a, b) in enumerate(names)
    ]
    account = [f"{x:010d}" for x in 3_000_000_000 + rng.choice(900_000_000, n, replace=False)]
    opened = [str(np.datetime64("2015-01-01") + int(d)) for d in rng.integers(0, 3000, n)]
    customers = pa.table(
        {
            "id": [str(1000 + i) for i in range(n)], "ssn": ssn, "first_name": first, "last_name": last,
            "birth_date": birth, "phone": phone, "email": email,
            "street": [f"{100 + i} Birch Street" for i in range(n)], "city": [p[1] for p in place],
            "state": [p[0] for p in place], "zip": [p[2] for p in place],
        }
    )  # fmt: skip
    accounts = pa.table(
        {
            "account_number": account, "customer_id": [str(1000 + i) for i in range(n)], "opened_on": opened,
            "ssn_digits": [s.replace("-", "") for s in ssn],
        }
    )  # fmt: skip
    payer = rng.integers(0, n, 3 * n)
    later = rng.integers(1, 900, 3 * n)
    payments = pa.table(
        {
            "payment": [f"PAY{i:06d}" for i in range(3 * n)], "account_number": [account[i] for i in payer],
            "paid_on": [str(np.datetime64(opened[i]) + int(d)) for i, d in zip(payer, later, strict=True)],
            "amount": [f"{a / 100:.2f}" for a in rng.integers(100, 90_000, 3 * n)],
        }
    )  # fmt: skip
    caller = rng.integers(0, n, n // 2)
    tickets = pa.table(
        {
            "ticket": [f"T{i}" for i in range(n // 2)], "customer_id": [str(1000 + i) for i in caller],
            "notes": [
                f"Customer {first[i]} {last[i]} called about the bill. SSN {ssn[i]}, please call back on "
                f"{phone[i]} or write to {email[i]}. Ref {account[i]}." for i in caller
            ],
        }
    )  # fmt: skip
    devices = pa.table(
        {
            "imei": [_imei(rng) for _ in range(n)], "owner_phone": [re.sub("[^0-9]", "", p) for p in phone],
            "owner": [f"{b.upper()}, {a.upper()}" for a, b in names],
        }
    )  # fmt: skip
    return {
        "customers": customers,
        "accounts": accounts,
        "payments": payments,
        "tickets": tickets,
        "devices": devices,
    }


def _ssn(rng: np.random.Generator, n: int) -> list[tuple[int, int, int]]:
    # Area 8xx: plausible to a check, never issued so far.
    numbers = rng.choice(90_000_000, n, replace=False)
    return [
        (800 + int(x) // 1_000_000, 1 + int(x) // 10_000 % 99, 1 + int(x) % 9999) for x in numbers
    ]


def _imei(rng: np.random.Generator) -> str:
    body = "35387923" + "".join(map(str, rng.integers(0, 10, 6)))
    total = sum(int(c) if i % 2 == 0 else sum(divmod(2 * int(c), 10)) for i, c in enumerate(body))
    return body + str(-total % 10)
