"""The package for law enforcement and regulators: one signed file, with nothing personal that was not chosen.

Two versions. *Non-privileged*: what happened, by the evidence: facts, steps, indicators, custody, filings.
*Privileged*: also what counsel's team thought: alternatives, what speaks against a step, decisions, ways still open.
Names of accounts are replaced by numbers unless they are chosen; tables about people are left out unless chosen.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from amends import custody
from amends.kernel import clock, ids
from amends.kernel.case import Case
from amends.kernel.errors import TableError, UsageError
from amends.report import package_parts as parts
from amends.report.package_names import Names, names_of
from amends.report.package_seal import sealed
from amends.vault.keys import create_keys, domain_key, load_root
from amends.vault.signing import SigningKey

AUDIENCES = ("law-enforcement", "regulator")
CHOICES = {
    "accounts": "names of the accounts used or made, instead of numbers",
    "paths": "the ways to customer data that are still open, and the closures",
    "states": "people affected by state and data element (counts)",
    "notification-list": "the list of the people to be told, with addresses",
    "person-elements": "which data elements of each person were exposed",
}


@dataclass(frozen=True)
class Order:
    """What is asked for.

    Attributes:
        audience: ``law-enforcement`` or ``regulator``.
        privileged: Whether the work of counsel's team goes in.
        chosen: Words of ``CHOICES``.
        regulator: Only the facts for this authority or jurisdiction; "" for all.
    """

    audience: str
    privileged: bool = False
    chosen: frozenset[str] = frozenset()
    regulator: str = ""


Maker = Callable[[Case, Order, Names], bytes]


@dataclass(frozen=True)
class Part:
    """One file of a package.

    Attributes:
        path: Where it lies in the package.
        means: What it holds, for the read-me.
        make: Makes its bytes.
        audiences: Who gets it.
        privileged: Whether it is only in the privileged version.
        needs: Choice without which it is left out; "" for none.
    """

    path: str
    means: str
    make: Maker
    audiences: tuple[str, ...] = AUDIENCES
    privileged: bool = False
    needs: str = ""

    def goes_with(self, order: Order) -> bool:
        """Say whether an order wants it."""
        return (
            order.audience in self.audiences
            and (order.privileged or not self.privileged)
            and (
                not self.needs
                or self.needs in order.chosen
                or (self.needs == "paths" and order.privileged)
            )
        )


PARTS: tuple[Part, ...] = (
    Part("facts.json", "the case in figures: dates, counts, what was exposed", parts.facts),
    Part("timeline/story.txt", "how they got in and what they took, in words", parts.story),
    Part("timeline/story.html", "the same with the log lines behind each sentence", parts.story_page, needs="accounts"),
    Part("timeline/chain.csv", "the steps of the intruder, in order", parts.chain),
    Part("timeline/taken.csv", "what was taken, with bounds and grounds", parts.taken),
    Part("timeline/gaps.csv", "what the logs cannot say", parts.gaps),
    Part("timeline/swimlane.svg", "the steps as a picture", parts.swimlane),
    Part("timeline/timesketch.csv", "the events of the steps, for Timesketch", parts.timesketch, ("law-enforcement",)),
    Part("indicators/indicators.csv", "traces of the intruder", parts.indicators),
    Part("indicators/stix.json", "the same as STIX 2.1", parts.stix, ("law-enforcement",)),
    Part("custody/custody.jsonl", "the custody journal, line by line as sealed", parts.journal),
    Part("custody/custody.jsonld", "the same as CASE/UCO", parts.case_uco, ("law-enforcement",)),
    Part("custody/certificate.pdf", "what was received, and whether its seals hold", parts.certificate),
    Part("custody/witness.json", "heads and roots, to be kept", parts.witness),
    Part("facts/filings.json", "the worksheet of each filing, with what is missing", parts.filings, ("regulator",)),
    Part("facts/deadlines.csv", "what is owed to whom by when", parts.deadlines, ("regulator",)),
    Part("facts/states.csv", "people by state and element", parts.states, needs="states"),
    Part("paths/paths.json", "ways still open, and closures", parts.paths, needs="paths"),
    Part("people/notification-list.csv", "the people to be told", parts.notification_list, needs="notification-list"),
    Part("people/person-elements.csv", "elements of each person", parts.person_elements, needs="person-elements"),
    Part("privileged/steps.csv", "all steps weighed, and what speaks against each", parts.all_steps, privileged=True),
    Part("privileged/decisions.csv", "what people decided, and why", parts.decisions, privileged=True),
    Part("privileged/detections.csv", "every rule that fired", parts.detections, privileged=True),
)  # fmt: skip


def write_package(case: Case, order: Order, to: Path) -> dict[str, object]:
    """Write a package and return what its manifest says of it, with the key that signed it.

    Raises:
        UsageError: The audience, a choice or the regulator is not known, or the name does not end in .zip.
        TableError: The case has not run, or the file cannot be written.
    """
    _check(order, to)
    if case.run_id() == "R0000":
        raise TableError(
            "The case has not run yet",
            where=case.name,
            remedy=f"first: amends run {case.folder.name}",
        )
    names = names_of(case, hidden="accounts" not in order.chosen)
    wanted = [part for part in PARTS if part.goes_with(order)]
    files = {part.path: part.make(case, order, names) for part in wanted}
    made = {path: payload for path, payload in files.items() if payload}
    about = _about(case, order)
    made["README.txt"] = _read_me(about, [p for p in wanted if p.path in made], order).encode()
    key = package_key(case)
    payload = sealed(made, about, key)
    try:
        to.write_bytes(payload)
        to.chmod(0o600)
    except OSError as error:
        raise TableError(
            "The package cannot be written", where=to.name, remedy="choose another place"
        ) from error
    digest = ids.digest_file(to)
    case.ledger.append(
        "package", to=to.name, sha256=digest, key=key.key_id, run=case.run_id(), **_asked(order)
    )
    return {
        **about,
        "files": sorted(made),
        "sha256": digest,
        "key": key.key_id,
        "size_bytes": len(payload),
    }


def package_key(case: Case) -> SigningKey:
    """Return the key that signs the packages of a case, drawn from the case's own."""
    create_keys(case.folder / "keys")
    return SigningKey.from_bytes(
        domain_key(load_root(case.folder / "keys"), "package", "signing")[:32]
    )


def _check(order: Order, to: Path) -> None:
    if order.audience not in AUDIENCES:
        raise UsageError(
            f"There is no audience {order.audience!r}", remedy="write " + " or ".join(AUDIENCES)
        )
    unknown = sorted(order.chosen - CHOICES.keys())
    if unknown:
        raise UsageError(
            f"There is no choice {unknown[0]!r}", remedy="choices are: " + " ".join(CHOICES)
        )
    if to.suffix.lower() != ".zip":
        raise UsageError("A package is a zip", where=to.name, remedy="end its name in .zip")


def _asked(order: Order) -> dict[str, object]:
    return {
        "audience": order.audience,
        "version": "privileged" if order.privileged else "non-privileged",
        "chosen": sorted(order.chosen),
        "regulator": order.regulator,
    }


def _about(case: Case, order: Order) -> dict[str, object]:
    seq, head = custody.witness(case.folder)
    return {
        "format": "amends package 1",
        "case": case.name,
        "entity": case.config.text("case", "entity"),
        "run": case.run_id(),
        "made_at": clock.stamp(),
        "journal": {"seq": seq, "digest": head},
        "ledger": {"digest": case.ledger.head()[1]},
        **_asked(order),
    }


_HEAD = {
    False: "NON-PRIVILEGED. Facts taken from the evidence. It holds no advice and no work of counsel.",
    True: "PRIVILEGED AND CONFIDENTIAL. Prepared at the direction of counsel in anticipation of legal proceedings.\n"
    "Do not pass it on without counsel's word.",
}


def _read_me(about: Mapping[str, object], listed: Iterable[Part], order: Order) -> str:
    out = io.StringIO()
    out.write(f"{_HEAD[order.privileged]}\n\n")
    out.write(
        f"Case {about['case']}, {about['entity']}, run {about['run']}, "
        f"made {about['made_at']} for {order.audience}.\n\n"
    )
    width = max(len(part.path) for part in listed) if listed else 0
    for part in listed:
        out.write(f"  {part.path:<{width}}  {part.means}\n")
    left = [f"  {name}: {means}" for name, means in CHOICES.items() if name not in order.chosen]
    out.write(
        "\nNot chosen, and so not in here"
        + (" (accounts stand as numbers):\n" if "accounts" not in order.chosen else ":\n")
    )
    out.write("\n".join(left) + "\n")
    out.write(
        "\nTo check it with Amends:\n  amends package check FILE.zip --key KEY\n"
        "To check it without:\n  sha256sum -c SHA256SUMS\n"
        "  openssl pkeyutl -verify -pubin -inkey signer.pem -rawin -in manifest.json -sigfile manifest.sig\n"
        "Ask the sender by another way for the key's thumbprint (kid in signer.json) and compare.\n"
    )
    return out.getvalue()
