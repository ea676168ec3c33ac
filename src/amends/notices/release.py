"""Release: a plan is sealed, then two different people approve it. Nothing else may leave the house.

Callers hold the lock of the case.
"""

from __future__ import annotations

import json
import shutil
import unicodedata
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path

import sqlalchemy as sa

from amends.kernel import clock
from amends.kernel.case import Case
from amends.kernel.engine.base import quote
from amends.kernel.errors import DeliveryError, UsageError
from amends.kernel.register import make_tables
from amends.notices import seals, texts
from amends.notices.check import faults
from amends.notices.compose import compose
from amends.notices.facts import LetterFacts, Variant
from amends.notices.seals import Seal
from amends.notices.stage import duty_texts, letter_facts, require_plan, variant_id, variant_of
from amends.tables.notices import NOTICES
from amends.taxonomy import offices

METADATA = sa.MetaData()
APPROVALS = sa.Table(
    "approvals",
    METADATA,
    sa.Column("seal_id", sa.String(16), primary_key=True),
    sa.Column("person", sa.String(200), primary_key=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
)

APPROVALS_NEEDED = 2


class NotApproved(DeliveryError):  # noqa: N818 - reads as the state it is
    """A seal that two different people have not approved yet."""


def seal(case: Case) -> Seal:
    """Freeze every planned notice that may go and is in no seal yet; return the seal.

    Raises:
        TableError: No notices are planned.
        DeliveryError: Nothing new to seal, a text that may not go, or two notices with one id.
    """
    require_plan(case)
    earlier = seals.in_force(case)
    if earlier and earlier[-1].seal_id not in seals.recorded(case):
        return _record(case, earlier[-1])
    chosen = chosen_sql(case)
    held = held_reasons(case)
    seal_id = f"S{len(earlier) + 1:04d}"
    if count(case, chosen) == 0:
        raise DeliveryError(
            "There is no notice to seal"
            + (f": {sum(held.values())} wait for a decision" if held else ""),
            remedy="run the case again after new evidence or decisions; see: amends notices status CASE",
        )
    folder = seals.folder_of(case, seal_id)
    half = folder.with_name(f".{seal_id}.half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    _freeze_rows(case, half, chosen, seal_id)
    warnings = _freeze_texts(case, half)
    made = Seal(
        seal_id=seal_id,
        edition=len(earlier) + 1,
        sealed_at=clock.stamp(),
        run=case.run_id(),
        counts=_counts(case, half),
        held=held,
        warnings=warnings,
        digest=seals.digest_of(half),
    )
    (half / "seal.json").write_text(json.dumps(asdict(made), indent=1) + "\n", "utf-8")
    half.rename(folder)
    return _record(case, made)


def _record(case: Case, made: Seal) -> Seal:
    """Enter a seal whose folder stands into the ledger; a crash in between is made good by the next ``seal``.

    Raises:
        DeliveryError: Its files are not what its own digest says.
    """
    if seals.digest_of(seals.folder_of(case, made.seal_id)) != made.digest:
        raise DeliveryError(
            f"Seal {made.seal_id} was left half made, and its files differ from its digest",
            where=f"seals/{made.seal_id}",
            remedy="nothing of it was sent: move the folder away, then seal again",
        )
    case.ledger.append(
        "seal",
        seal=made.seal_id,
        digest=made.digest,
        counts=made.counts,
        held=made.held,
        run=made.run,
    )
    _stamp_table(case)
    return made


def _stamp_table(case: Case) -> None:
    """Show in the table notices which seal froze which row, without waiting for the next run."""
    columns = ", ".join(quote(c) for c in NOTICES.names)
    sealed = seals.all_rows(case)
    case.write(
        NOTICES,
        f"""SELECT {columns} FROM {sealed} UNION ALL SELECT {columns} FROM {case.read(NOTICES)}
        WHERE notice_id NOT IN (SELECT notice_id FROM {sealed})""",
    )


def chosen_sql(case: Case) -> str:
    """Return SQL of the planned notices that may go and are in no earlier seal."""
    rows = seals.all_rows(case)
    fresh = "" if rows is None else f" AND n.notice_id NOT IN (SELECT notice_id FROM {rows})"
    return f"SELECT n.* FROM {case.read(NOTICES)} AS n WHERE n.sealed_in IS NULL AND len(n.quarantine) = 0{fresh}"


def held_reasons(case: Case) -> dict[str, int]:
    """Return how many unsealed notices wait for each reason; one notice may have several."""
    sql = f"""SELECT reason, count(*) AS n FROM (
        SELECT unnest(quarantine) AS reason FROM {case.read(NOTICES)} WHERE sealed_in IS NULL
    ) GROUP BY reason ORDER BY reason"""
    return {row["reason"]: row["n"] for row in case.engine.arrow(sql).to_pylist()}


def count(case: Case, sql: str) -> int:
    """Return the number of rows of a query."""
    return int(case.engine.arrow(f"SELECT count(*) AS n FROM ({sql})")["n"][0].as_py())


def _freeze_rows(case: Case, folder: Path, chosen: str, seal_id: str) -> None:
    """Write the rows of a seal with their places; letters lie in the order of their postal codes."""
    columns = ", ".join(
        f"CAST({quote(c.name)} AS {c.sql}) AS {quote(c.name)}"
        for c in NOTICES.columns
        if c.name != "sealed_in"
    )
    case.engine.copy(
        f"""SELECT {columns}, '{seal_id}' AS sealed_in,
            row_number() OVER (PARTITION BY channel ORDER BY coalesce(zip, ''), notice_id) - 1 AS ordinal
        FROM ({chosen}) ORDER BY channel, ordinal""",
        folder / "notices.parquet",
    )
    view = case.engine.view("sealing", [folder / "notices.parquet"])
    twice = case.engine.arrow(
        f"""SELECT count(*) - count(DISTINCT notice_id) AS same_id, count(*) - count(DISTINCT person_id) AS same_person
        FROM {view}"""
    ).to_pylist()[0]
    case.engine.drop("sealing")
    if twice["same_id"] or twice["same_person"]:
        raise DeliveryError(
            f"The plan names {twice['same_person'] or twice['same_id']} persons twice",
            remedy="this is a fault in Amends: please report it; nothing was sealed",
        )


def _freeze_texts(case: Case, folder: Path) -> tuple[str, ...]:
    """Write facts and variants, each composed and checked once more; return what the approvers should know.

    Raises:
        DeliveryError: A text may not go.
    """
    facts = letter_facts(case, clock.now().date())
    groups = duty_texts(case)
    view = case.engine.view("sealing", [folder / "notices.parquet"])
    rows = case.engine.arrow(
        f"SELECT DISTINCT group_id, language, audience, kind, variant FROM {view} ORDER BY ALL"
    ).to_pylist()
    case.engine.drop("sealing")
    variants = {}
    for row in rows:
        if row["group_id"] not in groups:
            raise _stale()
        variant = variant_of(groups[row["group_id"]], row["language"], row["audience"], row["kind"])
        if variant_id(variant) != row["variant"]:
            raise _stale()
        wrong = faults(compose(variant, facts))
        if wrong:
            raise DeliveryError(
                f"The text {row['variant']} may not go: {wrong[0]}",
                remedy="correct the facts, run again, then seal",
            )
        variants[row["variant"]] = variant
    texts.write(folder / "texts.json", facts, variants)
    return _warnings(facts, variants.values())


def _stale() -> DeliveryError:
    return DeliveryError(
        "The plan is older than the duties it rests on",
        remedy="run: amends run CASE, then seal again",
    )


def _warnings(facts: LetterFacts, variants: Collection[Variant]) -> tuple[str, ...]:
    """Return what the two who approve should know about the texts."""
    jurisdictions = frozenset(j for v in variants for j in v.duty.jurisdictions)
    unsure = "; ".join(offices.unverified(jurisdictions))
    promised = any(v.duty.id_protection_months for v in variants)
    tests = {
        "letters promise the identity protection that the law asks for, but no product is named "
        "([policy] id_protection_product)": promised and not facts.offer_product,
        "[case] what_happened is empty: letters say only that information was taken, seen or left "
        "open": not facts.what_happened,
        "[case] what_we_do is empty: letters say only that you investigate and tell "
        "people": not facts.what_we_do,
        "[case] phone is empty: notices to states that ask for one are held": not facts.phone,
        f"check these addresses against the office's own page before mailing: {unsure}": bool(
            unsure
        ),
    }
    return tuple(text for text, holds in tests.items() if holds)


def _counts(case: Case, folder: Path) -> dict[str, int]:
    view = case.engine.view("sealing", [folder / "notices.parquet"])
    rows = case.engine.arrow(
        f"SELECT channel, count(*) AS n FROM {view} GROUP BY channel ORDER BY channel"
    ).to_pylist()
    case.engine.drop("sealing")
    return {row["channel"]: row["n"] for row in rows}


def same_person(name: str) -> str:
    """Return what two spellings of one name have in common: case, spaces, signs, width and look-alike letters gone."""
    folded = (
        unicodedata.normalize("NFKD", name)
        .translate(_LOOK_ALIKES)
        .casefold()
        .translate(_LOOK_ALIKES)
    )
    folded = unicodedata.normalize("NFKD", folded)
    return "".join(c for c in folded if c.isalnum())


# Cyrillic and Greek letters that look like Latin ones (Unicode TS 39, confusables; the ones a keyboard gives).
_LOOK_ALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеѕіјорсухԁһӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧοανικρυ",
    "ABESIJKMHOPCTYXaesijopcyxdhlABEZHIKMNOPTYXoavikpu",
)


@dataclass(frozen=True)
class Approval:
    """Who approved a seal so far."""

    seal_id: str
    digest: str
    approved_by: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Return it as the command line prints it."""
        return {
            **asdict(self),
            "approved_by": list(self.approved_by),
            "released": len(self.approved_by) >= APPROVALS_NEEDED,
        }


def approve(case: Case, seal_id: str, name: str) -> Approval:
    """Record that a person approves a seal; return all who did.

    Raises:
        UsageError: No name.
        DeliveryError: No such seal, its files were changed, or this person approved it already.
    """
    shown = " ".join(name.split())
    person = same_person(name)
    if not person:
        raise UsageError("An approval needs a name", remedy="give it with: --as NAME")
    held = seals.check(case, seal_id)
    make_tables(case.register, METADATA)
    if person in {same_person(n) for n in approvals(case, held)}:
        raise DeliveryError(
            f"{shown} has approved {seal_id} already; the second approval must come from another person",
            remedy=f"ask somebody else to give: amends notices approve CASE {seal_id} --as NAME",
        )
    with case.register.begin() as connection:
        connection.execute(APPROVALS.insert().values(
            seal_id=seal_id, person=person[:200], name=shown[:200], digest=held.digest, at=clock.stamp()
        ))  # fmt: skip
    case.ledger.append("approve", seal=seal_id, name=shown, digest=held.digest)
    return Approval(seal_id, held.digest, tuple(approvals(case, held)))


def approvals(case: Case, held: Seal) -> list[str]:
    """Return the names of those who approved exactly this seal, in the order in which they did."""
    make_tables(case.register, METADATA)
    query = (
        sa.select(APPROVALS.c.name)
        .where(APPROVALS.c.seal_id == held.seal_id, APPROVALS.c.digest == held.digest)
        .order_by(APPROVALS.c.at)
    )
    with case.register.connect() as connection:
        return list(connection.execute(query).scalars())


def releasable(case: Case, seal_id: str) -> Seal:
    """Return a seal that two different people approved and whose files are what was sealed.

    Raises:
        DeliveryError: It may not be sent; says why.
    """
    held = seals.check(case, seal_id)
    names = approvals(case, held)
    if len({same_person(n) for n in names}) < APPROVALS_NEEDED:
        who = f"so far: {names[0]}" if names else "so far nobody"
        raise NotApproved(
            f"Seal {seal_id} ({held.n_notices} notices) needs the approval of two different people; {who} approved it",
            remedy=f"look at the proofs, then give: amends notices approve CASE {seal_id} --as NAME",
        )
    return held
