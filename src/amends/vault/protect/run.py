"""Carrying a plan out, group by group: start, copy, verify, swap; drop; undo. Each begins where the store stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from amends.kernel.errors import TableError, UsageError
from amends.kernel.progress import Progress, Silent, step
from amends.vault.blind import BlindIndex
from amends.vault.ciphers import ColumnCipher
from amends.vault.keyring import Keyring
from amends.vault.protect import journal as acts
from amends.vault.protect.convert import to_clear, to_tokens
from amends.vault.protect.copies import Copy, find_copies, known_values
from amends.vault.protect.journal import Journal
from amends.vault.protect.plan import Plan, PlannedTable, check
from amends.vault.protect.verify import Standing, Verdict, Watched, compare, standing
from amends.vault.stores.base import Change, ChangeState, ChangingStore, Convert, Store, TableShape

BLIND = "protect"
"""Domain of the blind index by which values are compared here."""


ELSEWHERE = (
    "exports, reports, spreadsheets, caches and search indexes that were filled from the table",
    "other tables and stores that hold the same values: amends vault verify --copies --also ADDRESS finds them",
    "copies for tests: amends vault test-check says which people of production stand in one",
)


@dataclass(frozen=True)
class Outcome:
    """What became of one table.

    Attributes:
        table: The table.
        state: How far its change is.
        n_rows: Rows compared before the swap; -1 when this run compared none.
        copies: In words, where copies in clear may still be.
    """

    table: str
    state: ChangeState
    n_rows: int
    copies: tuple[str, ...] = ()


class Protection:
    """A plan, a store and the keys to carry it out.

    Args:
        keyring: The vault's keys.
        plan: What is to be done.
        store: Where.
        progress: Told how far it is.
    """

    def __init__(
        self, keyring: Keyring, plan: Plan, store: ChangingStore, progress: Progress | None = None
    ) -> None:
        self._keyring = keyring
        self._plan = plan
        self._store = store
        self._progress = progress or Silent()
        self._journal = Journal(keyring.folder)

    # --- there

    def protect(self, *, mixed: bool = False) -> list[Outcome]:
        """Protect every table of the plan; one that is done already is left alone.

        Args:
            mixed: Convert only the clear values of columns that hold tokens of this vault already.

        Raises:
            AmendsError: Something is not as it should be; nothing is lost, and the same command goes on.
        """
        self._check()
        made = []
        for group in self._plan.groups():
            made += self._protect_group(group, mixed=mixed)
        return made

    def _check(self) -> None:
        begun = [t.name for t in self._plan.tables if self._state(t) != "none"]
        check(self._plan, self._store, self._keyring.vault_id, begun=begun)

    def _state(self, table: PlannedTable) -> ChangeState:
        return self._store.state(self._change(table))

    def _change(self, table: PlannedTable) -> Change:
        return table.change(self._plan.chunk_rows)

    def _ciphers(self, table: PlannedTable) -> dict[str, ColumnCipher]:
        return {c.name: self._keyring.cipher(c.domain, c.scheme) for c in table.columns}

    def _protect_group(self, group: Sequence[PlannedTable], *, mixed: bool) -> list[Outcome]:
        states = {t.name: self._state(t) for t in group}
        self._refuse_dropped(group, states)
        rows = dict.fromkeys(states, -1)
        watched = [
            Watched(self._change(t), ciphers, to_tokens(ciphers, mixed=mixed))
            for t in group
            for ciphers in [self._ciphers(t)]
        ]
        if any(state in ("none", "copying", "copied") for state in states.values()):
            self._journal.begun(self._plan, group)
            for one, table in zip(watched, group, strict=True):
                if states[table.name] in ("none", "copying", "copied"):
                    self._copy(one, table.n_rows)
            rows = self._verified(group, watched)
        if any(state != "dropped" for state in states.values()):
            self._store.swap({w.change: w.convert for w in watched})
            for table in group:
                if not self._journal.has(acts.SWAPPED, table.change_id):
                    self._journal.note(acts.SWAPPED, self._plan, table, rows=rows[table.name])
        return [Outcome(t.name, self._state(t), rows[t.name], self._left(t)) for t in group]

    def _left(self, table: PlannedTable) -> tuple[str, ...]:
        """Return, in words, where copies in clear may still be: what the store knows, and what no store can know."""
        return (*self._store.leftovers(self._change(table)), *ELSEWHERE)

    def _refuse_dropped(
        self, group: Sequence[PlannedTable], states: Mapping[str, ChangeState]
    ) -> None:
        if "dropped" in states.values() and set(states.values()) - {"dropped", "swapped"}:
            raise TableError(
                "Some tables of a group are protected and their clear copies dropped, others are not",
                where=", ".join(t.name for t in group),
                remedy="undo the plan, and begin again",
            )

    def _copy(self, watched: Watched, n_rows: int) -> None:
        change = watched.change
        self._store.start(change)
        total = float(n_rows) if n_rows > 0 else None
        with step(self._progress, f"copying {change.table}", total, "rows") as task:
            for done in self._store.copy(change, watched.convert):
                task.advance(done.rows)
                task.say(done.words)

    def _verified(
        self, group: Sequence[PlannedTable], watched: Sequence[Watched]
    ) -> dict[str, int]:
        """Verify a group before its swap, and write down what was found.

        Raises:
            TableError: Table and shadow do not agree; nothing was swapped.
        """
        waiting = [w for w in watched if self._store.state(w.change) == "copied"]
        verdicts = compare(self._store, waiting, self._shapes(), self._blind(), self._progress)
        tables = {t.name: t for t in group}
        for verdict in verdicts:
            self._journal.note(
                acts.VERIFIED, self._plan, tables[verdict.table], rows=verdict.clear.n_rows,
                values=verdict.clear.n_values, distinct=verdict.clear.n_distinct,
                agrees=not verdict.faults,
            )  # fmt: skip
        _refuse_faults(verdicts)
        return {t.name: -1 for t in group} | {v.table: v.clear.n_rows for v in verdicts}

    def _shapes(self) -> dict[str, TableShape]:
        return {s.name: s for s in self._store.tables(count=False)}

    def _blind(self) -> BlindIndex:
        return self._keyring.blind(BLIND)

    # --- looking

    def verify(self) -> tuple[list[Outcome], list[Standing]]:
        """Say how far each table is and what its columns hold; compare with the shadow where there is one.

        Raises:
            TableError: A shadow does not agree with its table.
        """
        self._check()
        outcomes, found = [], []
        for group in self._plan.groups():
            watched = [
                Watched(
                    self._change(t), c, to_tokens(c, mixed=True) if _can_mix(c) else to_tokens(c)
                )
                for t in group
                for c in [self._ciphers(t)]
            ]
            rows = dict.fromkeys((t.name for t in group), -1)
            if any(self._state(t) == "copied" for t in group):
                rows = self._verified(group, watched)
            for table, one in zip(group, watched, strict=True):
                found += standing(self._store, table.name, one.ciphers, self._progress)
                state = self._state(table)
                copies = () if state == "none" else self._left(table)
                outcomes.append(Outcome(table.name, state, rows[table.name], copies))
        for table in self._plan.tables:
            counts = {
                s.column: {"values": s.n_values, "tokens": s.n_tokens, "clear": s.n_clear}
                for s in found
                if s.table == table.name
            }
            self._journal.note(acts.LOOKED, self._plan, table, columns=counts)
        return outcomes, found

    def copies(self, others: Sequence[Store] = ()) -> list[Copy]:
        """Return where the protected values stand in clear: in this store, and in others."""
        changes = [(self._change(t), self._ciphers(t)) for t in self._plan.tables]
        if any(self._state(t) not in ("swapped", "dropped") for t in self._plan.tables):
            raise UsageError(
                "Copies are looked for once every table of the plan is protected",
                where=self._plan.store,
                remedy="run amends vault protect first",
            )
        known = known_values(self._store, changes, self._blind(), self._progress)
        return find_copies([self._store, *others], known, self._blind(), self._progress)

    # --- the end, and back

    def drop(self) -> list[Outcome]:
        """Destroy the clear copies.

        Raises:
            TableError: A table is not swapped yet.
        """
        self._check()
        waiting = [t for t in self._plan.tables if self._state(t) not in ("swapped", "dropped")]
        if waiting:
            raise TableError(
                "A table of the plan is not protected yet, so nothing was dropped",
                where=waiting[0].name,
                remedy="run amends vault protect first",
            )
        for table in self._plan.tables:
            if self._state(table) == "swapped":
                self._store.drop_clear(self._change(table))
            if not self._journal.has(acts.DROPPED, table.change_id):
                self._journal.note(acts.DROPPED, self._plan, table)
        return [Outcome(t.name, self._state(t), -1, self._left(t)) for t in self._plan.tables]

    def undo(self) -> list[Outcome]:
        """Bring every table of the plan back in clear, from whatever state."""
        _check_undo(self._plan, self._store, self._keyring)
        made = []
        for group in self._plan.groups():
            back: dict[Change, Convert] = {}
            for table in group:
                back[self._change(table)] = to_clear(self._ciphers(table))
            with step(self._progress, "revealing", None, "rows") as task:
                for done in self._store.undo(back):
                    task.advance(done.rows)
                    task.say(done.words)
            for table in group:
                if not self._journal.has(acts.UNDONE, table.change_id):
                    self._journal.note(acts.UNDONE, self._plan, table)
                made.append(Outcome(table.name, self._state(table), -1))
        return made


def _can_mix(ciphers: Mapping[str, ColumnCipher]) -> bool:
    return all(c.scheme != "ff1" for c in ciphers.values())


def _check_undo(plan: Plan, store: ChangingStore, keyring: Keyring) -> None:
    """Undo needs the same vault and store; whether the shape still fits is for the store to say."""
    if plan.vault_id != keyring.vault_id or plan.store != store.name:
        check(plan, store, keyring.vault_id)


def _refuse_faults(verdicts: Sequence[Verdict]) -> None:
    for verdict in verdicts:
        if verdict.faults:
            raise TableError(
                f"The shadow does not agree with the table: {verdict.faults[0]}. Nothing was swapped",
                where=verdict.table,
                remedy="amends vault undo takes the shadow away; then look into the column named and begin again",
            )
