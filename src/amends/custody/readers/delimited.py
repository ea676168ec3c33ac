"""Delimited text: CSV, TSV, pipes, semicolons, in any dialect and encoding, with several tables in one file.

Titles and notes around tables come as a document of their own, so that nothing that was in the file is lost.
"""

from __future__ import annotations

from collections.abc import Iterator

from amends.custody.dialect import Sniffed, sniff_dialect
from amends.custody.readers.base import Opener
from amends.custody.readers.delimited_rows import Tables, WaitingText
from amends.custody.source import Source
from amends.custody.text import decode, looks_like_text, sniff_encoding
from amends.kernel.contents import Part

ENDINGS = (".csv", ".tsv", ".tab", ".psv", ".dsv", ".ssv")
NEVER = (".log", ".md", ".py", ".sh", ".conf", ".ini", ".yaml", ".yml", ".toml", ".xml")


class Delimited:
    """Reads delimited text."""

    name = "delimited"

    def detect(self, source: Source) -> bool:
        """Answer yes for the usual endings, and for any text whose rows agree beyond doubt."""
        if not source.head or not looks_like_text(source.head):
            return False
        if _is_one_line(source):
            return False
        if source.ending in ENDINGS:
            return True
        if source.ending in NEVER:
            return False
        return _is_beyond_doubt(sniff_dialect(_sample(source)))

    def map(self, source: Source, opener: Opener) -> Iterator[Part]:
        """Yield each table, then the text around them."""
        encoding, skip = sniff_encoding(source.head)
        pieces = decode(source.stream(), encoding, skip)
        sniffed = sniff_dialect(_sample(source), ending=source.ending)
        yield from Tables(
            source.inner_path, WaitingText(pieces), sniffed, opener.limits.faults
        ).parts()


def _is_one_line(source: Source) -> bool:
    """Answer whether a large text has no line end at all, so that it has no rows."""
    return not source.is_whole and b"\n" not in source.head and b"\r" not in source.head


def _sample(source: Source) -> str:
    encoding, skip = sniff_encoding(source.head)
    text = source.head[skip:].decode(encoding, "replace")
    return text if source.is_whole else text[: text.rfind("\n") + 1 or len(text)]


def _is_beyond_doubt(sniffed: Sniffed) -> bool:
    if sniffed.n_rows < 2 or sniffed.width < 2 or sniffed.agreement < 0.95:
        return False
    if sniffed.dialect.separator in ("\t", "|", ";", "\x01", "\x1f", "^", "~", "¬", "¦"):
        return sniffed.typed >= 0.8 and sniffed.n_rows >= 3
    if sniffed.dialect.separator == " ":
        return False
    if sniffed.dialect.separator == ":":
        return sniffed.n_rows >= 2 and sniffed.score > 0.1
    if sniffed.n_rows < 3 or sniffed.typed < 0.85:
        return False
    return sniffed.valued >= 0.2 or (sniffed.width >= 4 and sniffed.n_rows >= 5)
