"""Where a release stands: what is sealed, who looked, who approved, what is sent; and what the next step is."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from amends import notices
from amends.console.desk import Desk, stamp_of
from amends.console.release.proofs import TextRow
from amends.kernel.case import Case
from amends.kernel.errors import DeliveryError
from amends.notices import seals
from amends.notices.release import (
    APPROVALS_NEEDED,
    approvals,
    chosen_sql,
    held_reasons,
    same_person,
)
from amends.notices.seals import Seal
from amends.report import acts
from amends.tables.notices import NOTICES

LOOKS_NEEDED = 3
"""Texts each approver opens before approving, at least one in each language; all of them where there are fewer.

Reason: a mail merge told living patients that they were dead (requirement R11); whoever signs has read some.
"""


@dataclass(frozen=True)
class Looked:
    """Who looked at the proofs of a seal.

    Attributes:
        by: Name.
        texts: Texts opened.
        languages: Languages among them.
        last_at: When last.
    """

    by: str
    texts: frozenset[str]
    languages: frozenset[str]
    last_at: str


def looks(desk: Desk, seal_id: str) -> list[Looked]:
    """Return who opened which proofs of a seal, from the ledger."""
    found: dict[str, Looked] = {}
    for line in desk.ledger.kept():
        body = line.body
        if line.act != "look" or body.get("view") != "proof" or body.get("seal") != seal_id:
            continue
        before = found.get(line.actor, Looked(line.actor, frozenset(), frozenset(), ""))
        found[line.actor] = Looked(
            line.actor,
            before.texts | {str(body.get("text"))},
            before.languages | {str(body.get("language"))},
            line.at,
        )
    return list(found.values())


def looks_missing(found: list[Looked], by: str, texts: list[TextRow]) -> str:
    """Return what somebody has still to look at before approving, in words; "" for nothing."""
    mine = next((one for one in found if one.by == by), None)
    seen = mine.texts if mine else frozenset()
    spoken = mine.languages if mine else frozenset()
    needed = min(LOOKS_NEEDED, len(texts))
    left = needed - len(seen & {t.variant for t in texts})
    unread = sorted({t.language for t in texts} - spoken)
    if left > 0:
        return f"open {left} more of its texts"
    if unread:
        return "open one in " + " and one in ".join(
            {"en": "English", "es": "Spanish"}.get(u, u) for u in unread
        )
    return ""


@dataclass(frozen=True)
class SealStanding:
    """How far a seal is.

    Attributes:
        seal: The seal.
        approved_by: Who approved it.
        needed: Approvals it needs.
        sound: Whether its files are what was sealed; else why not.
        deliveries: Rows of channel, state and number.
    """

    seal: Seal
    approved_by: tuple[str, ...]
    needed: int
    sound: str
    deliveries: tuple[dict[str, object], ...]

    @property
    def released(self) -> bool:
        """Say whether it may be sent."""
        return len({same_person(n) for n in self.approved_by}) >= self.needed and not self.sound

    def as_json(self) -> dict[str, object]:
        """Return it as a page's facts."""
        return {
            **self.seal.as_json(),
            "approved_by": list(self.approved_by),
            "needed": self.needed,
            "released": self.released,
            "sound": self.sound,
            "deliveries": list(self.deliveries),
        }


def standings(desk: Desk, case: Case) -> list[SealStanding]:
    """Return every seal with where it stands, the newest first."""
    status = notices.status(case)
    return [_standing(desk, case, one, status) for one in reversed(seals.in_force(case))]


def _fault(case: Case, seal_id: str) -> str:
    """Return why a seal is not what was sealed; "" when it is."""
    try:
        seals.check(case, seal_id)
    except DeliveryError as error:
        return error.what
    return ""


def _standing(desk: Desk, case: Case, held: Seal, status: list[dict[str, object]]) -> SealStanding:
    # For show, files are read again when one of them changed; approving and sending always read them.
    files = sorted(seals.folder_of(case, held.seal_id).iterdir())
    sound = desk.kept(
        f"release:sound:{held.seal_id}", stamp_of(files), lambda: _fault(case, held.seal_id)
    )
    rows = tuple(r for r in status if r["seal"] == held.seal_id)
    return SealStanding(held, tuple(approvals(case, held)), APPROVALS_NEEDED, sound, rows)


@dataclass(frozen=True)
class NextSeal:
    """What a seal made now would hold.

    Attributes:
        count: Notices that may go and are in no seal.
        channels: The same by channel.
        held: Notices left out, by reason.
        undecided: Decisions made since the last run, which a seal made now would not obey.
    """

    count: int
    channels: dict[str, int]
    held: dict[str, int]
    undecided: int

    def as_json(self) -> dict[str, object]:
        """Return it as a page's facts."""
        return asdict(self)


def next_seal(desk: Desk, case: Case) -> NextSeal:
    """Return what would be sealed now."""
    if not case.has(NOTICES):
        return NextSeal(0, {}, {}, 0)
    ran = [line.at for line in desk.ledger.kept() if line.act == "run"]
    late = acts.made_after(case, ran[-1]) if ran else 0
    planned, held = desk.kept(
        "release:next", (desk.tables_stamp(), desk.acts_stamp()), lambda: _planned(case)
    )
    return NextSeal(sum(planned.values()), planned, held, late)


def _planned(case: Case) -> tuple[dict[str, int], dict[str, int]]:
    rows = case.engine.arrow(
        f"SELECT channel, count(*) AS n FROM ({chosen_sql(case)}) AS c GROUP BY channel ORDER BY channel"
    ).to_pylist()
    return {r["channel"]: int(r["n"]) for r in rows}, held_reasons(case)
