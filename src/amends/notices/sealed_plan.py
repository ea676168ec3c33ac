"""The notices of one channel in a seal, read by their places in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from amends.notices.channels.base import Outgoing
from amends.notices.facts import Recipient
from amends.vault.codes import letter_codes


class SealedPlan:
    """The notices of one channel in a seal, read by ordinal."""

    def __init__(self, path: Path, channel: str, key: bytes) -> None:
        """Open the rows of a seal; ``key`` is that of letter codes."""
        self._path, self._channel, self._key = path, channel, key
        self._n: int = pq.read_table(
            path, columns=["ordinal"], filters=[("channel", "=", channel)]
        ).num_rows

    def count(self) -> int:
        """Return the number of notices."""
        return self._n

    def notices(self, first: int, n: int) -> tuple[Outgoing, ...]:
        """Return ``n`` notices from ordinal ``first`` on."""
        found = pq.read_table(
            self._path,
            filters=[
                ("channel", "=", self._channel),
                ("ordinal", ">=", first),
                ("ordinal", "<", first + n),
            ],
        )
        return self._outgoing(found)

    def chosen(self, ordinals: Sequence[int]) -> tuple[Outgoing, ...]:
        """Return the notices at these ordinals."""
        wanted = list(ordinals)
        found = pq.read_table(
            self._path, filters=[("channel", "=", self._channel), ("ordinal", "in", wanted)]
        )
        return self._outgoing(found)

    def _outgoing(self, found: pa.Table) -> tuple[Outgoing, ...]:
        rows = found.sort_by("ordinal")
        codes = letter_codes(self._key, rows["person_id"]).to_pylist()
        return tuple(map(outgoing, rows.to_pylist(), codes))

    def places(self, notice_ids: Sequence[str]) -> dict[str, int]:
        """Return, of notice ids, those in this plan with their ordinals."""
        if not notice_ids:
            return {}
        found = pq.read_table(
            self._path, columns=["notice_id", "ordinal"],
            filters=[("channel", "=", self._channel), ("notice_id", "in", list(notice_ids))],
        )  # fmt: skip
        return dict(zip(found["notice_id"].to_pylist(), found["ordinal"].to_pylist(), strict=True))


def outgoing(row: dict[str, object], code: str) -> Outgoing:
    """Return one sealed or planned row as a notice on its way, with its person's code."""

    def text(name: str) -> str:
        return str(row[name] or "")

    address, elements = row["address"], row["elements"]
    to = Recipient(
        text("notice_id"), text("person_id"), text("name"),
        tuple(str(a) for a in address) if isinstance(address, list) else (),
        text("city"), text("state"), text("zip"), text("country"), text("email"),
        code,
    )  # fmt: skip
    ordinal = row.get("ordinal")
    return Outgoing(
        ordinal if isinstance(ordinal, int) else 0, to, text("variant"),
        tuple(str(e) for e in elements) if isinstance(elements, list) else (),
    )  # fmt: skip
