"""What the demonstration case consists of: its exhibits, how to add them, and the facts of the case."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ENTITY = "Larkspur Wireless"
STOLEN = {1: "evidence-1", 2: "evidence-2"}
ROSTER = "roster-1"
LOGS = "logs-1"
AS_OF = {1: "2026-08-04", 2: "2026-08-21"}


@dataclass(frozen=True)
class DemoExhibit:
    """A path and what ``amends add`` is told about it."""

    path: Path
    role: str
    owner: str
    population: str
    store: str
    as_of: str


# name, population, store
_FIRST = (
    ("larkspur_crm.pg.sql", "current", "crm-db"),
    ("former_customers.mysql.sql", "former", "archive-db"),
    ("credit_applicants.csv", "prospective", "credit-share"),
    ("devices.parquet", "current", "device-lake"),
    ("prepaid_subscribers.psv.gz", "prepaid", "prepaid-billing"),
    ("business_accounts.xlsx", "business", "sales-share"),
    ("support_mail.mbox", "", "mail-archive"),
    ("hr-share", "employee", "hr-share"),
    ("misc", "", "test-server"),
)
_SECOND = (
    ("account_pins.csv", "current", "ivr-db"),
    ("licence_scan_index.jsonl", "prospective", "scan-store"),
    ("score_vendor_applications.csv", "prospective", "credit-share"),
    ("former_customers_backup.csv.gz", "former", "backup-server"),
    ("care_letters", "", "mail-archive"),
)
_ROSTERS = ("customer_master.csv", "death_list.csv", "guardians.csv")
# What the company knows of its systems, and what those wrote.
_SYSTEMS = ("hosts.csv", "stores.csv", "known_facts.txt")
_LOGS_TO = "2026-08-18"
_NETWORKS = (
    ("network-before", "2026-07-31"), ("network-between", "2026-08-10"), ("network-after", "2026-08-22"),
)  # fmt: skip
FACTS: dict[str, Any] = {
    "case": {"name": "larkspur", "entity": ENTITY, "roles": ["BUSINESS", "TELECOM_CARRIER"],
             "preset": "telecom", "domain": "larkspur.example", "phone": "1-888-555-0142"},
    "settings": {
        "site.address": "help.larkspur.example",
        "site.signed_by": "Ana Ruiz, Chief Executive",
        "policy.id_protection_product": "Larkspur Identity Watch",
        "policy.id_protection_months": "24",
        "offers.minor_product": "Larkspur Identity Watch for Families",
        "offers.redeem_at": "https://enroll.larkspur.example",
        "protection.actions": '["lock", "port_out_block", "pin_reset"]',
    },
    "events": [
        {"kind": "breach_start", "on": "2026-07-18", "note": "first sign-in from outside to a router"},
        {"kind": "breach_end", "on": "2026-08-04", "note": "router taken off the network"},
        {"kind": "discovery", "on": "2026-08-17", "note": "data offered for sale; sample confirmed"},
    ],
}  # fmt: skip


# How the events of the case and the letters tell it, by the way in.
FIRST_SIGN_IN = {
    "router_brute": "first sign-in from outside to a router",
    "router_leak": "first sign-in from outside to a router",
    "vpn_no_mfa": "first sign-in from outside to the VPN with a stolen password",
    "test_server": "first sign-in from outside to a test server",
}


def events(entry: str) -> list[dict[str, Any]]:
    """Return the dated facts of the case, with the note for a way in."""
    first, *rest = FACTS["events"]
    return [{**first, "note": FIRST_SIGN_IN.get(entry, first["note"])}, *rest]


def exhibits(folder: Path, tranche: int = 1) -> tuple[DemoExhibit, ...]:
    """Return the exhibits of a tranche in ``folder``; the rosters come with the first."""
    here = folder / STOLEN[tranche]
    stolen = tuple(
        DemoExhibit(here / name, "stolen", ENTITY, population, store, AS_OF[tranche])
        for name, population, store in (_FIRST if tranche == 1 else _SECOND)
    )
    if tranche != 1:
        return stolen
    rosters = tuple(
        DemoExhibit(folder / ROSTER / name, "roster", ENTITY, "", "customer-master", "2026-08-12")
        for name in _ROSTERS
    )
    systems = tuple(
        DemoExhibit(folder / ROSTER / name, "roster", ENTITY, "", "", _LOGS_TO) for name in _SYSTEMS
    )
    logs = DemoExhibit(folder / LOGS, "log", ENTITY, "", "", _LOGS_TO)
    networks = (
        DemoExhibit(folder / name, "inventory", ENTITY, "", "", on) for name, on in _NETWORKS
    )
    return (*stolen, *rosters, *systems, logs, *networks)


def write_case_notes(folder: Path, tranche: int, entry: str) -> None:
    """Write ``case.json`` and ``README.txt``: the facts and the commands that add the exhibits.

    Args:
        folder: Folder of the case data.
        tranche: 1 or 2.
        entry: How the intruder came in, a key of ``FIRST_SIGN_IN``: the company knows by now.
    """
    listed = exhibits(folder, tranche)
    rows = [
        {
            "path": found.path.relative_to(folder).as_posix(),
            "role": found.role,
            "owner": found.owner,
            "population": found.population,
            "store": found.store,
            "as_of": found.as_of,
        }
        for found in listed
    ]
    name = "case.json" if tranche == 1 else f"case-{tranche}.json"
    text = (
        json.dumps(
            {
                **FACTS,
                "events": events(entry),
                "entry": entry,
                "tranche": tranche,
                "exhibits": rows,
            },
            indent=2,
        )
        + "\n"
    )
    (folder / name).write_text(text, "utf-8")
    lines = [
        f"{ENTITY} is invented, and so is everybody in these files. Tranche {tranche}.\n\n",
        *([_NEW] if tranche == 1 else []),
        *(_add_command(row) for row in rows),
        "amends run larkspur\n",
    ]
    note = "README.txt" if tranche == 1 else f"README-{tranche}.txt"
    (folder / note).write_text("".join(lines), "utf-8")


_NEW = (
    'amends new larkspur --entity "Larkspur Wireless" --preset telecom '
    "--domain larkspur.example --discovered-on 2026-08-17\n"
)


def _add_command(row: dict[str, str]) -> str:
    options = [f"--role {row['role']}", f'--owner "{row["owner"]}"']
    options += [f"--population {row['population']}"] if row["population"] else []
    options += [f"--store {row['store']}"] if row["store"] else []
    options += [f"--as-of {row['as_of']}"]
    return f"amends add larkspur {row['path']} {' '.join(options)}\n"
