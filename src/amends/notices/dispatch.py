"""Sending what was released, taking in what came back, and saying where every notice stands.

Callers hold the lock of the case; the outbox has one of its own besides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from amends.kernel.case import Case
from amends.kernel.errors import BusyError, DeliveryError, UsageError
from amends.kernel.progress import step
from amends.notices import seals, texts
from amends.notices.channels.base import Channel
from amends.notices.channels.email import EmailChannel
from amends.notices.channels.print import PrintChannel
from amends.notices.facts import LetterFacts
from amends.notices.outbox import Outbox
from amends.notices.outbox_record import Sent
from amends.notices.release import NotApproved, releasable
from amends.notices.sealed_plan import SealedPlan
from amends.notices.seals import Seal
from amends.vault.codes import code_key

EMAIL_BATCH = 100
# Without an answer from the other side a crash leaves a whole batch unknown: keep it small.
MUTE_BATCH = 20
CHANNELS = ("print", "email")


def open_outbox(case: Case) -> Outbox:
    """Return the outbox of a case."""
    return Outbox(case.register, case.folder / "deliveries.jsonl")


@dataclass(frozen=True)
class Due:
    """What a send would do.

    Attributes:
        channel: The channel.
        seals: Released seals with something left to send.
        count: Notices left to send.
        not_released: Seals that wait for an approval.
    """

    channel: str
    seals: tuple[str, ...]
    count: int
    not_released: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Return it as the command line prints it."""
        return {**asdict(self), "seals": list(self.seals), "not_released": list(self.not_released)}


def to_send(case: Case, channel: str) -> Due:
    """Return what a send by a channel would do.

    Raises:
        UsageError: There is no such channel.
        DeliveryError: Nothing is sealed, no seal is approved by two people, or one is not what was sealed.
    """
    if channel not in CHANNELS:
        raise UsageError(f"There is no channel {channel!r}", remedy="known: " + ", ".join(CHANNELS))
    held = seals.in_force(case)
    if not held:
        raise DeliveryError(
            "There is nothing sealed to send", remedy="make a seal with: amends notices seal CASE"
        )
    released, refused = [], []
    for one in held:
        try:
            released.append(releasable(case, one.seal_id))
        except NotApproved as error:
            refused.append((one, error))
    if not released:
        raise refused[0][1]
    outbox = open_outbox(case)
    left = {s.seal_id: _left(outbox, s, channel) for s in released}
    with_work = tuple(s for s, n in left.items() if n)
    return Due(channel, with_work, sum(left.values()), tuple(s.seal_id for s, _ in refused))


def _left(outbox: Outbox, held: Seal, channel: str) -> int:
    planned = held.counts.get(channel, 0)
    stand = outbox.status(held.seal_id, channel, planned)
    return planned - stand.accepted - stand.refused - stand.unknown


def send(case: Case, channel: str) -> dict[str, object]:
    """Send what is released by a channel, going on where a crash stopped; return what became of it, seal by seal.

    Raises:
        UsageError: No such channel, or its settings cannot be used.
        DeliveryError: A seal is not approved by two people, is not what was sealed, or the channel takes nothing.
    """
    due = to_send(case, channel)
    released = [
        s
        for s in seals.in_force(case)
        if s.seal_id not in due.not_released and s.counts.get(channel)
    ]
    done: dict[str, Sent] = {}
    outbox = open_outbox(case)
    outbox.take()
    try:
        _apply_decisions(case, outbox)
        left = {s.seal_id: _left(outbox, s, channel) for s in released}
        with step(case.progress, f"Sending by {channel}", sum(left.values()), "notices") as task:
            for held in released:
                done[held.seal_id] = _send_one(case, outbox, held, channel, task.advance)
    finally:
        outbox.release()
        result = {s: asdict(r) for s, r in done.items()}
        case.ledger.append("send", channel=channel, result=result)
    _refuse_silence(channel, done)
    return {
        "channel": channel,
        "not_released": list(due.not_released),
        "seals": result,
        **_total(done),
    }


def _total(done: dict[str, Sent]) -> dict[str, int]:
    names = ("planned", "accepted", "refused", "deferred", "unknown", "recovered", "resent")
    return {name: sum(getattr(r, name) for r in done.values()) for name in names}


def _refuse_silence(channel: str, done: dict[str, Sent]) -> None:
    """Say plainly when a channel took less than all.

    Raises:
        DeliveryError: Notices wait because the other side does not take them now.
    """
    waiting = sum(r.deferred for r in done.values())
    if waiting:
        raise DeliveryError(
            f"The {channel} channel does not take everything at the moment; {waiting} notices wait",
            where=f"case.toml [channels.{channel}]",
            remedy="see that the other side works, then give the same command again: it goes on where it stopped",
        )


def _apply_decisions(case: Case, outbox: Outbox) -> None:
    """Settle unknown notices by what people decided: ``arrived`` or ``resend``."""
    waiting = set(outbox.waiting())
    for decision in case.decisions("delivery"):
        notice = str(decision.subject.get("notice_id", ""))
        if notice in waiting and decision.at > outbox.since(notice):
            outbox.decide(notice, decision.choice == "arrived")


def _send_one(
    case: Case, outbox: Outbox, held: Seal, channel: str, said: Callable[[float], None]
) -> Sent:
    plan = _plan(case, held, channel)
    way, size = open_channel(case, channel, seals.folder_of(case, held.seal_id))
    try:
        sent = outbox.send(held.seal_id, way, plan, size, said)
        outbox.receive(held.seal_id, way, plan.places)
    finally:
        way.close()
    return sent


def _plan(case: Case, held: Seal, channel: str) -> SealedPlan:
    return SealedPlan(
        seals.folder_of(case, held.seal_id) / "notices.parquet",
        channel,
        code_key(case.folder / "keys"),
    )


def open_channel(case: Case, channel: str, folder: Path) -> tuple[Channel, int]:
    """Return a channel for one seal, and the size of its batches.

    Raises:
        UsageError: Its settings cannot be used.
    """
    facts, _ = texts.read(folder / "texts.json")
    letters = texts.letters(folder / "texts.json")
    if channel == "print":
        size = max(1, case.config.number("channels.print", "batch"))
        return PrintChannel(case.out / "print", letters, facts.entity, letterhead(facts)), size
    section = "channels.email"
    url, sender, ask = (case.config.text(section, k) for k in ("url", "from", "ask"))
    if not url:
        raise UsageError(
            "No mail server is set",
            where="case.toml [channels.email] url",
            remedy="write smtp://host:port",
        )
    if not sender:
        domain = case.config.text("case", "domain")
        if not domain:
            raise UsageError(
                "No sender of e-mails is set",
                where="case.toml [channels.email] from",
                remedy="write notices@your-domain",
            )
        sender = f"notices@{domain}"
    made = EmailChannel(
        url, sender, facts.entity, letters, case.config.number(section, "per_hour"), ask
    )
    return made, EMAIL_BATCH if ask else MUTE_BATCH


def letterhead(facts: LetterFacts) -> tuple[str, ...]:
    """Return the lines under the sender's name: address, telephone, web."""
    return tuple(p for p in (", ".join(facts.address), facts.phone, facts.website) if p)


def take_receipts(case: Case) -> int:
    """Take in the acknowledgements that printers laid beside their batches; return how many notices changed.

    Does nothing while somebody sends: the sender takes them in.
    """
    if not any((case.out / "print").glob("*/ack.csv")):
        return 0
    outbox = open_outbox(case)
    try:
        outbox.take()
    except BusyError:
        return 0
    try:
        changed = 0
        for held in seals.in_force(case):
            if held.counts.get("print"):
                way, _ = open_channel(case, "print", seals.folder_of(case, held.seal_id))
                changed += outbox.receive(held.seal_id, way, _plan(case, held, "print").places)
        return changed
    finally:
        outbox.release()


_STATES = (
    "waiting",
    "accepted",
    "delivered",
    "returned",
    "bounced",
    "refused",
    "deferred",
    "unknown",
)


def status(case: Case) -> list[dict[str, object]]:
    """Return one row a seal, channel and state (``seal, channel, state, n``); a seal's rows add up to its notices."""
    take_receipts(case)
    outbox = open_outbox(case)
    rows: list[dict[str, object]] = []
    for held in seals.in_force(case):
        for channel, planned in held.counts.items():
            counts = _by_state(outbox, held.seal_id, channel, planned)
            rows += [
                {"seal": held.seal_id, "channel": channel, "state": state, "n": counts[state]}
                for state in _STATES if counts[state]
            ]  # fmt: skip
    return rows


def _by_state(outbox: Outbox, seal_id: str, channel: str, planned: int) -> dict[str, int]:
    stand = outbox.status(seal_id, channel, planned)
    late = outbox.states(seal_id, channel)
    counts = {state: late.get(state, 0) for state in _STATES}
    counts["deferred"] = stand.deferred
    counts["accepted"] = stand.accepted - sum(
        counts[s] for s in ("delivered", "returned", "bounced")
    )
    counts["waiting"] = planned - stand.accepted - stand.refused - stand.deferred - stand.unknown
    return counts


def delivery_counts(case: Case) -> dict[str, int]:
    """Return ``sealed, accepted, delivered, returned, unknown, refused, deferred`` over all seals.

    ``accepted`` counts what a channel took, ``delivered`` and ``returned`` included.
    """
    found = dict.fromkeys(
        ("sealed", "accepted", "delivered", "returned", "unknown", "refused", "deferred"), 0
    )
    held = seals.in_force(case)
    if not held:
        return found
    take_receipts(case)
    outbox = open_outbox(case)
    for one in held:
        for channel, planned in one.counts.items():
            counts = _by_state(outbox, one.seal_id, channel, planned)
            found["sealed"] += planned
            found["accepted"] += sum(
                counts[s] for s in ("accepted", "delivered", "returned", "bounced")
            )
            found["delivered"] += counts["delivered"]
            found["returned"] += counts["returned"] + counts["bounced"]
            for name in ("unknown", "refused", "deferred"):
                found[name] += counts[name]
    return found


def waiting(case: Case) -> list[str]:
    """Return the ids of notices of which nobody can say whether they arrived."""
    return open_outbox(case).waiting()
