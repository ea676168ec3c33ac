"""Plain text of any encoding, as one document."""

from __future__ import annotations

from collections.abc import Iterator

from amends.custody.readers.base import Opener, blocks_of
from amends.custody.source import Source
from amends.custody.text import looks_like_text, text_of
from amends.kernel.contents import DocumentPart, Part


class PlainText:
    """Reads whatever is text and nothing more special."""

    name = "text"

    def detect(self, source: Source) -> bool:
        """Answer whether the head is text."""
        return looks_like_text(source.head)

    def map(self, source: Source, opener: Opener) -> Iterator[Part]:
        """Yield the one document."""
        yield DocumentPart(
            source.inner_path,
            "text/plain",
            self.name,
            blocks_of(text_of(source.stream(), source.head)),
        )
