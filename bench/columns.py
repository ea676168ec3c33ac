"""How well columns are named, on data whose makers did not write Amends.

    python bench/columns.py [--data ../shared/data] [--json FILE]

People come from the public files under ``people``; numbers that those lack are drawn at random by
the issuers' rules. Every table is offered with plain headers, with odd ones, in Spanish, German,
French or Portuguese, and with none. Decoys (order numbers, SKUs, towers, dates of orders, amounts)
stand beside them. False alarms are counted on those and on every column of ``polluted-csv``.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from amends.custody import Reader
from amends.elements.columns import guess_columns, take_sample
from amends.elements.scan import scan_path

HEADERS: dict[str, list[str]] = {
    "first": ["first_name", "FName", "GIVEN NM", "nombre de pila", "Vorname", "prenom"],
    "last": ["last_name", "LName", "SURNAME_TX", "apellidos", "Nachname", "nom de famille"],
    "middle": ["middle_name", "MI", "mid_init", "segundo nombre", "zweiter Vorname", "middle"],
    "full": ["customer_name", "FullName", "subscriber nm", "nombre completo", "Name des Kunden", "nome completo"],
    "dob": ["dob", "BirthDt", "D.O.B.", "fecha de nacimiento", "Geburtsdatum", "data de nascimento"],
    "ssn": ["ssn", "SocSecNo", "cust_ssn_nbr", "numero de seguro social", "SSN", "soc sec num"],
    "street": ["street", "AddrLine1", "mailing_addr_1", "direccion", "Strasse", "adresse"],
    "city": ["city", "CityNm", "mail_city", "ciudad", "Stadt", "ville"],
    "state": ["state", "ST", "res_state_cd", "estado", "Bundesland", "state_province"],
    "zip": ["zip", "ZipCd", "postal_code", "codigo postal", "PLZ", "code postal"],
    "phone": ["phone", "HomePh", "contact_tel_no", "telefono", "Telefonnummer", "telefone celular"],
    "email": ["email", "EMailAddr", "contact_email", "correo electronico", "E-Mail-Adresse", "courriel"],
    "card": ["card_number", "CCNum", "pmt_card_no", "numero de tarjeta", "Kartennummer", "numero de carte"],
    "imei": ["imei", "IMEI_NO", "handset_imei", "imei del equipo", "IMEI-Nummer", "imei1"],
    "imsi": ["imsi", "IMSI_NBR", "sim_imsi", "imsi", "IMSI", "imsi_id"],
    "iccid": ["iccid", "SIM_NO", "sim_serial", "numero de sim", "ICCID", "icc_id"],
    "licence": ["drivers_license", "DLNum", "dl_no", "licencia de conducir", "Führerschein", "permis de conduire"],
    "routing": ["routing_number", "ABA_NO", "bank_routing", "routing", "rtn", "aba_number"],
    "bank": ["bank_account", "BankAcctNo", "checking_acct_nbr", "cuenta bancaria", "Kontonummer", "conta bancaria"],
    "mbi": ["mbi", "MedicareID", "medicare_no", "mbi", "MBI", "medicare_number"],
    "npi": ["npi", "NPI_NO", "provider_npi", "npi", "NPI", "npi_number"],
    "vin": ["vin", "VIN_NO", "vehicle_vin", "vin", "Fahrgestellnummer", "vin_number"],
    "ein": ["ein", "FEIN", "employer_id_number", "ein", "EIN", "federal_ein"],
    "pin": ["account_pin", "AcctPIN", "security_pin", "customer_pin", "acct_pin", "account_passcode"],
    "username": ["username", "UserName", "login_name", "nombre de usuario", "Benutzername", "user_name"],
    "password": ["password", "Passwd", "user_pwd", "contrasena", "Passwort", "mot de passe"],
    "account": ["account_number", "AcctNo", "cust_acct_no", "numero de cuenta cliente", "Kundennummer", "account_no"],
    "ip": ["ip_address", "LastIP", "client_ip", "direccion ip", "IP-Adresse", "adresse ip"],
    "passport": ["passport_number", "PassportNo", "ppt_no", "pasaporte", "Reisepassnummer", "passeport"],
    "mrn": ["mrn", "MedRecNo", "medical_record_number", "mrn", "MRN", "patient_mrn"],
}  # fmt: skip
ELEMENT = {
    "first": "name", "last": "name", "middle": "name", "full": "name", "dob": "birth_date",
    "street": "address", "city": "address", "state": "address", "licence": "drivers_licence",
    "routing": "routing_number", "bank": "bank_account", "pin": "account_pin",
    "account": "account_number",
}  # fmt: skip
# Without a header nobody could know these: any number may be an account.
ONLY_NAMED = {
    "pin",
    "account",
    "bank",
    "username",
    "password",
    "passport",
    "mrn",
    "licence",
    "ein",
    "middle",
    "routing",
}


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    home = Path(os.environ.get("AMENDS_PUBLIC_DATA", "../shared/data"))
    ask.add_argument("--data", type=Path, default=home)
    ask.add_argument("--rows", type=int, default=3000)
    ask.add_argument("--json", type=Path)
    given = ask.parse_args()
    start = time.perf_counter()
    people = _people(given.data / "people" / "pseudopeople_default.parquet", given.rows)
    figures: dict[str, object] = {}
    alarms, clean = 0, 0
    for form in ("plain", "odd", "odd2", "spanish", "german", "french", "none"):
        truth, found, wrong, n = _score(people, form)
        f1 = _f1(truth)
        macro = sum(f1.values()) / len(f1)
        figures[f"macro_f1 {form}"] = round(macro, 3)
        alarms, clean = alarms + wrong, clean + n
        low = {k: round(v, 2) for k, v in f1.items() if v < 0.9}
        print(f"{form:8} macro F1 {macro:.3f}  below .9: {low}  false alarms {wrong}/{n} {found}")
    figures["false_alarms decoys"] = f"{alarms}/{clean}"
    wrong, n = _polluted(given.data / "polluted-csv" / "csv")
    figures["false_alarms polluted-csv (some hold names)"] = f"{wrong}/{n}"
    figures["seconds"] = round(time.perf_counter() - start, 1)
    for name, value in figures.items():
        print(f"{name:44} {value}")
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1) + "\n")


def _people(path: Path, rows: int) -> dict[str, list[str | None]]:
    table = pq.read_table(path)
    rng = np.random.default_rng(5)
    table = table.take(pa.array(np.sort(rng.choice(table.num_rows, rows, replace=False))))
    out = {c: table.column(c).cast(pa.string()).to_pylist() for c in
           ("first", "middle", "last", "dob", "ssn", "street", "city", "state")}  # fmt: skip
    out["full"] = [
        f"{last}, {first}" if first and last else None
        for first, last in zip(out["first"], out["last"], strict=True)
    ]
    out["zip"] = [f"{n:05d}" for n in rng.choice(np.arange(10001, 99501), rows)]
    made: dict[str, Callable[[], str]] = _makers(rng)
    return out | {kind: [make() for _ in range(rows)] for kind, make in made.items()}


def _makers(rng: np.random.Generator) -> dict[str, Callable[[], str]]:
    def digits(n: int) -> str:
        return "".join(map(str, rng.integers(0, 10, n)))

    def luhn(body: str) -> str:
        total = 0
        for place, sign in enumerate(reversed(body)):
            value = int(sign) * (2 if place % 2 == 0 else 1)
            total += value - 9 if value > 9 else value
        return body + str(-total % 10)

    def pick(*options: str) -> str:
        return str(rng.choice(options))

    def aba() -> str:
        body = pick("02", "06", "12", "31", "07") + digits(6)
        weights = [3, 7, 1, 3, 7, 1, 3, 7]
        return body + str(-sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 10)

    def vin() -> str:
        letters = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
        values = {
            c: v
            for c, v in zip(
                "ABCDEFGHJKLMNPRSTUVWXYZ",
                [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9],
                strict=True,
            )
        }
        body = [str(rng.choice(list(letters))) for _ in range(11)] + list(digits(6))
        weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
        total = sum(
            (int(c) if c.isdigit() else values[c]) * w for c, w in zip(body, weights, strict=True)
        )
        body[8] = "X" if total % 11 == 10 else str(total % 11)
        return "".join(body)

    def mbi() -> str:
        a, an = "ACDEFGHJKMNPQRTUVWXY", "ACDEFGHJKMNPQRTUVWXY0123456789"
        c = lambda s: str(rng.choice(list(s)))  # noqa: E731
        return (str(rng.integers(1, 10)) + c(a) + c(an) + digits(1) + c(a) + c(an) + digits(1)
                + c(a) + c(a) + digits(2))  # fmt: skip

    return {
        "phone": lambda: (
            pick("212", "415", "713", "305", "206")
            + "-"
            + str(rng.integers(220, 999))
            + "-"
            + digits(4)
        ),
        "email": lambda: (
            pick("kim", "lee", "sam", "zoe")
            + digits(3)
            + "@"
            + pick("mail.test", "post.example.org", "corp.io")
        ),
        "card": lambda: luhn(pick("4539", "5424", "6011", "4716") + digits(11)),
        "imei": lambda: luhn(pick("35", "86", "01") + digits(12)),
        "imsi": lambda: pick("310260", "310410", "311480") + digits(9),
        "iccid": lambda: luhn("8901" + pick("260", "410") + digits(11)),
        "licence": lambda: pick("A", "F", "Y") + digits(7),
        "routing": aba,
        "bank": lambda: digits(int(rng.integers(8, 13))),
        "mbi": mbi,
        "npi": lambda: luhn("80840" + pick("1", "2") + digits(8))[5:],
        "vin": vin,
        "ein": lambda: pick("12", "45", "81", "26") + "-" + digits(7),
        "pin": lambda: digits(int(pick("4", "6"))),
        "username": lambda: pick("kim", "lee", "sam") + digits(4),
        "password": lambda: pick("Blue", "Sky!", "x9") + digits(3) + pick("ab", "!Q"),
        "account": lambda: pick("AC", "9", "88") + digits(8),
        "ip": lambda: ".".join(str(rng.integers(1, 255)) for _ in range(4)),
        "passport": lambda: pick("A", "C", "5") + digits(8),
        "mrn": lambda: "MR" + digits(7),
    }


def _decoys(rng: np.random.Generator, n: int) -> dict[str, list[str]]:
    return {
        "order_id": [str(412000000 + i * 3) for i in range(n)],
        "tower_id": [f"{v:09d}" for v in rng.integers(100000000, 899999999, n)],
        "sku": [
            f"{rng.integers(1, 665):03d}-{rng.integers(1, 99):02d}-{rng.integers(1, 9999):04d}"
            for _ in range(n)
        ],
        "tracking_no": [f"1Z{v:014d}" for v in rng.integers(0, 10**14, n)],
        "created_at": [
            f"2021-{rng.integers(1, 13):02d}-{rng.integers(1, 28):02d} 10:11:12" for _ in range(n)
        ],
        "amount": [f"{v / 100:.2f}" for v in rng.integers(100, 90000, n)],
        "status": [str(v) for v in rng.choice(["active", "closed", "hold"], n)],
        "product": [str(v) for v in rng.choice(["Galaxy S21", "iPhone 12", "Pixel 5 Case"], n)],
        "plan_code": [f"P{v:04d}" for v in rng.integers(0, 9999, n)],
        "ssn_verified": [str(v) for v in rng.choice(["Y", "N"], n)],
        "email_opt_in": [str(v) for v in rng.choice(["0", "1"], n)],
        "ticket": [f"{v:010d}" for v in rng.integers(2000000000, 9999999999, n)],
        "epoch": [str(v) for v in rng.integers(1500000000, 1690000000, n)],
        "upc": [f"{v:012d}" for v in rng.integers(10**11, 10**12, n)],
        "cell_lat_deg": [f"{v:.5f}" for v in rng.uniform(25, 48, n)],
        '"; DROP TABLE': [str(v) for v in rng.integers(1, 9, n)],
        "notes_code": [str(v) for v in rng.choice(["A1", "B2", "C3"], n)],
    }  # fmt: skip


def _score(
    people: dict[str, list[str | None]], form: str
) -> tuple[Counter[tuple[str, str]], list[tuple[str, str]], int, int]:
    kinds = [k for k in HEADERS if form != "none" or k not in ONLY_NAMED]
    place = {"plain": 0, "odd": 1, "odd2": 2, "spanish": 3, "german": 4, "french": 5}.get(form, 0)
    rng = np.random.default_rng(9)
    n = len(people["first"])
    decoys = _decoys(rng, n)
    tables = [["first", "middle", "last", "dob", "ssn", "street", "city", "state", "zip",
               "phone", "email", "licence", "account", "pin"],
              ["full", "dob", "card", "routing", "bank", "passport", "ein"],
              ["account", "imei", "imsi", "iccid", "phone", "username", "password", "ip"],
              ["full", "dob", "mbi", "npi", "mrn", "vin", "zip", "state"]]  # fmt: skip
    counts: Counter[tuple[str, str]] = Counter()
    found: list[tuple[str, str]] = []
    wrong = total = 0
    names = list(decoys)
    for number, listed in enumerate(tables):
        members = [m for m in listed if m in kinds]
        beside = names[number * 5 : number * 5 + 5]
        columns: dict[str, list[str | None]] = {}
        truth: dict[str, str | None] = {}
        for at, kind in enumerate([*members, *beside], start=1):
            header = (
                f"column_{at}"
                if form == "none"
                else (HEADERS[kind][place] if kind in HEADERS else kind)
            )
            columns[header] = people[kind] if kind in HEADERS else list(decoys[kind])
            truth[header] = ELEMENT.get(kind, kind) if kind in HEADERS else None
        table = pa.table({h: pa.array(v, pa.string()) for h, v in columns.items()})
        guesses = guess_columns(take_sample(table.to_batches()), list(columns), form != "none")
        for guess in guesses:
            want = truth[guess.column]
            if want is None:
                total += 1
                if guess.element:
                    wrong += 1
                    found.append((guess.column, guess.element))
            if want and guess.element == want:
                counts[want, "hit"] += 1
            elif want:
                counts[want, "miss"] += 1
                found.append((guess.column, f"{want}≠{guess.element}"))
            if guess.element and guess.element != want:
                counts[guess.element, "false"] += 1
    return counts, found, wrong, total


def _f1(counts: Counter[tuple[str, str]]) -> dict[str, float]:
    out = {}
    for element in sorted({e for e, kind in counts if kind != "false"}):
        hit = counts[element, "hit"]
        out[element] = 2 * hit / (2 * hit + counts[element, "miss"] + counts[element, "false"])
    return out


def _polluted(folder: Path) -> tuple[int, int]:
    wrong = n = 0
    for path in sorted(folder.glob("*")):
        for row in scan_path(path, Reader()):
            if row["kind"] == "column":
                n += 1
                wrong += bool(row["element"])
    return wrong, n


if __name__ == "__main__":
    main()
