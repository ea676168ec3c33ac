"""The fields of a block of JSON events, asked for by name, and what dialects share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.parsers.fields import Fields

Columns = dict[str, pa.Array]


class Found(Mapping[str, pa.StringArray]):
    """The fields of a block by name; a name that no event has is all nulls when asked for by ``of``."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._none = pa.nulls(len(fields), pa.string())
        self._kept: dict[str, pa.StringArray] = {"": self._none}

    def __getitem__(self, name: str) -> pa.StringArray:
        if name not in self._kept:
            found = self._fields.column(name)
            if found is None:
                raise KeyError(name)
            self._kept[name] = found
        return self._kept[name]

    def __iter__(self) -> Iterator[str]:
        """Yield an empty name only: what shares this with tables then sees how many rows there are."""
        return iter(("",))

    def __len__(self) -> int:
        return 1

    def of(self, *names: str) -> pa.StringArray:
        """Return the first of some fields that each event has."""
        held = [self[name] for name in names if name in self._fields.names]
        return pc.coalesce(*held) if held else self._none


def word(text: str, n: int) -> pa.StringArray:
    """Return a text n times, the empty one too."""
    return pa.repeat(pa.scalar(text, pa.string()), n)


def outcome_of(texts: pa.StringArray) -> pa.StringArray:
    """Return success or failure of the words that products use for them; nothing for other words."""
    low = pc.fill_null(pc.utf8_lower(texts), "")
    good = pc.is_in(
        low,
        pa.array(
            [
                "success",
                "allow",
                "succeeded",
                "true",
                "0",
                "ok",
                "successful",
                "nt_status_ok",
                "granted",
            ]
        ),
    )
    bad = pc.is_in(
        low,
        pa.array(
            ["failure", "deny", "failed", "false", "error", "fail", "denied", "blocked", "refused"]
        ),
    )
    return pc.if_else(good, "success", pc.if_else(bad, "failure", ""))
