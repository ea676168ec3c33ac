"""Zeek's logs as columns (``#separator``, ``#fields``); its JSON is read by ``json_lines``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.parsers import cells, moments
from amends.timeline.parsers.base import NO_TIME, Origin, Parsed, Times
from amends.timeline.parsers.headed import Heading, column, read_headed
from amends.timeline.parsers.zeek_events import PATHS, zeek_columns

_NAME = re.compile(r"(?:^|/)([a-z_0-9]+?)(?:\.\d|\.log|_|-|$)")


@dataclass
class Zeek:
    """The parser of Zeek's columns."""

    name: str = "zeek"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether it begins with Zeek's comments."""
        lines = head[:8192].splitlines()[:12]
        return any(
            line.startswith(b"#fields\t") or line.startswith(b"#separator ") for line in lines
        )

    def read(self, stream: BinaryIO, origin: Origin) -> Iterator[Parsed]:
        """Yield the log in blocks."""
        guess = next(
            (p for p in sorted(PATHS, key=len, reverse=True) if origin.name.startswith(p)), "other"
        )

        def events(
            heading: Heading, found: Mapping[str, pa.StringArray]
        ) -> tuple[dict[str, pa.Array], Times]:
            return _events(heading, found, guess)

        yield from read_headed(stream, origin, _learn, events)


def _learn(heading: Heading, line: str) -> None:
    bare = line.lstrip("#")
    if bare.startswith("separator"):
        text = bare.partition(" ")[2].strip()
        found = re.fullmatch(r"\\x([0-9A-Fa-f]{2})", text)
        heading.delimiter = chr(int(found[1], 16)) if found else (text[:1] or "\t")
        heading.words = {}
        return
    sign = heading.delimiter if heading.delimiter in bare else "\t"
    name, *values = bare.split(sign)
    if name == "fields" and values:
        heading.delimiter = sign
        heading.names = tuple(dict.fromkeys(values))
    elif values:
        heading.words[name] = values[0]


def _events(
    heading: Heading, found: Mapping[str, pa.StringArray], guess: str
) -> tuple[dict[str, pa.Array], Times]:
    size = len(next(iter(found.values())))
    unset, empty = (
        heading.words.get("unset_field", "-"),
        heading.words.get("empty_field", "(empty)"),
    )
    clean = found
    if not cells.NONE_WORDS.issuperset((unset, empty)):  # else it is seen to with the columns
        gone = pa.array([unset, empty])
        clean = {n: pc.if_else(pc.is_in(texts, gone), None, texts) for n, texts in found.items()}
    stamp = column(found, "ts")
    wall, utc = of_zeek(stamp)
    path = re.sub(r"[^a-z0-9_]", "", heading.words.get("path", guess).lower())[:30] or "other"
    return zeek_columns(path, {k: cells.flat(v) for k, v in clean.items()}, size), moments.times(
        wall, utc, stamp, 1
    )


def of_zeek(stamp: pa.StringArray) -> tuple[moments.Ints, moments.Bools]:
    """Return times of Zeek: seconds since 1970, or ISO 8601 where the site asked for that."""
    wall = moments.epoch(stamp)
    late = wall == NO_TIME
    if not late.any():
        return wall, ~late
    iso, utc = moments.iso(stamp)
    wall[late] = iso[late]
    return wall, utc | ~late
