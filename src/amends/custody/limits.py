"""How much an exhibit may unfold to, so that a bomb costs a row of exceptions and not the machine."""

from __future__ import annotations

from dataclasses import dataclass, field

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Bounds on one exhibit.

    Attributes:
        depth: Containers inside containers.
        items: Items found in one exhibit.
        ratio: Bytes out for a byte in, judged once more than ``ratio_floor_bytes`` came out. Deflate reaches
            1,032; honest dumps stay below 100.
        ratio_floor_bytes: Below this many bytes no ratio is judged.
        total_bytes: Bytes unpacked from one exhibit, all levels together.
        memory_bytes: Largest item inside a container that needs random access (a zip in a zip, a sheet, a PDF)
            and is therefore held in memory.
        faults: Faults kept one by one in a part; the rest are counted in one.

    Source:
        D. Fifield, "A better zip bomb", WOOT 2019 (ratios of deflate and overlapping members).
    """

    depth: int = 10
    items: int = 1_000_000
    ratio: int = 1_000
    ratio_floor_bytes: int = 256 * MEBIBYTE
    total_bytes: int = 1 << 40
    memory_bytes: int = 512 * MEBIBYTE
    faults: int = 100


class LimitError(Exception):
    """A limit was reached; ``reason`` and ``remedy`` go into the fault."""

    def __init__(self, reason: str, remedy: str) -> None:
        """Keep what the fault will say."""
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


BOMB_REMEDY = (
    "unpack it on a separate machine, look at what it holds, and add what is wanted as exhibits"
)
TOO_BIG_REMEDY = "extract it and add it as an exhibit of its own"


@dataclass
class Budget:
    """What is left of the limits while one exhibit is read.

    Attributes:
        limits: The bounds.
        unpacked_bytes: Bytes unpacked so far, all levels together.
        found: Items found so far.
        names: Inner paths given out so far.
    """

    limits: Limits
    unpacked_bytes: int = 0
    found: int = 0
    names: set[str] = field(default_factory=set)

    def take_bytes(self, count: int) -> None:
        """Count bytes unpacked.

        Raises:
            LimitError: The exhibit unfolded to more than it may.
        """
        self.unpacked_bytes += count
        if self.unpacked_bytes > self.limits.total_bytes:
            raise LimitError("bomb", BOMB_REMEDY)

    def take_item(self) -> None:
        """Count an item found.

        Raises:
            LimitError: The exhibit holds more items than it may.
        """
        self.found += 1
        if self.found > self.limits.items:
            raise LimitError("bomb", BOMB_REMEDY)
