"""How well the scam check tells our messages from forged ones, on a generated set of companies that no test uses.

Genuine: letters composed by the room of notices, pasted as text, as HTML, as a raw e-mail, cut at line ends, forwarded.
Forged: those letters with a link, a telephone, a word or a sentence changed, and bait written freely. Tricky: mail of
the company that is no notice, contacts alone, numbers cut. The one error not forgiven: ``ours`` for a forged one.

    python bench/scam.py --seed 11 --companies 6
"""

from __future__ import annotations

import argparse
import random
import string
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from email.policy import SMTP
from pathlib import Path

import numpy as np
import pyarrow as pa
from common import show

from amends.notices.channels.email import _sender_address, message
from amends.notices.compose import Letter, compose
from amends.notices.facts import (
    AUDIENCES,
    DutyText,
    ExposedElement,
    LetterFacts,
    Recipient,
    Variant,
)
from amends.notices.plain import as_html, as_text
from amends.portal.scam.check import check_message
from amends.portal.scam.lookalikes import look_alikes
from amends.portal.scam.register import SENT, SentRegister, write_sent
from amends.portal.shapes import Incident, LetterBlock, LetterSection, LetterText, Office

COMPANIES = (
    ("Harrow & Finch Credit Union", "harrowfinch", "example"), ("Copperline Health", "copperline-health", "example"),
    ("Nimbus Transit", "nimbustransit", "test"), ("Oakmere Insurance Group", "oakmere", "co.uk"),
    ("Vela Mobile", "velamobile", "com"), ("Brightwater College", "brightwater", "org"),
    ("Tern Energy", "tern", "net"), ("Solís Telecomunicaciones", "solistel", "mx"),
)  # fmt: skip
FIRST = "Maria Juan Aisha Wei Olga Devon Priya Tomás Ngozi Eleanor Q. Kwame".split()  # noqa: SIM905
LAST = "O'Neil García-Lopez Smith de la Cruz Van Dyke Nguyen Okafor Ferreira Li".split()  # noqa: SIM905
ELEMENTS = (
    "ssn",
    "birth_date",
    "drivers_licence",
    "card",
    "bank_account",
    "password",
    "imei",
    "diagnosis",
    "address",
)
STATES = ("US-CA", "US-NY", "US-TX", "US-FL", "US-MA", "US-IL", "US-RI", "US-WA", "US-NC", "US-OR")
CODES = frozenset(
    ("ENTITY_NAME_CONTACT", "PI_TYPES", "DATE_OF_NOTICE", "CRA_CONTACTS", "FTC_CONTACT", "FREEZE_HOWTO",
     "STATE_AG_CONTACT", "POLICE_REPORT_RIGHT", "ID_PROTECTION_OFFER", "ID_PROTECTION_HOWTO", "ADVICE_VIGILANT")
)  # fmt: skip

# Bait, written for this set: {entity}, {name}, {bad} a host that imitates, {far} another host, {phone}, {number}.
BAIT = (
    "{entity} data breach settlement: you may be owed up to $2,500. File before Friday at {bad}/claim",
    "{entity}: We noticed your data in the recent incident. Secure your profile here https://{far}/s/{n}",
    "ALERT {entity} your identity protection expires tonight. Renew: https://{bad}",
    "Hello {name}, this is {entity} security. Please call me back on {phone} to confirm you are affected.",
    "Hi {name}! Ref {number}. To activate your free monitoring reply with the last four of your social and your zip.",
    "{entity} Breach Response Team. Case {number}. Our agent will visit you tomorrow. Have your ID ready.",
    "Notice {number}. Your refund of $318.20 is ready. Deposit it to your debit card: {bad}",
    "Dear {name}, as a victim of the {entity} breach you need a new account. Move your balance to the one we opened.",
    "{entity} <support@{bad}> wrote: your letter {number} is confirmed, download the tool from {far}/tool.exe",
    "We tried to deliver your {entity} notice {number}. Pay $1.95 redelivery at {far}",
    "Final reminder {number}: verify that the Social Security number in your letter is right at {bad}/verify",
    "Regarding notice {number}: bring the letter and two forms of identification to our new office on 5th Avenue.",
    "Notice number {number}. Scan the code with your phone and log in with your usual password.",
    "{number}. Text YES to 41411 to keep your protection.",
    "This message is about {number}. Write to our claims desk: claims.{entityword}@gmail.com",
    "{number} {name} Send Us Your Card",
    "{number} {name} Ring Robert Straight Back Please",
    "{number}\n{name}\nGive The Code To The Caller",
    "{number} keep this letter and wait for our call, we will ask for the code printed in it",
    "Aviso {number}: su protección vence hoy. Renueve en https://{bad}/es",
    "{entity} le informa: sus datos fueron robados. Confirme su identidad en {far} con su número de seguro social",
    "Hola {name}, le llamamos de {entity} por el aviso {number}. Tenga a mano su tarjeta, le llamará un agente.",
    "Aviso {number}. Reclame $500 por la violación de datos antes del viernes: {bad}",
    "Estimado cliente de {entity}: su cuenta será bloqueada. Marque {phone}.",
    "{entity} te devuelve dinero por el hackeo. Manda foto de tu identificación por WhatsApp al {phone}",
)
# Sentences put into a whole genuine letter.
PLANTED = (
    "To speed up your enrollment, give the code to our representative when they call.",
    "You must also return the enclosed form with a copy of your identification.",
    "Use the temporary website {bad} instead.", "Our number has changed: {phone}.",
    "Please answer this e-mail with your full name and birthday.",
    "A small charge of $4.99 confirms your card.", "Para inscribirse más rápido, dé el código a quien le llame.",
    "Nuestro sitio nuevo es {bad}.", "Install the Guardian app from {far}.", "Ask for Mr. Dean at the front desk.",
)  # fmt: skip
# Mail of the company that is no notice, or not of the company at all: never ours.
OTHER = (
    "Your {entity} bill for November is ready. You owe $84.12.",
    "Thanks for shopping! Your order has shipped.",
    "Are we still on for lunch on Tuesday?",
    "{entity} wins award for customer service, says local newspaper.",
    "https://{site}/en/check", "{site}", "{own_phone}", "{sender}", "From: {sender}", "hello {name}", "{phone}", "https://{far}/",
    "I got a letter from {entity}, is it real?", "¿Es verdadera esta carta de {entity}?",
)  # fmt: skip


def company(rng: random.Random, at: int) -> tuple[Incident, LetterFacts]:
    """Return a company's incident, and the facts of its letters."""
    entity, label, ending = COMPANIES[at % len(COMPANIES)]
    domain = f"{label}.{ending}"
    on = date(2026, 1, 1) + timedelta(days=rng.randrange(300))
    phone = f"1-8{rng.choice(('00', '33', '44', '55', '66', '77', '88'))}-555-01{rng.randrange(100):02d}"
    place = rng.choice(("a backup server", "a vendor portal", "our billing system"))
    happened = {
        "en": f"Somebody used a stolen password to copy files from {place}.",
        "es": "Alguien usó una contraseña robada para copiar archivos de uno de nuestros sistemas.",
    }
    incident = Incident(
        entity, domain, f"breach.{domain}", phone, f"notice@{domain}", what_happened=happened
    )
    facts = LetterFacts(
        entity, on, on - timedelta(days=21), on - timedelta(days=90), on - timedelta(days=20), phone=phone,
        website=domain,
        address=(f"{rng.randrange(1, 999)} Elm Road", "Dayton, OH 45402"), n_affected=rng.randrange(500, 9_000_000),
        what_happened=happened if rng.random() < 0.7 else {}, offer_product=rng.choice(("", "IDWatch Plus")),
        offer_months=rng.choice((0, 12, 24)), enrol_by_on=on + timedelta(days=90),
    )  # fmt: skip
    return incident, facts


def letters_of(rng: random.Random, facts: LetterFacts, n: int) -> list[Letter]:
    """Return letters of many variants."""
    made = []
    for _ in range(n):
        elements = sorted({"name", *rng.sample(ELEMENTS, rng.randrange(1, 6))})
        duty = DutyText(
            (rng.choice(STATES),),
            frozenset(rng.sample(sorted(CODES), 6)),
            id_protection_months=rng.choice((0, 12, 24)),
        )
        shown = tuple(
            ExposedElement(e, rng.choice(("taken", "taken", "seen", "exposed"))) for e in elements
        )
        variant = Variant(
            duty, shown, rng.choice(("en", "es")), rng.choice(AUDIENCES), rng.random() < 0.2
        )
        made.append(compose(variant, facts))
    return made


def as_shown(made: Letter) -> LetterText:
    """Return a letter as the portal holds it."""
    return LetterText(
        made.variant.language, made.title, made.dated,
        tuple(
            LetterSection(s.key, s.heading, tuple(
                LetterBlock(b.kind, b.text, b.items, tuple(Office(o.name, o.lines) for o in b.offices))
                for b in s.blocks
            )) for s in made.sections
        ),
    )  # fmt: skip


def genuine(
    rng: random.Random, made: Letter, to: Recipient, incident: Incident
) -> Iterator[tuple[str, str]]:
    """Yield the forms in which a real notice is pasted."""
    text = as_text(made, to)
    raw = (
        message(to, made, _sender_address(incident.email, incident.entity))
        .as_bytes(policy=SMTP)
        .decode()
    )
    width = rng.randrange(50, 110)
    yield "letter as text", text
    yield "letter as HTML", as_html(made, to)
    yield "raw e-mail", raw
    yield (
        "letter from a PDF",
        "\n".join([to.name, *to.lines, f"{to.city}, {to.state} {to.zip}", *_wrapped(text, width)]),
    )
    yield "letter quoted", "\n".join("> " + line for line in text.splitlines())
    yield "number alone", to.notice_id
    yield (
        "number typed",
        " ".join(
            [to.notice_id[:5], to.notice_id[5:9], to.notice_id[9:13], to.notice_id[13:]]
        ).lower(),
    )


def _wrapped(text: str, width: int) -> Iterator[str]:
    for line in text.splitlines():
        kept: list[str] = []
        for word in line.split(" "):
            if kept and len(" ".join([*kept, word])) > width:
                yield " ".join(kept)
                kept = []
            kept.append(word)
        yield " ".join(kept)


def forged(rng: random.Random, text: str, given: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield changed letters and bait."""
    own = given["site"].split(".", 1)[1]
    yield "letter, link changed", text.replace(own, given["bad"])
    yield "letter, telephone changed", text.replace(given["own_phone"], given["phone"])
    yield "letter, number made up", text.replace(given["number"], given["unknown"])
    for planted in rng.sample(PLANTED, 4):
        lines = text.splitlines()
        lines.insert(rng.randrange(len(lines)), planted.format(**given))
        yield "letter, sentence put in", "\n".join(lines)
    words = text.split(" ")
    for _ in range(4):
        at = rng.randrange(20, len(words) - 20)
        if words[at].isalpha() and words[at - 1].isalpha() and words[at + 1].isalpha():
            yield "letter, word taken out", " ".join(words[:at] + words[at + 1 :])
            yield (
                "letter, word changed",
                " ".join(
                    [
                        *words[:at],
                        rng.choice(("always", "bring", "nunca", "later")),
                        *words[at + 1 :],
                    ]
                ),
            )
    for bait in rng.sample(BAIT, 10):
        yield "bait", bait.format(**given)
        yield "bait on top of a letter", bait.format(**given) + "\n\n" + text
    yield (
        "bait in HTML",
        f'<p>{given["number"]}</p><a href="https://{given["far"]}">https://{given["site"]}/en/check</a>',
    )
    yield "made-up number", given["unknown"]


def tricky(rng: random.Random, given: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what is neither a notice nor a forged one."""
    for text in rng.sample(OTHER, 8):
        yield "other", text.format(**given)
    yield "number cut", given["number"][: rng.randrange(13, 16)]


def run(
    seed: int, n_companies: int, n_letters: int
) -> tuple[list[dict[str, object]], list[float], list[str]]:
    """Return the confusion table, the seconds of each check, and what was unforgivable."""
    rng = random.Random(seed)
    counts: Counter[tuple[str, str, str]] = Counter()
    seconds: list[float] = []
    wrong: list[str] = []
    for at in range(n_companies):
        incident, facts = company(rng, at)
        made = letters_of(rng, facts, n_letters)
        numbers = [f"N{rng.getrandbits(64):016X}" for _ in range(5000)]
        with tempfile.TemporaryDirectory() as folder:
            rows = {
                "notice_id": numbers,
                "channel": ["email"] * len(numbers),
                "sent_on": [facts.dated_on] * len(numbers),
            }
            write_sent(
                [pa.RecordBatch.from_pydict(rows, SENT)],
                seed.to_bytes(32, "big"),
                incident,
                Path(folder),
                letters=map(as_shown, made),
            )
            register = SentRegister.open(Path(folder), seed.to_bytes(32, "big"))
            fakes = [f.domain for f in look_alikes([incident.domain, incident.site], 3000)]
            for letter in made:
                number = rng.choice(numbers)
                name = f"{rng.choice(FIRST)} {rng.choice(LAST)}"
                lines = (f"{rng.randrange(1, 9999)} Birch Avenue", "Apt 3")
                to = Recipient(number, "P1", name, lines, "Salem", "OR", "97301",
                               email="person@mail.example", code="7KQ4-M2XD-9RTW")  # fmt: skip
                given = {
                    "entity": incident.entity, "name": name, "bad": rng.choice(fakes), "number": number,
                    "site": incident.site,
                    "far": "".join(rng.choices(string.ascii_lowercase, k=9)) + rng.choice((".com", ".top", ".co")),
                    "phone": f"{rng.randrange(201, 989)}-555-01{rng.randrange(100):02d}", "n": str(rng.randrange(9999)),
                    "own_phone": incident.phone, "sender": incident.email, "unknown": f"N{rng.getrandbits(64):016X}",
                    "entityword": incident.entity.split()[0].lower(),
                }  # fmt: skip
                sets = (
                    ("genuine", genuine(rng, letter, to, incident)),
                    ("forged", forged(rng, as_text(letter, to), given)),
                    ("other", tricky(rng, given)),
                )
                for truth, cases in sets:
                    for kind, text in cases:
                        started = time.perf_counter()
                        verdict = check_message(
                            text, register, incident, rng.choice(("en", "es"))
                        ).verdict
                        seconds.append(time.perf_counter() - started)
                        counts[truth, kind, verdict] += 1
                        if truth != "genuine" and verdict == "ours":
                            wrong.append(f"{kind}: {text[:300]!r}")
    rows_out: list[dict[str, object]] = []
    for truth, kind in dict.fromkeys((t, k) for t, k, _ in counts):
        row: dict[str, object] = {"truth": truth, "kind": kind}
        rows_out.append(
            row | {v: counts[truth, kind, v] for v in ("ours", "cannot_tell", "not_ours")}
        )
    return rows_out, seconds, wrong


def register_cost(n: int) -> dict[str, object]:
    """Return what a register of so many notices costs."""
    rng = np.random.default_rng(5)

    def batches() -> Iterator[pa.RecordBatch]:
        for start in range(0, n, 1_000_000):
            size = min(1_000_000, n - start)
            numbers = [f"N{x:016X}" for x in rng.integers(0, 2**63, size).tolist()]
            yield pa.RecordBatch.from_pydict(
                {
                    "notice_id": numbers,
                    "channel": ["print"] * size,
                    "sent_on": [date(2026, 5, 5)] * size,
                },
                SENT,
            )

    incident = replace(company(random.Random(1), 0)[0])
    with tempfile.TemporaryDirectory() as folder:
        made = list(batches())
        started = time.perf_counter()
        write_sent(made, b"k" * 32, incident, Path(folder))
        written = time.perf_counter() - started
        size = sum(p.stat().st_size for p in Path(folder).iterdir())
        register = SentRegister.open(Path(folder), b"k" * 32)
        asked = made[0].column("notice_id").to_pylist()[:20_000]
        started = time.perf_counter()
        hits = sum(register.find(x) is not None for x in asked)
        looked = time.perf_counter() - started
    return {
        "notices": n,
        "write_s": round(written, 2),
        "bytes_a_notice": round(size / n, 2),
        "finds_per_s": int(len(asked) / looked),
        "found": hits / len(asked),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--companies", type=int, default=8)
    parser.add_argument("--letters", type=int, default=12)
    parser.add_argument("--notices", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows, seconds, wrong = run(options.seed, options.companies, options.letters)
    show("scam check: verdicts", rows, options.json)
    forged_rows = [r for r in rows if r["truth"] == "forged"]
    n_forged = sum(int(str(r[v])) for r in forged_rows for v in ("ours", "cannot_tell", "not_ours"))
    n_genuine = sum(
        int(str(r[v]))
        for r in rows
        if r["truth"] == "genuine"
        for v in ("ours", "cannot_tell", "not_ours")
    )
    summary: dict[str, object] = {
        "forged_called_ours": sum(int(str(r["ours"])) for r in rows if r["truth"] != "genuine"),
        "forged": n_forged,
        "forged_called_not_ours": round(
            sum(int(str(r["not_ours"])) for r in forged_rows) / n_forged, 4
        ),
        "genuine": n_genuine,
        "genuine_called_ours": round(
            sum(int(str(r["ours"])) for r in rows if r["truth"] == "genuine") / n_genuine, 4
        ),
        "median_ms": round(1000 * float(np.median(seconds)), 2),
        "slowest_ms": round(1000 * max(seconds), 1),
    }
    show("scam check: summary", [summary], options.json)
    show("register of what was sent", [register_cost(options.notices)], options.json)
    for line in wrong[:20]:
        print("OURS THOUGH IT IS NOT", line)


if __name__ == "__main__":
    main()
