"""Makes telecom-like notes, forms, chats and logs with labelled values, and look-alikes without any.

Values follow the public rules (Luhn, ABA, number ranges, licence formats); nothing is real.
"""
# ruff: noqa: E501 - a template is one line

from __future__ import annotations

import random
import re
import string

from amends.elements.detectors.vehicle import valid_vin


def words(text):
    return text.split()


FIRST = words("""
Dolores Marcus Priya Tomasz Aisha Wei Guillermo Brandi Keiko Femi Jolene Hector Siobhan Dmitri Latoya Omar
Ingrid Rafael Bernice Curtis Nadia Phuong Esteban Wanda Clyde Yolanda Terrence Mei Alejandra Russell Thuy
Gloria Devon Amina Patrick Rosa
""")
LAST = words("""
Whitaker Okafor Kowalczyk Nguyen Castellanos Delacroix Abernathy Ramaswamy Petrov Hutchins Villanueva
Lindqvist Mbeki Tran O'Malley Fitzgerald Szymanski Gutierrez Pham Rosenbaum Chaudhry Blackwood McAllister
Ferreira Jankowski Takahashi Dupree Vandenberg Montoya Haddad Coleman Beasley Quintero Larsen Yamamoto
Sandoval
""")
STREET = "Juniper Cottonwood Larkspur Magnolia Granite Pinehurst Hollow Creek|Elm|County Line|Old Mill|N Lamar|SW 42nd|Martin Luther King Jr|Sycamore".replace(
    " ", "|", 5
).split("|")
SUFFIX = words("""
St Street Ave Avenue Rd Road Dr Drive Ln Lane Blvd Ct Way Pl Pkwy Cir
""")
CITY = [
    ("Tacoma", "WA", "984"), ("Des Moines", "IA", "503"), ("El Paso", "TX", "799"), ("Baton Rouge", "LA",
     "708"), ("Reno", "NV", "895"),
    ("Chattanooga", "TN", "374"), ("Fresno", "CA", "937"), ("Yonkers", "NY", "107"), ("Peoria", "IL",
     "616"), ("Mesa", "AZ", "852"),
]  # fmt: skip
AREA = words("""
206 515 915 225 775 423 559 914 309 480 512 303 617 718 404
""")


def luhn(body):
    total = 0
    for i, c in enumerate(reversed(body)):
        n = int(c)
        if i % 2 == 0:
            n = n * 2 - 9 if n > 4 else n * 2
        total += n
    return body + str((10 - total % 10) % 10)


class Values:
    def __init__(self, r):
        self.r = r

    def digits(self, n):
        return "".join(self.r.choice(string.digits) for _ in range(n))

    def letters(self, n):
        return "".join(self.r.choice(string.ascii_uppercase) for _ in range(n))

    def name(self):
        r = self.r
        middle = r.choice(["", "", "", f"{r.choice(string.ascii_uppercase)}. "])
        return f"{r.choice(FIRST)} {middle}{r.choice(LAST)}"

    def ssn9(self):
        while True:
            d = self.digits(9)
            if d[:3] not in ("000", "666") and d[0] != "9" and d[3:5] != "00" and d[5:] != "0000":
                return d

    def ssn(self):
        d = self.ssn9()
        sign = self.r.choice("--- ")
        return f"{d[:3]}{sign}{d[3:5]}{sign}{d[5:]}"

    def card(self):
        r = self.r
        n = luhn(r.choice(["4", "51", "53", "55", "2221", "6011"]).ljust(6, "7") + self.digits(9))
        if r.random() < 0.15:
            n = luhn("37" + self.digits(12))
            return r.choice([n, f"{n[:4]} {n[4:10]} {n[10:]}"])
        return r.choice([n, " ".join(re.findall("....", n)), "-".join(re.findall("....", n))])

    def imei(self):
        n = luhn(self.r.choice(["35", "86", "01", "35"]) + self.digits(12))
        return self.r.choice([n, n, n, f"{n[:2]}-{n[2:8]}-{n[8:14]}-{n[14]}"])

    def imsi(self):
        return self.r.choice(["310260", "310410", "311480", "310120"]) + self.digits(9)

    def iccid(self):
        n = luhn(self.r.choice(["8901260", "8901410", "8914800"]) + self.digits(11))
        return self.r.choice([n, n, n + "F"])

    def phone(self):
        a, b, c = self.r.choice(AREA), self.r.choice("2346789") + self.digits(2), self.digits(4)
        if b[1:] == "11":
            b = b[0] + "20"
        return self.r.choice(
            [
                f"({a}) {b}-{c}",
                f"{a}-{b}-{c}",
                f"{a}.{b}.{c}",
                f"+1 {a} {b} {c}",
                f"1-{a}-{b}-{c}",
                f"{a}{b}{c}",
            ]
        )

    def email(self):
        r = self.r
        return f"{r.choice(FIRST).lower()}{r.choice(['.', '_', ''])}{r.choice(LAST).lower().replace(chr(39), '')}{r.choice(['', self.digits(2)])}@{r.choice(['gmail.com', 'outlook.com', 'mail.larkspur.net', 'yahoo.co.uk'])}"

    def dob(self):
        y, m, d = self.r.randint(1938, 2004), self.r.randint(1, 12), self.r.randint(1, 28)
        month = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ][m - 1]
        return self.r.choice(
            [
                f"{m:02}/{d:02}/{y}",
                f"{m}/{d}/{y % 100:02}",
                f"{y}-{m:02}-{d:02}",
                f"{month} {d}, {y}",
                f"{d} {month[:3]} {y}",
            ]
        )

    def licence(self):
        r = self.r
        return r.choice([
            ("CA", r.choice("ABCDEFNY") + self.digits(7)), ("FL", r.choice("ABCDGHKLMS") + "-".join(["",
             self.digits(3), self.digits(3), self.digits(2), self.digits(3), self.digits(1)])[1:]),
            ("TX", self.digits(8)), ("NY", f"{self.digits(3)} {self.digits(3)} {self.digits(3)}"), ("WA",
             "WDL" + r.choice("BCDF") + self.digits(7) + "B"),
            ("IL", f"{r.choice('BCDW')}{self.digits(3)}-{self.digits(4)}-{self.digits(4)}"), ("OH",
             self.letters(2) + self.digits(6)), ("NJ",
             f"{r.choice('ABCS')}{self.digits(4)} {self.digits(5)} {self.digits(5)}"),
            ("PA", f"{self.digits(2)} {self.digits(3)} {self.digits(3)}"), ("VA", "T" + self.digits(8)),
        ])  # fmt: skip

    def passport(self):
        return self.r.choice(
            [self.r.choice("45") + self.digits(8), self.r.choice("AX") + self.digits(8)]
        )

    def account(self):
        return self.r.choice(
            [
                self.digits(9),
                self.digits(10),
                f"{self.digits(3)}-{self.digits(6)}",
                "LW" + self.digits(8),
            ]
        )

    def bank(self):
        return self.digits(self.r.choice([8, 10, 12]))

    def routing(self):
        while True:
            d = self.r.choice(["02", "11", "12", "31", "07"]) + self.digits(6)
            for c in string.digits:
                if sum(w * int(x) for w, x in zip((3, 7, 1) * 3, d + c, strict=True)) % 10 == 0:
                    return d + c

    def password(self):
        r = self.r
        return (
            r.choice(["Blu3", "qwer", "Sunny", "K9#", "tiger"])
            + r.choice(["!", "", "_", "$"])
            + self.digits(r.randint(2, 4))
            + r.choice(["", "xy", "Q"])
        )

    def username(self):
        return self.r.choice(
            [
                self.r.choice(FIRST).lower()[0]
                + self.r.choice(LAST).lower().replace("'", "")
                + self.digits(2),
                "user_" + self.digits(4),
                self.r.choice(FIRST).lower() + ".k" + self.digits(1),
            ]
        )

    def pin(self):
        return self.digits(self.r.choice([4, 4, 6]))

    def mrn(self):
        return self.r.choice([self.digits(7), self.digits(8), "MR" + self.digits(6)])

    def npi(self):
        while True:
            body = self.r.choice("12") + self.digits(8)
            return luhn("80840" + body)[5:]

    def mbi(self):
        s = "ACDEFGHJKMNPQRTUVWXY"
        c = self.r.choice
        m = (
            c("123456789")
            + c(s)
            + c(s + "0123456789")
            + self.digits(1)
            + c(s)
            + c(s)
            + self.digits(1)
            + c(s)
            + c(s)
            + self.digits(2)
        )
        return self.r.choice([m, f"{m[:4]}-{m[4:7]}-{m[7:]}"])

    def policy(self):
        return self.letters(3) + self.digits(9)

    def ip(self):
        return ".".join(str(self.r.randint(11, 240)) for _ in range(4))

    def mac(self):
        return ":".join(f"{self.r.randint(0, 255):02x}" for _ in range(6))

    def vin(self):
        chars = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
        while True:
            v = self.r.choice("12345") + "".join(self.r.choice(chars) for _ in range(16))
            for c in "0123456789X":
                if valid_vin(v[:8] + c + v[9:]) == "valid":
                    return v[:8] + c + v[9:]

    def address(self):
        r = self.r
        city, state, zip3 = r.choice(CITY)
        unit = r.choice(
            [
                "",
                "",
                f" Apt {r.randint(1, 99)}",
                f", Unit {r.choice('ABC')}",
                f" #{r.randint(1, 400)}",
            ]
        )
        sep = r.choice([", ", ", ", "\n"])
        return f"{r.randint(10, 9999)} {r.choice(STREET)} {r.choice(SUFFIX)}{unit}{sep}{city}, {state} {zip3}{self.digits(2)}"

    def last4(self):
        return self.r.choice("123456789") + self.digits(3)


TEMPLATES = r"""
Cust {name} called re bill. Verified w/ SSN {ssn} and DOB {birth_date}. CB# {phone}.
CSR note: customer's social is {ssn}, acct {account_number}, says he never ordered the handset.
{name} came into store w/ DL {licence} to port out {phone}. Device IMEI {imei}, SIM {iccid}.
Agent: May I have your account PIN?\nCustomer: It's {pin}\nAgent: Thank you. And the number you are calling about?\nCustomer: {phone}
Agent: Hi, thanks for contacting Larkspur. How can I help?\nCustomer: hi my name is {name} and I cant log in\nAgent: Can you confirm the last four of your social?\nCustomer: {ssn_last4}
FULL NAME: {name}\nDATE OF BIRTH: {birth_date}\nSOCIAL SECURITY NUMBER: {ssn}\nDRIVER LICENSE NO: {licence}\nADDRESS: {address}\nPHONE: {phone}\nEMAIL: {email}
Name ........ {name}\nSSN ......... {ssn}\nMRN ......... {mrn}\nMember ID ... {health_policy}
Please charge my card {card}, expiration 04/27, CVV {card_cvv}.
card on file ending changed, new card number is {card} exp 11/26 security code {card_cvv}
{{"customer":"{name}","ssn":"{ssn}","msisdn":"{phone}","imei":"{imei}","imsi":"{imsi}","email":"{email}"}}
2021-07-22 03:14:07 INFO provisioning imsi={imsi} iccid={iccid} imei={imei} status=OK
2021-07-22 11:02:44,118 WARN login failed user={username} src={ip} mac={mac}
ACCOUNT NUMBER: {account_number}   ACCOUNT PIN: {pin}   USERNAME: {username}   PASSWORD: {password}
Your temporary password is {password} and your username is {username}. Change it after you sign in.
Direct deposit form: bank routing number {routing_number}, checking account number {bank_account}. Signed, {name}
Wire to ABA {routing_number} acct {bank_account} at First Prairie Bank.
Hello,\n\nI moved. My new address is {address}. Please update it on account {account_number}.\n\nThanks,\n{name}\n{phone}
Dear {name},\n\nWe received your application. Your driver's license ({licence}) and passport number {passport} were verified.\n\nRegards,\nCredit Team
PATIENT: {name}  DOB: {birth_date}  MRN: {mrn}  MEDICARE #: {mbi}\nProvider NPI: {npi}
rx called in for {name}, dob {birth_date}, medicare id {mbi}, prescriber npi {npi}
passport {passport} issued 2016, visa pending
Vehicle {vin} registered to {name}, {address}
SSN:{ssn9} NAME:{name}
Tax form W-2 employee's social security number {ssn} employer identification number 46-{ein7}
insured {name}, policy number {health_policy}, group number {group}
{name}|{ssn}|{birth_date_us}|{phone}|{email}
She said her pin was {pin} but the system shows locked. imei on the box reads {imei}
Swap request. Old ICCID {iccid} new ICCID {iccid}. IMSI {imsi}.
Subscriber {name} ({phone}) reported lost device. IMEI: {imei}. Blacklist requested.
text me at {phone} or email {email}
I was born on {birth_date} and my social security number is {ssn}.
licence: {licence_state} {licence_plain}
{licence_state} DL# {licence_plain} exp 2026
S0CIAL SECURITY N0.: {ssn}   D0B: {birth_date_us}
Mother's maiden name: {last}. First pet: Biscuit
login {username} / password {password}
Remote access: user id {username}, pwd: {password}
alien registration number A{alien}
mailing address\n{address}\nhome phone {phone}
num de seguro social {ssn}, fecha de nacimiento {birth_date_us}, telefono {phone}
""".strip().split("\n")

LOOK_ALIKES = r"""
Your order number {d3}-{d2}-{d4} has shipped. Tracking: 1Z{d3}AA{d2}{d8}.
Invoice {d9} is due on {date}. Reference {d10}.
SKU {d3}-{d2}-{d4} is out of stock; see part number {d8}.
Ticket #{d7} was merged into #{d7} by the bot at {time}.
Build {d1}.{d2}.{d4}.{d1} of firmware {d1}.{d1}.{d2} fixes error 0x{hex8}.
commit {hex40} changes {d2} files
The serial number is {d9} and the lot {d6}.
RMA {d9} for model {letters}{d4}, quantity {d2}.
Meeting at {time} on {date}, room {d3}, dial code {d6}#.
Session {uuid} took {d4} ms and sent {d8} bytes.
Case number {d2}-{d7} has been closed. No action is needed.
ISBN 978-{d1}-{d2}-{d6}-{d1}, pages {d3}-{d3}.
Latitude {d2}.{d6}, longitude -{d3}.{d6}.
Your confirmation code is {letters}{d5}. Flight {letters2}{d4} leaves gate B{d2}.
FedEx tracking {d12}; UPS {d10}; USPS 9400 {d4} {d4} {d4} {d4} {d2}.
Total: ${d3},{d3}.{d2}; tax {d1}.{d2}%; {d4} units.
Software license key {letters}-{d5}-{letters}-{d5}. Licensed under Apache 2.0.
Please reset your password by the end of the week. Your password must contain eight characters.
The pin on the map is wrong. Push pin 12 into slot 4 of GPIO 17.
Forecast for week {d2}: {d5} calls, {d4} texts, {d6} megabytes.
epoch={d10} seq={d9} counter={d15}
PO number {d8}, batch {d10}, pallet {d6}
docket {d2}-cv-{d5}, filed {date}
Transaction id {d16} declined at {time}.
Purchase order {d10} for 40 routers, asset tag {d7}.
The bridge was built in 1931 and carries {d5} cars a day.
Version 10.{d1}.{d1}.{d1} released {date}
job id {d9}, work order {d8}, item number {d9}
barcode {d13}, EAN {d13}
request id {hex32}
""".strip().split("\n")


def documents(n, seed):
    r = random.Random(seed)
    v = Values(r)
    lines = [t.replace("\\n", "\n") for t in TEMPLATES]
    for _ in range(n):
        yield fill(r.choice(lines), v, r)


def fill(template, v, r):
    out, gold, place = "", [], 0
    state, licence = v.licence()
    for m in re.finditer(r"\{\{|\}\}|\{(\w+)\}", template):
        out += template[place : m.start()]
        place = m.end()
        key = m[1]
        if key is None:
            out += m[0][0]
            continue
        element, value = make(key, v, state, licence, r)
        if element:
            gold.append((len(out), len(out) + len(value), element))
        out += value
    out += template[place:]
    return out, gold


def make(key, v, state, licence, r):
    plain = {
        "licence": ("drivers_licence", licence), "licence_plain": ("drivers_licence",
        licence), "licence_state": ("", state),
        "ssn9": ("ssn", v.ssn9()), "ein7": ("", v.digits(7)), "group": ("health_policy",
        v.digits(6)), "last": ("security_answer", r.choice(LAST)),
        "alien": ("", v.digits(9)), "ssn_last4": ("ssn_last4", v.last4()), "card_cvv": ("card_cvv",
        r.choice("123456789") + v.digits(2)),
        "birth_date_us": ("birth_date", f"{r.randint(1, 12):02}/{r.randint(1, 28):02}/{r.randint(1940, 2003)}"),
    }  # fmt: skip
    if key in plain:
        return plain[key]
    makers = {
        "birth_date": v.dob, "account_number": v.account, "bank_account": v.bank, "routing_number": v.routing,
        "health_policy": v.policy,
    }  # fmt: skip
    return key, (makers.get(key) or getattr(v, key))()


def look_alikes(n, seed):
    r = random.Random(seed)
    v = Values(r)
    for _ in range(n):
        template = r.choice(LOOK_ALIKES)

        def one(m, v=v, r=r):
            key = m[1]
            if key[0] == "d" and key[1:].isdigit():
                return r.choice("123456789") + v.digits(int(key[1:]) - 1)
            if key.startswith("hex"):
                return "".join(r.choice("0123456789abcdef") for _ in range(int(key[3:])))
            return {
                "letters": v.letters(3), "letters2": v.letters(2),
                "date": f"{r.randint(1, 12):02}/{r.randint(1, 28):02}/2021",
                "time": f"{r.randint(0, 23):02}:{r.randint(0, 59):02}",
                "uuid": "-".join("".join(r.choice("0123456789abcdef") for _ in range(k)) for k in (8, 4, 4, 4, 12)),
            }[key]  # fmt: skip

        yield re.sub(r"\{(\w+)\}", one, template)
