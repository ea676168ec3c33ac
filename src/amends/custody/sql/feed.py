"""Bytes of a dump, read as needed, always as UTF-8."""

from __future__ import annotations

from collections.abc import Iterator

MOST_WAITING = 1 << 29


class Feed:
    """A window on a stream.

    Attributes:
        waiting: Bytes not yet read.
        at: Where reading goes on in them.
        is_final: Whether the stream has ended.
    """

    def __init__(self, pieces: Iterator[str]) -> None:
        """Take a stream of text."""
        self._pieces = pieces
        self.waiting = b""
        self.at = 0
        self.is_final = False

    def want(self, size: int) -> None:
        """Have ``size`` bytes waiting from ``at`` on, fewer only at the end; ``at`` becomes 0."""
        have = len(self.waiting) - self.at
        if have >= size and self.at < (1 << 24):
            return
        parts = [self.waiting[self.at :]]
        while have < size and not self.is_final:
            piece = next(self._pieces, None)
            if piece is None:
                self.is_final = True
                break
            parts.append(piece.encode("utf-8", "replace"))
            have += len(parts[-1])
        self.waiting = b"".join(parts)
        self.at = 0

    def grow(self) -> bool:
        """Double what is waiting; ``False`` where the stream has ended or too much is held."""
        if self.is_final or len(self.waiting) - self.at > MOST_WAITING:
            return False
        self.want(max(2 * (len(self.waiting) - self.at), 1 << 16))
        return True
