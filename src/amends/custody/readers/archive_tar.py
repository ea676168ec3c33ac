"""tar: members stream one after the other; links and devices are faults, nothing is written to disk."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import BinaryIO, cast

from amends.custody.names import clean_name, join
from amends.custody.readers.base import Opener, member
from amends.custody.source import Source
from amends.kernel.contents import Fault, Part

LINK_REMEDY = "add what it points to as an exhibit, if it was part of what was taken"
TRUNCATED_REMEDY = "get a complete copy; the members before the cut were read"


class Tar:
    """Reads tar archives."""

    name = "tar"

    def detect(self, source: Source) -> bool:
        """Answer by the magic at byte 257, or by the checksum of an old header."""
        head = source.head[:512]
        if len(head) < 512:
            return False
        if head[257:262] == b"ustar":
            return True
        if source.ending != ".tar":
            return False
        try:
            stated = int(head[148:156].strip(b" \x00") or b"x", 8)
        except ValueError:
            return False
        return stated == sum(head) - sum(head[148:156]) + 8 * 32

    def map(self, source: Source, opener: Opener) -> Iterator[Part]:
        """Yield the parts of each member, in order."""
        found = 0
        try:
            with tarfile.open(fileobj=source.stream(), mode="r|") as archive:
                for info in archive:
                    if info.isdir():
                        continue
                    found += 1
                    yield from self._member(archive, info, source, opener)
        except (tarfile.TarError, EOFError, ValueError):
            yield Fault(source.inner_path, "", "truncated", TRUNCATED_REMEDY, whole=found == 0)
            return
        if not found:
            opener.budget.take_item()
            yield Fault(
                source.inner_path,
                "",
                "empty",
                "ask the custodian whether it was empty at the source",
            )

    def _member(
        self, archive: tarfile.TarFile, info: tarfile.TarInfo, source: Source, opener: Opener
    ) -> Iterator[Part]:
        stream = archive.extractfile(info) if info.isreg() else None
        if stream is None:
            opener.budget.take_item()
            inner = join(source.inner_path, clean_name(info.name))
            reason = "link" if info.issym() or info.islnk() else "device"
            yield Fault(inner, "", reason, LINK_REMEDY)
            return
        opener.budget.take_bytes(info.size)
        yield from opener.inside(member(source, info.name, cast(BinaryIO, stream), opener))
