"""What was done to which store: lines in the vault's ledger, never a value; and which columns are protected now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from amends.kernel.errors import UsageError
from amends.kernel.ledger import Ledger
from amends.vault.ciphers import Scheme
from amends.vault.protect.plan import Plan, PlannedTable

BEGUN, VERIFIED, SWAPPED, DROPPED, UNDONE, LOOKED = (
    "protect.begun", "protect.verified", "protect.swapped", "protect.dropped", "protect.undone", "protect.looked",
)  # fmt: skip


@dataclass(frozen=True)
class Protected:
    """A column that holds tokens now.

    Attributes:
        store: Printable name of its store.
        table: Its table.
        column: The column.
        domain: Domain of its tokens.
        scheme: How they are made; for FF1 this is the only place that says that the column holds tokens.
        change_id: The change that made them.
        clear_copy: Whether the clear copy is still kept.
    """

    store: str
    table: str
    column: str
    domain: str
    scheme: Scheme
    change_id: str
    clear_copy: bool


class Journal:
    """The lines on protection in the ledger of a vault.

    Args:
        folder: ``VAULT``.
    """

    def __init__(self, folder: Path) -> None:
        self._ledger = Ledger(folder / "ledger.jsonl")

    def begun(self, plan: Plan, tables: Sequence[PlannedTable]) -> None:
        """Write that tables of a plan are begun; once for each plan as it stands.

        Raises:
            UsageError: The same tables were begun with the plan as it read before it was edited.
        """
        digest = plan.digest()
        known = self._digests()
        for table in tables:
            before = known.get(table.change_id)
            if before not in (None, digest):
                raise UsageError(
                    "The plan was edited after it was begun",
                    where=table.name,
                    remedy="take the edit back, or undo with the plan as it was and begin anew",
                )
        fresh = [t for t in tables if t.change_id not in known]
        for table in fresh:
            self.note(BEGUN, plan, table, columns=_columns(table))

    def note(self, act: str, plan: Plan, table: PlannedTable, **counts: object) -> None:
        """Write one act on one table."""
        self._ledger.append(
            act, plan=plan.plan_id, plan_digest=plan.digest(), store=plan.store, table=table.name,
            change=table.change_id, **counts,
        )  # fmt: skip

    def _digests(self) -> dict[str, str]:
        """Return the plan digest under which each open change was begun."""
        made: dict[str, str] = {}
        for line in self._ledger.lines():
            if line.act == BEGUN:
                made[str(line.body["change"])] = str(line.body["plan_digest"])
            elif line.act == UNDONE:
                made.pop(str(line.body["change"]), None)
        return made

    def has(self, act: str, change_id: str) -> bool:
        """Say whether an act on a change was written since it was last begun."""
        found = False
        for line in self._ledger.lines():
            if line.body.get("change") == change_id:
                found = line.act == act or (found and line.act not in (BEGUN, UNDONE))
        return found

    def protected(self) -> list[Protected]:
        """Return every column that holds tokens now, by the ledger."""
        begun: dict[str, Mapping[str, object]] = {}
        state: dict[str, bool] = {}
        for line in self._ledger.lines():
            change = str(line.body.get("change", ""))
            if line.act == BEGUN:
                begun[change] = line.body
            elif line.act == SWAPPED:
                state[change] = True
            elif line.act == DROPPED:
                state[change] = False
            elif line.act == UNDONE:
                state.pop(change, None)
        return [
            Protected(
                str(begun[change]["store"]), str(begun[change]["table"]), str(column["name"]),
                str(column["domain"]), cast(Scheme, column["scheme"]), change, kept,
            )
            for change, kept in state.items()
            if change in begun
            for column in cast(list[dict[str, str]], begun[change]["columns"])
        ]  # fmt: skip


def _columns(table: PlannedTable) -> list[dict[str, str]]:
    return [{"name": c.name, "domain": c.domain, "scheme": c.scheme} for c in table.columns]
