"""OLE compound files that are no workbook: Outlook messages, old Word documents, encrypted Office files.

Source:
    [MS-CFB] 2.6 (directory entries in UTF-16); [MS-OFFCRYPTO] 2.3 (EncryptedPackage).
"""

from __future__ import annotations

from collections.abc import Iterator

from amends.custody.readers.base import Opener
from amends.custody.source import Source
from amends.kernel.contents import Fault, Part

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
REMEDIES = (
    ("EncryptedPackage", "encrypted", "open it with its password, save it without, and add that"),
    ("__properties_version1.0", "unsupported_format", "save the message as eml and add that"),
    ("WordDocument", "unsupported_format", "save it as DOCX or PDF and add that"),
    ("PowerPoint Document", "unsupported_format", "save it as PPTX or PDF and add that"),
)


class Ole:
    """Names OLE files that are not read."""

    name = "ole"

    def detect(self, source: Source) -> bool:
        """Answer by the magic number."""
        return source.head.startswith(MAGIC)

    def map(self, source: Source, opener: Opener) -> Iterator[Part]:
        """Yield one fault that says what it is."""
        opener.budget.take_item()
        payload = source.seekable().read()
        for mark, reason, remedy in REMEDIES:
            if mark.encode("utf-16-le") in payload:
                yield Fault(source.inner_path, "", reason, remedy)
                return
        yield Fault(
            source.inner_path,
            "",
            "unsupported_format",
            "save it in a current format (DOCX, XLSX, PDF) and add that",
        )
