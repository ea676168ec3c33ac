"""Who a connection belongs to, where a log names the account only when the connection begins."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_MOST = 200_000
"""Connections that are remembered between blocks; the oldest go, so that memory stays flat."""


@dataclass
class Owners:
    """The accounts and addresses of the connections of a log, block after block."""

    known: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)

    def fill(
        self, session: pa.StringArray, account: pa.StringArray, address: pa.StringArray
    ) -> tuple[pa.StringArray, pa.StringArray]:
        """Return accounts and addresses; a line without has those of the line before it of the same connection.

        Args:
            session: Number of the connection of each line.
            account: Account where the line names it; such a line begins a connection.
            address: Address where the line names it.
        """
        if not len(session):
            return account, address
        coded = pc.fill_null(session, "").dictionary_encode()
        numbers = coded.dictionary.to_pylist()
        before = [self.known.get(number, (None, None)) for number in numbers]
        k, n = len(numbers), len(session)
        accounts = pa.concat_arrays([pa.array([b[0] for b in before], pa.string()), account])
        addresses = pa.concat_arrays([pa.array([b[1] for b in before], pa.string()), address])
        codes = np.concatenate((np.arange(k), coded.indices.to_numpy()))
        begins = accounts.is_valid().to_numpy(zero_copy_only=False).copy()
        begins[:k] = True
        order = np.argsort(codes, kind="stable")
        held = np.maximum.accumulate(np.where(begins[order], np.arange(k + n), 0))
        source = np.empty(k + n, dtype=np.int64)
        source[order] = order[held]
        accounts, addresses = accounts.take(pa.array(source)), addresses.take(pa.array(source))
        last = np.full(k, 0, dtype=np.int64)
        last[codes[order]] = order  # the later of a connection overwrites the earlier
        pairs = zip(
            accounts.take(pa.array(last)).to_pylist(),
            addresses.take(pa.array(last)).to_pylist(),
            strict=True,
        )
        for number, pair in zip(numbers, pairs, strict=True):
            self.known.pop(number, None)
            self.known[number] = pair
        while len(self.known) > _MOST:
            self.known.pop(next(iter(self.known)))
        return accounts.slice(k), addresses.slice(k)
