"""SHA-256 and BLAKE3 of a file in one pass, copying it on the way where asked.

Source:
    FIPS 180-4 (SHA-256); the BLAKE3 specification, 2021.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from blake3 import blake3

CHUNK_BYTES = 1 << 22


@dataclass(frozen=True)
class Digests:
    """What seals a file.

    Attributes:
        size_bytes: Its size.
        sha256: Hex.
        blake3: Hex.
    """

    size_bytes: int
    sha256: str
    blake3: str


def digest(
    path: Path, copy_to: BinaryIO | None = None, advance: Callable[[int], None] = lambda count: None
) -> Digests:
    """Return the digests of a file; the two are computed side by side.

    Args:
        path: The file.
        copy_to: Where its bytes are written too.
        advance: Told of bytes done.

    Raises:
        OSError: It cannot be read, or the copy cannot be written.
    """
    first, second = hashlib.sha256(), blake3()
    size = 0
    buffers = [bytearray(CHUNK_BYTES), bytearray(CHUNK_BYTES)]
    with path.open("rb", buffering=0) as stream, ThreadPoolExecutor(1) as beside:
        running = None
        turn = 0
        while count := stream.readinto(buffers[turn]):
            view = memoryview(buffers[turn])[:count]
            if running is not None:
                running.result()
            running = beside.submit(first.update, view)
            second.update(view)
            if copy_to is not None:
                copy_to.write(view)
            size += count
            turn = 1 - turn
            advance(count)
        if running is not None:
            running.result()
    return Digests(size, first.hexdigest(), second.hexdigest())
