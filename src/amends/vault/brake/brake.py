"""The brake: decides on calls, a group at a time, each decision on disk before it counts."""

from __future__ import annotations

import hmac
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from amends.kernel import clock
from amends.kernel.errors import AmendsError, UsageError
from amends.kernel.ledger import actor_name
from amends.vault.blind import BlindIndex
from amends.vault.boxes import SecretBox
from amends.vault.brake.calls import Alarm, Call, Verdict
from amends.vault.brake.chain import Chain
from amends.vault.brake.decide import Decision, about, authentic, decide, left, masked_only
from amends.vault.brake.lines import Act, Body, ChainFault, Line
from amends.vault.brake.state import State
from amends.vault.brake.times import Moment, Times
from amends.vault.brake.windows import HOUR
from amends.vault.keyring import Keyring

log = logging.getLogger(__name__)

FOLDER = "brake"
_MAC = "brake"
_RETRY_SECONDS = 2.0
_LINES_A_MINUTE = 20
"""Refusals of one actor and kind that get a line of their own in a minute; beyond that they are counted in one line."""

CALLS_A_PERSON = 100
"""Calls an actor may make in an hour for each person of its hourly budget. Asking again costs no budget, but each call
is a line on disk: a screen that is drawn anew a hundred times for each person is a mistake, or somebody filling it."""

Ring = Callable[[Alarm], None]


class Brake:
    """What stands between tokens and values; several processes may have it open on one vault.

    Args:
        keyring: The vault's keys.
        times: The brake's clock; the machine's when left out.
        witnesses: Files beside the vault's folder that keep the head of the audit.
        ring: Called with each alarm; it must not wait.
        freeze: Whether a canary stops its actor.
        durable: Whether lines are forced to disk; only a measurement turns this off.

    Raises:
        Unwritable: The vault's folder cannot be written.
    """

    def __init__(
        self,
        keyring: Keyring,
        *,
        times: Times | None = None,
        witnesses: Sequence[Path] = (),
        ring: Ring | None = None,
        freeze: bool = True,
        durable: bool = True,
    ) -> None:
        self.folder = keyring.folder / FOLDER
        is_new = not keyring.versions("mac", _MAC)
        self._key = keyring.mac_key(_MAC)
        self._box = SecretBox(self.drawn("box"))
        self._chain = Chain(self.folder, self.drawn("audit"), witnesses, durable=durable)
        self._times = times or Times()
        self._ring = ring or (lambda alarm: log.warning("alarm: %s: %s", alarm.kind, alarm.what))
        self._freeze = freeze
        self._guard = threading.RLock()
        self._stale = True
        self._doubt = ""
        self._next_try = 0.0
        self._resolved = -1
        self._refusals: dict[tuple[str, str], list[int]] = {}
        self._calls: dict[str, list[int]] = {}
        self.state = State()
        self.fault = ""
        if is_new and not self.folder.exists():
            self.record(
                lambda state: [("begin", {"vault": keyring.vault_id, "by": actor_name()})], new=True
            )

    @property
    def box(self) -> SecretBox:
        """What seals the list of canaries."""
        return self._box

    @property
    def chain(self) -> Chain:
        """The audit."""
        return self._chain

    def drawn(self, use: str) -> bytes:
        """Return 32 bytes for one use of the brake."""
        return hmac.digest(self._key, f"amends/1/brake/{use}".encode(), "sha256")

    def index(self, domain: str) -> BlindIndex:
        """Return what numbers the tokens of a domain: keyed, so that the audit holds no token."""
        return BlindIndex(self.drawn(f"token/{domain}"))

    def decide(self, calls: Sequence[Call]) -> list[Verdict]:
        """Return the verdict on each call; when this returns, what was decided is on disk.

        Never raises for a fault of the audit or the disk: then nothing but refusals comes back.
        """
        with self._guard:
            if self.fault and time.monotonic() < self._next_try:
                return [masked_only(_BROKEN)] * len(calls)
            alarms: list[Alarm] = []
            try:
                with self._entered() as moment:
                    verdicts = self._decided(calls, moment, alarms)
            except ChainFault as fault:
                self._broken(fault)
                return [masked_only(_BROKEN)] * len(calls)
            except AmendsError as error:
                self._stale = True
                alarms.append(Alarm("unwritable", "", error.what))
                for alarm in alarms:
                    self._ring(alarm)
                return [Verdict(503, "unwritable", error.what, error.remedy, 5)] * len(calls)
            for alarm in alarms:
                self._ring(alarm)
            return verdicts

    def record(self, make: Callable[[State], Sequence[Act]], *, new: bool = False) -> list[Line]:
        """Write what a person does: lines made from the newest state, under the lock.

        Raises:
            ChainFault: The audit has a fault; a person has to resolve it first.
            Unwritable: The lines could not be written.
        """
        with self._guard:
            try:
                with self._entered(new=new) as moment:
                    acts = list(make(self.state))
                    return self._write(acts, moment) if acts else []
            except AmendsError:
                self._stale = True
                raise

    def look(self) -> tuple[State, float]:
        """Return the newest state and the brake's time.

        Raises:
            ChainFault: The audit has a fault.
        """
        with self._guard, self._entered() as moment:
            return self.state, moment.at

    def resolve(self, why: str, by: str) -> Body:
        """Go on after a fault, on a person's word: from the last state that is whole; return what was found.

        An audit with a fault is kept beside the new one. Where the audit is whole the clock is believed anew, and a
        service that met a fault which is gone goes on.

        Raises:
            UsageError: No reason, or no name.
        """
        if not why.strip() or not by.strip():
            raise UsageError(
                "A reason and a name are needed", remedy="give --resolve WHY --as NAME"
            )
        with self._guard, self._chain.alone():
            fault = ""
            try:
                self._load()
                for _ in self._chain.every():
                    pass
                doubt = self._times.now(self._chain.at, self.state.clock)
                fault = "nothing is wrong with the audit"
                if doubt.doubt == "back":
                    raise ChainFault(f"The clock was set back by {doubt.off_seconds} s")
                if doubt.doubt:
                    fault = f"the clock was set {doubt.doubt} by {doubt.off_seconds} s"
                self._write_resolved(fault, why, by, {})
            except ChainFault as error:
                fault = str(error.what)
                good = self._chain.seq
                name = f"audit.kept-{clock.stamp().replace(':', '')}"
                told = self._chain.set_aside(name)
                found: Body = {"kept": name, "lines_lost": told - good}
                # Where the lines are ahead of the clock, time starts anew now, and nothing counted is let go early.
                self._chain.at = min(self._chain.at, self._times.wall())
                self.state.windows.clip(self._chain.at)
                state = {**self.state.as_json(self._box, self._chain.at), "resolved": name}
                self._chain.begin_segment(state, self._chain.at)
                self._write_resolved(fault, why, by, found)
            self.fault, self._stale = "", True
            return {"fault": fault}

    def close(self) -> None:
        """Let the audit go; what was counted but not written is written."""
        with self._guard:
            if not self.fault and any(held[2] for held in self._refusals.values()):
                self.record(lambda state: self._summed(-1))
            self._chain.close()

    @contextmanager
    def _entered(self, new: bool = False) -> Iterator[Moment]:
        with self._chain.alone():
            if self._stale or self.fault:
                self._load()
                if not self._chain.seq and not new:
                    raise ChainFault("The audit of this vault is gone", where=str(self.folder))
                self._stale = False
            else:
                for line in self._chain.news():
                    self.state.apply(self._box, line.act, line.body, line.at)
            if self.fault:
                if self.state.counts["resolved"] <= self._resolved:
                    raise ChainFault(self.fault)
                self.fault = ""
            yield self._times.now(self._chain.at, self.state.clock)

    def _load(self) -> None:
        self.state = State()
        for line in self._chain.load():
            self.state.apply(self._box, line.act, line.body, line.at)

    def _decided(self, calls: Sequence[Call], moment: Moment, alarms: list[Alarm]) -> list[Verdict]:
        acts = self._summed(int(moment.at // 60))
        if moment.doubt != self._doubt:
            self._doubt = moment.doubt
            if moment.doubt:
                words = f"the clock was set {moment.doubt} by {moment.off_seconds} s; budgets go by the brake's time"
                acts.append(("doubt", {"clock": moment.doubt, "seconds": moment.off_seconds}))
                alarms.append(Alarm("clock", "", words))
        verdicts, given = [], []
        for call in calls:
            verdict, lines, told = self._paced(call, moment.at) or decide(
                self.state, call, moment.at, freeze=self._freeze
            )
            for act, body in self._thinned(verdict, call, lines, moment.at):
                self.state.apply(self._box, act, body, moment.at)
                given.append((act, body))
            if verdict.status == 200:
                verdict = Verdict(
                    200, "ok", clear=verdict.clear, left=left(self.state, call, moment.at)
                )
            verdicts.append(verdict)
            alarms += told
        for act, body in acts:
            self.state.apply(self._box, act, body, moment.at)
        self._put([*acts, *given], moment)
        return verdicts

    def _paced(self, call: Call, now: float) -> Decision | None:
        """Return the refusal of a call that is one too many, whoever it is about; ``None`` for all others."""
        actor = self.state.actors.get(call.actor)
        if actor is None or not authentic(actor, call):
            return None
        hour = int(now // HOUR)
        held = self._calls.setdefault(call.actor, [hour, 0])
        if held[0] != hour:
            held[:] = [hour, 0]
        held[1] += 1
        if held[1] <= CALLS_A_PERSON * actor.total.per_hour:
            return None
        words = f"More than {CALLS_A_PERSON} calls for each person of the hourly budget"
        wait = int((hour + 1) * HOUR - now) + 1
        verdict = Verdict(
            429, "too_often", words, "keep answers for as long as they are needed", wait
        )
        return (
            verdict,
            [("refuse", {**about(call), "code": "too_often"})],
            [Alarm("over_budget", call.actor, words)],
        )

    def _write(self, acts: Sequence[Act], moment: Moment) -> list[Line]:
        for act, body in acts:
            self.state.apply(self._box, act, body, moment.at)
        return self._put(acts, moment)

    def _put(self, acts: Sequence[Act], moment: Moment) -> list[Line]:
        """Write lines whose effect the state has already; when that fails the state is read anew."""
        belief = self._times.belief(self.state.clock)
        if belief is not None:
            acts = [*acts, ("clock", belief)]
        if not acts:
            return []
        self._stale = True
        lines = self._chain.write(acts, moment.at)
        if belief is not None:
            self.state.apply(self._box, "clock", belief, lines[-1].at)
        if self._chain.is_full:
            self._chain.begin_segment(self.state.as_json(self._box, moment.at), moment.at)
        self._stale = False
        return lines

    def _thinned(self, verdict: Verdict, call: Call, lines: list[Act], now: float) -> list[Act]:
        """Return the lines to write: refusals that pour in are counted, so that they cannot fill the disk."""
        if len(lines) != 1 or lines[0][0] != "refuse":
            return lines
        name = call.actor if call.actor in self.state.actors else "?"
        held = self._refusals.setdefault((name, verdict.code), [int(now // 60), 0, 0])
        held[1] += 1
        if held[1] <= _LINES_A_MINUTE:
            return lines
        held[2] += 1
        return []

    def _summed(self, minute: int) -> list[Act]:
        """Return one line for each kind of refusal that was only counted in a minute that is over."""
        acts: list[Act] = []
        for (name, code), (begun, _, unwritten) in list(self._refusals.items()):
            if begun != minute:
                if unwritten:
                    acts.append(("refusals", {"actor": name, "code": code, "calls": unwritten}))
                del self._refusals[name, code]
        return acts

    def _broken(self, fault: ChainFault) -> None:
        if not self.fault:
            self.fault = fault.what
            self._resolved = self.state.counts["resolved"] if not self._stale else -1
            self._ring(Alarm("fault", "", f"{fault.what} ({fault.where})"))
        self._stale = True
        self._next_try = time.monotonic() + _RETRY_SECONDS

    def _write_resolved(self, fault: str, why: str, by: str, found: Body) -> None:
        belief = self._times.fresh_belief()
        at = max(self._chain.at, self._times.wall())
        self._chain.write(
            [("resolved", {"fault": fault, "why": why, "by": by, **found}), ("clock", belief)], at
        )


_BROKEN = "The audit of this vault has a fault: no value is given out"
