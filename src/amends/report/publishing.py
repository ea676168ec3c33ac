"""Publish a case: make the determination that two people released ready for the portal, which knows no other room.

Everything comes from released seals and from the run that the last of them froze, so a run made since changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from amends import portal
from amends.kernel.case import Case
from amends.notices.released import Released, released, taken
from amends.portal.offers.promised import adopt
from amends.portal.offers.stock import ProductTerms, put_terms
from amends.portal.pages.kit import write_kit
from amends.portal.shapes import (
    ACCOUNTS,
    ALIASES,
    PEOPLE,
    AnswerClass,
    Determination,
    EditionFigures,
    Incident,
)
from amends.report import answer_classes
from amends.report.diff import kept_view
from amends.tables.custody import EXCEPTIONS
from amends.tables.elements import RECORDS
from amends.tables.persons import MEMBERSHIPS, PERSON_CHANGES, PERSONS
from amends.vault import Tokens

# Where at most this share of a table's account numbers stands beside several people, its rows say whose an account is
# (accounts, bills, orders); where more do, they say who uses it (lines, devices, a family's entries).
_REPEATED = 0.02


@dataclass(frozen=True)
class Prepared:
    """A released determination with its people.

    Attributes:
        found: The determination.
        people: SQL of ``PEOPLE``.
        aliases: ``ALIASES``.
        accounts: SQL of account token and person.
    """

    found: Determination
    people: str
    aliases: pa.Table
    accounts: str


def publish_case(case: Case, to: Path) -> portal.PublishSummary:
    """Write what was released of a case to a folder that a site can serve, and the public words to ``out/public``.

    Raises:
        DeliveryError: Nothing is released.
        UsageError: The folder belongs to another case, or holds a later edition.
        BusyError: Somebody else publishes there.
    """
    ready = prepare(case)
    made = portal.publish(
        ready.found,
        case.engine.batches(ready.people),
        account_batches(case, ready),
        ready.aliases,
        case_keys=case.folder / "keys",
        to=to,
        sent=taken(case),
    )
    _take_up_terms(case, to)
    write_kit(ready.found, case.out / "public")
    case.ledger.append(
        "publish",
        edition=ready.found.edition.edition,
        seals=list(ready.found.seals),
        run=ready.found.run,
        to=to.name,
        persons=ready.found.edition.n_persons,
    )
    return made


def _take_up_terms(case: Case, to: Path) -> None:
    """Tell the stock of codes what the letters promise, and when to ask for more.

    A site whose state is elsewhere takes up the promises when it opens the edition.
    """
    state = portal.open_state(to)
    try:
        alarm = ProductTerms(top_up_below=case.config.number("offers", "top_up_below"))
        for product in adopt(state, portal.Published.open(to).edition):
            put_terms(state, product, alarm)
    finally:
        state.dispose()


def prepare(case: Case) -> Prepared:
    """Return the determination of the released seals, with its people, accounts and aliases as SQL.

    Raises:
        DeliveryError: Nothing is released.
    """
    seals = released(case)
    run = seals[-1].seal.run
    classes = answer_classes.of_seals(case, seals)
    told = _told(case, seals, run, classes)
    editions = tuple(_figures(case, told, one, classes) for one in _with_edition(seals))
    present = _latest_sql(told, seals[-1].seal.edition)
    counted = case.engine.arrow(
        f"SELECT class_id, count(*) AS n FROM ({present}) GROUP BY class_id"
    ).to_pylist()
    sized = answer_classes.sized(classes.values(), {r["class_id"]: r["n"] for r in counted})
    unread = _n_unread(case)
    found = Determination(
        case_id=case.case_id,
        run=run,
        seals=tuple(s.seal.seal_id for s in seals),
        incident=_incident(case, seals[-1], run, present, unread),
        editions=editions,
        classes=sized,
        answers_no=_may_say_no(case, unread),
        protection=case.config.texts("protection", "actions"),
    )
    people = f"""SELECT person_id, CAST(class_id AS INTEGER) AS class_id FROM ({present})
        UNION ALL SELECT person_id, CAST(-1 AS INTEGER) FROM {kept_view(case, run, PERSONS)}
        WHERE person_id NOT IN (SELECT person_id FROM ({present}))"""
    aliases = case.engine.arrow(
        f"SELECT DISTINCT printed_id AS old_person_id, person_id FROM {told} WHERE printed_id <> person_id"
    ).cast(ALIASES)
    return Prepared(found, people, aliases, _accounts_sql(case, run))


def people_batches(case: Case, ready: Prepared) -> Iterable[pa.RecordBatch]:
    """Yield the people of a prepared determination (``PEOPLE``)."""
    for batch in case.engine.batches(ready.people):
        yield batch.cast(PEOPLE)


def account_batches(case: Case, ready: Prepared) -> Iterable[pa.RecordBatch]:
    """Yield the accounts of a prepared determination (``ACCOUNTS``), their numbers in clear, in memory only."""
    tokens = Tokens(case.folder / "keys")
    for batch in case.engine.batches(ready.accounts):
        numbers = tokens.reveal("account_number", batch.column(0))
        yield pa.RecordBatch.from_arrays([numbers, batch.column(1)], schema=ACCOUNTS)


def _told(
    case: Case,
    seals: tuple[Released, ...],
    run: str,
    classes: Mapping[tuple[str, str], AnswerClass],
) -> str:
    """Keep one row a notice: who it was printed for, who that is now, its edition, kind and class."""
    rows = case.engine.view("released_rows", [s.rows for s in seals])
    known = case.engine.register(
        "released_classes",
        pa.table(
            {
                "sealed_in": pa.array([s for s, _ in classes], pa.string()),
                "variant": pa.array([v for _, v in classes], pa.string()),
                "class_id": pa.array([c.class_id for c in classes.values()], pa.int32()),
            }
        ),
    )
    return case.engine.materialise(
        "released_told",
        f"""WITH RECURSIVE moved AS (
            SELECT DISTINCT old_person_id AS old_id, new_person_id AS new_id
            FROM {kept_view(case, run, PERSON_CHANGES)}
            WHERE kind = 'merged' AND old_person_id NOT IN (SELECT person_id FROM {kept_view(case, run, PERSONS)})
        ), path AS (
            SELECT old_id, new_id FROM moved
            UNION SELECT p.old_id, m.new_id FROM path AS p JOIN moved AS m ON m.old_id = p.new_id
        ), living AS (
            SELECT old_id, min(new_id) AS new_id FROM path
            WHERE new_id IN (SELECT person_id FROM {kept_view(case, run, PERSONS)}) GROUP BY old_id
        )
        SELECT s.person_id AS printed_id, coalesce(l.new_id, s.person_id) AS person_id, s.edition, s.kind, s.notice_id,
               s.elements, c.class_id
        FROM {rows} AS s JOIN {known} AS c ON c.sealed_in = s.sealed_in AND c.variant = s.variant
        LEFT JOIN living AS l ON l.old_id = s.person_id""",
    )


def _latest_sql(told: str, edition: int) -> str:
    """Return SQL of the persons told up to an edition, each with the last answer; of two at once, the fuller."""
    return f"""SELECT person_id, class_id, elements FROM (
        SELECT *, row_number() OVER (
            PARTITION BY person_id ORDER BY edition DESC, len(elements) DESC, printed_id = person_id DESC, notice_id
        ) AS turn FROM {told} WHERE edition <= {int(edition)}) WHERE turn = 1"""


def _with_edition(seals: tuple[Released, ...]) -> tuple[Released, ...]:
    return tuple({s.seal.edition: s for s in seals}.values())


def _figures(
    case: Case, told: str, one: Released, classes: Mapping[tuple[str, str], AnswerClass]
) -> EditionFigures:
    edition = one.seal.edition
    latest = _latest_sql(told, edition)
    by_element = _counts(case, f"SELECT unnest(elements) AS name, 1 AS one FROM ({latest})")
    residence = case.engine.register(
        "class_residence",
        pa.table(
            {
                "class_id": pa.array([c.class_id for c in classes.values()], pa.int32()),
                "name": pa.array([c.residence for c in classes.values()], pa.string()),
            }
        ),
    )
    by_residence = _counts(
        case, f"SELECT r.name, 1 AS one FROM ({latest}) JOIN {residence} AS r USING (class_id)"
    )
    kinds = _counts(
        case,
        f"""SELECT kind AS name, 1 AS one
        FROM (SELECT DISTINCT person_id, kind FROM {told} WHERE edition = {int(edition)})""",
    )
    return EditionFigures(
        edition=edition,
        released_on=one.approved_on,
        n_persons=sum(by_residence.values()),
        n_first=kinds.get("first", 0),
        n_more=kinds.get("update", 0),
        by_element=by_element,
        by_residence=by_residence,
    )


def _counts(case: Case, sql: str) -> dict[str, int]:
    rows = case.engine.arrow(
        f"SELECT name, count(*) AS n FROM ({sql}) GROUP BY name ORDER BY n DESC, name"
    )
    return {str(r["name"] or ""): int(r["n"]) for r in rows.to_pylist()}


def _incident(case: Case, last: Released, run: str, present: str, unread: int) -> Incident:
    facts = last.facts
    populations = _counts(
        case,
        f"""SELECT unnest(p.populations) AS name, 1 AS one FROM {kept_view(case, run, PERSONS)} AS p
        WHERE p.person_id IN (SELECT person_id FROM ({present}))""",
    )
    return Incident(
        entity=facts.entity,
        domain=facts.website,
        site=facts.site,
        phone=facts.phone,
        email=facts.email,
        address=facts.address,
        signed_by=case.config.text("site", "signed_by").strip(),
        discovered_on=facts.discovered_on,
        breach_from_on=facts.breach_from_on,
        breach_to_on=facts.breach_to_on,
        contained_on=facts.contained_on,
        what_happened=facts.what_happened,
        what_we_do=facts.what_we_do,
        delayed_by_police=facts.delayed_by_police,
        not_exposed=facts.not_exposed,
        populations=populations,
        n_items_unread=unread,
    )


def _may_say_no(case: Case, unread: int) -> bool:
    """Say whether an account that is not in the determination may be answered no.

    Never where no roster ties account numbers to people: somebody affected through a record without one would hear no.
    """
    if case.config.text("site", "answer_no") == "complete" and unread:
        return False
    sql = f"""SELECT count(*) AS n FROM (
        SELECT 1 FROM {case.read(RECORDS)} WHERE role = 'roster' AND account_token IS NOT NULL LIMIT 1)"""
    return bool(case.engine.arrow(sql)["n"][0].as_py())


def _n_unread(case: Case) -> int:
    """Return the number of whole items that could not be read and that nobody has settled."""
    if not case.has(EXCEPTIONS):
        return 0
    sql = f"SELECT count(*) AS n FROM {case.read(EXCEPTIONS)} WHERE whole AND disposition = 'open'"
    return int(case.engine.arrow(sql)["n"][0].as_py())


def _accounts_sql(case: Case, run: str) -> str:
    """Return SQL of ``token, person_id``: whose an account is; null where the tables do not say or disagree.

    A family shares an account, and its members' rows name it. The banner is for whoever signs in, so the answer is
    the holder's: the person whose row is the account's own. A minor holds none.
    """
    return f"""WITH named AS (
        SELECT DISTINCT r.item_id, r.account_token AS token, m.person_id
        FROM {case.read(RECORDS)} AS r JOIN {kept_view(case, run, MEMBERSHIPS)} AS m USING (record_id)
        JOIN {kept_view(case, run, PERSONS)} AS p USING (person_id)
        WHERE r.account_token IS NOT NULL AND r.kind = 'row' AND p.status <> 'minor'
    ), shared AS (
        SELECT item_id, token, count(*) > 1 AS by_several FROM named GROUP BY item_id, token
    ), items AS (
        SELECT item_id FROM shared GROUP BY item_id
        HAVING count(*) FILTER (WHERE by_several) <= {_REPEATED} * count(*)
    ), voted AS (
        SELECT token, person_id, count(*) FILTER (WHERE item_id IN (SELECT item_id FROM items)) AS own
        FROM named GROUP BY token, person_id
    ), ranked AS (
        SELECT token, person_id, own, row_number() OVER (PARTITION BY token ORDER BY own DESC, person_id) AS place,
               count(*) OVER (PARTITION BY token) AS n_persons,
               count(*) OVER (PARTITION BY token, own) AS n_like
        FROM voted
    )
    SELECT token, CASE WHEN n_persons = 1 OR (own > 0 AND n_like = 1) THEN person_id END AS person_id
    FROM ranked WHERE place = 1"""
