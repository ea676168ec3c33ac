"""Which rows speak of one person: rows tied by a value that belongs to one person, whatever table they stand in.

A person here is a connected piece of the graph in which two values are neighbours when one row holds both. It
needs no declared keys, and it is exact: it says no more and no less than that the rows are tied.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from amends.vault.masking.draws import Numbers

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Persons:
    """The persons of some tables.

    Attributes:
        nodes: Blind numbers of the values that tie rows, rising.
        labels: The person each belongs to, from 0.
        roots: For each person, the least of its numbers: what stands for the person.
    """

    nodes: Numbers
    labels: Labels
    roots: Numbers

    def of(self, values: Numbers) -> Labels:
        """Return the person of each value; -1 where it ties nothing."""
        if not len(self.nodes):
            return np.full(len(values), -1)
        places = np.minimum(np.searchsorted(self.nodes, values), len(self.nodes) - 1)
        return np.where(self.nodes[places] == values, self.labels[places], -1)

    def of_rows(self, rows: Numbers) -> Labels:
        """Return the person of each row: that of its first value that ties; -1 where none does.

        Args:
            rows: One row a row, one column a value; 0 for none.
        """
        found = np.full(len(rows), -1)
        for column in range(rows.shape[1]):
            open_rows = found < 0
            found[open_rows] = self.of(rows[open_rows, column])
        return found


class Links:
    """Gathers which values stand in one row."""

    def __init__(self) -> None:
        self._nodes: list[Numbers] = []
        self._edges: list[Numbers] = []
        self._held = 0

    def add(self, rows: Numbers) -> None:
        """Take rows in.

        Args:
            rows: One row a row, one column a value that ties; 0 for none.
        """
        if not rows.shape[1]:
            return
        last = rows[:, 0].copy()
        for column in range(1, rows.shape[1]):
            here = rows[:, column]
            both = (last != 0) & (here != 0)
            if both.any():
                self._edges.append(np.stack([last[both], here[both]], axis=1))
            last = np.where(here != 0, here, last)
        self._nodes.append(np.unique(rows[rows != 0]))
        self._held += len(self._nodes[-1])
        if self._held > 8_000_000:
            self._nodes = [np.unique(np.concatenate(self._nodes))]
            self._held = 0

    def persons(self) -> Persons:
        """Return the persons."""
        none = np.zeros(0, np.uint64)
        nodes = np.unique(np.concatenate(self._nodes)) if self._nodes else none
        if not len(nodes):
            return Persons(none, np.zeros(0, np.int64), none)
        edges = np.concatenate(self._edges) if self._edges else np.zeros((0, 2), np.uint64)
        ends = np.searchsorted(nodes, edges)
        graph = coo_array(
            (np.ones(len(ends), np.bool_), (ends[:, 0], ends[:, 1])), shape=(len(nodes), len(nodes))
        )
        _, labels = connected_components(graph.tocsr(), directed=False)
        _, first = np.unique(labels, return_index=True)
        return Persons(nodes, labels.astype(np.int64), nodes[first])
