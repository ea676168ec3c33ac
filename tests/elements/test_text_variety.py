"""Notes, chats, forms, logs, scans and letters as people write them: what is found in each, and what stays quiet."""

from __future__ import annotations

import pytest

from amends.elements.text import find

Expected = list[tuple[str, str]]

# Spellings of labels: text, and every identifier in it.
LABELS: list[tuple[str, Expected]] = [
    ("SSN# 518-22-1929", [("ssn", "518-22-1929")]),
    ("Soc. Sec. No. 518-22-1929", [("ssn", "518-22-1929")]),
    ("Soc Sec #: 518221929", [("ssn", "518221929")]),
    ("social: 518 22 1929", [("ssn", "518 22 1929")]),
    ("S.S.N. 518-22-1929", [("ssn", "518-22-1929")]),
    ("soc 518221929", [("ssn", "518221929")]),
    ("ss# 518221929", [("ssn", "518221929")]),
    ("Social Security Number (SSN): 518-22-1929", [("ssn", "518-22-1929")]),
    ("cx gave ssn, it's 518-22-1929", [("ssn", "518-22-1929")]),
    ("SSN 518.22.1929", [("ssn", "518.22.1929")]),
    ("SSN: 518 - 22 - 1929", [("ssn", "518 - 22 - 1929")]),
    ("SSN\n518-22-1929", [("ssn", "518-22-1929")]),
    ("TIN/SSN: 518221929", [("ssn", "518221929")]),
    ("NSS: 518-22-1929", [("ssn", "518-22-1929")]),
    ("Numero de Seguro Social: 518-22-1929", [("ssn", "518-22-1929")]),
    ("No. de seguro social 518221929", [("ssn", "518221929")]),
    ("last 4 of SSN 4821", [("ssn_last4", "4821")]),
    ("SSN (last 4): 4821", [("ssn_last4", "4821")]),
    ("SSN ending in 4821", [("ssn_last4", "4821")]),
    ("SSN: ***-**-4821", [("ssn_last4", "4821")]),
    ("SSN XXX-XX-4821", [("ssn_last4", "4821")]),
    ("los ultimos 4 del seguro social: 4821", [("ssn_last4", "4821")]),
    ("DL # D1234568", [("drivers_licence", "D1234568")]),
    ("Lic. No. D1234568", [("drivers_licence", "D1234568")]),
    ("Lic# D1234568 (CA)", [("drivers_licence", "D1234568")]),
    ("CDL: D1234568", [("drivers_licence", "D1234568")]),
    ("drivers lic D1234568", [("drivers_licence", "D1234568")]),
    ("D/L D1234568", [("drivers_licence", "D1234568")]),
    ("Driver License Number - D1234568", [("drivers_licence", "D1234568")]),
    ("DRIVERS LICENSE STATE/NO: CA D1234568", [("drivers_licence", "D1234568")]),
    ("driving licence no D1234568", [("drivers_licence", "D1234568")]),
    ("licencia de conducir D1234568", [("drivers_licence", "D1234568")]),
    ("Licencia de manejo num. D1234568", [("drivers_licence", "D1234568")]),
    ("D.O.B. 04/05/1980", [("birth_date", "04/05/1980")]),
    ("DOB 4-5-80", [("birth_date", "4-5-80")]),
    ("Date of birth: 5 April 1980", [("birth_date", "5 April 1980")]),
    ("Birthdate: Apr 5 1980", [("birth_date", "Apr 5 1980")]),
    ("born 04.05.1980", [("birth_date", "04.05.1980")]),
    ("B-day is April 5th, 1980", [("birth_date", "April 5th, 1980")]),
    ("Fecha de nacimiento: 5 de abril de 1980", [("birth_date", "5 de abril de 1980")]),
    ("F. de nac.: 05/04/1980", [("birth_date", "05/04/1980")]),
    ("nació el 05/04/1980", [("birth_date", "05/04/1980")]),
    ("PIN is 4431", [("pin", "4431")]),
    ("acct PIN - 4431", [("pin", "4431")]),
    ("PIN# 4431", [("pin", "4431")]),
    ("his pin? 4431", [("pin", "4431")]),
    ("passcode 443122", [("pin", "443122")]),
    ("NIP: 4431", [("pin", "4431")]),
    ("port out PIN: 443122", [("pin", "443122")]),
    ("pw: Hunter2!x", [("password", "Hunter2!x")]),
    ("pwd=Hunter2!x", [("password", "Hunter2!x")]),
    ("passwd 'Hunter2!x'", [("password", "Hunter2!x")]),
    ('"password": "Hunter2!x"', [("password", "Hunter2!x")]),
    ("pass: Hunter2!x", [("password", "Hunter2!x")]),
    ("temp pw Hunter2!x", [("password", "Hunter2!x")]),
    ("contraseña: Hunter2!x", [("password", "Hunter2!x")]),
    ("Clave de acceso: Hunter2!x", [("password", "Hunter2!x")]),
    ("acct # 99887123", [("account_number", "99887123")]),
    ("Account No. 99887123", [("account_number", "99887123")]),
    ("acct ending in 7123", []),
    ("BAN 998871234", [("account_number", "998871234")]),
    ("A/C no: 99887123", [("account_number", "99887123")]),
    ("Customer ID: LW99887123", [("account_number", "LW99887123")]),
    ("Número de cuenta: 99887123", [("account_number", "99887123")]),
    ("checking acct 123409876543, routing 021000021",
     [("bank_account", "123409876543"), ("routing_number", "021000021")]),
    ("ABA# 021000021", [("routing_number", "021000021")]),
    ("RTN: 021000021 Acct: 123409876543", [("routing_number", "021000021"), ("bank_account", "123409876543")]),
    ("cuenta de ahorros 123409876543", [("bank_account", "123409876543")]),
    ("IMEI 35-693803-564380-9", [("imei", "35-693803-564380-9")]),
    ("IMEI1: 356938035643809", [("imei", "356938035643809")]),
    ("imei no. 356938035643809", [("imei", "356938035643809")]),
    ("IMEI/MEID 356938035643809", [("imei", "356938035643809")]),
    ("device id (IMEI) 35 693803 564380 9", [("imei", "35 693803 564380 9")]),
    ("SIM 8901260123456789011", [("iccid", "8901260123456789011")]),
    ("SIM 8901 2601 2345 6789 011", [("iccid", "8901 2601 2345 6789 011")]),
    ("sim card number: 8901260123456789011", [("iccid", "8901260123456789011")]),
    ("ICC-ID 89012601234567890116", [("iccid", "89012601234567890116")]),
    ("IMSI# 310260123456788", [("imsi", "310260123456788")]),
    ("IMSI 310-260-123456788", [("imsi", "310-260-123456788")]),
    ("Passport # C01234567", [("passport", "C01234567")]),
    ("Pasaporte No. 512345678", [("passport", "512345678")]),
    ("PPT no 512345678", [("passport", "512345678")]),
    ("card # 4556-7375-8689-9855, exp. 04/27, cvv: 123",
     [("card", "4556-7375-8689-9855"), ("card_expiry", "04/27"), ("card_cvv", "123")]),
    ("Visa 4556737586899855 04/27 sec code 123", [("card", "4556737586899855"), ("card_cvv", "123")]),
    ("tarjeta de crédito 4556 7375 8689 9855", [("card", "4556 7375 8689 9855")]),
    ("FEIN: 46-1234567", [("ein", "46-1234567")]),
    ("ITIN# 912-70-1234", [("itin", "912-70-1234")]),
    ("Alien Reg. No. A123456789", [("alien_number", "A123456789")]),
    ("Med Rec # 00123456", [("mrn", "00123456")]),
    ("Member ID# XYZ123456789", [("health_policy", "XYZ123456789")]),
    ("Medicare No. 1EG4-TE5-MK74", [("mbi", "1EG4-TE5-MK74")]),
    ("User ID: jdoe77", [("username", "jdoe77")]),
    ("usuario: jdoe77 / clave: Hunter2!x", [("username", "jdoe77"), ("password", "Hunter2!x")]),
    ("ZIP 62704", [("address", "62704")]),
    ("S S N : 5 1 8 - 2 2 - 1 9 2 9", [("ssn", "5 1 8 - 2 2 - 1 9 2 9")]),
    ("SSN:518-22-1929DOB", [("ssn", "518-22-1929")]),
    ("last4ssn: 4821", [("ssn_last4", "4821")]),
    ("L4SSN: 4821", [("ssn_last4", "4821")]),
    ("social ending with 4821", [("ssn_last4", "4821")]),
    ("verified with last 4 (4821) of social", [("ssn_last4", "4821")]),
    ("Lic D1234568", [("drivers_licence", "D1234568")]),
    ("dob 040580", [("birth_date", "040580")]),
    ("F.N. 05/04/1980", [("birth_date", "05/04/1980")]),
    ("Cumpleaños: 5 de abril de 1980", [("birth_date", "5 de abril de 1980")]),
    ("Security PIN 4 4 3 1", [("pin", "4 4 3 1")]),
    ("user jdoe77 password Hunter2!x", [("username", "jdoe77"), ("password", "Hunter2!x")]),
    ("Cta. 998871234", [("account_number", "998871234")]),
    ("checking 123409876543", [("bank_account", "123409876543")]),
    ("callback 2065552345", [("phone", "2065552345")]),
    ("A# 123456789", [("alien_number", "123456789")]),
    ("cc 4556737586899855 exp 0427 cvv 123",
     [("card", "4556737586899855"), ("card_expiry", "0427"), ("card_cvv", "123")]),
    ("State ID: CA D1234568", [("state_id", "D1234568")]),
]  # fmt: skip
NOTES: list[tuple[str, Expected]] = [
    ("cx clld in abt lost fone, verif w/ last4 soc 4821 + dob 4/5/80, pin 4431 ok",
     [("ssn_last4", "4821"), ("birth_date", "4/5/80"), ("pin", "4431")]),
    ("[10:02:11] Rep: for security what's your date of birth\n[10:02:40] Me: april 5 1980\n"
     "[10:02:52] Rep: and your social?\n[10:03:09] Me: 518221929",
     [("birth_date", "april 5 1980"), ("ssn", "518221929")]),
    ("Agent: what is the PIN on the account?\nCaller: um, I think 4431\n", [("pin", "4431")]),
    ("Agent: last four of your Social?\nCaller: 4821.\nAgent: thx", [("ssn_last4", "4821")]),
    ("<msg from=\"agent\">IMEI please</msg>\n<msg from=\"cust\">356938035643809</msg>",
     [("imei", "356938035643809")]),
    ("ACTIVATION|imsi:310260123456788|iccid:8901260123456789011|msisdn:12065552345",
     [("imsi", "310260123456788"), ("iccid", "8901260123456789011"), ("phone", "12065552345")]),
    ("2021-08-01T03:14:15Z auth user=jdoe77 ip=10.20.30.40 result=fail",
     [("username", "jdoe77"), ("ip", "10.20.30.40")]),
    ("INSERT INTO cust VALUES ('Ann Lee','518-22-1929','1980-04-05');",
     [("ssn", "518-22-1929")]),
    ("Please update ssn from 518-22-1929 to 219-44-8881", [("ssn", "518-22-1929"), ("ssn", "219-44-8881")]),
    ("S0CIAL SECUR1TY NUMBER 5l8-22-l929", [("ssn", "5l8-22-l929")]),
    ("DATE 0F BIRTH: 04/05/1980", [("birth_date", "04/05/1980")]),
    ("DRIVER'S  LICENSE  NO .  D1234568", [("drivers_licence", "D1234568")]),
    ("La clienta María López, nacida el 5 de abril de 1980, con número de seguro social 518-22-1929, vive en "
     "Calle Luna 12.", [("birth_date", "5 de abril de 1980"), ("ssn", "518-22-1929"), ("address", "Calle Luna 12")]),
    ("Mi número de teléfono es (787) 555-2345 y mi correo es mlopez@correo.net",
     [("phone", "(787) 555-2345"), ("email", "mlopez@correo.net")]),
    ("Su PIN es 4431 y la licencia de conducir es 1234567", [("pin", "4431"), ("drivers_licence", "1234567")]),
    ("Equipo IMEI 356938035643809, tarjeta SIM 8901260123456789011",
     [("imei", "356938035643809"), ("iccid", "8901260123456789011")]),
]  # fmt: skip
TABLES: list[tuple[str, Expected]] = [
    ("Name\tSSN\tDOB\nAnn Lee\t518221929\t04/05/1980\nBo Kim\t219448881\t01/02/1970\n",
     [("ssn", "518221929"), ("birth_date", "04/05/1980"), ("ssn", "219448881"), ("birth_date", "01/02/1970")]),
    ("| Customer | IMEI | PIN |\n|---|---|---|\n"
     "| Ann Lee | 356938035643809 | 4431 |\n| Bo Kim | 352099001761481 | 9012 |\n",
     [("imei", "356938035643809"), ("pin", "4431"), ("imei", "352099001761481"), ("pin", "9012")]),
    ("Name          Driver License   Date of Birth\nAnn Lee       D1234568         04/05/1980\n"
     "Bo Kim        F7654321         01/02/1970\n",
     [("drivers_licence", "D1234568"), ("birth_date", "04/05/1980"),
      ("drivers_licence", "F7654321"), ("birth_date", "01/02/1970")]),
    ("Name, Passport, Account\nAnn Lee, 512345678, 99887123\nBo Kim, 587654321, 99887124\n",
     [("passport", "512345678"), ("account_number", "99887123"),
      ("passport", "587654321"), ("account_number", "99887124")]),
]  # fmt: skip
QUIET = [
    "Order #518-22-1929 shipped 04/05/2021. Your confirmation number is 219448881.",
    "SKU 4431-8820-77 | qty 12 | part no. D1234568 | lot F7654321",
    "Tracking no. 9400 1118 9922 3344 5566 77, UPS 1Z999AA10123456784, FedEx 123409876543",
    "INV-20210805-4431 total $1,204.55 due 09/05/2021, PO 99887123",
    "ts=1627948800 dur=443122ms seq=310260123456788 bytes=356938035643801",
    "sha256 9fceb02d0ae598e95dc970b74767f19372d61af89fceb02d0ae598e95dc970b7 build 4.4.31.2",
    "0x7ffeefbff5c8 deadbeef cafebabe 00112233445566778899aabbccddeeff",
    "Meeting moved to 10:30 on 04/05/2021 in room 4431; dial in code 443122#.",
    "Please see section 4.4.3.1 on pages 518-522 of volume 19.",
    "The router serial SN 518221929 and model RT-4431 were replaced under RMA 219448881.",
    "Our license terms: the software is licensed per seat, license key ABCD-12345-EFGH-67890.",
    "Your password must be at least 12 characters. Change your password every 90 days.",
    "The bank account team will call the account manager about account settings on Monday.",
    "I moved the pin on the map; pins 4 and 12 of the header are ground.",
    "The social event is on 04/05; social media numbers grew 4431 percent.",
    "Flight UA4431 departs gate C12, seat 22A, record locator ABC123, ticket 0161234567890.",
    "Pedido 518-22-1929 enviado. Factura 99887123, referencia 219448881. Gracias por su compra.",
    "La reunión es el 5 de abril de 2021 a las 10:30 en la sala 4431.",
    "Score was 21-14-7; stats 518 221 929; final 4431 points in 2021.",
    "GPS 47.606209, -122.332071 alt 4431 ft; heading 219.",
    "case 46-1234567 was filed 2021-04-05, docket 21-cv-04431",
    "meter reading 99887123 kWh, meter no. 518221929",
    "UPC 012345678905 EAN 4006381333931 ISBN 978-0-306-40615-7",
    "git rebase -i HEAD~4; merge commit 99887123ab; PR #4431; issue 518221929",
    "There are 330,221,929 people and 4,431 towns in the study of 1980-04-05.",
    "The social security office is closed on 04/05/2021.",
    "Driver update 4431.22 for license server v12 is available.",
    "user agent Mozilla/5.0, users 12345 online, user group a-77 of 4431",
    "The last 4 of 4821 rows were dropped; in the last four weeks 4821 calls.",
    "He is checking 12 items and savings of 4431 dollars; the lic of the parts is MIT.",
    "expected 0427 units, exp 1024 points, BD-4431 disk, f n 4431",
    "A #4431 sandwich and a #10 envelope; call back in 45 minutes.",
    "dob: not given; pin: not set; ssn: n/a; password: none; account: closed",
    "Nuestra cuenta de Twitter tiene 443122 seguidores; clave del exito: 3 pasos.",
    "Passport to savings! Use promo code C01234567 before 04/05/2021.",
]
NOT_ASKED = frozenset(["name", "diagnosis", "security_answer", "card_track", "plate"])


def found_in(text: str) -> Expected:
    return [(f.element, text[f.start : f.end]) for f in find(text) if f.element not in NOT_ASKED]


@pytest.mark.parametrize(("text", "expected"), LABELS)
def test_reads_the_spellings_of_a_label(text: str, expected: Expected) -> None:
    assert found_in(text) == expected


@pytest.mark.parametrize(("text", "expected"), NOTES)
def test_reads_notes_chats_scans_and_spanish(text: str, expected: Expected) -> None:
    assert [one for one in found_in(text) if one in expected] == expected


@pytest.mark.parametrize(("text", "expected"), TABLES)
def test_a_header_labels_the_cells_below_it(text: str, expected: Expected) -> None:
    assert [one for one in found_in(text) if one[0] != "address"] == expected


@pytest.mark.parametrize("text", QUIET)
def test_look_alikes_stay_quiet(text: str) -> None:
    assert found_in(text) == []
