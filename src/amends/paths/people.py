"""How many people's data lie in stores, each person once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Holdings:
    """Which people lie in which stores.

    Attributes:
        together: For each set of stores the people whose data lie in exactly these.
        told: What the company's list says for each store; ``None`` where it says nothing.
        counted: What the case itself found for each store.
    """

    together: Mapping[frozenset[str], int]
    told: Mapping[str, int | None]
    counted: Mapping[str, int]

    def persons(self, store: str) -> int | None:
        """Return the people of a store: as counted in the case, else as told; ``None`` when not known."""
        return self.counted.get(store, self.told.get(store))

    def within(self, stores: Collection[str]) -> int:
        """Return the people whose data lie in any of these stores, each once where the case knows them."""
        wanted = frozenset(stores)
        return sum(n for some, n in self.together.items() if some & wanted)


def holdings(
    told: Mapping[str, int | None],
    counted: Mapping[str, int] | None = None,
    together: Mapping[frozenset[str], int] | None = None,
) -> Holdings:
    """Return who lies where.

    Args:
        told: People a store as the company's list has them.
        counted: People a store as the case found them; wins over what is told.
        together: People by the exact set of stores that hold them, as the case found them.
    """
    found = dict(counted or {})
    exact = dict(together or {})
    if not exact:
        exact = {frozenset([s]): n for s, n in found.items()}
    for store, persons in told.items():
        if store not in found and persons:
            exact[frozenset([store])] = exact.get(frozenset([store]), 0) + persons
    return Holdings(exact, dict(told), found)
