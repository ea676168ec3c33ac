"""One table of cases a detector family: what is found, and the near misses that are not."""

from __future__ import annotations

import pytest

from amends.elements.text import find

# text, element, value found ("" for: no finding of this element)
TAX = [
    ("SSN: 518-22-1929", "ssn", "518-22-1929"),
    ("ssn 518 22 1929 on file", "ssn", "518 22 1929"),
    ("her social security number is 518221929.", "ssn", "518221929"),
    ("SSN: 5l8-22-19Z9", "ssn", "5l8-22-19Z9"),
    ("num de seguro social 518-22-1929", "ssn", "518-22-1929"),
    ("518\u201122\u20111929 is my social", "ssn", "518\u201122\u20111929"),
    ("order number 518-22-1929 has shipped", "ssn", ""),
    ("SKU 518-22-1929", "ssn", ""),
    ("call 518-221-9290", "ssn", ""),
    ("version 518221929", "ssn", ""),
    ("the box of 666-22-1929 screws", "ssn", ""),
    ("ITIN 912-70-1234", "itin", "912-70-1234"),
    ("our EIN is 46-1234567", "ein", "46-1234567"),
    ("case 46-1234567", "ein", ""),
    ("xxx-xx-4821", "ssn_last4", "4821"),
    ("last four of your social? Customer: 4821", "ssn_last4", "4821"),
    ("the last four years", "ssn_last4", ""),
]
PAYMENT = [
    ("card 4556 7375 8689 9855", "card", "4556 7375 8689 9855"),
    ("charged 4556737586899855", "card", "4556737586899855"),
    ("card 4556 7375 8689 9855 exp 04/27 cvv 123", "card_expiry", "04/27"),
    ("card 4556 7375 8689 9855 exp 04/27 cvv 123", "card_cvv", "123"),
    ("tracking 4556737586899855", "card", ""),
    ("gift card 9999 8888 7777 6666", "card", ""),
    ("routing number 021000021", "routing_number", "021000021"),
    ("IBAN GB82 WEST 1234 5698 7654 32", "iban", "GB82 WEST 1234 5698 7654 32"),
    ("part GB82ABCD12345698765432", "iban", ""),
    ("checking account number 123409876543", "bank_account", "123409876543"),
    ("acct 998871234", "account_number", "998871234"),
    ("account manager since 1999", "account_number", ""),
]
TELECOM = [
    ("IMEI 352099001761481", "imei", "352099001761481"),
    ("imei: 35-209900-176148-1", "imei", "35-209900-176148-1"),
    ("IMSI 310260123456788", "imsi", "310260123456788"),
    ("ICCID: 8901260123456789011", "iccid", "8901260123456789011"),
    ("counter=352099001761482", "imei", ""),
    ("seq 310260123456788", "imsi", ""),
    ("vin 1M8GDM9AXKP042788", "vin", "1M8GDM9AXKP042788"),
    ("key 1M8GDM9A1KP042788", "vin", ""),
]
IDENTITY = [
    ("CA DL# D1234568", "drivers_licence", "D1234568"),
    ("licence: NJ A1528 92021 60384", "drivers_licence", "A1528 92021 60384"),
    ("driver's license number is T12345678", "drivers_licence", "T12345678"),
    ("software license 12345678901", "drivers_licence", ""),
    ("licensed under Apache 2.0", "drivers_licence", ""),
    ("passport no. 512345678", "passport", "512345678"),
    ("the passport office on 5th", "passport", ""),
    ("A-number A123-456-789", "alien_number", "A123-456-789"),
]
HEALTH = [
    ("MRN: 00123456", "mrn", "00123456"),
    ("NPI 1245319599", "npi", "1245319599"),
    ("Medicare 1EG4-TE5-MK74", "mbi", "1EG4-TE5-MK74"),
    ("member id XYZ123456789", "health_policy", "XYZ123456789"),
    ("Diagnosis: Type 2 diabetes, stable", "diagnosis", "Type 2 diabetes"),
    ("order 1245319599", "npi", ""),
]
ONLINE = [
    ("write to bob.o'hara+x@mail.example.co.uk today", "email", "bob.o'hara+x@mail.example.co.uk"),
    ("foo@bar", "email", ""),
    ("login from 10.20.30.40", "ip", "10.20.30.40"),
    ("version 10.20.30.40", "ip", ""),
    ("at 12:30:45 on", "ip", ""),
    ("host fe80::1ff:fe23:4567:890a up", "ip", "fe80::1ff:fe23:4567:890a"),
    ("mac 00:1b:63:84:45:e6", "mac", "00:1b:63:84:45:e6"),
    ("password: hunter2", "password", "hunter2"),
    ("Your password is required", "password", ""),
    ("please reset your password by Monday", "password", ""),
    ("username: jdoe", "username", "jdoe"),
    ("the PIN is 4821", "pin", "4821"),
    ("4821 is my PIN", "pin", "4821"),
    ("pin 4 of the connector", "pin", ""),
    ("Mother's maiden name: Kowalczyk", "security_answer", "Kowalczyk"),
]
CONTACT = [
    ("call (206) 555-2345", "phone", "(206) 555-2345"),
    ("+44 20 7946 0958", "phone", "+44 20 7946 0958"),
    ("fax 425.555.2345 x12", "phone", "425.555.2345 x12"),
    ("2021-08-15 12:33:44 called 5 times", "phone", ""),
    ("invoice 2065552345", "phone", ""),
    ("DOB: 04/05/1980", "birth_date", "04/05/1980"),
    ("born on May 3, 1980", "birth_date", "May 3, 1980"),
    ("Ann Lee|518-22-1929|04/05/1980|x", "birth_date", "04/05/1980"),
    ("due 04/05/1980", "birth_date", ""),
    ("12 Oak Street, Springfield, IL 62704", "address", "12 Oak Street, Springfield, IL 62704"),
    ("P.O. Box 1234, Austin, TX 78701", "address", "P.O. Box 1234, Austin, TX 78701"),
    ("PSC 3 Box 4120, APO AE 09021", "address", "PSC 3 Box 4120, APO AE 09021"),
    ("Rue de Rivoli 12", "address", "Rue de Rivoli 12"),
    ("a 5 minute drive", "address", ""),
]
NAMES = [
    ("My name is Vanessa P. Hertzog.", "name", "Vanessa P. Hertzog"),
    ("Dear Ms. O'Brien,", "name", "O'Brien"),
    ("seen by Dr. Maria de la Cruz", "name", "Maria de la Cruz"),
    ("please add priya ramaswamy to the plan", "name", "priya ramaswamy"),
    ("Thank You For Your Order", "name", ""),
    ("Monday in New York", "name", ""),
    ("Acme Wireless Inc", "name", ""),
]


@pytest.mark.parametrize(
    ("text", "element", "value"),
    [*TAX, *PAYMENT, *TELECOM, *IDENTITY, *HEALTH, *ONLINE, *CONTACT, *NAMES],
)
def test_finds_what_is_there_and_leaves_near_misses(text: str, element: str, value: str) -> None:
    found = [text[f.start : f.end] for f in find(text) if f.element == element]
    assert found == ([value] if value else [])
